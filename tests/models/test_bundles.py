"""The MONAI bundles: metadata complete, configuration loadable, network runnable from it."""

import json
from importlib import import_module

import pytest

from models.registry import bundle_folder, list_models
from remnant.core.labels import COUINAUD_SCHEME
from remnant.io.nifti import read_labels, write_labels
from remnant.testing.phantoms import liver_phantom

REQUIRED = {
    "schema", "version", "changelog", "monai_version", "pytorch_version", "numpy_version",
    "required_packages_version", "task", "description", "authors", "copyright",
    "network_data_format",
}  # fmt: skip
TENSOR = {
    "type", "format", "num_channels", "spatial_shape", "dtype", "value_range", "is_patch_data",
    "channel_def",
}  # fmt: skip
IDS = [info.id for info in list_models()]


@pytest.mark.parametrize("identifier", IDS)
def test_metadata__has_what_the_monai_schema_requires(identifier):
    content = json.loads(
        (bundle_folder(identifier) / "configs" / "metadata.json").read_text("utf-8")
    )
    assert set(content) >= REQUIRED
    assert content["version"] in content["changelog"]
    tensors = content["network_data_format"]
    assert set(tensors["inputs"]["image"]) >= TENSOR
    assert set(tensors["outputs"]["pred"]) >= TENSOR - {"modality"}


# MONAI's image loader tells about an optional decoder when it is built.
@pytest.mark.filterwarnings("ignore:NvImgCodec")
@pytest.mark.parametrize("identifier", IDS)
def test_inference__parses_and_builds_the_catalogue_network(identifier):
    bundle = import_module("monai.bundle")
    torch = import_module("torch")
    parser = bundle.ConfigParser()
    parser.read_config(str(bundle_folder(identifier) / "configs" / "inference.json"))
    parser.parse()
    network = parser.get_parsed_content("network_def")
    info = next(info for info in list_models() if info.id == identifier)
    assert info.network == f"{type(network).__module__}.{type(network).__name__}"
    assert isinstance(parser.get_parsed_content("device"), torch.device)
    assert parser.get_parsed_content("preprocessing").transforms
    assert callable(parser.get_parsed_content("inferer"))


@pytest.mark.filterwarnings("ignore:NvImgCodec")
def test_inference__of_the_shipped_model_runs_from_a_file(tmp_path):
    bundle = import_module("monai.bundle")
    folder = bundle_folder("couinaud-shape")
    phantom = liver_phantom(metastases=0, scale=0.6)
    write_labels(phantom.liver_mask, tmp_path / "liver.nii.gz")
    parser = bundle.ConfigParser()
    parser.read_config(str(folder / "configs" / "inference.json"))
    parser["bundle_root"] = str(tmp_path)
    parser.parse()

    parser.get_parsed_content("run")

    found = read_labels(tmp_path / "couinaud.nii.gz", COUINAUD_SCHEME)
    assert (phantom.liver_mask.mask() == found.mask()).all()
