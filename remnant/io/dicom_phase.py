"""Contrast phase from the words of a series description."""

import re

from remnant.core.volumes import Phase

_WORDS = {
    Phase.ARTERIAL: r"art|arterial|arterielle?|arterieel|arteriosa|arteriell|hap",
    Phase.PORTAL: r"portal\w*|porto\w*|venous|ven[oö]s\w*|veineux|veineuse|pvp",
    Phase.DELAYED: r"delay(?:ed)?|equilibrium|late|tardif|tardive|spaet|spät",
    Phase.UNENHANCED: r"native?|nativ|unenhanced|plain|non[ -]?contrast|without contrast|"
    r"pre[ -]?contrast|no contrast|sans injection|ohne km|nc",
}
_PATTERNS = {
    phase: re.compile(rf"(?<![a-zäöüé])(?:{words})(?![a-zäöüé])") for phase, words in _WORDS.items()
}
_TIMED_ARTERIAL = re.compile(r"\b(?:early|late)[ _-]+(?=art)")


def phase_from_text(description: str) -> Phase:
    """Return the contrast phase that a series description names, in English, German or French.

    ``Phase.UNKNOWN`` when it names none, or more than one. "Late arterial" is arterial.
    """
    text = _TIMED_ARTERIAL.sub("", description.lower())
    named = [phase for phase, pattern in _PATTERNS.items() if pattern.search(text)]
    return named[0] if len(named) == 1 else Phase.UNKNOWN
