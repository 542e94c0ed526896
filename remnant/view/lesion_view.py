"""Lesions as two tables, and the planted ones of the demo."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from remnant.core.geometry import Vector3
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import IntensityStatistics, Lesion, PlantedLesion
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.volumes import Modality
from remnant.view.parts import DASH, Figure, Footnotes, figure
from remnant.view.subject import Subject
from remnant.wording.language import message, say
from remnant.wording.lesion_figures import LESION_FIGURES, LesionFigure
from remnant.wording.names import named
from remnant.wording.numbers import percent, plain, tenths, whole
from remnant.wording.words import CONFIRMATION_WORDS

MOST_IN_FRONT: Final = 12
OUTSIDE: Final = message("outside the segment map")
Cell = Callable[[Lesion], Figure]
Parts = Iterable[tuple[Enum, float]]


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a column; a column of numbers stands to the right."""

    title: str
    numeric: bool


@dataclass(frozen=True, slots=True)
class LesionTable:
    """Headings, and each lesion's number with its cells."""

    headings: tuple[Heading, ...]
    rows: tuple[tuple[int, tuple[Figure, ...]], ...]


@dataclass(frozen=True, slots=True)
class Planted:
    """A synthetic metastasis: true and measured volume, their ratio, and its place."""

    id: int
    true: str
    measured: str
    true_ml: float
    measured_ml: float
    share: str
    centre: str


@dataclass(frozen=True, slots=True)
class Lesions:
    """All lesions, rejected ones too; ``unseen`` where one was measured without its image.

    ``seen`` where one was measured with it. ``front`` are the largest of the ``table`` where it is
    long, with how many are ``left_out`` and the notes that these need, ``front_notes``.
    """

    front: LesionTable
    front_notes: tuple[tuple[str, str], ...]
    left_out: int
    table: LesionTable
    more: LesionTable
    notes: tuple[tuple[str, str], ...]
    hounsfield: bool
    seen: bool
    unseen: bool
    planted: tuple[Planted, ...]


def view_lesions(subject: Subject) -> Lesions:
    """Return the tables of lesions."""
    case, notes = subject.case, subject.notes()
    lesions = case.volumetry.lesions
    seen = any(lesion.intensity is not None for lesion in lesions)
    table, more = _table(_first(subject, notes), lesions), _table(_more(seen=seen), lesions)
    front = _largest(table, lesions)
    return Lesions(
        front=front,
        front_notes=_needed(notes.listed(), front),
        left_out=len(table.rows) - len(front.rows),
        table=table,
        more=more,
        notes=notes.listed(),
        hounsfield=case.study.modality is Modality.CT,
        seen=seen,
        unseen=any(lesion.intensity is None for lesion in lesions),
        planted=tuple(_planted(one) for one in case.planted),
    )


def _table(columns: Mapping[Heading, Cell], lesions: tuple[Lesion, ...]) -> LesionTable:
    rows = ((lesion.id, tuple(cell(lesion) for cell in columns.values())) for lesion in lesions)
    return LesionTable(tuple(columns), tuple(rows))


def _largest(table: LesionTable, lesions: tuple[Lesion, ...]) -> LesionTable:
    """Return the rows of the largest lesions in their order, those that count first."""
    by_size = sorted(lesions, key=lambda one: (not one.counts, -(one.volume_ml.value or 0.0)))
    kept = {lesion.id for lesion in by_size[:MOST_IN_FRONT]}
    return replace(table, rows=tuple(row for row in table.rows if row[0] in kept))


def _needed(notes: tuple[tuple[str, str], ...], table: LesionTable) -> tuple[tuple[str, str], ...]:
    """Return the notes whose letters stand in a table."""
    letters = {cell.note for _, cells in table.rows for cell in cells}
    return tuple(one for one in notes if one[0] in letters)


def _first(subject: Subject, notes: Footnotes) -> dict[Heading, Cell]:
    why = subject.case.volumetry.segments_reasons or (Reason(Cause.SEGMENTS_UNKNOWN),)
    return {
        Heading(say("Volume mL"), numeric=True): lambda lesion: figure(
            lesion.volume_ml, notes=notes
        ),
        Heading(say("Axial diameters mm"), numeric=True): _diameters,
        Heading(say("Segments, share of the lesion"), numeric=False): lambda lesion: (
            Figure(_shares(_largest_first(lesion.segment_fractions)) or say(OUTSIDE))
            if lesion.segment_fractions is not None
            else Figure(DASH.number, known=False, note=notes.letter(why))
        ),
        **_plain(notes, more=False),
        **_phases(subject),
        Heading(say("Confirmation"), numeric=False): lambda lesion: Figure(
            CONFIRMATION_WORDS[lesion.confirmation]
        ),
    }


def _phases(subject: Subject) -> dict[Heading, Cell]:
    """Return the column of contrast phases where several images were looked at."""
    if not any(lesion.phases for lesion in subject.case.volumetry.lesions):
        return {}
    return {
        Heading(say("Seen in"), numeric=False): lambda lesion: (
            Figure(", ".join(named(phase.value) for phase in lesion.phases))
            if lesion.phases
            else DASH
        )
    }


def _more(*, seen: bool) -> dict[Heading, Cell]:
    return {
        **_plain(Footnotes(), more=True),
        Heading(say("Lobes"), numeric=False): lambda lesion: (
            Figure(_shares(lesion.lobe_fractions.items())) if lesion.lobe_fractions else DASH
        ),
        **(_of_image() if seen else {}),
        Heading(say("Centroid R, A, S mm"), numeric=False): lambda lesion: Figure(
            _place(lesion.centroid_ras_mm)
        ),
    }


def _of_image() -> dict[Heading, Cell]:
    def cell(write: Callable[[IntensityStatistics], str]) -> Cell:
        return lambda lesion: DASH if lesion.intensity is None else Figure(write(lesion.intensity))

    return {
        Heading(say("Mean ± SD"), numeric=True): cell(lambda i: f"{whole(i.mean)} ± {whole(i.sd)}"),
        Heading(say("Median"), numeric=True): cell(lambda i: whole(i.median)),
        Heading(say("Range"), numeric=True): cell(
            lambda i: say(
                "{minimum} to {maximum}", minimum=whole(i.minimum), maximum=whole(i.maximum)
            )
        ),
    }


def _plain(notes: Footnotes, *, more: bool) -> dict[Heading, Cell]:
    """Return the columns of the figures that are declared once for all tables."""

    def cell(declared: LesionFigure) -> Cell:
        def shown(lesion: Lesion) -> Figure:
            value = declared.value(lesion)
            if isinstance(value, Quantity):
                return figure(value, notes=notes)
            return Figure(plain(declared.scale * value) if declared.scale != 1 else tenths(value))

        return shown

    return {Heading(say(f.title), numeric=True): cell(f) for f in LESION_FIGURES if f.more is more}


def _diameters(lesion: Lesion) -> Figure:
    return Figure(
        say(
            "{longest_axial_mm:.1f} × {perpendicular_axial_mm:.1f}",
            longest_axial_mm=lesion.longest_axial_mm,
            perpendicular_axial_mm=lesion.perpendicular_axial_mm,
        )
    )


def _largest_first(shares: Mapping[CouinaudSegment, float]) -> Parts:
    return sorted(shares.items(), key=lambda item: -item[1])


def _shares(parts: Parts) -> str:
    """Write the parts of a lesion: segments by name, lobes by value."""
    return ", ".join(f"{_name(part)} {percent(share)}\u00a0%" for part, share in parts)


def _name(part: Enum) -> str:
    return named(part.value) if isinstance(part.value, str) else part.name


def _place(point_ras_mm: Vector3) -> str:
    return ", ".join(map(whole, point_ras_mm))


def _planted(lesion: PlantedLesion) -> Planted:
    true = lesion.true_volume_ml
    return Planted(
        id=lesion.id,
        true=plain(true),
        measured=plain(lesion.measured_ml),
        true_ml=true,
        measured_ml=lesion.measured_ml,
        share=percent(lesion.measured_ml / true) if true > 0 else "",
        centre=_place(lesion.centre_ras_mm),
    )
