"""DICOM series of a folder: grouped, checked, and one of them chosen and read."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from remnant.core.errors import InputError, UnreadableFileError, UnsupportedSeriesError
from remnant.core.mr import MrSequence
from remnant.core.progress import Progress, silent
from remnant.core.volumes import Modality, Phase
from remnant.io.dicom_folder import scan
from remnant.io.dicom_pixels import digest_pixels, read_voxels, require_decoders
from remnant.io.dicom_slices import Slice
from remnant.io.dicom_split import Part, parts_of, rank_of
from remnant.io.dicom_stack import build_stack
from remnant.io.grid_doubts import require_believable_spacing
from remnant.io.left_out import LeftOut
from remnant.io.mr_sequences import sequences
from remnant.io.series import A_MASK, PLAUSIBLE_SLICES, Series
from remnant.io.series_choice import Ranked, close, leads, ranked
from remnant.io.stack_words import what_tells_apart
from remnant.io.stored_codes import mask_codes


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All stacks of a folder, and what was passed over: files counted by reason, and each one."""

    series: tuple[Series, ...]
    skipped: Mapping[str, int]
    left_out: tuple[LeftOut, ...] = ()

    def siblings(self, series: Series) -> tuple[Series, ...]:
        """Return the other stacks of a series."""
        return tuple(one for one in self.series if one.uid == series.uid and one is not series)


def catalogue(path: Path, *, progress: Progress = silent) -> Catalogue:
    """List the CT and MR series below a folder, or in one multi-frame file.

    Planes belong together by SeriesInstanceUID (by number, time, description and frame of
    reference where UIDs were emptied) and by what `remnant.io.dicom_split.parts_of` tells apart.

    Raises
    ------
    UnreadableFileError
        The path does not exist.
    InputError
        Far too many files.
    """
    found = scan(path, progress=progress)
    told = sorted(_stacks(found.slices), key=lambda stack: _order(stack[0]))
    series = (_series(*stack, number=n) for n, stack in enumerate(told, start=1))
    explained = (_with_left_out(one, found.left_out) for one in series)
    return Catalogue(tuple(explained), found.skipped, found.left_out)


def _stacks(slices: Sequence[Slice]) -> Iterator[tuple[Part, str, MrSequence]]:
    """Yield stacks, what tells each from its siblings, and its kind."""
    by_uid: dict[tuple[str, Modality], list[Slice]] = defaultdict(list)
    for plane in slices:
        by_uid[plane.series_uid, plane.modality].append(plane)
    for planes in by_uid.values():
        parts = parts_of(planes, digest=digest_pixels)
        kinds = sequences([part.slices for part in parts])
        yield from zip(parts, what_tells_apart(parts), kinds, strict=True)


def _order(part: Part) -> tuple[int, str, tuple[tuple[float, str], ...]]:
    first = min(part.slices, key=lambda plane: plane.key)
    return (first.series_number, first.series_uid, tuple(map(rank_of, first.facts)))


def _series(part: Part, apart: str, mr: MrSequence, *, number: int) -> Series:
    stack, fault = None, None
    try:
        stack = build_stack(part.slices, digest=digest_pixels)
        stack = replace(stack, copies=(*stack.copies, *part.repeats))
        require_believable_spacing(stack.geometry, name="the series")
        require_decoders(stack.slices)
    except (UnsupportedSeriesError, UnreadableFileError) as refused:
        stack, fault = None, str(refused)
    return Series(
        number=number,
        uid=part.slices[0].series_uid,
        slices=(*part.slices, *part.repeats),
        stack=stack,
        fault=fault,
        apart=apart,
        runs_mm=part.runs_mm,
        mr=mr,
        mask_codes=frozenset() if stack is None else mask_codes(stack.slices),
    )


def _with_left_out(series: Series, left_out: Sequence[LeftOut]) -> Series:
    """Add to a fault which instances of the series were passed over, as they may be missing."""
    reasons = Counter(one.reason for one in left_out if one.series_uid == series.uid)
    if series.fault is None or not reasons:
        return series
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    return replace(series, fault=f"{series.fault} (of this series were left out: {told})")


def choose(
    listed: Catalogue, *, wanted: str | None, name: str, phase: Phase | None = None
) -> Series:
    """Return the series that was asked for, or the one that is plainly the liver scan.

    Parameters
    ----------
    listed
        What the folder holds.
    wanted
        Number in the list or SeriesInstanceUID; ``None`` to take the one that leads, see
        `remnant.io.series_choice`, among those that can be measured and have at least 10 slices;
        none where another stack of its series would do as well, or would but for a fault.
    name
        The folder, for the message.
    phase
        Contrast phase of the series to take; of those that say none where no series says it.

    Raises
    ------
    UnreadableFileError
        There is no CT or MR image at all.
    UnsupportedSeriesError
        The series cannot be measured, the folder is of several patients or studies, or no single
        series is plainly the one; the message lists all.
    InputError
        No series has the number or UID asked for, or several have the UID.
    """
    if not listed.series:
        reasons = ", ".join(f"{n} {why}" for why, n in listed.skipped.items()) or "no files"
        raise UnreadableFileError(f"{name} holds no CT or MR series in DICOM ({reasons})")
    if wanted is not None:
        return _usable(_series_named(listed, wanted, name), name)
    if is_mixed(plane for series in listed.series for plane in series.slices):
        raise UnsupportedSeriesError(
            f"{name} holds images of several patients or studies; give the folder of one study, or "
            f"choose with --series NUMBER or UID: {_list(listed)}"
        )
    found = ranked(of_phase(plausible_series(listed), phase))
    if leads(found):
        _require_no_rival(listed, [one.series for one in found], name)
        return _usable(found[0].series, name)
    if len(listed.series) == 1 and (listed.series[0].fault or listed.series[0].mask_codes):
        return _usable(listed.series[0], name)
    raise UnsupportedSeriesError(_undecided(listed, found, name=name, phase=phase))


def plausible_series(listed: Catalogue) -> tuple[Series, ...]:
    """Return the series that speak for themselves: nothing is against them."""
    return tuple(series for series in listed.series if series.against is None)


def of_phase(series: Sequence[Series], phase: Phase | None) -> tuple[Series, ...]:
    """Return the series of a contrast phase, or those that say none where no series says it."""
    if phase is None:
        return tuple(series)
    saying = tuple(one for one in series if one.phase is phase)
    return saying or tuple(one for one in series if one.phase is Phase.UNKNOWN)


def automatic(listed: Catalogue) -> Series | None:
    """Return the series that would be taken unasked; ``None`` where one has to be chosen."""
    try:
        return choose(listed, wanted=None, name="")
    except InputError:
        return None


def is_mixed(planes: Iterable[Slice]) -> bool:
    """Tell whether planes are of several patients or studies; an emptied identifier is none."""
    told = {(plane.patient_id, plane.study_uid) for plane in planes}
    patients, studies = ({part for part in parts if part} for parts in zip(*told, strict=True))
    return len(patients) > 1 or len(studies) > 1


def _require_no_rival(listed: Catalogue, found: Sequence[Series], name: str) -> None:
    """Raise where another stack of the leading series could as well be meant."""
    leading = found[0]
    rivals = [
        one
        for one in listed.siblings(leading)
        if one in found or (one.fault is not None and len(one.slices) >= PLAUSIBLE_SLICES)
    ]
    if rivals:
        raise UnsupportedSeriesError(
            f"{name} holds {1 + len(rivals)} series that could be the liver scan, all of one "
            f"series UID; choose with --series NUMBER: {_list(listed)}"
        )


def _undecided(
    listed: Catalogue, found: Sequence[Ranked], *, name: str, phase: Phase | None
) -> str:
    kind = "" if phase is None else f" of the {phase.value} phase"
    alike = close(found)
    if not alike:
        return (
            f"{name} holds no series{kind} that is plainly the liver scan; choose with --series "
            f"NUMBER or UID: {_list(listed)}"
        )
    told = "; ".join(f"{r.series.number} has {r.score.describe()}" for r in alike)
    differ = dict.fromkeys(a.value for r in alike[1:] for a in alike[0].score.differences(r.score))
    apart = (
        f"they differ in {', '.join(differ)}" if differ else "their headers earn the same points"
    )
    return (
        f"{name} holds {len(alike)} series{kind} that could be the liver scan, and none leads "
        f"plainly ({apart}); choose with --series NUMBER or UID: {_list(listed)}. Of these {told}"
    )


def _series_named(listed: Catalogue, wanted: str, name: str) -> Series:
    matching = [series for series in listed.series if wanted in (str(series.number), series.uid)]
    if len(matching) == 1:
        return matching[0]
    fault = "several stacks" if matching else "nothing"
    raise InputError(
        f"--series {wanted} names {fault} in {name}; choose by number: {_list(listed)}"
    )


def _usable(series: Series, name: str) -> Series:
    if series.fault is not None:
        raise UnsupportedSeriesError(f"series {series.number} of {name}: {series.fault}")
    if is_mixed(series.slices):
        raise UnsupportedSeriesError(
            f"series {series.number} of {name} holds images of several patients or studies under "
            f"one series UID; export it again"
        )
    if series.mask_codes:
        raise UnsupportedSeriesError(f"series {series.number} of {name} is {A_MASK}")
    return series


def _list(listed: Catalogue) -> str:
    return "; ".join(series.describe() for series in listed.series)


def read_series_voxels(series: Series, *, progress: Progress = silent) -> NDArray[Any]:
    """Read the values of a series on its stack's grid, see `remnant.io.dicom_pixels.read_voxels`.

    Raises
    ------
    UnsupportedSeriesError
        The series has a fault.
    UnreadableFileError
        A file is truncated or damaged.
    """
    if series.stack is None:
        raise UnsupportedSeriesError(f"series {series.number}: {series.fault}")
    return read_voxels(series.stack.slices, progress=progress)
