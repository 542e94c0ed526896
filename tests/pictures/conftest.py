"""What the pictures are drawn of."""

import pytest

from remnant.pictures.figures import make_scene


@pytest.fixture(scope="module")
def scene(made):
    """Return the phantom that the whole suite measures, without its image."""
    phantom = made.phantom
    return make_scene(
        made.case.volumetry.lesions,
        structures=phantom.structures,
        lesion_codes=phantom.lesions,
        couinaud=phantom.couinaud,
        preview=None,
    )
