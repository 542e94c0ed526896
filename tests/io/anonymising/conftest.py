"""Files to clean, and what becomes of them."""

from io import BytesIO

import pydicom
import pytest

from remnant.io.anonymising.identities import Identities
from remnant.io.anonymising.objects import ExportChoice, clean_object


@pytest.fixture(name="clean")
def clean_fixture(tmp_path):
    """Write an object, clean it, and give what stands for it."""

    def cleaned(dataset, **choice):
        path = tmp_path / "source.dcm"
        dataset.save_as(path, enforce_file_format=True)
        return clean_object(path, Identities(), ExportChoice(**choice))

    return cleaned


@pytest.fixture(name="read")
def read_fixture():
    """Read a cleaned object."""
    return lambda found: pydicom.dcmread(BytesIO(found.content))
