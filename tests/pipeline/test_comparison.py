"""Two cases of one liver, from their folders to the comparison."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from scipy.spatial.transform import Rotation

from remnant.cli.app import run_command
from remnant.core.comparison import MatchKind
from remnant.core.errors import InputError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    CouinaudSegment,
)
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, causes_of, reason
from remnant.core.volumes import LabelMap
from remnant.documents.comparison_document import COMPARISON, MATCH_COLUMNS
from remnant.documents.schemas import committed_schema
from remnant.io.nifti import read_labels, write_labels
from remnant.pipeline.comparison import CompareRequest, compare_cases, write_comparison
from remnant.testing.phantom_shapes import Ellipsoid
from remnant.testing.phantoms import body_grid, liver_phantom
from remnant.view.comparison_view import signed

BODY = ("--height-cm", "175", "--weight-kg", "80", "--sex", "male", "--age", "60")
RIGHT = frozenset(map(CouinaudSegment, (5, 6, 7, 8)))
SMALL = 0.6
"""Scale of the phantoms: a fifth of the volume, for speed."""


def metastasis(centre, radius_mm):
    return Ellipsoid(tuple(SMALL * c for c in centre), (radius_mm,) * 3)


BEFORE = (
    metastasis((90, 5, 25), 9.0),
    metastasis((40, 30, -20), 7.0),
    metastasis((0, 25, 15), 6.0),
    metastasis((110, 20, -10), 5.0),
)
AFTER = (
    metastasis((90, 5, 25), 10.5),
    metastasis((40, 30, -20), 5.5),
    metastasis((70, 40, 10), 5.0),
    metastasis((104, 20, -10), 3.4),
    metastasis((117, 20, -10), 3.3),
)
MOTION = np.eye(4)
MOTION[:3, :3] = Rotation.from_euler("xyz", (2, -3, 5), degrees=True).as_matrix()
MOTION[:3, 3] = (16.0, -29.0, 44.0)


def write_case(folder, name, metastases, *, motion, spacing_mm, options=BODY, parts=None):
    """Digitise a moved phantom on an upright grid of its own and measure it."""
    grid = body_grid(spacing_mm=spacing_mm, scale=SMALL)
    world = np.array(grid.affine_ras)
    world[:3, 3] += motion[:3, 3]
    seen = Geometry(grid.shape, np.linalg.inv(motion) @ world)
    phantom = liver_phantom(seen, metastases=metastases, scale=SMALL)
    maps = {
        "liver": phantom.liver_mask, "lesions": phantom.lesions, "couinaud": phantom.couinaud,
    }  # fmt: skip
    for role, labels in maps.items():
        there = Geometry(grid.shape, world)
        write_labels(LabelMap(labels.codes, there, labels.scheme), folder / f"{name}_{role}.nii.gz")
    roles = parts or tuple(maps)
    masks = ",".join(f"{role}={folder / f'{name}_{role}.nii.gz'}" for role in roles)
    assert 0 == run_command(["measure", "--masks", masks, "-o", str(folder / name), *options])


@pytest.fixture(scope="module", name="cases")
def cases_fixture(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    write_case(folder, "before", BEFORE, motion=np.eye(4), spacing_mm=(2.6, 2.7, 3.0))
    write_case(folder, "after", AFTER, motion=MOTION, spacing_mm=(2.4, 2.5, 3.4))
    return folder


@pytest.fixture(scope="module", name="report")
def report_fixture(cases):
    return compare_cases(
        CompareRequest(
            before=cases / "before", after=cases / "after", weeks=3.0, removed=RIGHT,
            threshold_sflr=0.4,
        )
    )  # fmt: skip


def kinds(report):
    return {(m.kind, m.before_ids, m.after_ids) for m in report.matches}


def test_matches__the_known_fate_of_every_lesion(report):
    assert {
        (MatchKind.MATCHED, (1,), (1,)),
        (MatchKind.MATCHED, (2,), (2,)),
        (MatchKind.GONE, (3,), ()),
        (MatchKind.NEW, (), (3,)),
        (MatchKind.SPLIT, (4,), (4, 5)),
    } == kinds(report)


def test_matches__figures_are_those_of_each_scan(cases, report):
    documents = [
        json.loads((cases / name / "report.json").read_text(encoding="utf-8"))
        for name in ("before", "after")
    ]
    measured = [{x["id"]: x for x in d["volumetry"]["lesions"]} for d in documents]

    for match in report.matches:
        for ids, lesions, volume, length in (
            (match.before_ids, measured[0], match.volume_ml.before, match.longest_axial_mm.before),
            (match.after_ids, measured[1], match.volume_ml.after, match.longest_axial_mm.after),
        ):
            if ids:
                assert pytest.approx(volume.value) == sum(
                    lesions[i]["volume_ml"]["value"] for i in ids
                )
                diameters = sum(lesions[i]["longest_axial_mm"] for i in ids)
                assert diameters == pytest.approx(length.value)
    assert documents[0]["volumetry"]["tlv_ml"]["value"] == report.tlv_ml.before.value
    assert documents[1]["volumetry"]["tumour_ml"]["value"] == report.tumour_ml.after.value


def test_alignment__finds_the_motion_between_the_scans(report):
    found = np.array(report.alignment.before_to_after_ras)
    ends = np.array([[30.0, 0, 0], [0, 30.0, 0], [0, 0, 30.0], [33.0, 6.0, 0.0]])

    moved = [ends @ m[:3, :3].T + m[:3, 3] for m in (found, MOTION)]

    assert 6.0 > np.linalg.norm(moved[0] - moved[1], axis=1).max()
    assert 0.95 < report.alignment.dice_fraction
    (finding,) = (f for f in report.quality if f.id == "liver_alignment")
    assert Verdict.MET == finding.verdict


def test_exchange__mirrors_the_comparison(cases, report):
    back = compare_cases(CompareRequest(before=cases / "after", after=cases / "before"))

    mirrored = {
        MatchKind.NEW: MatchKind.GONE,
        MatchKind.GONE: MatchKind.NEW,
        MatchKind.SPLIT: MatchKind.MERGED,
        MatchKind.MATCHED: MatchKind.MATCHED,
    }
    assert {(mirrored[kind], after, before) for kind, before, after in kinds(report)} == kinds(back)
    assert report.tumour_ml.difference.value == pytest.approx(-back.tumour_ml.difference.value)


def test_growth__of_an_unchanged_remnant_is_within_its_interval_of_zero(report):
    growth = report.growth

    assert "Right hemihepatectomy" == growth.title
    assert 0.0 in growth.kgr_sflr_points_per_week.interval
    assert growth.degree_of_hypertrophy_sflr_points.value == pytest.approx(
        3 * growth.kgr_sflr_points_per_week.value
    )
    assert growth.flr_ml.before.interval is not None


def test_changes__have_intervals_wider_than_one_scan(report):
    tumour = report.tumour_ml
    widths = [q.interval.high - q.interval.low for q in (tumour.before, tumour.difference)]

    assert widths[0] < widths[1]
    assert tumour.difference.value in tumour.difference.interval


def test_same_maps_twice__nothing_has_changed(cases, tmp_path):
    """Another folder of the same maps: every lesion is matched with itself, all changes are 0."""
    write_case(tmp_path, "again", BEFORE, motion=np.eye(4), spacing_mm=(2.6, 2.7, 3.0))

    report = compare_cases(
        CompareRequest(before=cases / "before", after=tmp_path / "again", weeks=1, removed=RIGHT)
    )

    assert {(MatchKind.MATCHED, (n,), (n,)) for n in (1, 2, 3, 4)} == kinds(report)
    assert 1.0 == report.alignment.dice_fraction
    for match in report.matches:
        assert 0.0 == match.volume_ml.difference.value == match.longest_axial_mm.difference.value
        assert match.volume_ml.before.value == pytest.approx(match.overlap_ml)
        assert 0.0 in match.volume_ml.difference.interval
    assert 0.0 == report.growth.kgr_sflr_points_per_week.value
    assert 0.0 < report.growth.kgr_sflr_points_per_week.interval.high


def test_rejected_lesions__are_neither_gone_nor_new(cases, tmp_path, capsys):
    write_case(tmp_path, "reviewed", BEFORE, motion=np.eye(4), spacing_mm=(2.6, 2.7, 3.0),
               options=(*BODY, "--reject-lesions", "2", "--confirm-lesions", "all"))  # fmt: skip

    report = compare_cases(CompareRequest(before=tmp_path / "reviewed", after=cases / "after"))

    (rejected,) = (m for m in report.matches if m.after_ids == (2,))
    assert (MatchKind.REJECTED_BEFORE, (2,)) == (rejected.kind, rejected.before_ids)
    for change in (rejected.volume_ml, rejected.longest_axial_mm):
        assert change.after.value > 0
        for quantity in (change.before, change.difference, change.fraction):
            assert Cause.REJECTED_BEFORE in causes_of(quantity.reasons)
    capsys.readouterr()
    back = ["compare", str(cases / "after"), str(tmp_path / "reviewed")]
    assert 0 == run_command([*back, "-o", str(tmp_path / "out")])
    shown = capsys.readouterr().out
    assert "1 rejected in the second scan" in shown
    assert "2 → rejected" in shown
    document = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    (match,) = (m for m in document["matches"] if m["kind"] == "rejected_after")
    assert ([2], [2]) == (match["before_ids"], match["after_ids"])
    (finding,) = (f for f in report.quality if f.id == "compared_lesions_confirmed")
    assert reason(Cause.UNCONFIRMED_IN_SCANS, 0, 5) in finding.reasons


def test_unknown_lesions_and_segments__are_absent_with_their_reason(cases, tmp_path):
    write_case(tmp_path, "bare", BEFORE, motion=np.eye(4), spacing_mm=(2.6, 2.7, 3.0),
               parts=("liver",))  # fmt: skip

    report = compare_cases(
        CompareRequest(before=tmp_path / "bare", after=cases / "after", weeks=2, removed=RIGHT)
    )

    assert report.matches is None
    assert report.alignment is None
    assert report.matches_reasons == (reason(Cause.CASE_WITHOUT_LESIONS, "first"),)
    assert report.tumour_ml.difference.value is None
    assert Cause.FIRST_SCAN is report.growth.kgr_sflr_points_per_week.reasons[0].cause


def test_lesion_beyond_the_other_scan__is_not_called_gone(cases, tmp_path, capsys):
    """The second scan is the first one up to a level below the first and the third lesion."""
    masks = []
    for role in ("liver", "lesions", "couinaud"):
        scheme = INSTANCE_SCHEME if role == "lesions" else COUINAUD_SCHEME
        labels = read_labels(cases / f"before_{role}.nii.gz", scheme)
        level = round(float(labels.geometry.index_from_ras((0.0, 0.0, 2.0))[2]))
        kept = labels.codes[:, :, :level]
        grid = Geometry(kept.shape, labels.geometry.affine_ras)
        write_labels(LabelMap(kept, grid, scheme), tmp_path / f"{role}.nii.gz")
        masks.append(f"{role}={tmp_path / role}.nii.gz")
    given = ",".join(masks)
    assert 0 == run_command(["measure", "--masks", given, "-o", str(tmp_path / "cut"), *BODY])
    capsys.readouterr()

    report = compare_cases(CompareRequest(before=cases / "before", after=tmp_path / "cut"))

    fates = {m.before_ids[0]: m.kind for m in report.matches}
    seen, hidden = MatchKind.MATCHED, MatchKind.OUTSIDE
    assert {1: hidden, 2: seen, 3: hidden, 4: seen} == fates
    difference = report.matches[0].volume_ml.difference
    assert Cause.OUTSIDE_OTHER_SCAN in causes_of(difference.reasons)
    assert Bound.LOWER == report.tlv_ml.difference.bound
    back = compare_cases(CompareRequest(before=tmp_path / "cut", after=cases / "before"))
    assert MatchKind.OUTSIDE in {m.kind for m in back.matches if m.after_ids == (1,)}


def test_another_body_size__is_refused_for_growth_only(cases, tmp_path):
    write_case(tmp_path, "thinner", BEFORE, motion=np.eye(4), spacing_mm=(2.6, 2.7, 3.0),
               options=("--height-cm", "175", "--weight-kg", "70"))  # fmt: skip
    folders = {"before": tmp_path / "thinner", "after": cases / "after"}

    assert compare_cases(CompareRequest(**folders)).growth is None
    with pytest.raises(InputError, match="same body size and formula"):
        compare_cases(CompareRequest(**folders, weeks=2, removed=RIGHT))


def test_report_and_maps_that_do_not_belong_together__are_refused(cases, tmp_path):
    write_case(tmp_path, "torn", BEFORE, motion=np.eye(4), spacing_mm=(2.6, 2.7, 3.0))
    write_case(tmp_path, "other", BEFORE[:2], motion=np.eye(4), spacing_mm=(2.6, 2.7, 3.0))
    (tmp_path / "torn" / "report.json").replace(tmp_path / "other" / "report.json")

    with pytest.raises(InputError, match=r"lesion\(s\) \[3, 4\] that its lesion map does not hold"):
        compare_cases(CompareRequest(before=tmp_path / "other", after=cases / "after"))


def test_documents__are_valid_and_hold_every_match(report, tmp_path):
    write_comparison(report, tmp_path / "out")

    document = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    Draft202012Validator(committed_schema(COMPARISON)).validate(document)
    assert "2.0" == document["schema_version"]
    assert len(report.matches) == len(document["matches"])
    growth, expected = document["growth"], report.growth.kgr_sflr_points_per_week.value
    assert ["V", "VI", "VII", "VIII"] == growth["removed"]
    assert expected == growth["kgr_sflr_points_per_week"]["value"]
    assert {"before", "after"} == set(document["provenance"]["inputs_sha256"])
    settings = document["settings"]
    assert settings["seeds"][0] != settings["seeds"][1]
    with (tmp_path / "out" / "matches.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(MATCH_COLUMNS) == list(rows[0])
    assert [m.kind.value for m in report.matches] == [row["kind"] for row in rows]
    (split,) = (row for row in rows if row["kind"] == "split")
    assert "4;5" == split["after_ids"]
    (new,) = (row for row in rows if row["kind"] == "new")
    assert "" == new["volume_before_ml"] == new["volume_change_ml"]
    assert "first scan" in new["volume_change_reason"]


def test_same_input__gives_the_same_document(cases, report, tmp_path):
    again = compare_cases(
        CompareRequest(
            before=cases / "before", after=cases / "after", weeks=3.0, removed=RIGHT,
            threshold_sflr=0.4,
        )
    )  # fmt: skip
    documents = []
    for name, one in (("a", report), ("b", again)):
        write_comparison(one, tmp_path / name)
        document = json.loads((tmp_path / name / "comparison.json").read_text(encoding="utf-8"))
        document["provenance"].pop("created_utc")
        documents.append(document)

    assert documents[0] == documents[1]


def test_command__prints_the_table_and_writes_both_files(cases, tmp_path, capsys):
    output = tmp_path / "out"
    given = ["compare", str(cases / "before"), str(cases / "after"), "-o", str(output)]

    assert 0 == run_command([*given, "--weeks", "3", "--resect", "right_hemihepatectomy"])

    shown = capsys.readouterr().out
    assert {"comparison.json", "matches.csv"} == {p.name for p in output.iterdir()}
    assert "4 → 4+5" in shown
    assert "3 → gone" in shown
    assert "new → 3" in shown
    assert "sFLR points / week" in shown
    assert "not a response by RECIST" in " ".join(shown.split())
    assert "beside ≥, ≤ or ≈ that of the parts as measured" in " ".join(shown.split())
    assert 0 == run_command([*given, "--overwrite"])
    assert "No growth: no resection was named" in capsys.readouterr().out
    document = json.loads((output / "comparison.json").read_text(encoding="utf-8"))
    assert document["growth"] is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "0"), (0.004, "< 0.01"), (-0.004, "> −0.01"), (0.25, "+0.25"), (-12.0, "−12.0")],
)
def test_signed__what_is_not_nothing_never_reads_as_nothing(value, expected):
    assert expected == signed(Quantity(value))


def test_command__without_weeks_there_is_no_rate(cases, tmp_path, capsys):
    given = ["compare", str(cases / "before"), str(cases / "after"), "-o", str(tmp_path / "out")]

    assert 0 == run_command([*given, "--resect", "6,7"])

    document = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    rate = document["growth"]["kgr_sflr_points_per_week"]
    words = [document["reasons"][str(number)]["words"] for number in rate["reasons"]]
    assert rate["value"] is None
    assert "time between the scans" in " ".join(words)
    assert "time between the scans" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--weeks", "0"), "above 0 to 1040"),
        (("--weeks", "-3"), "above 0 to 1040"),
        (("--weeks", "nan"), "above 0 to 1040"),
        (("--weeks", "soon"), "soon"),
        (("--resect", "IX"), "allowed are Couinaud segments"),
        (("--resect", "right_hepatektomy"), "right_hemihepatectomy"),
        (("--resect", ""), "one to seven segments"),
        (("--threshold", "0.3"), "name it"),
        (("--resect", "VI", "--threshold", "30"), "a fraction between 0 and 1"),
    ],
)
def test_command__bad_input_is_one_line_and_nothing_is_written(
    options, message, cases, tmp_path, capsys
):
    output = tmp_path / "out"
    given = ["compare", str(cases / "before"), str(cases / "after"), "-o", str(output)]

    assert 2 == run_command([*given, *options])

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("remnant: error: ")
    assert message in line
    assert not output.exists()


def test_command__bad_folders_are_refused(cases, tmp_path, capsys):
    before, after, output = (str(p) for p in (cases / "before", cases / "after", tmp_path / "out"))
    (tmp_path / "strangers").mkdir()
    (tmp_path / "strangers" / "thesis.docx").write_text("mine")

    for arguments, message in (
        ((before, before, "-o", output), "given twice"),
        ((str(tmp_path / "none"), after, "-o", output), "no report.json"),
        ((before, after, "-o", str(tmp_path / "strangers")), "other files"),
        ((before, after, "-o", before), "other files"),
    ):
        assert 2 == run_command(["compare", *arguments])
        assert message in capsys.readouterr().err
    assert "mine" == (tmp_path / "strangers" / "thesis.docx").read_text()


def test_compare__loads_no_network_library():
    code = (
        "import sys, remnant.pipeline.comparison, remnant.terminal.comparison_summary\n"
        "print(sorted({'torch', 'monai'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()


def test_request__liver_map_of_a_case_is_binary(cases):
    """What is aligned is the whole liver, lesions and vessels included."""
    from remnant.pipeline.comparison import _read

    scan = _read(cases / "before")

    assert BINARY_SCHEME == scan.liver.scheme
    assert np.count_nonzero(scan.liver.codes) * scan.liver.geometry.voxel_volume_ml == (
        pytest.approx(scan.report.volumetry.tlv_ml.value)
    )
