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
            reason(Cause.BODY_FACTS_MISSING, "mosteller1987", "height_cm"),
            "body surface area by mosteller1987 needs height, not given",
        ),
        (
            reason(Cause.BODY_FACTS_MISSING, "chouker2004", "female"),
            "chouker2004 needs sex, not given",
        ),
        (
            reason(Cause.BODY_FACTS_MISSING, "chouker2004", "age_years"),
            "chouker2004 needs age, not given",
        ),
        (
            reason(Cause.BODY_FACTS_MISSING, "kokudo2015", "thoracic_width_cm", "asian"),
            "kokudo2015 needs thoracic width and Asian ancestry (yes or no), not given",
        ),
        (
            reason(Cause.FORMULA_OUT_OF_AGE, 16, 70, "chouker2004"),
            "chouker2004 is defined from 16 to 70 years of age only",
        ),
        (
            reason(Cause.FORMULA_UNVERIFIED),
            "the coefficients of this formula were recalled, not read in a source: unverified",
        ),
        (
            reason(Cause.FORMULA_IN_GRAMS),
            "the formula gives grams (or mixes weight and volume): 1 g is taken as 1 mL",
        ),
        (
            reason(Cause.FORMULA_OVERESTIMATES, 70, "feng2017"),
            "feng2017 overestimates above 70 years of age",
        ),
        (
            reason(Cause.BODY_SURFACE_NOT_NAMED, "mosteller1987"),
            (
                "the paper, as read, does not name its body surface area formula; mosteller1987 is "
                "used"
            ),
        ),
        (
            reason(Cause.BODY_SURFACE_OTHER, "haycock1978", "dubois1916"),
            "with the body surface area of haycock1978 instead of the paper's dubois1916",
        ),
        (
            reason(Cause.BODY_SURFACE_UNUSED, "dubois1916", "tu2007"),
            "by dubois1916; tu2007 does not use it",
        ),
        (reason(Cause.BODY_SIZE_ASSUMED), "the body size is assumed, not measured"),
        (reason(Cause.NO_COUINAUD_MAP), "no Couinaud map was given"),
        (reason(Cause.BRIEF_BODY_SIZE), "height and weight not given"),
        (
            reason(Cause.BODY_FACTS_MISSING, "schlich2010", "female"),
            "body surface area by schlich2010 needs sex, not given",
        ),
        (reason(Cause.NOT_PREDICTED), "the prediction has no map of this structure"),
        (
            reason(Cause.LESIONS_UNKNOWN),
            "no lesion map was given: lesions, if there are any, are not subtracted",
        ),
        (
            reason(Cause.NO_SEGMENTS_GIVEN),
            (
                "the Couinaud segments are unknown: no Couinaud map, no labelled branches and no "
                "landmarks were given, so the remnant of a resection cannot be measured"
            ),
        ),
        (
            reason(Cause.REJECTED_BEFORE),
            "a reader rejected it in the first scan: it did not count there",
        ),
        (
            reason(Cause.OUTSIDE_OTHER_SCAN),
            "the other scan does not reach there: what became of it is unknown",
        ),
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
        (reason(Cause.PADDING_VALUE, -2000), "padding is stored as -2000"),
        (reason(Cause.VALUES_RUN, -160, 240), "the values run from -160 to 240"),
        (reason(Cause.VALUES_PROVE_CT), "the values prove that they are Hounsfield units"),
        (reason(Cause.SPINE_IN_FRONT), "the spine lies in front of the middle of the body"),
        (reason(Cause.SHARE_LIMIT, 0.01), "the limit is 1 % of the lesions' volume"),
        (reason(Cause.SEGMENTS_EMPTY, "I", "VI"), "segments without voxels: I, VI"),
        (reason(Cause.SEGMENTS_MISORDERED, "IV", "right", "II+III"), "IV not right of II+III"),
        (
            reason(Cause.UNUSUAL_SHARE, "IV", 0.01, 0.04, 0.3),
            "IV 1.0 % of the liver, usually 4 to 30 %",
        ),
        (
            reason(Cause.CONTOUR_GRID, 0.5, 3.0),
            "voxels of 0.5 mm on contour planes 3.00 mm apart",
        ),
        (
            reason(Cause.FRACTIONS_FROM, 0.5, "occupancy"),
            "occupancy of 0.5 of the largest value or more",
        ),
        (reason(Cause.LESIONS_AT_FILE_END, 1, "4"), "1 at the end of the maps' file: 4"),
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
