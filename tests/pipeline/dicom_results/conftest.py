"""One measured case of a DICOM series for all tests of its results."""

import pytest

from examples.dicom_results import dicom_case, result_source


@pytest.fixture(scope="session", name="example_source")
def example_source_fixture(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REMNANT_PSEUDONYM_KEY", "00" * 32)
        yield result_source(dicom_case(tmp_path_factory.mktemp("results")))
