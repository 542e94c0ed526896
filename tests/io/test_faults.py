"""Whatever the file libraries raise becomes one line of ours."""

import logging
import warnings
from pathlib import Path

import pytest
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from PIL import UnidentifiedImageError
from pydicom.errors import BytesLengthException, InvalidDicomError

from remnant.core.errors import GeometryMismatchError, UnreadableFileError
from remnant.io.faults import FOREIGN_FAULTS, quiet, reading

FOREIGN = (
    *FOREIGN_FAULTS, ImageFileError, HeaderDataError, InvalidDicomError, BytesLengthException,
    UnidentifiedImageError, NotImplementedError, KeyError, IndexError, ZeroDivisionError,
    OverflowError, RecursionError, UnicodeError, FileNotFoundError, PermissionError,
)  # fmt: skip


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_reading__maps_each_foreign_fault(kind):
    expected = pytest.raises(UnreadableFileError, match=r"^a/b\.nii could not be read as a scan")
    with expected as caught, reading(Path("a/b.nii"), what="a scan"):
        raise kind("first line\nsecond line")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value.__cause__, kind)


def test_reading__too_little_memory_is_said():
    with pytest.raises(UnreadableFileError, match="more memory"), reading(Path("a"), what="b"):
        raise MemoryError


def test_reading__does_not_quote_when_told():
    with pytest.raises(UnreadableFileError) as caught, reading(Path("a"), what="b", quote=False):
        raise ValueError("Doe^Jane")
    assert "Doe" not in str(caught.value)


def test_reading__own_errors_pass():
    with pytest.raises(GeometryMismatchError, match=r"^mine$"), reading(Path("a"), what="b"):
        raise GeometryMismatchError("mine")


def test_reading__programming_errors_of_others_pass():
    class SurpriseError(Exception):
        pass

    with pytest.raises(SurpriseError), reading(Path("a"), what="b"):
        raise SurpriseError


def test_quiet__keeps_warnings_and_logs_in_and_restores_levels(caplog):
    logger = logging.getLogger("pydicom")
    before = logger.level
    with quiet():
        warnings.warn("Doe^Jane", stacklevel=1)
        logger.error("Doe^Jane")
    assert before == logger.level
    assert caplog.text == ""
    with pytest.warns(UserWarning, match="loud"):
        warnings.warn("loud", stacklevel=1)
