"""A folder of studies as a manifest: DICOM trees, BIDS-like layouts, plain folders of files.

Files belong to one case when their paths, without the folders that only say what files hold
(``masks``, ``ct``), and without the words of their names that do (``P1_liver``), are the same. What
a mask holds is told by its name, by the names of its own segments, or by its data set; what none of
them says is listed, never guessed.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from remnant.cohort.manifest import ManifestRow
from remnant.cohort.manifest_columns import (
    CASE,
    CASE_NAME,
    LONGEST_CASE,
    PATHS,
    PATIENT,
    STUDY,
    TIME_POINT,
)
from remnant.cohort.scan_datasets import case_of_channel, mask_of_dataset
from remnant.cohort.scan_dicom import FoundStudy, dicom_studies
from remnant.cohort.scan_names import (
    SCANS,
    SEGMENTATION,
    Doubt,
    NamedFile,
    bids_names,
    bids_role,
    ending_of,
    is_about_files,
    named_file,
    told_file,
)
from remnant.cohort.scan_tree import Doubts, files_below
from remnant.core.progress import Progress, silent
from remnant.io.codings import MasksPreset
from remnant.io.nifti_kind import stores_bytes
from remnant.io.roles import Part

TO_FILL_IN: Final = (
    CASE, PATIENT, TIME_POINT, STUDY, Part.LIVER.value, Part.LESIONS.value, Part.COUINAUD.value,
    "height_cm", "weight_kg", "sex", "age_years", "background",
)  # fmt: skip
"""Columns of a manifest that a person is likely to look at, or to fill in."""
DERIVATIVES: Final = "derivatives"
RAW: Final = "rawdata"
NOT_OF_THE_BODY: Final = frozenset(("func", "dwi", "fmap", "perf", "eeg", "meg", "pet"))
"""Folders of a BIDS layout whose images show no liver as CT and MR do."""
SEGMENT_FILE: Final = re.compile(r"liver_segment_[1-8]\.nii(?:\.gz)?", re.IGNORECASE)
"""As TotalSegmentator names its files; a folder of them is one map."""
Key = tuple[str, ...]
Held = tuple[str | Doubt, Path]
"""What a mask is for by its name, a column or a doubt, and its file."""


@dataclass(frozen=True, slots=True)
class Doubted:
    """What was not taken for one reason: how many, and the first, relative to the folder."""

    doubt: Doubt
    count: int
    first: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScannedFolder:
    """What a folder of studies holds.

    Parameters
    ----------
    rows
        The cases; `remnant.cohort.manifest.write_manifest` writes them.
    doubted
        What was not taken, by reason.
    """

    rows: tuple[ManifestRow, ...]
    doubted: tuple[Doubted, ...]


@dataclass(slots=True)
class _Group:
    """Files with one key: of one case, unless there are several scans."""

    scans: list[Path] = field(default_factory=list)
    unsaid: set[Path] = field(default_factory=set)
    studies: list[FoundStudy] = field(default_factory=list)
    parts: list[Held] = field(default_factory=list)
    cells: dict[str, str] = field(default_factory=dict)

    @property
    def has_scan(self) -> bool:
        return bool(self.scans or self.studies)


def scan_folder(folder: Path, *, progress: Progress = silent) -> ScannedFolder:
    """Look for studies and masks below a folder.

    No voxels are read. Links to folders are not followed.

    Raises
    ------
    InputError
        The path is no folder, or it holds too many files.
    """
    root, doubts = folder.absolute(), Doubts()
    tree = files_below(root, doubts, progress=progress)
    groups: dict[Key, _Group] = {}
    for study in dicom_studies(root, tree.maybe_dicom, doubts, progress=progress):
        groups.setdefault(_key(study.folder.parts), _Group()).studies.append(study)
    for key, item, path in _placed(tree.volumes, doubts):
        _put(groups.setdefault(key, _Group()), item, path)
    for group in groups.values():
        _drop_bytes(root, group, doubts)
    _drop_unnamed(groups, doubts)
    _give_to_hosts(groups, doubts)
    found = [cells for key, group in sorted(groups.items())
             for cells in _cases(root, key, group, doubts)]  # fmt: skip
    rows = tuple(
        ManifestRow(cells[CASE], cells, line) for line, cells in enumerate(_named(found), start=2)
    )
    return ScannedFolder(rows, _listed(doubts))


def _listed(doubts: Doubts) -> tuple[Doubted, ...]:
    return tuple(
        Doubted(doubt, doubts.counts[doubt], tuple(doubts.names[doubt]))
        for doubt in Doubt
        if doubt in doubts.counts
    )


def _key(parts: Sequence[str], owner: str = "") -> Key:
    """Return what files of one case share: folders that name it, and its name in theirs."""
    naming = tuple(part for part in parts if not is_about_files(part))
    if not owner or (naming and owner.casefold() == naming[-1].casefold()):
        return naming
    return (*naming, owner)


def _placed(volumes: Iterable[Path], doubts: Doubts) -> Iterator[tuple[Key, NamedFile, Path]]:
    """Yield each file with the key of its case and what it holds."""
    taken: set[Path] = set()
    for path in volumes:
        if SEGMENT_FILE.fullmatch(path.name):
            if path.parent not in taken:
                taken.add(path.parent)
                yield _key(path.parent.parts), NamedFile("", Part.COUINAUD.value), path.parent
        elif bids_names(path):
            yield from _placed_in_bids(path, doubts)
        else:
            above = _about_files(path.parent.parts)
            item = told_file(path.name) or named_file(path.name, above)
            owner = case_of_channel(item.owner, path.parent.name)
            yield _key(path.parent.parts, owner), item, path


def _about_files(folders: Sequence[str]) -> tuple[str, ...]:
    """Return the folders right above a file that only say what it holds."""
    first = len(folders)
    while first and is_about_files(folders[first - 1]):
        first -= 1
    return tuple(folders[first:])


def _placed_in_bids(path: Path, doubts: Doubts) -> Iterator[tuple[Key, NamedFile, Path]]:
    names = bids_names(path)
    if names is None or set(path.parts) & NOT_OF_THE_BODY:
        doubts.add(Doubt.OTHER_FILE, path.as_posix())
        return
    above = path.parts[: path.parts.index(names[0])]
    derived = DERIVATIVES in above
    base = [part for part in above[: above.index(DERIVATIVES) if derived else None] if part != RAW]
    role = bids_role(path.name)
    if role is None and derived:
        doubts.add(Doubt.DERIVED_IMAGE, path.as_posix())
        return
    yield (*base, "_".join(name for name in names if name)), NamedFile("", role or SCANS), path


def _put(group: _Group, item: NamedFile, path: Path) -> None:
    names = bids_names(path)
    if names:
        subject, session = names
        group.cells = {PATIENT: subject} | ({TIME_POINT: session} if session else {})
    if item.holds == SCANS:
        group.scans.append(path)
        if not item.said:
            group.unsaid.add(path)
    else:
        group.parts.append((item.holds, path))


def _drop_bytes(root: Path, group: _Group, doubts: Doubts) -> None:
    """Leave out files that no name calls a scan and whose voxels are stored as a mask's are."""
    for path in sorted(group.unsaid):
        if stores_bytes(root / path):
            _drop(group, path, Doubt.BYTES, doubts)


def _drop_unnamed(groups: dict[Key, _Group], doubts: Doubts) -> None:
    """Leave out files that no name calls a scan, beside those of a case named by the folder."""
    beside = Counter(key[:-1] for key, group in groups.items() if group.unsaid)
    for key, group in groups.items():
        host = groups.get(key[:-1]) if len(key) > 1 else None
        if host is not None and (host.has_scan or (host.parts and beside[key[:-1]] > 1)):
            for path in sorted(group.unsaid):
                _drop(group, path, Doubt.UNNAMED, doubts)


def _drop(group: _Group, path: Path, doubt: Doubt, doubts: Doubts) -> None:
    group.scans.remove(path)
    group.unsaid.remove(path)
    doubts.add(doubt, path.as_posix())


def _give_to_hosts(groups: dict[Key, _Group], doubts: Doubts) -> None:
    """Give masks without a scan to the one scan in their folder, below it, or right above it."""
    below = Counter[Key]()
    last: dict[Key, Key] = {}
    for key in [key for key, group in groups.items() if group.has_scan]:
        for place in (key[:n] for n in range(len(key) + 1)):
            below[place] += 1
            last[place] = key
    for key in [key for key, group in groups.items() if group.parts and not group.has_scan]:
        group = groups[key]
        host = last.get(key) or _host_above(key, groups)
        if below[key] > 1:
            for _, path in group.parts:
                doubts.add(Doubt.NO_SCAN, path.as_posix())
        elif host is not None:
            groups[host].parts += group.parts
        if below[key] > 1 or host is not None:
            group.parts = []


def _host_above(key: Key, groups: dict[Key, _Group]) -> Key | None:
    above = (key[:n] for n in range(len(key) - 1, 0, -1))
    return next((one for one in above if one in groups and groups[one].has_scan), None)


def _cases(root: Path, key: Key, group: _Group, doubts: Doubts) -> Iterator[dict[str, str]]:
    """Yield the cells of each case of a group; a case without a name of its own has its key's."""
    if len(group.scans) + len(group.studies) > 1:
        for path in group.scans:
            doubts.add(Doubt.SEVERAL_SCANS, path.as_posix())
        for _, path in group.parts:
            doubts.add(Doubt.NO_SCAN, path.as_posix())
        group.scans, group.parts = [], []
    for study in group.studies:
        own: list[Held] = [(Doubt.DICOM_MASK, path) for path in study.masks]
        yield dict(study.cells) | _masks(root, [*own, *group.parts], [], doubts)
    if not group.studies:
        yield from _case_of_files(root, key, group, doubts)


def _case_of_files(root: Path, key: Key, group: _Group, doubts: Doubts) -> Iterator[dict[str, str]]:
    masks = _masks(root, group.parts, group.scans, doubts)
    named = {CASE: "/".join(key) or root.name} | group.cells
    if group.scans:
        yield named | {STUDY: str(root / group.scans[0])} | masks
    elif {Part.LIVER.value, Part.COUINAUD.value} & set(masks):
        yield named | masks
    else:
        for mask in (text for column, text in masks.items() if column in PATHS):
            doubts.add(Doubt.NO_SCAN, Path(mask).relative_to(root).as_posix())


def _masks(
    root: Path, parts: Sequence[Held], scans: Sequence[Path], doubts: Doubts
) -> dict[str, str]:
    """Return the masks of a case by column; of a role that several files have none is taken."""
    found: dict[str, list[Path]] = {}
    presets: dict[str, MasksPreset] = {}
    for holds, path in parts:
        columns, preset = _columns(root, holds, path, scans)
        if isinstance(holds, Doubt) and not columns:
            doubts.add(holds, path.as_posix())
        for column in columns:
            found.setdefault(column, []).append(path)
            presets |= {} if preset is None else {column: preset}
    for paths in found.values():
        for path in paths if len(paths) > 1 else ():
            doubts.add(Doubt.SEVERAL_MASKS, path.as_posix())
    masks = {column: str(root / paths[0]) for column, paths in found.items() if len(paths) == 1}
    preset = next((presets[column] for column in masks if column in presets), None)
    return masks if preset is None else {**masks, "masks_preset": preset.value}


def _columns(
    root: Path, holds: str | Doubt, path: Path, scans: Sequence[Path]
) -> tuple[tuple[str, ...], MasksPreset | None]:
    """Return what a mask holds: by its name, else by its data set, else by its own segments."""
    if not isinstance(holds, Doubt):
        return (holds,), None
    known = mask_of_dataset(root, path, scans)
    if known is not None:
        return (known[0].value,), known[1]
    if ending_of(path.name) not in {"", SEGMENTATION}:
        return (), None
    from remnant.io.inspect import roles_named_in

    return tuple(part.value for part in roles_named_in(root / path)), None


def _named(found: Sequence[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Yield the cells of each case with a name that is fit for a folder, each name once."""
    shortest = Counter(_folder_name(cells[CASE].rsplit("/", 1)[-1]).casefold() for cells in found)
    taken: Counter[str] = Counter()
    for cells in found:
        name = _folder_name(cells[CASE].rsplit("/", 1)[-1])
        if shortest[name.casefold()] > 1:
            name = _folder_name(cells[CASE])
        while taken[name.casefold()]:
            taken[name.casefold()] += 1
            name = f"{name[: LONGEST_CASE - 8]}_{taken[name.casefold()]}"
        taken[name.casefold()] = 1
        yield {**cells, CASE: name}


def _folder_name(text: str) -> str:
    """Return a text as the name of a case: letters, digits, ``-``, ``_`` and ``.`` alone."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", plain).strip("._-")[: LONGEST_CASE - 8].rstrip("._-")
    is_fit = CASE_NAME.fullmatch(name) and not name.isdecimal()
    return name if is_fit else f"case-{name or 'unnamed'}"
