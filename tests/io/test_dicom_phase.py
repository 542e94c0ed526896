"""Contrast phase, only where the description says it."""

import pytest

from remnant.core.volumes import Phase
from remnant.io.dicom_phase import phase_from_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ABD ART 1.0 B30f", Phase.ARTERIAL),
        ("Late arterial liver", Phase.ARTERIAL),
        ("Liver portal venous 3mm", Phase.PORTAL),
        ("Abdomen venös", Phase.PORTAL),
        ("temps veineux", Phase.PORTAL),
        ("Late portal", Phase.PORTAL),
        ("Leber spätarteriell 3.0", Phase.ARTERIAL),
        ("foie temps artériel", Phase.ARTERIAL),
        ("T1 vibe HBP 20 min", Phase.HEPATOBILIARY),
        ("delayed 5 min", Phase.DELAYED),
        ("Spät 3.0", Phase.DELAYED),
        ("NATIV 5.0", Phase.UNENHANCED),
        ("w/o: non-contrast", Phase.UNENHANCED),
        ("CT Body 3.0", Phase.UNKNOWN),
        ("", Phase.UNKNOWN),
        ("arterial and portal", Phase.UNKNOWN),
        ("cartilage plate", Phase.UNKNOWN),
        ("alternative", Phase.UNKNOWN),
    ],
)
def test_phase_from_text__cases(text, expected):
    assert expected is phase_from_text(text)
