"""Commands draw the report's pictures: in the process of the tests, with few pixels."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def _coarse(coarse_pictures):
    """Draw pictures with few pixels."""
