"""Every instance of a series, and what became of it: nothing goes missing unsaid.

All counts come from `account`, which takes what the folder holds of a series and subtracts what is
in the stack.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread

from remnant.core.errors import UnsupportedSeriesError
from remnant.core.geometry import Vector3
from remnant.io.dicom_series import Catalogue
from remnant.io.dicom_slices import Slice, plane_position
from remnant.io.dicom_source import Source
from remnant.io.dicom_stack import Stack, heights_of, normal_of
from remnant.io.faults import is_foreign, quiet
from remnant.io.left_out import (
    A_DICOMDIR,
    A_SEGMENTATION,
    COLOUR,
    LINK_REPEATED,
    LOCALISER,
    NOT_AN_IMAGE,
    NOT_DICOM,
    UNREADABLE,
    LeftOut,
)
from remnant.io.series import Series

NO_SCAN = frozenset((LOCALISER, NOT_AN_IMAGE, A_SEGMENTATION, A_DICOMDIR, COLOUR, LINK_REPEATED))
"""What belongs to a series without being a part of its volume."""


@dataclass(frozen=True, slots=True)
class Group:
    """Instances that were left out for one reason.

    Parameters
    ----------
    reason
        Why, in words; of another stack what tells it apart.
    count
        How many.
    beyond_ends
        How many of them lie beyond the first or last slice of the stack taken.
    placeless
        How many do not say where they lie.
    stack_number
        Number of the stack that they are in; ``None`` where they are in none.
    """

    reason: str
    count: int
    beyond_ends: int
    placeless: int
    stack_number: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the instances of the series that was taken.

    Parameters
    ----------
    found
        Instances (frames of multi-frame objects) of the series in the folder, localisers apart.
    used
        How many of them are slices of the stack.
    copies
        How many are left out as copies of those.
    other_stacks
        What is in other stacks of the series.
    left_out
        What is in none.
    unreadable
        Files of the folder that may be of the series: damaged ones that do not say it, and files
        that are no DICOM though they are named as its files are. By reason.
    """

    found: int
    used: int
    copies: int
    other_stacks: tuple[Group, ...]
    left_out: tuple[Group, ...]
    unreadable: tuple[Group, ...]

    @property
    def unused(self) -> int:
        """Instances that are neither in the stack nor copies of what is."""
        return self.found - self.used - self.copies


def account(listed: Catalogue, series: Series) -> Account:
    """Say what became of every instance of a series, one of whose stacks was taken.

    Nothing is used of a series without a stack.
    """
    stack = series.stack
    others = listed.siblings(series)
    passed_over = _of_series(listed, series)
    used = () if stack is None else stack.slices
    copies = () if stack is None else stack.copies
    return Account(
        found=len(series.slices) + sum(len(o.slices) for o in others) + len(passed_over),
        used=len(used),
        copies=len(copies),
        other_stacks=tuple(_group_of_stack(other, stack) for other in others),
        left_out=tuple(_groups(passed_over, stack)),
        unreadable=tuple(_groups(_perhaps_of_series(listed, series), None)),
    )


def _of_series(listed: Catalogue, series: Series) -> list[LeftOut]:
    return [
        one for one in listed.left_out if one.series_uid == series.uid and one.reason not in NO_SCAN
    ]


def _perhaps_of_series(listed: Catalogue, series: Series) -> list[LeftOut]:
    names = {_pattern(plane.path) for plane in series.slices}
    known = {one.uid for one in listed.series}
    return [
        one
        for one in listed.left_out
        if one.reason not in NO_SCAN
        and _may_be_of_any(one, known)
        and (one.reason != NOT_DICOM or _pattern(one.path) in names)
    ]


def _may_be_of_any(one: LeftOut, known: set[str]) -> bool:
    # a damaged header may lack the parts by which its series is known
    return not one.series_uid or (one.reason == UNREADABLE and one.series_uid not in known)


def _pattern(path: Path) -> tuple[Path, str]:
    """Return folder and name of a file, numbers taken out."""
    return (path.parent, re.sub(r"\d+", "#", path.name))


def _group_of_stack(other: Series, stack: Stack | None) -> Group:
    planes = other.slices
    return Group(
        reason=other.apart,
        count=len(planes),
        beyond_ends=0 if stack is None else int(sum(_beyond_ends(planes, stack))),
        placeless=0,
        stack_number=other.number,
    )


def _beyond_ends(planes: Iterable[Slice], stack: Stack) -> list[bool]:
    return [_is_beyond(plane.position_ras_mm, stack) for plane in planes]


def _is_beyond(position_ras_mm: Vector3, stack: Stack) -> bool:
    heights = heights_of(stack.slices)
    height = float(np.array(position_ras_mm) @ normal_of(stack.slices[0]))
    half_step = float(heights[-1] - heights[0]) / (len(heights) - 1) / 2
    return not heights[0] - half_step <= height <= heights[-1] + half_step


def _groups(passed_over: list[LeftOut], stack: Stack | None) -> Iterable[Group]:
    for reason in sorted({one.reason for one in passed_over}):
        paths = [one.path for one in passed_over if one.reason == reason]
        beyond = [None if stack is None else _end_by_header(path, stack) for path in paths]
        yield Group(
            reason=reason,
            count=len(paths),
            beyond_ends=beyond.count(True),
            placeless=beyond.count(None),
        )


def _end_by_header(path: Path, stack: Stack) -> bool | None:
    """Tell by position, else by instance number, if a file lies beyond the ends of a stack."""
    try:
        with quiet():
            tags = ["ImagePositionPatient", "InstanceNumber"]
            dataset = dcmread(path, stop_before_pixels=True, specific_tags=tags)
            return _end_by_position(dataset, path, stack)
    except Exception as fault:
        if not is_foreign(fault):
            raise
        return None


def _end_by_position(dataset: Dataset, path: Path, stack: Stack) -> bool | None:
    try:
        position = plane_position(Source(dataset, None, None), path)
    except UnsupportedSeriesError:
        return _end_by_number(dataset, stack)
    return _is_beyond(position, stack)


def _end_by_number(dataset: Dataset, stack: Stack) -> bool | None:
    numbers = [plane.fact("InstanceNumber") for plane in stack.slices]
    own = dataset.get("InstanceNumber")
    if own is None or not all(number.isdigit() for number in numbers):
        return None
    steps = np.diff([int(number) for number in numbers])
    if not (np.all(steps > 0) or np.all(steps < 0)):
        return None
    ends = sorted((int(numbers[0]), int(numbers[-1])))
    return not ends[0] < int(own) < ends[1]
