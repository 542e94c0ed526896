"""lesions.csv: written for spreadsheets, confirmations read back from what they make of it."""

import csv
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.lesions import Confirmation, IntensityStatistics, Lobe
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.volumes import Modality
from remnant.core.volumetry_report import SegmentsConfirmation, SegmentSource
from remnant.documents.lesion_table import (
    COLUMNS,
    lesion_row,
    segments_origin,
    table_number,
    write_lesions_csv,
)
from remnant.io.lesion_confirmations import read_confirmations


@pytest.fixture
def lesions(made):
    return made.case.volumetry.lesions


def test_csv__holds_every_lesion_as_measured(lesions, tmp_path):
    path = tmp_path / "lesions.csv"
    write_lesions_csv(lesions, path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(COLUMNS) == list(rows[0])
    for lesion, row in zip(lesions, rows, strict=True):
        assert lesion.id == int(row["id"])
        numbers = {
            "volume_ml": lesion.volume_ml.value,
            "volume_high_ml": lesion.volume_ml.interval.high,
            "centroid_a_mm": lesion.centroid_ras_mm[1],
            "perpendicular_axial_mm": lesion.perpendicular_axial_mm,
            "surface_mm2": lesion.surface_mm2,
            "surface_distance_mm": lesion.surface_distance_mm.value,
        }
        read = {name: float(row[name]) for name in numbers}
        assert pytest.approx(numbers, rel=5e-6) == read
        assert lesion.confirmation == row["confirmation"]
        shares = [float(row[column]) for column in COLUMNS if column.startswith("segment_")]
        assert sum(lesion.segment_fractions.values()) == pytest.approx(sum(shares), abs=1e-5)
        lobes = [float(row[f"lobe_{lobe}_fraction"]) for lobe in Lobe]
        assert sum(lesion.lobe_fractions.values()) == pytest.approx(sum(lobes), abs=1e-5)


def test_csv__lines_end_as_rfc_4180_says(lesions, tmp_path):
    write_lesions_csv(lesions, tmp_path / "lesions.csv")
    content = (tmp_path / "lesions.csv").read_bytes()
    assert len(lesions) + 1 == content.count(b"\r\n") == content.count(b"\n")


def test_csv__absent_values_are_empty_and_zero_is_zero(lesions, tmp_path):
    path = tmp_path / "lesions.csv"
    bare = replace(
        lesions[0], volume_ml=Quantity.absent(Reason(Cause.LESIONS_UNKNOWN)), segment_fractions=None
    )
    write_lesions_csv([bare, replace(lesions[1], volume_ml=Quantity(0.0))], path)
    with path.open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert "" == first["volume_ml"] == first["segment_IV_fraction"] == first["volume_low_ml"]
    assert "0" == second["volume_ml"]


def test_csv__columns_of_the_first_release_keep_their_places():
    assert [
        "id", "volume_ml", "volume_low_ml", "volume_high_ml", "volume_bound", "longest_axial_mm",
        "feret_3d_mm", "centroid_r_mm", "centroid_a_mm", "centroid_s_mm", "segment_I_fraction",
    ] == list(COLUMNS[:11])  # fmt: skip
    assert "confirmation" == COLUMNS[18]
    assert len(set(COLUMNS)) == len(COLUMNS)


@pytest.mark.parametrize(
    ("source", "confirmation", "words"),
    [
        (None, None, ""),
        (SegmentSource.GIVEN, None, "given"),
        (SegmentSource.LANDMARKS, None, "landmarks"),
        (SegmentSource.MODEL, None, "model, to be reviewed"),
        (SegmentSource.MODEL, SegmentsConfirmation(name="A", date="2026-11-22"), "model"),
    ],
)
def test_csv__says_where_the_segments_of_its_shares_are_from(
    source, confirmation, words, made, tmp_path
):
    report = replace(made.case.volumetry, segment_source=source, segments_confirmation=confirmation)
    path = tmp_path / "lesions.csv"
    write_lesions_csv(report.lesions, path, segments_from=segments_origin(report))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [words] * len(report.lesions) == [row["segments_from"] for row in rows]
    assert len(report.lesions) == len(read_confirmations(path))


def test_csv__distances_and_intensities_carry_bound_and_unit(lesions):
    lesion = replace(
        lesions[0],
        surface_distance_mm=Quantity(
            3.25, bound=Bound.UPPER, reasons=Reason(Cause.SCAN_EDGE_NEARER)
        ),
        portal_vein_distance_mm=Quantity.absent(Reason(Cause.NO_PORTAL_VEIN)),
        hepatic_veins_distance_mm=Quantity(0.0),
        intensity=IntensityStatistics(mean=61.5, sd=9.0, minimum=20.0, median=62.0, maximum=90.0),
    )
    row = lesion_row(lesion, modality=Modality.CT)
    assert ("3.25", "upper") == (row["surface_distance_mm"], row["surface_distance_bound"])
    assert ("", "0") == (row["portal_vein_distance_mm"], row["hepatic_veins_distance_mm"])
    assert ("HU", "61.5", "9") == tuple(row[f"intensity_{k}"] for k in ("unit", "mean", "sd"))
    assert "arbitrary" == lesion_row(lesion, modality=Modality.MR)["intensity_unit"]
    assert "" == lesion_row(lesion)["intensity_unit"]
    bare = lesion_row(replace(lesion, intensity=None), modality=Modality.CT)
    assert ("", "") == (bare["intensity_unit"], bare["intensity_mean"])


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0.1 + 0.2, "0.3"),
        (0.0, "0"),
        (-0.0, "0"),
        (1234.5678, "1234.57"),
        (1e-9, "0.000000001"),
        (12345678.0, "12345700"),
        (None, ""),
    ],
)
def test_table_number__six_digits_and_no_exponent(number, expected):
    assert expected == table_number(number)


@given(number=st.floats(-1e9, 1e9, allow_subnormal=False))
def test_table_number__is_within_a_millionth(number):
    assert pytest.approx(number, rel=5.1e-6, abs=0.0) == float(table_number(number))


def test_csv__without_lesions_still_has_its_header(tmp_path):
    write_lesions_csv([], tmp_path / "lesions.csv")
    assert {} == read_confirmations(tmp_path / "lesions.csv")


def test_confirmations__round_trip(lesions, tmp_path):
    write_lesions_csv(lesions, tmp_path / "lesions.csv")
    found = read_confirmations(tmp_path / "lesions.csv")
    assert {lesion.id: lesion.confirmation for lesion in lesions} == found
    assert {Confirmation.CONFIRMED, Confirmation.REJECTED, Confirmation.AUTOMATIC} == set(
        found.values()
    )
