"""The light of a segmentation in words."""

import pytest

from remnant.core.findings import Finding, quality_finding
from remnant.core.quality_light import QUALITY_LIGHT, VERDICTS, Light
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, reason
from remnant.wording.findings import text_of
from remnant.wording.quality_light import FIGURE_WORDS, PART_WORDS
from segmentation.quality_control.decision import known_limits
from segmentation.quality_control.light import ONE_OF_EACH


def light(colour, *reasons):
    return Finding(
        id=QUALITY_LIGHT, verdict=VERDICTS[colour], quantity=Quantity(1.0), reasons=reasons
    )


def test_words__of_every_figure_with_a_limit_and_of_every_part():
    assert known_limits().figures.keys() <= FIGURE_WORDS.keys()
    assert ONE_OF_EACH.keys() == PART_WORDS.keys()


def test_light__green_names_what_was_not_looked_at():
    text = text_of(light(Light.GREEN, reason(Cause.NOT_LOOKED_AT, "image", "networks")))
    assert text.startswith(
        "Quality light green: nothing about the liver that was found is unusual."
    )
    assert text.endswith("Not looked at: the image, the agreement of networks.")


@pytest.mark.parametrize(
    ("name", "value", "limit", "words"),
    [
        ("missed_patch", 0.21, 0.05, "goes on like liver 21.0 %, usually at most 5.0 %"),
        ("sharp_border", 0.5, 0.9, "intensity ends 50.0 %, usually at least 90.0 %"),
        ("liver_hu", 310.0, 200.0, "CT number of the liver 310 HU, usually at most 200 HU"),
        ("confidence", 0.71, 0.88, "probability within 0.71, usually at least 0.88"),
    ],
)
def test_light__red_says_why(name, value, limit, words):
    text = text_of(light(Light.RED, reason(Cause.UNUSUAL_FIGURE, name, value, limit)))
    assert "Quality light red: the liver is probably wrong" in text
    assert words in text


def test_light__amber_of_a_given_liver():
    figure = reason(Cause.UNUSUAL_FIGURE, "loose", 0.2, 0.01)
    text = text_of(light(Light.AMBER, figure, reason(Cause.LIGHT_OF_GIVEN)))
    assert "look before its figures are used (loose pieces 20.0 %" in text
    assert "The liver was given, not found by a network: its light is amber at worst." in text


def test_windows():
    limit = (reason(Cause.CHECK_LIMIT, 0.8),)
    finding = quality_finding("network_windows_agree", passed=False, value=0.63, reasons=limit)
    assert "agree with a Dice of 0.63; below 0.80 the mask needs" in text_of(finding)
