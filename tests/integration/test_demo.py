"""The demo as a user runs it: real scans, real networks, three reports."""

import importlib.util
import json

import numpy as np
import pytest

from remnant.cli.app import run_command
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME, STRUCTURE_SCHEME
from remnant.core.reasons import Cause, first
from remnant.documents.report_document import REPORT
from remnant.io.nifti import read_labels
from remnant.pipeline.case_files import (
    ALL_FILES,
    COUINAUD_IV,
    EXOPHYTIC,
    LESIONS_CORE,
    with_companions,
)
from remnant.pipeline.demo import AS_IS, PLANTED, TUMOUR
from remnant.pipeline.samples import LIVER_LABEL, fetch_liver

pytestmark = pytest.mark.network


@pytest.fixture(scope="module", name="demo")
def demo_fixture(kul, published, fetch, tmp_path_factory):
    assert kul
    assert published.ct.is_file()
    fetch(fetch_liver)
    output = tmp_path_factory.mktemp("demo")
    assert 0 == run_command(["demo", "-o", str(output)])
    return output


def _document(folder):
    REPORT.read(folder / "report.json")
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [TUMOUR, AS_IS, PLANTED])
def test_demo__writes_the_whole_contract(demo, name):
    folder = demo / name
    document = _document(folder)
    structures = read_labels(folder / "structures.nii.gz", STRUCTURE_SCHEME)
    lesions = read_labels(folder / "lesions.nii.gz", INSTANCE_SCHEME)
    couinaud = read_labels(folder / "couinaud.nii.gz", COUINAUD_SCHEME)

    written = {p.name for p in folder.iterdir()}
    exophytic = set(with_companions([EXOPHYTIC]))
    core = set(with_companions([LESIONS_CORE]))
    absent = exophytic | core | set(with_companions([COUINAUD_IV]))
    assert set(ALL_FILES) - absent == written - exophytic - core
    assert (name != AS_IS) == (core <= written)
    liver_ml = np.count_nonzero(structures.codes) * structures.geometry.voxel_volume_ml
    assert liver_ml == pytest.approx(document["volumetry"]["tlv_ml"]["value"])
    np.testing.assert_array_equal(structures.codes == 2, lesions.codes > 0)
    np.testing.assert_array_equal(structures.codes > 0, couinaud.codes > 0)
    assert document["patient"]["body_size_assumed"]
    used = {m["id"] for m in document["provenance"]["models"]}
    drew_liver = set() if name == TUMOUR else {"kul-liver"}
    assert drew_liver | {"kul-lesion", "medsam-lite", "couinaud-shape"} == used
    assert "model" == document["volumetry"]["segment_source"]
    assert document["volumetry"]["segments_need_review"]


def test_demo__shows_a_liver_with_tumour_and_decides_its_targets(demo):
    document = _document(demo / TUMOUR)
    volumes = document["volumetry"]
    assert "bound" not in volumes["tlv_ml"]
    assert 1800 < volumes["tlv_ml"]["value"] < 1900
    # annotated are 21.1 %
    assert 0.20 < volumes["burden_fraction"]["value"] < 0.27
    assert len(volumes["lesions"]) > 20
    verdicts = [target["verdict"] for target in document["planning"]["targets"]]
    # of all targets the last alone, every lesion treated, leaves too little liver
    assert ["met", "met", "met", "not_met"] == verdicts
    page = (demo / TUMOUR / "report.html").read_text(encoding="utf-8")
    for words in ("case 117", "MIT licence", "is an estimate", "21.1 %", "given; the lesions"):
        assert words in page


def test_demo__finds_the_annotated_tumour(demo):
    """Whether the network was trained on LiTS is not known: its Dice may flatter it."""
    report = REPORT.read(demo / TUMOUR / "report.json")
    (finding,) = [one for one in report.quality if one.id == "sample_tumour"]
    true_ml, _, measured_ml, _, dice = first(finding.reasons, Cause.SAMPLE_TUMOUR).amounts
    assert dice >= 0.81
    assert true_ml < measured_ml < 1.25 * true_ml


def test_demo__finds_the_liver_without_a_hint(demo, published):
    truth = read_labels(published.label_map, INSTANCE_SCHEME).mask(LIVER_LABEL)
    found = read_labels(demo / AS_IS / "structures.nii.gz", STRUCTURE_SCHEME).mask()

    dice = 2 * np.count_nonzero(truth & found) / (np.count_nonzero(truth) + np.count_nonzero(found))
    assert dice >= 0.955
    assert np.count_nonzero(found) == pytest.approx(np.count_nonzero(truth), rel=0.05)
    (confidence,) = _document(demo / AS_IS)["rules"]["network_confidence"]["found"].values()
    assert confidence["quantity"]["value"] > 0.9


def test_demo__says_that_this_scan_cuts_the_liver(demo):
    volume = _document(demo / AS_IS)["volumetry"]["tlv_ml"]
    assert "lower" == volume["bound"]
    assert 1000 < volume["value"] < 1300


def test_demo__planted_metastases_are_named_with_their_true_volumes(demo):
    document = _document(demo / PLANTED)
    planted = document["planted"]
    assert len(planted) >= 6
    large = [p for p in planted if p["true_volume_ml"] > 4.0]
    assert all(0.5 < p["measured_ml"] / p["true_volume_ml"] < 2.0 for p in large)
    assert "planted" not in _document(demo / AS_IS)
    page = (demo / PLANTED / "report.html").read_text(encoding="utf-8")
    assert "synthetic" in page
    assert "assumed for the demo" in page


def test_demo__finds_what_the_baseline_of_this_algorithm_says(demo, repository):
    """Where it does not: a reason, a new baseline, and a higher ``ALGORITHM_VERSION``."""
    file = repository / "benchmarks" / "segmentation_baseline.py"
    spec = importlib.util.spec_from_file_location("segmentation_baseline", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    known = json.loads(module.BASELINE.read_text(encoding="utf-8"))
    found = module.counts(demo / AS_IS)

    assert list(known) == list(found)
    assert module.differences(found, known) == []
    assert module.differences({**found, "liver": int(0.98 * known["liver"])}, known) != []
