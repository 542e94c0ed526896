"""Reasons in words."""

from remnant.core.reasons import Cause
from remnant.wording.reasons import TEMPLATES


def test_words__there_are_some_for_every_cause():
    assert set(Cause) == set(TEMPLATES)
