"""Which series of a study is the liver scan: points for what a header says, and a lead to be taken.

Points are this project's choice and only put series in order; what they are for is that the plainly
best one leads. A series is taken unasked when it leads every other one by ``LEAD`` points, which is
what one aspect of weight amounts to (another kernel, another plane, another phase); closer ones
have to be told apart by a person. Nothing is drawn or guessed: the same folder gives the same
answer.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.mr import MrKind, MrPart
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import Modality, Phase
from remnant.io.body_regions import ABDOMEN, CHEST, ELSEWHERE, compiled_words, region
from remnant.io.series import Series

LEAD: Final = 15
"""Points by which a series must lead to be taken unasked."""
MOST_OTHERS: Final = 5
AXIAL_DEGREES: Final = 30.0
LIVER_MM: Final = 150.0
"""A whole liver usually needs that much head to foot."""
HALF_LIVER_MM: Final = 100.0
FEW_SLICES: Final = 20
THIN_MM, THICK_MM, ROUNDING_MM = 3.0, 5.0, 0.01
MEDIUM_SHARPNESS, SHARP = 50, 60


class Aspect(StrEnum):
    """By what series are compared."""

    PLANE = "plane"
    IMAGE_TYPE = "image type"
    KERNEL = "kernel"
    SEQUENCE = "sequence"
    BODY_PART = "body part"
    COVERAGE = "coverage"
    SLICES = "slices"
    SPACING = "slice spacing"
    PHASE = "contrast phase"


@dataclass(frozen=True, slots=True)
class Mark:
    """How a series is in one aspect, in a word or figure, and its points."""

    value: str
    points: int


@dataclass(frozen=True, slots=True)
class Score:
    """A series' marks by aspect."""

    marks: Mapping[Aspect, Mark]

    @property
    def points(self) -> int:
        """Sum of all."""
        return sum(mark.points for mark in self.marks.values())

    def differences(self, other: "Score") -> tuple[Aspect, ...]:
        """Return the aspects in which two series differ."""
        return tuple(a for a, mark in self.marks.items() if mark.value != other.marks[a].value)

    def describe(self) -> str:
        """Return points and marks in one line."""
        told = ", ".join(f"{aspect} {mark.value}" for aspect, mark in self.marks.items())
        return f"{self.points} points: {told}"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A series and its score."""

    series: Series
    score: Score


def ranked(series: Iterable[Series]) -> tuple[Ranked, ...]:
    """Return series that have a grid with their scores, the best first, ties by number."""
    every = (Ranked(one, score(one)) for one in series if one.stack is not None)
    return tuple(sorted(every, key=lambda r: (-r.score.points, r.series.number)))


def leads(found: Sequence[Ranked]) -> bool:
    """Tell whether the first of ranked series may be taken unasked."""
    if not found:
        return False
    return len(found) == 1 or found[0].score.points - found[1].score.points >= LEAD


def close(found: Sequence[Ranked]) -> tuple[Ranked, ...]:
    """Return the ranked series that the first one does not lead by enough, itself included."""
    return tuple(r for r in found if found[0].score.points - r.score.points < LEAD)


def score(series: Series) -> Score:
    """Return a series' marks; it must have a grid.

    Raises
    ------
    ValueError
        It has none.
    """
    if series.stack is None:
        raise ValueError("a series without a grid has no score")
    first, grid = series.slices[0], series.stack.geometry
    words = f"{first.description} {first.tags.protocol}"
    covered = grid.shape[grid.axial_axis] * grid.spacing_mm[grid.axial_axis]
    return Score(
        {
            Aspect.PLANE: _plane(grid),
            Aspect.IMAGE_TYPE: _image_type(first.image_type),
            Aspect.KERNEL: _kernel(first.tags.kernel, first.description),
            Aspect.SEQUENCE: _sequence(series),
            Aspect.BODY_PART: _body(words, first.tags.body_part),
            Aspect.COVERAGE: _coverage(covered),
            Aspect.SLICES: _slices(len(series.stack.slices)),
            Aspect.SPACING: _spacing(grid.spacing_mm[2]),
            Aspect.PHASE: _phase(series),
        }
    )


def _plane(grid: Geometry) -> Mark:
    normal = np.abs(np.cross(grid.directions[:, 0], grid.directions[:, 1]))
    if normal[2] >= np.cos(np.radians(AXIAL_DEGREES)):
        return Mark("axial", 20)
    return Mark(("sagittal", "coronal", "oblique")[int(normal.argmax())], 0)


DERIVED_TYPES: Final = frozenset(
    ("MPR", "REFORMATTED", "CSA MPR", "SUBTRACTION", "ADC", "FA", "CURVED", "SCREEN SAVE", "3D")
)


def _image_type(values: Sequence[str]) -> Mark:
    if DERIVED_TYPES & set(values):
        return Mark("reformatted or computed", -20)
    kind = values[0] if values else ""
    marks = {"ORIGINAL": Mark("original", 15), "DERIVED": Mark("derived", 0)}
    return marks.get(kind, Mark("not said", 5))


_SHARP = compiled_words(
    r"lung\w*|lunge\w*|poumons?|pulm\w*|bone\w*|boneplus|knochen\w*|osseux|osseuse|hueso|sharp|"
    r"scharf|edge|hrct"
)
_MEDIUM = compiled_words(r"detail|medium|b_sharp\w*")
_SOFT = compiled_words(
    r"soft|standard|std|stnd|weich\w*|smooth|mediastin\w*|parties molles|abdomen|body|chst|"
    r"b_soft\w*"
)
_NUMBERED = re.compile(r"\b[a-z]{1,2}(\d{2})[a-z]{0,2}\b")
_CANON = re.compile(r"\bfc(\d{2})\b")
CANON_SOFT_BELOW: Final = 30
PHILIPS: Final = {
    **dict.fromkeys(("a", "b", "c", "ub", "uc"), "soft"),
    **dict.fromkeys(("d", "e", "l", "f", "ya", "yb", "yc", "yd", "u"), "sharp"),
}


def sharpness(kernel: str) -> str:
    """Return ``soft``, ``medium``, ``sharp`` or ``""`` for a convolution kernel as makers name it.

    Numbers of Siemens rise with sharpness (B30 soft, B70 lung), those of Canon are body below FC30.

    >>> [sharpness(k) for k in ("B30f", "Br40d", "B50f", "B70f", "LUNG", "STANDARD", "FC13", "x")]
    ['soft', 'soft', 'medium', 'sharp', 'sharp', 'soft', 'soft', '']
    """
    text = kernel.lower().strip()
    if found := _CANON.search(text):
        return "soft" if int(found.group(1)) < CANON_SOFT_BELOW else "sharp"
    if found := _NUMBERED.search(text):
        number = int(found.group(1))
        return "sharp" if number >= SHARP else "medium" if number >= MEDIUM_SHARPNESS else "soft"
    return PHILIPS.get(text) or _sharpness_in_words(text)


def _sharpness_in_words(text: str) -> str:
    every = {"sharp": _SHARP, "medium": _MEDIUM, "soft": _SOFT}
    return next((word for word, pattern in every.items() if pattern.search(text)), "")


def _kernel(kernel: str, description: str) -> Mark:
    found = sharpness(kernel) or _sharpness_in_description(description)
    points = {"soft": 15, "medium": 0, "sharp": -25}
    return Mark(found or "not said", points.get(found, 5))


def _sharpness_in_description(description: str) -> str:
    """Return the kernel that a description names; a region alone, as ``abdomen``, is none."""
    text = description.lower()
    if found := _KERNEL_NAME.search(text):
        return sharpness(found.group(0))
    # "lung + liver" names what is seen, not how it was reconstructed
    alone = _SHARP.search(text) and region(text) != ABDOMEN
    return "sharp" if alone else ""


_KERNEL_NAME = re.compile(r"\b(?:b|bf|br|bl|i|j|qr)\d{2}[a-z]?\b")
_SPECIAL = {
    Modality.CT: compiled_words(
        r"scout|loc\w*|survey|topo\w*|mip|minip|dose\w*|monitoring|premonitoring|bolus\w*|"
        r"smart ?prep|perf\w*|virtual|vnc|iodine|iod|jod|kev|spectral|z ?eff|sub\w*|dect\w*"
    ),
    Modality.MR: compiled_words(
        r"dwi|diff\w*|adc|b ?\d{2,4}|sub\w*|mrcp|cine|loc\w*|survey|mip|perf\w*|elast\w*|swi|"
        r"r2\w*|pdff|ideal|map"
    ),
}
_LIVER_KINDS: Final = frozenset((None, MrKind.T1, MrKind.T2))
SPECIAL_POINTS: Final = -60
KIND_POINTS: Final[Mapping[MrKind | None, int]] = {None: 0, MrKind.T1: 0, MrKind.T2: -35}
PART_POINTS: Final[Mapping[MrPart | None, int]] = {
    None: 0,
    MrPart.WATER: 0,
    MrPart.IN_PHASE: -20,
    MrPart.OPPOSED_PHASE: -50,
}
"""Of MR, T1 after contrast leads, fat-saturated or of water alone; then in phase, T2 and opposed
phase; what is computed, and what shows the water's motion, is not taken while there is another."""


def _sequence(series: Series) -> Mark:
    special = _SPECIAL[series.modality].search(series.description.lower())
    if series.modality is Modality.CT:
        return Mark("special", -20) if special else Mark("usual", 0)
    kind, part = series.mr.kind, series.mr.part
    named = " ".join(word for word in (kind, part) if word)
    of_water = part in (MrPart.WATER, MrPart.IN_PHASE, MrPart.OPPOSED_PHASE)
    if kind not in _LIVER_KINDS or part not in PART_POINTS or (special and not of_water):
        return Mark(named if kind not in _LIVER_KINDS or part else "special", SPECIAL_POINTS)
    return Mark(named or "not said", KIND_POINTS[kind] + PART_POINTS[part])


def _body(words: str, body_part: str) -> Mark:
    """Judge by the description first: BodyPartExamined is often that of another protocol."""
    points = {ABDOMEN: 20, CHEST: -5, ELSEWHERE: -60}
    found = region(words) or region(body_part)
    return Mark(found or "not said", points.get(found, 5))


def _coverage(covered_mm: float) -> Mark:
    if covered_mm >= LIVER_MM:
        return Mark("a whole liver's", 15)
    return Mark(f"{covered_mm:.0f} mm", 0 if covered_mm >= HALF_LIVER_MM else -15)


def _slices(count: int) -> Mark:
    return Mark(str(count), 0 if count >= FEW_SLICES else -10)


def _spacing(spacing_mm: float) -> Mark:
    value = f"{spacing_mm:.3g} mm"
    if spacing_mm <= THIN_MM + ROUNDING_MM:
        return Mark(value, 15)
    return Mark(value, 0 if spacing_mm <= THICK_MM + ROUNDING_MM else -15)


PHASE_POINTS: Final[Mapping[Modality, Mapping[Phase, int]]] = {
    Modality.CT: {
        Phase.PORTAL: 20,
        Phase.HEPATOBILIARY: 5,
        Phase.DELAYED: 5,
        Phase.UNKNOWN: 5,
        Phase.ARTERIAL: 0,
        Phase.UNENHANCED: -10,
    },
    Modality.MR: {
        Phase.PORTAL: 35,
        Phase.HEPATOBILIARY: 20,
        Phase.DELAYED: 5,
        Phase.UNKNOWN: 5,
        Phase.ARTERIAL: 0,
        Phase.UNENHANCED: -10,
    },
}
"""Liver and metastases are outlined best in the portal venous phase, and of MR then in the
hepatobiliary one."""


def _phase(series: Series) -> Mark:
    return Mark(series.phase.value, PHASE_POINTS[series.modality][series.phase])


def choice_finding(taken: Series, plausible: Sequence[Series], *, asked: bool) -> Finding:
    """Say which series was taken and why; ``series_chosen``, its value the series' number.

    Parameters
    ----------
    taken
        The series that is read.
    plausible
        All that might have been the liver scan.
    asked
        Whether the user named the series or its phase: then, and where there was no other, the
        check is met; otherwise it is not made, since nobody has said which series is meant.
    """
    others = tuple(r for r in ranked(plausible) if r.series is not taken)
    chosen = score(taken)
    if asked:
        first = reason(Cause.SERIES_ASKED, taken.number)
    else:
        first = reason(Cause.SERIES_AMONG, taken.number, chosen.points, len(others) + 1)
    return quality_finding(
        "series_chosen",
        passed=True if asked or not others else None,
        value=float(taken.number),
        reasons=(
            first,
            *(reason(Cause.SERIES_POINTS, a.value, m.value, m.points)
              for a, m in chosen.marks.items()),
            *(reason(Cause.SERIES_BEHIND, r.series.number, r.score.points,
                     *(a.value for a in r.score.differences(chosen)))
              for r in others[:MOST_OTHERS]),
        ),
    )  # fmt: skip
