"""lesions.csv: written for spreadsheets, confirmations read back from what they make of it."""

import csv
from dataclasses import replace

import pytest

from remnant.core.errors import InputError, UnreadableFileError
from remnant.core.lesions import Confirmation
from remnant.core.quantity import Quantity
from remnant.reporting.tables import (
    COLUMNS,
    LARGEST_TABLE_BYTES,
    read_confirmations,
    write_lesions_csv,
)


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
        assert lesion.volume_ml.value == float(row["volume_ml"])
        assert lesion.volume_ml.interval.high == float(row["volume_high_ml"])
        assert lesion.centroid_ras_mm[1] == float(row["centroid_a_mm"])
        assert lesion.confirmation == row["confirmation"]
        shares = [float(row[column]) for column in COLUMNS if column.startswith("segment_")]
        assert sum(lesion.segment_fractions.values()) == pytest.approx(sum(shares))


def test_csv__lines_end_as_rfc_4180_says(lesions, tmp_path):
    write_lesions_csv(lesions, tmp_path / "lesions.csv")
    content = (tmp_path / "lesions.csv").read_bytes()
    assert len(lesions) + 1 == content.count(b"\r\n") == content.count(b"\n")


def test_csv__absent_values_are_empty_and_zero_is_zero(lesions, tmp_path):
    path = tmp_path / "lesions.csv"
    bare = replace(lesions[0], volume_ml=Quantity.absent("x"), segment_fractions=None)
    write_lesions_csv([bare, replace(lesions[1], volume_ml=Quantity(0.0))], path)
    with path.open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert "" == first["volume_ml"] == first["segment_IV_fraction"] == first["volume_low_ml"]
    assert "0.0" == second["volume_ml"]


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


@pytest.mark.parametrize(
    "text",
    [
        "id,confirmation\r\n3,rejected\r\n7,confirmed\r\n",
        "\ufeffid;volume_ml;confirmation\n3;1,5;Rejected\n7;2,5; CONFIRMED \n",
        "confirmation\tid\nrejected\t3\nconfirmed\t7\n\t\n",
    ],
)
def test_confirmations__reads_what_spreadsheets_write(tmp_path, text):
    path = tmp_path / "edited.csv"
    path.write_text(text, encoding="utf-8", newline="")
    expected = {3: Confirmation.REJECTED, 7: Confirmation.CONFIRMED}
    assert expected == read_confirmations(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,volume_ml\n1,2\n", "confirmation"),
        ("", "lacks"),
        ("id,confirmation\n1,maybe\n", "line 2.*automatic, confirmed, rejected"),
        ("id,confirmation\n1,\n", "line 2"),
        ("id,confirmation\n0,rejected\n", "whole numbers"),
        ("id,confirmation\n1.5,rejected\n", "whole numbers"),
        ("id,confirmation\n-1,rejected\n", "whole numbers"),
        ("id,confirmation\n²,rejected\n", "whole numbers"),
        ("id,confirmation\n1,rejected\n1,confirmed\n", "line 3.*twice"),
    ],
)
def test_confirmations__errors_name_the_place(tmp_path, text, message):
    path = tmp_path / "edited.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_confirmations(path)


def test_confirmations__untrusted_files(tmp_path):
    with pytest.raises(UnreadableFileError, match="cannot read"):
        read_confirmations(tmp_path / "none.csv")
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableFileError, match="UTF-8"):
        read_confirmations(binary)
    wide = tmp_path / "wide.csv"
    wide.write_text("id,confirmation\n1," + "x" * 200_000 + "\n", encoding="utf-8")
    with pytest.raises(UnreadableFileError, match="field larger"):
        read_confirmations(wide)
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(LARGEST_TABLE_BYTES + 1)
    with pytest.raises(UnreadableFileError, match="larger"):
        read_confirmations(tmp_path / "huge.csv")
