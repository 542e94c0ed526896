"""DICOM series of a folder: grouped, checked, and one of them chosen and read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from remnant.core.errors import InputError, UnreadableFileError, UnsupportedSeriesError
from remnant.core.progress import Progress, silent
from remnant.core.volumes import Modality, Phase
from remnant.io.dicom_folder import FolderScan, scan
from remnant.io.dicom_phase import phase_from_text
from remnant.io.dicom_pixels import digest_pixels, read_voxels, require_decoders
from remnant.io.dicom_slices import Slice
from remnant.io.dicom_stack import Stack, build_stack, split_by_grid, split_by_tags
from remnant.io.grid_doubts import require_believable_spacing

PLAUSIBLE_SLICES = 10
PROJECTIONS = frozenset(("PROJECTION IMAGE", "MIP", "MINIP", "MIN_IP", "MAX_IP"))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Series:
    """One stack of planes that may be a volume.

    Parameters
    ----------
    number
        Its place in the list, from 1: what ``--series`` takes.
    uid
        Its SeriesInstanceUID, minted where the file's was emptied.
    slices
        Planes in no order.
    stack
        The planes in order on their grid; ``None`` when ``fault`` says why there is none.
    fault
        Why the series cannot be measured; ``None`` when it can.
    """

    number: int
    uid: str
    slices: tuple[Slice, ...] = field(repr=False)
    stack: Stack | None
    fault: str | None

    @property
    def modality(self) -> Modality:
        """CT or MR."""
        return self.slices[0].modality

    @property
    def description(self) -> str:
        """Series description."""
        return self.slices[0].description

    @property
    def phase(self) -> Phase:
        """Contrast phase, where the description names one."""
        return phase_from_text(self.description)

    @property
    def against(self) -> str | None:
        """Why this series is not taken unasked; ``None`` for a plausible liver scan."""
        if self.fault is not None or self.stack is None:
            return self.fault
        if PROJECTIONS & set(self.slices[0].image_type):
            return "a projection, not a volume"
        if len(self.stack.slices) < PLAUSIBLE_SLICES:
            return f"fewer than {PLAUSIBLE_SLICES} slices"
        return None

    def describe(self) -> str:
        """Return number, modality, slices, spacing and description in one line."""
        spacing = "spacing unknown"
        if self.stack is not None:
            spacing = " x ".join(f"{s:.3g}" for s in self.stack.geometry.spacing_mm) + " mm"
        text = f", '{self.description}'" if self.description else ""
        against = f" [{self.against}]" if self.against else ""
        facts = f"{self.modality.upper()}, {len(self.slices)} slices, {spacing}{text}"
        return f"{self.number}: {facts}{against}"


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All series of a folder, and how many files were passed over for which reason."""

    series: tuple[Series, ...]
    skipped: Mapping[str, int]


def catalogue(path: Path, *, progress: Progress = silent) -> Catalogue:
    """List the CT and MR series below a folder, or in one multi-frame file.

    Planes belong together by SeriesInstanceUID (by number, time, description and frame of
    reference where UIDs were emptied), orientation, size and pixel spacing, and, where planes
    overlap, by the tags that part phases and echoes.

    Raises
    ------
    UnreadableFileError
        The path does not exist.
    InputError
        Far too many files.
    """
    found: FolderScan = scan(path, progress=progress)
    groups = sorted(_groups(found.slices), key=_order)
    series = (_series(group, number=n) for n, group in enumerate(groups, start=1))
    return Catalogue(tuple(series), found.skipped)


def _groups(slices: Sequence[Slice]) -> list[list[Slice]]:
    by_uid: dict[tuple[str, Modality], list[Slice]] = defaultdict(list)
    for plane in slices:
        by_uid[plane.series_uid, plane.modality].append(plane)
    grids = (part for planes in by_uid.values() for part in split_by_grid(planes))
    return [stack for part in grids for stack in split_by_tags(part)]


def _order(group: list[Slice]) -> tuple[int, str, tuple[str, ...]]:
    first = min(group, key=lambda plane: (plane.path, plane.frame))
    return (first.series_number, first.series_uid, first.split)


def _series(group: list[Slice], *, number: int) -> Series:
    stack, fault = None, None
    try:
        stack = build_stack(group, digest=digest_pixels)
        require_believable_spacing(stack.geometry, name="the series")
        require_decoders(stack.slices)
    except (UnsupportedSeriesError, UnreadableFileError) as refused:
        stack, fault = None, str(refused)
    return Series(
        number=number, uid=group[0].series_uid, slices=tuple(group), stack=stack, fault=fault
    )


def choose(listed: Catalogue, *, wanted: str | None, name: str) -> Series:
    """Return the series that was asked for, or the only plausible one.

    Parameters
    ----------
    listed
        What the folder holds.
    wanted
        Number in the list or SeriesInstanceUID; ``None`` to take the only series that can be
        measured and has at least 10 slices.
    name
        The folder, for the message.

    Raises
    ------
    UnreadableFileError
        There is no CT or MR image at all.
    UnsupportedSeriesError
        The series cannot be measured, or no single one is plausible; the message lists all.
    InputError
        No series has the number or UID asked for, or several have the UID.
    """
    if not listed.series:
        reasons = ", ".join(f"{n} {why}" for why, n in listed.skipped.items()) or "no files"
        raise UnreadableFileError(f"{name} holds no CT or MR series in DICOM ({reasons})")
    if wanted is not None:
        return _usable(_series_named(listed, wanted, name), name)
    plausible = [series for series in listed.series if series.against is None]
    if len(plausible) == 1:
        return plausible[0]
    if len(listed.series) == 1 and listed.series[0].fault:
        return _usable(listed.series[0], name)
    count = f"{len(plausible)} series that could be" if plausible else "no series that is plainly"
    raise UnsupportedSeriesError(
        f"{name} holds {count} the liver scan; choose with --series NUMBER or UID: {_list(listed)}"
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
