"""What kind of MR image a stack is: weighting, contrast phase, diffusion, in or opposed phase."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from remnant.core.volumes import Modality, Phase
from remnant.io.dicom_phase import phase_from_text
from remnant.io.dicom_slices import Slice

WATER_FAT_SHIFT_HZ_PER_TESLA: Final = 3.4 * 42.577
"""Fat precesses 3.4 ppm slower than water, and hydrogen at 42.577 MHz/T."""
LARGEST_PHASE_ERROR: Final = 0.15
"""Of a half turn of fat against water by which an echo may miss being in or opposed phase."""
LONGEST_T1_ECHO_MS, LONGEST_T1_REPETITION_MS = 30.0, 1000.0
SHORTEST_T2_ECHO_MS, SHORTEST_T2_REPETITION_MS = 60.0, 1500.0

_WORD: Final = r"(?<![a-z]){}(?![a-z])"
TEXTS: Final[Mapping[str, str]] = {
    "ADC": _WORD.format("e?adc") + r"|apparent diffusion",
    "DWI": _WORD.format("dwi|dw|diff|diffusion|trace\\w*|resolve|ep_b\\d+t?"),
    "MRCP": _WORD.format("mrcp"),
    "balanced": _WORD.format("trufi|tfi2d\\d*|truefisp|fiesta|bssfp|btfe|b-?ffe"),
    "T1": r"(?<![a-z])t1|" + _WORD.format("(?:star)?-?vibe|lava|e?-?thrive|fspgr|fl[23]d\\d*"),
    "T2": r"(?<![a-z])t2|" + _WORD.format("haste|ssfse|blade|propeller|h2d\\d*|frfse|sshtse"),
}  # fmt: skip
"""Words of descriptions and sequence names, in the order in which they are believed."""

PARTS: Final[Mapping[str, frozenset[str]]] = {
    "in phase": frozenset(("IN_PHASE", "INPHASE", "IP", "IN")),
    "opposed phase": frozenset(("OUT_PHASE", "OPP_PHASE", "OPPOSED_PHASE", "OP", "OUT", "OPP")),
    "water": frozenset(("WATER", "W")),
    "fat": frozenset(("FAT", "F")),
    "fat fraction": frozenset(("FAT_FRACTION", "FF", "PDFF")),
    "subtraction": frozenset(("SUBTRACTION", "SUB")),
}
"""What of a two-point image a stack is, by components of its ImageType."""
PART_TEXTS: Final[Mapping[str, str]] = {
    "in phase": r"\bin[ _-]?phase|_in\b|[ _]ip\b",
    "opposed phase": r"\b(?:opposed|opp|out)(?:[ _-]?of)?[ _-]?phase|_opp\b|[ _]op\b",
    "water": r"\bwater\b|_w\b",
    "fat": r"\bfat\s*:|_f\b",
    "subtraction": r"\bsub(?:traction)?\b",
}
HEPATOBILIARY: Final = re.compile(r"hepato-?biliary|(?<![a-z])hbp|(?<!\d)20 ?min")
BEFORE_CONTRAST: Final = re.compile(r"(?<![a-z])pre(?![a-z])|mask|without contrast|native?")


def sequence_names(stacks: Sequence[Sequence[Slice]]) -> list[str]:
    """Name the kind of MR image that each stack of one series is, ``""`` for CT or if unknown.

    Taken from ImageType, the b-value, description, protocol and sequence names; where these are
    silent, from echo and repetition times: T1 for echoes below 30 ms repeated within 1000 ms, T2
    for echoes from 60 ms repeated after 1500 ms or more. Two echoes of one series are in or opposed
    phase by the field strength (fat and water differ by 3.4 ppm).

    >>> sequence_names([])
    []
    """
    firsts = [stack[0] for stack in stacks]
    echoes = {plane.fact("EchoTime") for plane in firsts} - {""}
    return [
        _name(plane, two_echoes=len(echoes) > 1) if plane.modality is Modality.MR else ""
        for plane in firsts
    ]


def _name(plane: Slice, *, two_echoes: bool) -> str:
    kind = _kind(plane)
    if kind == "DWI":
        b_value = _b_value(plane)
        return f"DWI b {b_value}" if b_value else "DWI"
    part = _part(plane) or (_by_echo(plane) if two_echoes and kind in ("", "T1") else "")
    words = (kind, part, _phase(plane) if kind in ("", "T1") else "")
    return " ".join(word for word in words if word)


def _kind(plane: Slice) -> str:
    components = {word.upper() for word in plane.image_type}
    if "ADC" in components:
        return "ADC"
    if plane.fact("DiffusionBValue") or "DIFFUSION" in components:
        return "DWI"
    named = (kind for kind, pattern in TEXTS.items() if re.search(pattern, _texts(plane)))
    return next(named, "") or _kind_by_times(plane)


def _texts(plane: Slice) -> str:
    names = ("SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName")
    return " | ".join(plane.fact(name) for name in names).lower()


def _kind_by_times(plane: Slice) -> str:
    echo, repetition = _number(plane, "EchoTime"), _number(plane, "RepetitionTime")
    if echo is None or repetition is None:
        return ""
    if echo < LONGEST_T1_ECHO_MS and repetition < LONGEST_T1_REPETITION_MS:
        return "T1"
    if echo >= SHORTEST_T2_ECHO_MS and repetition >= SHORTEST_T2_REPETITION_MS:
        return "T2"
    return ""


def _number(plane: Slice, name: str) -> float | None:
    try:
        return float(plane.fact(name))
    except ValueError:
        return None


def _b_value(plane: Slice) -> str:
    stated = plane.fact("DiffusionBValue")
    named = re.search(r"(?:ep_b|(?<![a-z])b[ =_]?)(\d{1,4})(?!\d)", _texts(plane))
    return stated or (named.group(1) if named else "")


def _part(plane: Slice) -> str:
    components = {word.upper() for word in plane.image_type[2:]}
    by_type = (part for part, words in PARTS.items() if words & components)
    text = plane.description.lower()
    by_text = (part for part, pattern in PART_TEXTS.items() if re.search(pattern, text))
    return next(by_type, "") or next(by_text, "")


def _by_echo(plane: Slice) -> str:
    echo, field_tesla = _number(plane, "EchoTime"), _number(plane, "MagneticFieldStrength")
    if not echo or not field_tesla:
        return ""
    half_turns = 2 * echo / 1000 * WATER_FAT_SHIFT_HZ_PER_TESLA * field_tesla
    nearest = round(half_turns)
    if nearest < 1 or abs(half_turns - nearest) > LARGEST_PHASE_ERROR * max(1, nearest):
        return ""
    return "opposed phase" if nearest % 2 else "in phase"


def _phase(plane: Slice) -> str:
    text = plane.description.lower()
    if HEPATOBILIARY.search(text):
        return "hepatobiliary"
    phase = phase_from_text(plane.description)
    if phase is not Phase.UNKNOWN:
        return phase.value
    before = BEFORE_CONTRAST.search(text) or plane.fact("ContrastBolusAgentPhase") == "PRE_CONTRAST"
    return Phase.UNENHANCED.value if before else ""
