"""The split of confluent lesions, from the option to the report."""

import json
from dataclasses import replace

import numpy as np
import pytest

from remnant.cli.app import run_command
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME
from remnant.core.volumes import LabelMap, Modality
from remnant.io.nifti import write_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline.divide import require_redivision
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segment import segment_case
from remnant.testing.fake_segmenter import FakeSegmenter
from remnant.testing.grids import grid_around
from remnant.testing.phantom_shapes import Ball, Ellipsoid, digitise

LIVER = Ellipsoid((0.0, 0.0, 0.0), (75.0, 60.0, 62.0))
GRID: Geometry = grid_around(LIVER.box_mm, spacing_mm=(2.0, 2.1, 2.2), margin_mm=6.0)
CONFLUENT = (Ball((-12.0, 0.0, 0.0), 17.0), Ball((16.0, 0.0, 0.0), 15.0))
APART = Ball((0.0, 38.0, 0.0), 9.0)


def test_split__a_stored_case_is_refused_by_the_options_name(tmp_path):
    with pytest.raises(InputError, match=r"^--split-confluent is for new masks or scans: .*case"):
        require_redivision(tmp_path / "case", SegmentRequest(source=None, split_confluent=True))
    require_redivision(tmp_path / "case", SegmentRequest(source=None))


@pytest.fixture(name="masks")
def masks_fixture(tmp_path):
    liver = digitise(LIVER, GRID).astype(np.uint8)
    lesions = np.zeros(GRID.shape, dtype=np.uint8)
    for body in (*CONFLUENT, APART):
        lesions[digitise(body, GRID)] = 1
    numbered = lesions.copy()
    numbered[digitise(APART, GRID)] = 2
    for name, codes, scheme in (
        ("liver", liver, BINARY_SCHEME),
        ("lesions", lesions, BINARY_SCHEME),
        ("numbered", numbered, INSTANCE_SCHEME),
    ):
        write_labels(LabelMap(codes, GRID, scheme), tmp_path / f"{name}.nii.gz")
    return tmp_path


def measured(folder, *options, lesions="lesions", case="case"):
    masks = f"liver={folder / 'liver.nii.gz'},lesions={folder / lesions}.nii.gz"
    output = folder / case
    assert 0 == run_command(["measure", "--masks", masks, "-o", str(output), *options])
    return json.loads((output / "report.json").read_text(encoding="utf-8"))


def finding(report):
    rule = report["rules"].get("confluent_lesions_split", {"found": {}})
    return next(iter(rule["found"].values()), None)


def test_split_confluent__is_off_by_default(masks):
    report = measured(masks)

    assert 2 == len(report["volumetry"]["lesions"])
    assert report["settings"]["segmentation"]["split_confluent"] is False
    assert finding(report) is None


def test_split_confluent__splits_and_says_so(masks, capsys):
    whole = measured(masks, case="whole")
    report = measured(masks, "--split-confluent")

    assert 3 == len(report["volumetry"]["lesions"])
    assert whole["volumetry"]["tumour_ml"]["value"] == report["volumetry"]["tumour_ml"]["value"]
    volumes = [lesion["volume_ml"]["value"] for lesion in report["volumetry"]["lesions"]]
    assert sorted(volumes, reverse=True) == volumes
    assert report["settings"]["segmentation"]["split_confluent"] is True
    assert "1 confluent lesion(s) were split into 2" in finding(report)["text"]
    assert "split into 2" in " ".join(capsys.readouterr().out.split())


def test_split_confluent__leaves_numbered_lesions(masks):
    report = measured(masks, "--split-confluent", lesions="numbered")

    assert 2 == len(report["volumetry"]["lesions"])
    assert "unknown" == finding(report)["verdict"]
    assert "numbered already" in finding(report)["text"]


def test_split_confluent__is_refused_where_there_is_nothing_to_split(masks, capsys):
    liver = f"liver={masks / 'liver.nii.gz'}"
    output = masks / "none"

    assert 2 == run_command(["measure", "--masks", liver, "-o", str(output), "--split-confluent"])
    assert "needs lesions" in capsys.readouterr().err
    assert not output.exists()


def test_split_confluent__is_refused_for_a_stored_case(masks, capsys):
    measured(masks)

    assert 2 == run_command(["measure", str(masks / "case"), "--split-confluent"])
    assert "stored case" in capsys.readouterr().err


def test_split_confluent__of_what_a_network_found(phantom, scan):
    """Two balls that a network drew as one lesion; intensities are those of the parts."""
    grid = phantom.geometry
    lesions = np.zeros(grid.shape, dtype=np.uint16)
    for body in (Ball((76.0, 5.0, 10.0), 17.0), Ball((104.0, 5.0, 10.0), 15.0)):
        lesions[digitise(body, grid) & phantom.structures.mask()] = 1
    structures = np.where(phantom.structures.mask(), 1, 0).astype(np.uint8)
    structures[lesions > 0] = 2
    segmenter = FakeSegmenter(
        LabelMap(structures, grid, phantom.structures.scheme),
        LabelMap(lesions, grid, INSTANCE_SCHEME),
    )
    request = SegmentRequest(
        source=scan, reading=ReadingChoice(modality=Modality.CT), split_confluent=True
    )

    case = segment_case(request, segmenter=segmenter)
    unsplit = segment_case(replace(request, split_confluent=False), segmenter=segmenter)

    assert {0, 1, 2} == set(np.unique(case.maps.lesions.codes))
    assert np.array_equal(case.maps.lesions.codes > 0, lesions > 0)
    assert {1, 2} == set(case.intensities)
    assert case.settings.split_confluent is True
    assert {0, 1} == set(np.unique(unsplit.maps.lesions.codes))
    assert "confluent_lesions_split" not in {f.id for f in unsplit.quality}


@pytest.mark.parametrize("command", ["run", "segment", "measure"])
def test_help__offers_the_split(command, capsys):
    assert 0 == run_command([command, "--help"])
    assert "--split-confluent" in capsys.readouterr().out
