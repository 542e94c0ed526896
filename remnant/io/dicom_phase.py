"""Contrast phase of a DICOM series: by the words of its description, and by its times."""

import re
from typing import Final

from remnant.core.volumes import Modality, Phase
from remnant.io.dicom_slices import SeriesTags

_WORDS = {
    Phase.ARTERIAL: r"art|arterial\w*|arteriel\w*|arterieel|arteriosa|artérielle?|artériel|hap",
    Phase.PORTAL: r"porta|portal\w*|porto\w*|venous|ven[oö]s\w*|venoes\w*|veineux|veineuse|pvp?",
    Phase.DELAYED: r"delay(?:ed)?|equilibrium|equil|late|tardif|tardive|tardía|spaet\w*|spät\w*|"
    r"excretory|washout",
    Phase.HEPATOBILIARY: r"hbp|hepato[ -]?biliary|hepatobili\w*|hepatobiliaire",
    Phase.UNENHANCED: r"native?|nativ|unenhanced|plain|non[ -]?contrast|without contrast|"
    r"pre[ -]?contrast|no contrast|sans (?:injection|ivc?)|ohne km|nc|ncct|sin contraste|"
    r"senza (?:mdc|contrasto)",
}
_PATTERNS = {
    phase: re.compile(rf"(?<![a-zäöüéèë])(?:{words})(?![a-zäöüéèë])")
    for phase, words in _WORDS.items()
}
_TIMED_ARTERIAL = re.compile(r"\b(?:early|late|spät\w*|spaet\w*)[ _-]*(?=art)")
_LATE_PORTAL = re.compile(r"\b(?:early|late)[ _-]+(?=(?:portal|porto|ven))")

ARTERIAL_S: Final = (20.0, 45.0)
PORTAL_S: Final = (55.0, 100.0)
DELAYED_S: Final = (150.0, 600.0)
"""Seconds from the start of an injection: the phases as protocols of liver CT and MR time them.
This project's choice; what lies between two ranges is neither."""
HEPATOBILIARY_S: Final = (600.0, 2400.0)
LIVER_AGENTS: Final = ("gadox", "primovist", "eovist", "gd-eob", "eob")
"""Agents that liver cells take up within that time, as part of their names."""
DAY_S: Final = 86400.0
_TIME = re.compile(r"(\d{2})(\d{2})(\d{2})(\.\d{1,6})?")


def phase_from_text(description: str) -> Phase:
    """Return the contrast phase that a series description names, in English, German or French.

    ``Phase.UNKNOWN`` when it names none, or more than one. "Late arterial" is arterial, and "late
    portal" portal.
    """
    text = _LATE_PORTAL.sub("", _TIMED_ARTERIAL.sub("", description.lower()))
    named = [phase for phase, pattern in _PATTERNS.items() if pattern.search(text)]
    return named[0] if len(named) == 1 else Phase.UNKNOWN


def contrast_delay_s(tags: SeriesTags) -> float | None:
    """Return the seconds from the start of the injection to the acquisition.

    Times of day are compared: an acquisition just past midnight follows an injection before it.
    ``None`` where a time is absent or malformed, or the acquisition was before.
    """
    start = _seconds(tags.contrast_start)
    taken = _seconds(tags.acquired or tags.acquired_at[8:])
    if start is None or taken is None:
        return None
    delay = (taken - start) % DAY_S
    # more than half a day later is earlier on the same day
    return delay if delay <= DAY_S / 2 else None


def phase_from_delay(delay_s: float, *, modality: Modality, agent: str = "") -> Phase:
    """Return the contrast phase by the seconds from the start of the injection.

    >>> [phase_from_delay(s, modality=Modality.CT).value for s in (35, 50, 70, 180)]
    ['arterial', 'unknown', 'portal', 'delayed']
    """
    ranges = {
        Phase.ARTERIAL: ARTERIAL_S,
        Phase.PORTAL: PORTAL_S,
        Phase.DELAYED: DELAYED_S,
    }
    if modality is Modality.MR and any(name in agent.lower() for name in LIVER_AGENTS):
        ranges[Phase.HEPATOBILIARY] = HEPATOBILIARY_S
    found = (phase for phase, (low, high) in ranges.items() if low <= delay_s <= high)
    return next(found, Phase.UNKNOWN)


def _seconds(text: str) -> float | None:
    """Return a DICOM time as seconds of its day; the colons of old files pass."""
    match = _TIME.match(text.strip().replace(":", ""))
    if match is None:
        return None
    hours, minutes, seconds = (int(part) for part in match.groups()[:3])
    if hours > 23 or minutes > 59 or seconds > 60:  # noqa: PLR2004  (of a clock)
        return None
    return 3600.0 * hours + 60.0 * minutes + seconds + float(match.group(4) or 0.0)
