"""Which study a file belongs to, by the beginning of its header."""

from datetime import date

import pytest

from examples.dicom_trees import write_dicom
from remnant.io.dicom_studies import study_files_of


def said_by(*paths):
    return [found for _, found in study_files_of(paths)]


def test_image__says_study_patient_and_day(tmp_path):
    (found,) = said_by(write_dicom(tmp_path / "a", study="1.2", patient="P", made="20240301"))

    assert ("1.2", "P", date(2024, 3, 1)) == (found.study_uid, found.patient_id, found.study_date)
    assert found.is_image
    assert not found.is_mask
    assert not any(word in repr(found) for word in ("1.2", "'P'", "2024"))


@pytest.mark.parametrize(
    ("told", "is_image", "is_mask"),
    [
        ({"Modality": "MR"}, True, False),
        ({"Modality": "SEG"}, False, True),
        ({"Modality": "RTSTRUCT"}, False, True),
        ({"Modality": "PT"}, False, False),
    ],
)
def test_kinds__are_told_apart(told, is_image, is_mask, tmp_path):
    (found,) = said_by(write_dicom(tmp_path / "a", study="1.2", **told))

    assert (is_image, is_mask) == (found.is_image, found.is_mask)


def test_what_is_no_dicom_file__says_nothing(tmp_path):
    whole = write_dicom(tmp_path / "whole", study="1.2")
    (tmp_path / "text").write_text("no DICOM file at all", encoding="utf-8")
    (tmp_path / "empty").touch()
    (tmp_path / "damaged").write_bytes(whole.read_bytes()[:200])
    paths = [tmp_path / name for name in ("text", "empty", "none", "whole", "damaged")]
    found = dict(study_files_of(paths))

    assert paths == list(found)
    assert [None, None, None] == [found[path] for path in paths[:3]]
    assert "1.2" == found[whole].study_uid
    assert found[paths[4]] is None or "" == found[paths[4]].study_uid
