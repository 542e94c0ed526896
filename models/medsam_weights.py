"""Convert the published LiteMedSAM checkpoint to safetensors.

The checkpoint is a zip file of tensors behind a pickle, which is read as weights only: nothing in
it can run. Batch normalisations are folded into the convolutions before them and the three equal
channels of the first convolution are added up, both in float64; tensors that boxes do not need
(points, masks as prompts, the choice of three outlines) are left out.
"""

import io
import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import ModelIntegrityError

LARGEST_FILE_BYTES: Final = 64 << 20
NORM_EPSILON: Final = 1e-5
Tensors = dict[str, NDArray[np.float32]]

UNUSED: Final = (
    r"prompt_encoder\.point_embeddings\.[01]\.weight",
    r"prompt_encoder\.not_a_point_embed\.weight",
    r"prompt_encoder\.mask_downscaling\.\d\.\w+",
    r"mask_decoder\.output_hypernetworks_mlps\.[123]\.layers\.\d\.\w+",
    r"image_encoder\..*\.bn\.num_batches_tracked",
)
NORM_PARTS: Final = ("weight", "bias", "running_mean", "running_var")
RENAMED: Final = (
    # image encoder
    (r"image_encoder\.patch_embed\.seq\.", "encoder.stem."),
    (r"image_encoder\.layers\.0\.blocks\.", "encoder.convolved."),
    (r"image_encoder\.layers\.(\d)\.downsample\.", r"encoder.steps.\1."),
    (r"image_encoder\.layers\.1\.blocks\.", "encoder.stages.0."),
    (r"image_encoder\.layers\.2\.blocks\.", "encoder.stages.1."),
    (r"image_encoder\.layers\.3\.blocks\.", "encoder.stages.2."),
    (r"image_encoder\.neck\.", "encoder.neck."),
    (r"(encoder\..*)\.conv1\.", r"\1.widen."),
    (r"(encoder\..*)\.conv2\.", r"\1.mix."),
    (r"(encoder\..*)\.conv3\.", r"\1.narrow."),
    (r"\.local_conv\.", ".mix."),
    (r"\.attn\.attention_biases", ".attention.biases"),
    (r"\.attn\.proj\.", ".attention.project."),
    (r"\.attn\.", ".attention."),
    (r"(encoder\..*)\.mlp\.fc1\.", r"\1.perceptron.first."),
    (r"(encoder\..*)\.mlp\.fc2\.", r"\1.perceptron.second."),
    (r"(encoder\..*)\.mlp\.norm\.", r"\1.perceptron.norm."),
    # prompt encoder
    (r"prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix", "boxes.directions"),
    (r"prompt_encoder\.no_mask_embed\.weight", "boxes.no_mask"),
    # mask decoder
    (r"mask_decoder\.iou_token\.weight", "decoder.iou_token"),
    (r"mask_decoder\.mask_tokens\.weight", "decoder.outline_tokens"),
    (r"mask_decoder\.output_upscaling\.", "decoder.upscaling."),
    (r"mask_decoder\.output_hypernetworks_mlps\.0\.layers\.0\.", "decoder.outline_head.0."),
    (r"mask_decoder\.output_hypernetworks_mlps\.0\.layers\.1\.", "decoder.outline_head.2."),
    (r"mask_decoder\.output_hypernetworks_mlps\.0\.layers\.2\.", "decoder.outline_head.4."),
    (r"mask_decoder\.iou_prediction_head\.layers\.0\.", "decoder.iou_head.0."),
    (r"mask_decoder\.iou_prediction_head\.layers\.1\.", "decoder.iou_head.2."),
    (r"mask_decoder\.iou_prediction_head\.layers\.2\.", "decoder.iou_head.4."),
    (r"mask_decoder\.transformer\.layers\.", "decoder.transformer.blocks."),
    (r"mask_decoder\.transformer\.final_attn_token_to_image\.", "decoder.transformer.last."),
    (r"mask_decoder\.transformer\.norm_final_attn\.", "decoder.transformer.norm."),
    (r"\.self_attn\.", ".within."),
    (r"\.cross_attn_token_to_image\.", ".to_picture."),
    (r"\.cross_attn_image_to_token\.", ".to_tokens."),
    (r"\.norm1\.", ".norms.0."),
    (r"\.norm2\.", ".norms.1."),
    (r"\.norm3\.", ".norms.2."),
    (r"\.norm4\.", ".norms.3."),
    (r"\.mlp\.lin1\.", ".first."),
    (r"\.mlp\.lin2\.", ".second."),
    (r"\.q_proj\.", ".query."),
    (r"\.k_proj\.", ".key."),
    (r"\.v_proj\.", ".value."),
    (r"\.out_proj\.", ".project."),
)
CORNERS: Final = tuple(f"prompt_encoder.point_embeddings.{n}.weight" for n in (2, 3))
FIRST_CONVOLUTION: Final = "encoder.stem.0.weight"
LAST_OF_IOU: Final = ("decoder.iou_head.4.weight", "decoder.iou_head.4.bias")


def tensors_from_medsam(content: bytes) -> Tensors:
    """Read the published checkpoint and name its tensors as in the network.

    Parameters
    ----------
    content
        The whole file, at most 64 MiB.

    Returns
    -------
    tensors
        float32, those of ``models.networks.medsam.MedsamLiteNetwork``.

    Raises
    ------
    ModelIntegrityError
        The file is too large, holds anything but tensors, or its tensors are not the network's.
    """
    if len(content) > LARGEST_FILE_BYTES:
        raise ModelIntegrityError(f"a weight file of {len(content)} bytes is larger than any known")
    return converted(_read(content))


def converted(published: Mapping[str, NDArray[Any]]) -> Tensors:
    """Return the network's tensors from the published ones.

    Raises
    ------
    ModelIntegrityError
        A tensor is missing, is one too many, or has another shape or type than the network's.
    """
    used = {name: v for name, v in published.items() if not _matches_any(name)}
    _require_float32(used)
    try:
        tensors = _renamed(_without_norms(used))
        tensors[FIRST_CONVOLUTION] = tensors[FIRST_CONVOLUTION].sum(axis=1, keepdims=True)
        for name in LAST_OF_IOU:
            tensors[name] = tensors[name][:1]
    except (KeyError, ValueError, IndexError) as error:
        raise ModelIntegrityError(f"the weight file is not LiteMedSAM's: {error}") from error
    _require_network(tensors)
    return {name: np.ascontiguousarray(v, dtype=np.float32) for name, v in tensors.items()}


def _read(content: bytes) -> dict[str, NDArray[Any]]:
    import torch

    try:
        held = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    # torch raises whatever its zip reader and its unpickler raise
    except Exception as error:
        raise ModelIntegrityError(
            f"the weight file is damaged or holds more than tensors ({type(error).__name__})"
        ) from error
    if not isinstance(held, dict) or not all(isinstance(v, torch.Tensor) for v in held.values()):
        raise ModelIntegrityError("the weight file holds something else than named tensors")
    return {str(name): value.numpy() for name, value in held.items()}


def _matches_any(name: str) -> bool:
    return any(re.fullmatch(pattern, name) for pattern in UNUSED)


def _require_float32(tensors: Mapping[str, NDArray[Any]]) -> None:
    for name, values in tensors.items():
        if values.dtype != np.float32:
            raise ModelIntegrityError(
                f"tensor {name}: the weight file holds {values.dtype}, the network needs float32"
            )


def _without_norms(tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Fold every batch normalisation ``NAME.bn`` into the convolution ``NAME.c`` before it."""
    rest = dict(tensors)
    for name in [n.removesuffix(".c.weight") for n in rest if n.endswith(".c.weight")]:
        weight = rest.pop(f"{name}.c.weight").astype(np.float64)
        parts = (rest.pop(f"{name}.bn.{part}").astype(np.float64) for part in NORM_PARTS)
        gain, shift, mean, variance = parts
        scale = gain / np.sqrt(variance + NORM_EPSILON)
        rest[f"{name}.weight"] = weight * scale[:, None, None, None]
        rest[f"{name}.bias"] = shift - mean * scale
    return rest


def _renamed(tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    rest = dict(tensors)
    corners = np.concatenate([rest.pop(name) for name in CORNERS])
    renamed: dict[str, NDArray[Any]] = {"boxes.corners": corners}
    for name, values in rest.items():
        new = name
        for pattern, replacement in RENAMED:
            new = re.sub(pattern, replacement, new)
        renamed[new] = values
    for name in ("boxes.no_mask",):
        renamed[name] = renamed[name][0]
    return renamed


def _require_network(tensors: Mapping[str, NDArray[Any]]) -> None:
    import torch

    from models.networks.medsam import MedsamLiteNetwork

    with torch.device("meta"):
        expected = {n: tuple(v.shape) for n, v in MedsamLiteNetwork().state_dict().items()}
    got = {name: values.shape for name, values in tensors.items()}
    wrong = sorted(n for n in expected.keys() | got.keys() if expected.get(n) != got.get(n))
    if wrong:
        name = wrong[0]
        raise ModelIntegrityError(
            f"tensor {name}: the weight file holds {got.get(name, 'none')}, the network needs "
            f"{expected.get(name, 'none')}"
        )
