"""Confirmations in an edited lesions.csv, as spreadsheets write it."""

import pytest

from remnant.core.errors import InputError, UnreadableFileError
from remnant.core.lesions import Confirmation
from remnant.io.lesion_confirmations import LARGEST_TABLE_BYTES, read_confirmations


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
        ("id,confirmation\n1,maybe\n", "line 2.*automatic, given, confirmed, rejected"),
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
