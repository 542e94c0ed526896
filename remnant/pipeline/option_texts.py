"""Options written as texts, as a command line and a manifest of cases have them."""

from collections.abc import Callable, Iterable

from remnant.core.drawn_boxes import BoxUnits, ReaderBox
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.phase_choice import AlignmentKind, PhaseChoice
from remnant.core.volumes import Phase
from remnant.pipeline.reviewing import LesionReview

ALL = "all"


def parse_numbers(text: str | None, *, option: str) -> frozenset[int]:
    """Parse lesion numbers such as ``3,7``; empty when the option was not given.

    Raises
    ------
    InputError
        Something is not a positive whole number.
    """
    parts = [part.strip() for part in (text or "").split(",") if part.strip()]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise InputError(f"{option} got {text!r}; allowed are whole numbers such as 3,7")
    return frozenset(int(part) for part in parts)


def lesion_review(
    reject: str | None, confirm: str | None, *, reject_option: str, confirm_option: str
) -> LesionReview:
    """Return what a human says of lesions by number; ``all`` confirms what is not rejected.

    Raises
    ------
    InputError
        Something is not a lesion number.
    """
    confirm_all = (confirm or "").strip().lower() == ALL
    return LesionReview(
        rejected=parse_numbers(reject, option=reject_option),
        confirmed=parse_numbers(None if confirm_all else confirm, option=confirm_option),
        confirm_all=confirm_all,
    )


def require_threshold(threshold: float | None, *, option: str) -> None:
    """Raise unless a threshold is above 0, or was not given.

    Raises
    ------
    InputError
        It is not.
    """
    if threshold is not None and not threshold > 0:
        raise InputError(f"{option} got {threshold:g}; allowed is a number above 0")


def phase_choice(
    liver_from: str | None,
    lesions_from: str | None,
    alignment: AlignmentKind = AlignmentKind.RIGID,
    *,
    one_series: bool,
    named: Callable[[str], str],
) -> PhaseChoice | None:
    """Return which phases of a study are used together; ``None`` for one image.

    Parameters
    ----------
    liver_from, lesions_from
        Phases or series numbers; ``None`` where they were not given.
    alignment
        How the other images are laid on the liver's.
    one_series
        Whether one series or phase was asked for otherwise, which contradicts it.
    named
        Makes of ``liver_from`` and other such names what the user knows them by, for messages.

    Raises
    ------
    InputError
        Something is neither a phase nor a series number, or one option needs another.
    """
    liver_option, lesions_option, series, phase = map(
        named, ("liver_from", "lesions_from", "series", "phase")
    )
    if liver_from is None:
        if lesions_from is not None:
            raise InputError(f"{lesions_option} needs {liver_option}, e.g. {liver_option} portal")
        return None
    if one_series:
        raise InputError(f"{liver_option} says which series to take: leave {series}, {phase} out")
    (liver,) = parse_phases(liver_from, option=liver_option, most=1)
    lesions = parse_phases(lesions_from or liver, option=lesions_option)
    return PhaseChoice(liver_from=liver, lesions_from=lesions, alignment=alignment)


def parse_phases(text: str, *, option: str, most: int | None = None) -> tuple[str, ...]:
    """Parse contrast phases or series numbers such as ``arterial,portal`` or ``3,5``.

    Raises
    ------
    InputError
        Something is neither, or there is none or more than ``most``.
    """
    named = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    phases = [phase.value for phase in Phase if phase is not Phase.UNKNOWN]
    known = all(name in phases or (name.isascii() and name.isdecimal()) for name in named)
    if not named or not known or len(named) > (most or len(named)):
        what = "one of" if most == 1 else "any of"
        raise InputError(
            f"{option} got {text!r}; allowed is {what} {', '.join(phases)}, or a series number as "
            f"`remnant inspect` lists it"
        )
    return named


def parse_removed(texts: Iterable[str], *, option: str) -> tuple[frozenset[CouinaudSegment], ...]:
    """Parse sets of Couinaud segments to remove, such as ``VI,VII`` or ``6,7``.

    Raises
    ------
    InputError
        Something is not a segment I to VIII, or a set names all or none of them.
    """
    sets = tuple(
        frozenset(_segment(part.strip(), option) for part in text.split(",") if part.strip())
        for text in texts
    )
    for removed in sets:
        if not 0 < len(removed) < len(CouinaudSegment):
            raise InputError(f"{option} must name one to seven segments, e.g. VI,VII")
    return sets


def _segment(text: str, option: str) -> CouinaudSegment:
    if text.isdecimal() and int(text) in set(CouinaudSegment):
        return CouinaudSegment(int(text))
    if text.upper() in CouinaudSegment.__members__:
        return CouinaudSegment[text.upper()]
    raise InputError(f"{option} got {text!r}; allowed are Couinaud segments I to VIII (or 1 to 8)")


def parse_box(
    text: str, *, option: str, units: BoxUnits = BoxUnits.MM, slice_at: float | None = None
) -> ReaderBox:
    """Parse a box written as ``x0,y0,z0,x1,y1,z1``.

    Raises
    ------
    InputError
        It is not six numbers, or they are no box.

    Examples
    --------
    >>> parse_box("10, 20, -30, 50, 70, -30", option="--lesion-box").high
    (50.0, 70.0, -30.0)
    """
    try:
        x0, y0, z0, x1, y1, z1 = (float(part) for part in text.split(","))
    except ValueError as fault:
        raise InputError(
            f"{option} got {text!r}; allowed are six numbers x0,y0,z0,x1,y1,z1, in RAS mm or in "
            f"voxels as --box-units says"
        ) from fault
    try:
        return ReaderBox(low=(x0, y0, z0), high=(x1, y1, z1), units=units, slice_at=slice_at)
    except InputError as fault:
        raise InputError(f"{option}: {fault}") from fault
