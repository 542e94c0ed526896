"""Every file of a study, each once: below a folder, or as a DICOMDIR lists them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from remnant.core.errors import InputError, UnreadableFileError
from remnant.io.dicomdir import DICOMDIR_NAME, Reference, is_dicomdir, read_dicomdir
from remnant.io.left_out import (
    LINK_OUTSIDE,
    LINK_REPEATED,
    MISSING_REFERENCE,
    NOT_A_FILE,
    NOT_OPENED,
    LeftOut,
)
from remnant.io.limits import LARGEST_FILE_COUNT


@dataclass(frozen=True, slots=True)
class StudyFiles:
    """Ordinary files in order, and what else there is: links, devices, missing files."""

    paths: tuple[Path, ...]
    left_out: tuple[LeftOut, ...] = ()


def study_files(path: Path) -> StudyFiles:
    """Return a file itself, what a DICOMDIR lists, or every file below a folder.

    No link leads out of the folder given, which may be a link itself. A link to something within
    the folder is not followed either, as that is found anyway. What a DICOMDIR in the folder lists
    is found without its help; what it lists and is missing is left out by name.

    Raises
    ------
    UnreadableFileError
        The path does not exist, or is a damaged DICOMDIR.
    InputError
        More files than `LARGEST_FILE_COUNT`.
    """
    if not path.exists():
        raise UnreadableFileError(f"{path} does not exist; check the path")
    if not path.is_file():
        return _below_folder(path)
    return _listed(path, read_dicomdir(path)) if is_dicomdir(path) else StudyFiles((path,))


def files_below(path: Path) -> list[Path]:
    """Return a file itself, or every ordinary file below a folder in order.

    Raises
    ------
    UnreadableFileError
        The path does not exist.
    InputError
        More files than `LARGEST_FILE_COUNT`.
    """
    return list(study_files(path).paths)


def _below_folder(folder: Path) -> StudyFiles:
    found: list[Path | LeftOut] = []
    for entry in _entries(folder):
        found.append(entry)
        if len(found) > LARGEST_FILE_COUNT:
            raise InputError(
                f"{folder} holds more than {LARGEST_FILE_COUNT} files; give the folder of one study"
            )
    paths = sorted(entry for entry in found if isinstance(entry, Path))
    left_out = [entry for entry in found if isinstance(entry, LeftOut)]
    for path in paths:
        if path.name.casefold() == DICOMDIR_NAME:
            left_out.extend(_missing_from(path))
    return StudyFiles(tuple(paths), tuple(left_out))


def _entries(folder: Path) -> Iterator[Path | LeftOut]:
    root = folder.resolve()
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            children = list(os.scandir(place))
        except OSError:
            yield LeftOut(path=place, reason=NOT_OPENED)
            continue
        for child in children:
            if child.is_dir(follow_symlinks=False):
                waiting.append(Path(child))
            elif child.is_file(follow_symlinks=False):
                yield Path(child)
            else:
                yield LeftOut(path=Path(child), reason=_why_not_a_file(Path(child), root))


def _why_not_a_file(path: Path, root: Path) -> str:
    if not path.is_symlink():
        return NOT_A_FILE
    return LINK_REPEATED if _is_within(path, root) else LINK_OUTSIDE


def _is_within(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):
        # a loop of links leads nowhere, so not outside either
        return True


def _missing_from(dicomdir: Path) -> tuple[LeftOut, ...]:
    try:
        if not is_dicomdir(dicomdir):
            return ()
        return _listed(dicomdir, read_dicomdir(dicomdir)).left_out
    except UnreadableFileError:
        # all files of the folder are looked at anyway, this one too
        return ()


def _listed(dicomdir: Path, references: tuple[Reference, ...]) -> StudyFiles:
    folder = dicomdir.parent
    root = folder.resolve()
    paths: dict[Path, None] = {}
    left_out: dict[Path, LeftOut] = {}
    for reference in references[: LARGEST_FILE_COUNT + 1]:
        path = _place_of(reference, folder)
        if path is not None and _is_within(path, root):
            paths[path] = None
        else:
            is_missing = path is None and reference.is_below
            named = folder.joinpath(*reference.parts) if is_missing else path or folder
            reason = MISSING_REFERENCE if is_missing else LINK_OUTSIDE
            left_out[named] = _lost(reference, named, reason)
    if len(references) > LARGEST_FILE_COUNT:
        raise InputError(f"{dicomdir} lists more than {LARGEST_FILE_COUNT} files")
    return StudyFiles(tuple(paths), tuple(left_out.values()))


def _lost(reference: Reference, path: Path, reason: str) -> LeftOut:
    return LeftOut(
        path=path, reason=reason, series_uid=reference.series_uid, sop_uid=reference.sop_uid
    )


def _place_of(reference: Reference, folder: Path) -> Path | None:
    """Return the file that a DICOMDIR means; discs are copied in small letters, or with ``;1``."""
    if not reference.is_below:
        return None
    place = folder.joinpath(*reference.parts)
    if place.is_file():
        return place
    place = folder
    for part in reference.parts:
        found = _child(place, part)
        if found is None:
            return None
        place = found
    return place if place.is_file() else None


def _child(folder: Path, name: str) -> Path | None:
    wanted = name.casefold()
    try:
        children = list(folder.iterdir())
    except OSError:
        return None
    for child in children:
        given = child.name.casefold().removesuffix(";1").rstrip(".")
        if given in (wanted, wanted.removesuffix(";1")):
            return child
    return None
