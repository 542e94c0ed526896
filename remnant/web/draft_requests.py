"""What the page asks of a draft, read from JSON: every field is checked before it is used."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final, TypeVar

from remnant.core.drawn_boxes import ReaderBox
from remnant.core.geometry import Vector3
from remnant.core.lesions import Confirmation
from remnant.core.volumes import LARGEST_CODE
from remnant.pipeline.drafts.asked import (
    Asked,
    Delete,
    Erase,
    Grow,
    Merge,
    MovePlane,
    OutlineBox,
    Paint,
    Say,
    SplitByLine,
    SplitBySeeds,
    Target,
)
from remnant.pipeline.drafts.commit import Confirmed
from remnant.web.refusals import refused
from remnant.web.requests import Json, require_fields
from segmentation.edits.growing import REACH_MM
from segmentation.edits.planes import MOVABLE
from segmentation.edits.strokes import MOST_POINTS, BrushShape, SlicePlane, Stroke

NEW: Final = "new"
MOST_LESIONS: Final = 1000
DO: Final = "do"
WORD_OF: Final[Mapping[str, Confirmation | None]] = {
    "confirm": Confirmation.CONFIRMED,
    "reject": Confirmation.REJECTED,
    "unset": None,
}
Kind = TypeVar("Kind")


def asked_step(given: object) -> Asked:
    """Read one step.

    Raises
    ------
    RefusedError
        It is none of those that there are, or a field is missing, unknown or of another kind.
    InputError
        A number is out of range.
    """
    if not isinstance(given, dict):
        raise refused(400, "there is no step in the request", 'send {"op": {"do": …}}')
    reader = _READERS.get(str(given.get(DO)))
    if reader is None:
        allowed = ", ".join(sorted(_READERS))
        raise refused(400, f"{str(given.get(DO))[:40]!r} is no step", f"allowed are {allowed}")
    return reader(given)


def confirmed_parts(given: object) -> Confirmed:
    """Read what a person confirms as a whole; nothing where nothing is said.

    Raises
    ------
    RefusedError
        A field is unknown or neither true nor false.
    """
    parts = {} if given is None else given
    if not isinstance(parts, dict) or not all(isinstance(said, bool) for said in parts.values()):
        raise refused(400, "confirm holds true or false for each part", "load the page again")
    require_fields(parts, "liver", "segments", "lesions")
    return Confirmed(**parts)


def _paint(given: Json) -> Asked:
    return Paint(**_brushed(given))


def _erase(given: Json) -> Asked:
    return Erase(**_brushed(given))


def _brushed(given: Json) -> dict[str, Any]:
    require_fields(given, DO, "target", "lesion", "points_ras_mm", "radius_mm", "shape", "plane")
    return {
        "target": _one_of(given, "target", Target, Target.LESION),
        "lesion": _lesion(given.get("lesion")),
        "stroke": Stroke(
            points_mm=_points(given, "points_ras_mm", least=1, most=MOST_POINTS),
            radius_mm=_number(given, "radius_mm"),
            shape=_one_of(given, "shape", BrushShape, BrushShape.DISC),
            plane=_one_of(given, "plane", SlicePlane, SlicePlane.AXIAL),
        ),
    }


def _grow(given: Json) -> Asked:
    require_fields(given, DO, "seed_ras_mm", "lesion", "reach_mm")
    reach = _number(given, "reach_mm") if "reach_mm" in given else REACH_MM
    if not 0 < reach <= REACH_MM:
        raise refused(422, f"reach_mm is above 0 and at most {REACH_MM:g}", "choose a smaller one")
    seed, lesion = _point(given.get("seed_ras_mm")), _lesion(given.get("lesion"))
    return Grow(seed_mm=seed, lesion=lesion, reach_mm=reach)


def _box(given: Json) -> Asked:
    require_fields(given, DO, "kind", "low_ras_mm", "high_ras_mm")
    if given.get("kind", "lesion") != "lesion":
        raise refused(422, "a box of a draft is around a lesion", "outline livers by `remnant "
                      "correct --liver-box`")  # fmt: skip
    low, high = _point(given.get("low_ras_mm")), _point(given.get("high_ras_mm"))
    return OutlineBox(box=ReaderBox(low=low, high=high))


def _split(given: Json) -> Asked:
    require_fields(given, DO, "lesion", "line_ras_mm", "plane", "seeds_ras_mm")
    number = _required_lesion(given.get("lesion"))
    if "seeds_ras_mm" in given:
        seeds = _points(given, "seeds_ras_mm", least=2, most=MOST_LESIONS)
        return SplitBySeeds(lesion=number, seeds_mm=seeds)
    start, end = _points(given, "line_ras_mm", least=2, most=2)
    plane = _one_of(given, "plane", SlicePlane, SlicePlane.AXIAL)
    return SplitByLine(lesion=number, line_mm=(start, end), plane=plane)


def _merge(given: Json) -> Asked:
    require_fields(given, DO, "lesions")
    return Merge(lesions=_lesions(given))


def _delete(given: Json) -> Asked:
    require_fields(given, DO, "lesion")
    return Delete(lesion=_required_lesion(given.get("lesion")))


def _say(given: Json) -> Asked:
    require_fields(given, DO, "lesions")
    return Say(word=WORD_OF[given[DO]], lesions=_lesions(given))


def _move_plane(given: Json) -> Asked:
    require_fields(given, DO, "plane", "points_ras_mm")
    plane = MOVABLE.get(str(given.get("plane")))
    if plane is None:
        allowed = ", ".join(MOVABLE)
        raise refused(422, "there is no such plane to move", f"allowed are {allowed}")
    points = _points(given, "points_ras_mm", least=1, most=MOST_POINTS)
    return MovePlane(plane=plane, points_mm=points)


_READERS: Final[Mapping[str, Callable[[Json], Asked]]] = {
    "paint": _paint,
    "erase": _erase,
    "grow": _grow,
    "box": _box,
    "split": _split,
    "merge": _merge,
    "delete": _delete,
    "move_plane": _move_plane,
    **dict.fromkeys(WORD_OF, _say),
}


def _number(given: Json, name: str) -> float:
    found = given.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not isfinite(found):
        raise refused(400, f"{name} is a number", "load the page again")
    return float(found)


def _point(given: object) -> Vector3:
    if not isinstance(given, list) or len(given) != 3:  # noqa: PLR2004  (x, y, z)
        raise refused(400, "a point is three numbers in RAS mm", "load the page again")
    x, y, z = (_number({"a coordinate": part}, "a coordinate") for part in given)
    return (x, y, z)


def _points(given: Json, name: str, *, least: int, most: int) -> tuple[Vector3, ...]:
    points = given.get(name)
    if not isinstance(points, list) or not least <= len(points) <= most:
        raise refused(400, f"{name} holds {least} to {most} points", "draw again")
    return tuple(_point(point) for point in points)


def _lesion(given: object) -> int | None:
    return None if given is None or given == NEW else _required_lesion(given)


def _required_lesion(given: object) -> int:
    known = isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= LARGEST_CODE
    if not known or not isinstance(given, int):
        raise refused(400, "a lesion is named by its number", "choose one of the list")
    return given


def _lesions(given: Json) -> frozenset[int]:
    numbers = given.get("lesions")
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= MOST_LESIONS:
        raise refused(400, "lesions holds the numbers of lesions", "choose some of the list")
    return frozenset(_required_lesion(number) for number in numbers)


def _one_of(given: Json, name: str, kind: Callable[[str], Kind], default: Kind) -> Kind:
    if name not in given:
        return default
    try:
        return kind(str(given[name]))
    except ValueError as fault:
        raise refused(
            400, f"{name} is none of those that there are", "load the page again"
        ) from fault
