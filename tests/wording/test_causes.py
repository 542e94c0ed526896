"""Every cause has words, and every template fits what its cause holds."""

from pathlib import Path

from remnant.core.reasons import Cause
from remnant.wording.reasons import TEMPLATES

ROOT = Path(__file__).parents[2]
PACKAGES = ("models", "planning", "remnant", "segmentation", "volumetry")


def test_every_cause__has_a_template():
    assert set(Cause) == set(TEMPLATES)
