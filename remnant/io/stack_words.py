"""What tells a stack from the others of its series, in words for a list or a message."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from remnant.io.dicom_facts import FACTS, TIMES, Fact, seconds_of_day
from remnant.io.dicom_slices import Slice
from remnant.io.dicom_split import Part, distance_mm
from remnant.io.dicom_stack import DIRECTION_TOLERANCE, directions_of

MOST_VALUES: Final = 3
MOST_PHRASES: Final = 3
AXES: Final = ("sagittal", "coronal", "axial")
UNTOLD: Final = frozenset(("SeriesDescription", "SeriesNumber", "InstanceNumber"))
"""Facts that the list shows of every series, or that are told where nothing else is."""
PLAIN_NUMBER: Final = next(fact for fact in FACTS if fact.name == "InstanceNumber")


def what_tells_apart(parts: Sequence[Part]) -> list[str]:
    """Say of each stack of one series what distinguishes it from the others; ``""`` of one alone.

    Times are given as the seconds since the first stack, never as they are.

    Parameters
    ----------
    parts
        All stacks of one series.
    """
    if len(parts) == 1:
        return [""]
    return [", ".join(_phrases(part, parts)) for part in parts]


def _phrases(part: Part, parts: Sequence[Part]) -> list[str]:
    runs = _run_phrases(part)
    told = [*runs, *_grid_phrases(part, parts), *_fact_phrases(part, parts)]
    return list(dict.fromkeys(told or _instances(part)))[:MOST_PHRASES]


def _run_phrases(part: Part) -> list[str]:
    return [f"slices {distance_mm(part.slices):.2f} mm apart"] if part.runs_mm else []


def _grid_phrases(part: Part, parts: Sequence[Part]) -> list[str]:
    own, others = part.slices[0], [other.slices[0] for other in parts]
    told = []
    if any(_turned(own, other) for other in others):
        told.append(_orientation(own))
    if any(own.size != other.size for other in others):
        told.append(f"{own.size[0]} x {own.size[1]} pixels")
    if any(_spaced(own) != _spaced(other) for other in others):
        told.append(f"pixels of {_spaced(own)} mm")
    frames = list(dict.fromkeys(other.frame_of_reference_uid for other in others))
    if len(frames) > 1:
        told.append(f"frame of reference {frames.index(own.frame_of_reference_uid) + 1}")
    return told


def _turned(first: Slice, second: Slice) -> bool:
    off = np.abs(directions_of(first) - directions_of(second)).max()
    return bool(off > DIRECTION_TOLERANCE)


def _spaced(plane: Slice) -> str:
    return " x ".join(f"{spacing:.5g}" for spacing in plane.pixel_spacing_mm)


def _orientation(plane: Slice) -> str:
    normal = np.cross(*directions_of(plane))
    return AXES[int(np.abs(normal).argmax())]


def _fact_phrases(part: Part, parts: Sequence[Part]) -> list[str]:
    lasting = [fact for fact in FACTS if fact.name not in UNTOLD and fact.varies is not None]
    facts = (fact for fact in lasting if fact.name not in TIMES)
    told = [phrase for fact in facts if (phrase := _fact_phrase(fact, part, parts))]
    times = (fact for fact in lasting if fact.name in TIMES)
    return told or [phrase for fact in times if (phrase := _time_phrase(fact, part, parts))][:1]


def _fact_phrase(fact: Fact, part: Part, parts: Sequence[Part]) -> str:
    own = _values(fact, part)
    if len(own) > MOST_VALUES or not any(own.isdisjoint(_values(fact, other)) for other in parts):
        return ""
    if own == {""}:
        return f"no {fact.noun}"
    shown = _own_components(own, parts) if fact.name == "ImageType" else sorted(own - {""})
    return f"{fact.noun} {'/'.join(shown)}{fact.unit}"


def _values(fact: Fact, part: Part) -> set[str]:
    return {plane.fact(fact.name) for plane in part.slices}


def _own_components(own: set[str], parts: Sequence[Part]) -> list[str]:
    """Return the components of the image type that not every stack has."""
    everywhere = set.intersection(
        *({word for plane in part.slices for word in plane.image_type} for part in parts)
    )
    words = [word for value in sorted(own) for word in value.split("\\")]
    return [word for word in dict.fromkeys(words) if word not in everywhere] or sorted(own)


def _time_phrase(fact: Fact, part: Part, parts: Sequence[Part]) -> str:
    first, own = min(map(_begin(fact), parts)), _begin(fact)(part)
    if not np.isfinite(own - first) or all(_begin(fact)(other) == own for other in parts):
        return ""
    return f"{fact.noun} {own - first:.0f} s after the first"


def _begin(fact: Fact) -> Callable[[Part], float]:
    def begin(part: Part) -> float:
        times = (seconds_of_day(plane.fact(fact.name)) for plane in part.slices)
        return min((time for time in times if time is not None), default=float("inf"))

    return begin


def _instances(part: Part) -> list[str]:
    numbers = [int(n) for n in _values(PLAIN_NUMBER, part) if n.isdigit()]
    return [f"instances {min(numbers)} to {max(numbers)}"] if numbers else []
