"""Every file below a folder of studies, sorted by what kind it can be."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from remnant.cohort.layout import COHORT_JSON
from remnant.cohort.scan_names import Doubt, ending_of, told_file
from remnant.core.errors import InputError
from remnant.core.progress import Progress, silent
from remnant.pipeline.case_files import STATE, STRUCTURES

MOST_FILES: Final = 20_000_000
BIDS_FILE: Final = "dataset_description.json"
NOT_RAW: Final = frozenset(("sourcedata", "code", "stimuli"))
"""Folders of a BIDS layout whose files are not its images."""
DICOM_ENDINGS: Final = frozenset((".dcm", ".ima", ".dicom", ""))
OTHER_ENDINGS: Final = frozenset(
    (".json", ".yaml", ".yml", ".txt", ".csv", ".tsv", ".md", ".xml", ".html", ".pdf", ".png",
     ".jpg", ".jpeg", ".gz", ".tar", ".py", ".log", ".xlsx", ".docx", ".mat", ".npy", ".npz",
     ".bval", ".bvec", ".raw", ".zraw", ".img", ".hdr", ".parquet", ".stl", ".glb", ".db")
)  # fmt: skip
"""Files that are never opened to see whether they are DICOM."""
FEW: Final = 5


@dataclass(slots=True)
class Doubts:
    """What was not taken and why: how many there are of each doubt, and the first names."""

    counts: dict[Doubt, int] = field(default_factory=dict)
    names: dict[Doubt, list[str]] = field(default_factory=dict)

    def add(self, doubt: Doubt, name: str) -> None:
        """Note one file, folder or study."""
        self.counts[doubt] = self.counts.get(doubt, 0) + 1
        first = self.names.setdefault(doubt, [])
        shown = "".join(sign if sign.isprintable() else "?" for sign in name)
        if len(first) < FEW and shown not in first:
            first.append(shown)


@dataclass(frozen=True, slots=True)
class Tree:
    """Files below a folder, in order; paths are relative to it.

    Parameters
    ----------
    volumes
        Files that hold a volume, or facts or points of a case.
    maybe_dicom
        Files that may be DICOM, by their folder.
    """

    volumes: tuple[Path, ...]
    maybe_dicom: dict[Path, list[str]]


def files_below(folder: Path, doubts: Doubts, *, progress: Progress = silent) -> Tree:
    """Return the files below a folder; what is not taken is noted.

    Hidden files and folders are passed over, links to folders are not followed.

    Raises
    ------
    InputError
        The path is no folder, or holds more than 20 million files.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give one that holds studies")
    volumes: list[Path] = []
    maybe_dicom: dict[Path, list[str]] = {}
    count = 0
    for place, names in _folders(folder, doubts):
        count += len(names)
        if count > MOST_FILES:
            raise InputError(f"{folder} holds more than {MOST_FILES} files; scan it in parts")
        progress("looking at files", count, count)
        for name in names:
            if ending_of(name) or told_file(name):
                volumes.append(place / name)
            elif _may_be_dicom(name):
                maybe_dicom.setdefault(place, []).append(name)
            elif name != BIDS_FILE:
                doubts.add(Doubt.OTHER_FILE, (place / name).as_posix())
    return Tree(tuple(sorted(volumes)), maybe_dicom)


def _folders(root: Path, doubts: Doubts) -> Iterator[tuple[Path, list[str]]]:
    """Yield each folder below another one, relative to it, with the names of its files."""
    waiting = [Path()]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(root / place) as listing:
                entries = sorted((e for e in listing if not e.name.startswith(".")), key=_name)
        except OSError:
            doubts.add(Doubt.UNREADABLE_FOLDER, place.as_posix())
            continue
        for entry in [entry for entry in entries if not _fits_cell(entry.name)]:
            doubts.add(Doubt.ODD_NAME, (place / entry.name).as_posix())
            entries.remove(entry)
        names = [entry.name for entry in entries if entry.is_file()]
        if {STATE, STRUCTURES} <= set(names) or COHORT_JSON in names:
            doubts.add(Doubt.CASE_OF_REMNANT, place.as_posix())
            continue
        below = _below(place, entries, doubts, is_bids=BIDS_FILE in names)
        waiting.extend(reversed(below))
        yield place, names


def _fits_cell(name: str) -> bool:
    """Tell whether a name comes back as it is when a manifest with it is read."""
    return name.isprintable() and name == name.strip()


def _name(entry: "os.DirEntry[str]") -> str:
    return entry.name


def _below(
    place: Path, entries: "list[os.DirEntry[str]]", doubts: Doubts, *, is_bids: bool
) -> list[Path]:
    kept = []
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if is_bids and entry.name in NOT_RAW:
                doubts.add(Doubt.SOURCE_DATA, (place / entry.name).as_posix())
            else:
                kept.append(place / entry.name)
        elif entry.is_dir():
            doubts.add(Doubt.LINKED_FOLDER, (place / entry.name).as_posix())
    return kept


def _may_be_dicom(name: str) -> bool:
    suffix = Path(name).suffix.lower()
    is_number = suffix[1:].isdecimal()
    return suffix in DICOM_ENDINGS or is_number or suffix not in OTHER_ENDINGS
