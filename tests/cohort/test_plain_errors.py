"""Errors of cases in one line, without the names of their files."""

import errno
import re

import pytest

from remnant.cohort.outcomes import CaseStatus
from remnant.cohort.plain_errors import is_of_the_machine, plain_error, status_of, without_paths
from remnant.core.errors import (
    GeometryMismatchError,
    InconsistentPlanError,
    InputError,
    MissingMetadataError,
    ModelIntegrityError,
    SegmentationFailedError,
)


def fail(error, cause):
    raise error from cause


def raised(error, cause=None):
    with pytest.raises(type(error)) as caught:
        fail(error, cause)
    return caught.value


@pytest.mark.parametrize(
    ("error", "status", "machine"),
    [
        (GeometryMismatchError("x"), CaseStatus.REFUSED, False),
        (MissingMetadataError("x"), CaseStatus.REFUSED, False),
        (SegmentationFailedError("x"), CaseStatus.REFUSED, False),
        (InconsistentPlanError("x"), CaseStatus.FAILED, False),
        (KeyError("x"), CaseStatus.FAILED, False),
        (PermissionError(errno.EACCES, "x"), CaseStatus.FAILED, False),
        (OSError(errno.ENOSPC, "x"), CaseStatus.FAILED, True),
        (MemoryError(), CaseStatus.FAILED, True),
        (ModelIntegrityError("x"), CaseStatus.FAILED, True),
        (raised(InputError("x"), OSError(errno.ENOSPC, "full")), CaseStatus.FAILED, True),
        (raised(InputError("x"), OSError(errno.EISDIR, "folder")), CaseStatus.REFUSED, False),
    ],
)
def test_status__says_whether_case_program_or_machine_is_at_fault(error, status, machine):
    assert (status, machine) == (status_of(error), is_of_the_machine(error))


@pytest.fixture(name="study")
def study_fixture(tmp_path):
    folder = tmp_path / "Doe John"
    (folder / "S 1").mkdir(parents=True)
    (folder / "S 1" / "DOE^JOHN.dcm").write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    "text",
    [
        "{study} does not exist; give a NIfTI file",
        "{study}/S 1/DOE^JOHN.dcm is damaged",
        "DOE^JOHN.dcm is damaged",
        "'{study}/S 1': no series",
        "(see {study}/S 1/DOE^JOHN.dcm, and {study})",
        "beside {parent}/other-Doe.nii.gz",
        "Doe John: no image",
    ],
)
def test_error__names_no_file_of_the_case(study, text):
    said = without_paths(text.format(study=study, parent=study.parent), {"study": str(study)})

    assert not {"Doe", "DOE"} & set(re.split(r"[^A-Za-z]", said))
    assert str(study.parent) not in said
    assert "<" in said


def test_error__keeps_what_is_no_path(study):
    text = "got 3 mm/px, 2/3 of the slices; allowed are 1 to 5"

    assert text == without_paths(text, {"study": str(study)})


def test_fault_of_the_program__is_told_with_its_place(study):
    error = raised(KeyError("liver"))

    assert "'liver' at test_plain_errors.py:" in plain_error(error, {}, str(study))
    assert plain_error(raised(InputError("too small")), {}, str(study)) == "too small"


def test_error__keeps_words_that_are_also_the_name_of_the_case(tmp_path):
    (tmp_path / "grid").mkdir()
    error = raised(InputError(f"resample it to that grid; {tmp_path}/grid/report.json is no help"))

    said = plain_error(error, {}, str(tmp_path / "grid"))

    assert said == "resample it to that grid; <case folder>/… is no help"


def test_error__is_one_short_line(study):
    said = plain_error(raised(InputError("a\nb  c " + "x" * 1000)), {}, str(study))

    assert said.startswith("a b c xxx")
    assert len(said) <= 400
