"""Every cause has words, and every template fits what its cause holds."""

import re
from pathlib import Path

import pytest

from remnant.core.reasons import Cause, Reason, reason
from remnant.wording.reasons import TEMPLATES, words

ROOT = Path(__file__).parents[2]
PACKAGES = ("models", "planning", "remnant", "segmentation", "volumetry")
USE = re.compile(r"\bCause\.([A-Z][A-Z0-9_]*)")
PLACE = re.compile(r"\{(amounts|names)\[(\d+)\](?::[^{}]*)?\}|\{because\}")
TEXTS = {cause: text for cause, text in TEMPLATES.items() if isinstance(text, str)}
INNER = (Reason(Cause.LIVER_CUT),)


def produced():
    """Causes that anything but the wording names."""
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    ours = (file for file in files if "wording" not in file.parts and file.name != "reasons.py")
    return {name for file in ours for name in USE.findall(file.read_text())}


def test_templates__are_of_every_cause_and_of_no_other():
    assert set(Cause) == set(TEMPLATES)


def test_causes__are_all_given_by_something():
    kept = {"NEAR_LIMIT"}
    assert {cause.name for cause in Cause} - produced() - kept == set()


@pytest.mark.parametrize("cause", TEXTS)
def test_templates__name_places_that_the_cause_has(cause):
    """What is left once the places are taken out has no braces; the places are numbered from 0."""
    text = TEXTS[cause]
    assert not set("{}") & set(PLACE.sub("", text))
    for kind in ("amounts", "names"):
        places = {int(number) for found, number in PLACE.findall(text) if found == kind}
        assert places <= set(range(7))


@pytest.mark.parametrize("cause", TEXTS)
def test_words__are_a_fragment(cause):
    """No capital sentence, no full stop, no gaps: it stands in lists and in brackets."""
    example = Reason(cause, amounts=(0.25,) * 7, names=("one",) * 7, because=INNER)
    found = words(example)
    assert found.strip() == found != ""
    assert "  " not in found
    assert ".." not in found
    assert not found.endswith((".", ";", ","))
    assert "None" not in found


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            reason(Cause.EITHER_WAY, because=(Reason(Cause.ZERO_BEFORE), Reason(Cause.NO_GROWTH))),
            (
                "it could be larger or smaller than measured: it was 0 in the first scan: there is "
                "no ratio to it; there was no growth between the scans"
            ),
        ),
        (
            reason(Cause.BODY_FACTS_MISSING, "mosteller1987", "height_cm", "weight_kg"),
            "body surface area by mosteller1987 needs height and weight, not given",
        ),
        (reason(Cause.BODY_FACTS_MISSING, "tu2007", "weight_kg"), "tu2007 needs weight, not given"),
        (
            reason(Cause.THRESHOLD_REACHED, 0.31, 0.3),
            "it is reached: sFLR is 31.00 % at the second scan, 30 % was asked for",
        ),
        (
            reason(Cause.GROWTH_WITHIN_ERROR, -0.01, 0.03),
            (
                "the growth cannot be told from none: its 90 % interval runs from -1.00 to +3.00 "
                "points of sFLR"
            ),
        ),
        (
            reason(Cause.CASE_WITHOUT_LESIONS, "first", "second"),
            "the lesions of the first and the second case are not known: no lesion map was given",
        ),
        (reason(Cause.SHARE_LIMIT, 0.01), "the limit is 1 % of the lesions' volume"),
        (reason(Cause.SEGMENTS_EMPTY, "I", "VI"), "segments without voxels: I, VI"),
        (reason(Cause.SEGMENTS_MISORDERED, "IV", "right", "II+III"), "IV not right of II+III"),
        (
            reason(Cause.UNUSUAL_SHARE, "IV", 0.01, 0.04, 0.3),
            "IV 1.0 % of the liver, usually 4 to 30 %",
        ),
        (reason(Cause.LESIONS_AT_EDGE, 2, "3", "5"), "2 cut by the edge of the scan: 3, 5"),
        (
            reason(Cause.SEGMENTS_COMPARED, "model", ""),
            (
                "segments of the first scan: a network's estimate from the liver's shape; of the "
                "second: not known"
            ),
        ),
        (
            reason(Cause.SCANS_COMPARED, "ct", "", "", ""),
            "ct in the first scan, not known in the second",
        ),
    ],
)
def test_words__hold_amounts_and_names(given, text):
    assert text == words(given)
