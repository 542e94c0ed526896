"""What kind of MR image a stack is: weighting, contrast phase, diffusion, in or opposed phase."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from remnant.core.mr import UNKNOWN_SEQUENCE, MrKind, MrPart, MrSequence
from remnant.core.volumes import Modality, Phase
from remnant.io.dicom_phase import phase_from_text
from remnant.io.dicom_slices import Slice

WATER_FAT_SHIFT_HZ_PER_TESLA: Final = 3.4 * 42.577
"""Fat precesses 3.4 ppm slower than water, and hydrogen at 42.577 MHz/T."""
LARGEST_PHASE_ERROR: Final = 0.15
"""Of a half turn of fat against water by which an echo may miss being in or opposed phase."""
LONGEST_T1_ECHO_MS, LONGEST_T1_REPETITION_MS = 30.0, 1000.0
SHORTEST_T2_ECHO_MS, SHORTEST_T2_REPETITION_MS = 60.0, 1500.0
SHORTEST_DWI_ECHO_MS = 40.0
LONGEST_BALANCED_REPETITION_MS, SMALLEST_BALANCED_FLIP_DEGREES = 8.0, 35.0
"""A spoiled gradient echo that repeats so fast is taken with small flip angles."""

_WORD: Final = r"(?<![a-z])(?:{})(?![a-z])"
TEXTS: Final[Mapping[MrKind, str]] = {
    MrKind.ADC: _WORD.format("e?adc") + "|apparent diffusion",
    MrKind.MAP: r"(?<![a-z])t[12]\*?[ _-]?map|"
    + _WORD.format(r"r2\*|r2star|molli|mapit|mre|elasto\w*|stiffness"),
    MrKind.DWI: _WORD.format(r"dwi|dw|dwibs|diff|diffusion|trace\w*|resolve|zoomit|ep_b\d+t?"),
    MrKind.MRCP: _WORD.format("mrcp"),
    MrKind.BALANCED: _WORD.format(r"trufi|tfi2d\d*|truefisp|fiesta|b?ssfp|b-?tfe|b-?ffe"),
    MrKind.T1: "(?<![a-z])t1|"
    + _WORD.format(
        r"(?:star)?-?vibe|twist|caipi\w*|lava|disco|e?-?thrive|f?spgr|fl[23]d\d*|m-?dixon|"
        r"quick ?3d|tigre"
    ),
    MrKind.T2: "(?<![a-z])t2|"
    + _WORD.format(r"haste|ssfse|blade|propeller|multivane|h2d\d*|frfse|ssh-?tse|fase|tse2d\d*"),
}
"""Words of descriptions and sequence names, as the makers have them, in the order in which they are
believed."""

PARTS: Final[Mapping[MrPart, frozenset[str]]] = {
    MrPart.IN_PHASE: frozenset(("IN_PHASE", "INPHASE", "IP", "IN")),
    MrPart.OPPOSED_PHASE: frozenset(
        ("OUT_PHASE", "OPP_PHASE", "OPPOSED_PHASE", "OP", "OUT", "OPP")
    ),
    MrPart.WATER: frozenset(("WATER", "W")),
    MrPart.FAT: frozenset(("FAT", "F")),
    MrPart.FAT_FRACTION: frozenset(("FAT_FRACTION", "FF", "PDFF")),
    MrPart.SUBTRACTION: frozenset(("SUBTRACTION", "SUB")),
}
"""What of a two-point image a stack is, by components of its ImageType."""
PART_TEXTS: Final[Mapping[MrPart, str]] = {
    MrPart.IN_PHASE: r"\bin[ _-]?phase|_in\b|[ _]ip\b",
    MrPart.OPPOSED_PHASE: r"\b(?:opposed|opp|out)(?:[ _-]?of)?[ _-]?phase|_opp\b|[ _]op\b",
    MrPart.WATER: r"\bwater\b|_w\b",
    MrPart.FAT: r"(?<![a-z])fat(?![a-z]|[ _-]*(?:sat|sup|frac))|_f\b",
    MrPart.FAT_FRACTION: r"\bpdff\b|(?<![a-z])fat[ _-]?frac",
    MrPart.SUBTRACTION: r"\bsub(?:traction)?\b",
}
HEPATOBILIARY: Final = re.compile(r"hepato-?biliary|(?<![a-z])hbp|(?<!\d)(?:15|20) ?min")
BEFORE_CONTRAST: Final = re.compile(r"(?<![a-z])pre(?![a-z])|mask|without contrast|native?")


def sequences(stacks: Sequence[Sequence[Slice]]) -> list[MrSequence]:
    """Return the kind of MR image that each stack of one series is; unknown for CT.

    Taken from ImageType, the b-value, description, protocol and sequence names; where these are
    silent, from the scanning sequence, echo and repetition times and the flip angle: T1 for echoes
    below 30 ms repeated within 1000 ms, balanced for gradient echoes that repeat within 8 ms with
    35° or more, T2 for echoes from 60 ms repeated after 1500 ms or more, diffusion-weighted for
    late echo-planar ones. Two echoes of one series are in or opposed phase by the field strength
    (fat and water differ by 3.4 ppm).

    >>> sequences([])
    []
    """
    firsts = [stack[0] for stack in stacks]
    echoes = {plane.fact("EchoTime") for plane in firsts} - {""}
    return [
        _sequence(plane, two_echoes=len(echoes) > 1)
        if plane.modality is Modality.MR
        else UNKNOWN_SEQUENCE
        for plane in firsts
    ]


def _sequence(plane: Slice, *, two_echoes: bool) -> MrSequence:
    kind = _kind(plane)
    if kind is MrKind.DWI:
        return MrSequence(kind=kind, b_value=_b_value(plane))
    may_be_pair, part = kind in (None, MrKind.T1), _part(plane)
    if part is None and two_echoes and may_be_pair:
        part = _by_echo(plane)
    phase = _phase(plane) if may_be_pair else Phase.UNKNOWN
    return MrSequence(kind=kind, part=part, phase=phase)


def _kind(plane: Slice) -> MrKind | None:
    components = {word.upper() for word in plane.image_type}
    if "ADC" in components:
        return MrKind.ADC
    if plane.fact("DiffusionBValue") or "DIFFUSION" in components:
        return MrKind.DWI
    named = (kind for kind, pattern in TEXTS.items() if re.search(pattern, _texts(plane)))
    return next(named, None) or _kind_by_times(plane)


def _texts(plane: Slice) -> str:
    names = ("SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName")
    return " | ".join(plane.fact(name) for name in names).lower()


def _kind_by_times(plane: Slice) -> MrKind | None:
    echo, repetition = _number(plane, "EchoTime"), _number(plane, "RepetitionTime")
    if echo is None or repetition is None:
        return None
    pulses = set(re.findall(r"[A-Z]+", plane.fact("ScanningSequence").upper()))
    if "EP" in pulses:
        return MrKind.DWI if "SE" in pulses and echo >= SHORTEST_DWI_ECHO_MS else None
    if "GR" in pulses and repetition <= LONGEST_BALANCED_REPETITION_MS:
        flip = _number(plane, "FlipAngle")
        if flip is not None and flip >= SMALLEST_BALANCED_FLIP_DEGREES:
            return MrKind.BALANCED
    if echo < LONGEST_T1_ECHO_MS and repetition < LONGEST_T1_REPETITION_MS:
        return MrKind.T1
    if echo >= SHORTEST_T2_ECHO_MS and repetition >= SHORTEST_T2_REPETITION_MS:
        return MrKind.T2
    return None


def _number(plane: Slice, name: str) -> float | None:
    try:
        return float(plane.fact(name))
    except ValueError:
        return None


def _b_value(plane: Slice) -> str:
    stated = plane.fact("DiffusionBValue")
    named = re.search(r"(?:ep_b|(?<![a-z])b[ =_]?)(\d{1,4})(?!\d)", _texts(plane))
    return stated or (named.group(1) if named else "")


def _part(plane: Slice) -> MrPart | None:
    components = {word.upper() for word in plane.image_type[2:]}
    by_type = (part for part, words in PARTS.items() if words & components)
    text = plane.description.lower()
    by_text = (part for part, pattern in PART_TEXTS.items() if re.search(pattern, text))
    return next(by_type, None) or next(by_text, None)


def _by_echo(plane: Slice) -> MrPart | None:
    echo, field_tesla = _number(plane, "EchoTime"), _number(plane, "MagneticFieldStrength")
    if not echo or not field_tesla:
        return None
    half_turns = 2 * echo / 1000 * WATER_FAT_SHIFT_HZ_PER_TESLA * field_tesla
    nearest = round(half_turns)
    if nearest < 1 or abs(half_turns - nearest) > LARGEST_PHASE_ERROR * max(1, nearest):
        return None
    return MrPart.OPPOSED_PHASE if nearest % 2 else MrPart.IN_PHASE


def _phase(plane: Slice) -> Phase:
    text = plane.description.lower()
    if HEPATOBILIARY.search(text):
        return Phase.HEPATOBILIARY
    phase = phase_from_text(plane.description)
    if phase is not Phase.UNKNOWN:
        return phase
    before = BEFORE_CONTRAST.search(text) or plane.fact("ContrastBolusAgentPhase") == "PRE_CONTRAST"
    return Phase.UNENHANCED if before else Phase.UNKNOWN
