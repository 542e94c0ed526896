"""A study in a zip file: unpacked with limits into a private folder that is removed after use."""

import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from remnant.core.errors import InputError, RemnantError, UnreadableFileError
from remnant.io.faults import is_foreign
from remnant.io.limits import (
    DEEPEST_ARCHIVE_FOLDER,
    LARGEST_ARCHIVE_BYTES,
    LARGEST_ARCHIVE_RATIO,
    LARGEST_FILE_COUNT,
)

ZIP_START: Final = b"PK\x03\x04"
EMPTY_ZIP_START: Final = b"PK\x05\x06"
ADVICE: Final = "unpack it yourself and give the folder"
ENCRYPTED: Final = 0x1


def is_zip_file(path: Path) -> bool:
    """Tell by its content whether a path is a zip file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(ZIP_START)) in (ZIP_START, EMPTY_ZIP_START)


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Give ``path`` itself, or, while the context lasts, what a zip file holds: a folder or file.

    Errors that name a file in that folder name it in the zip file instead.

    Raises
    ------
    UnreadableFileError
        The zip file is damaged or encrypted.
    InputError
        It holds too much, too many files, links, names that lead elsewhere, or zip files.
    """
    if not is_zip_file(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="remnant-") as name:
        folder = Path(name)
        _unpack(path, folder)
        try:
            yield _only_file(folder) or folder
        except RemnantError as fault:
            raise type(fault)(str(fault).replace(str(folder), str(path))) from fault


def _only_file(folder: Path) -> Path | None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return files[0] if len(files) == 1 else None


def _unpack(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _require_sensible(path, entries)
            left = LARGEST_ARCHIVE_BYTES
            for entry in entries:
                left -= _extract(archive, entry, folder, left)
    except RemnantError:
        raise
    except Exception as fault:
        if not (is_foreign(fault) or isinstance(fault, zipfile.BadZipFile)):
            raise
        words = fault.strerror if isinstance(fault, OSError) and fault.strerror else "it is damaged"
        raise UnreadableFileError(f"{path} cannot be unpacked: {words}; {ADVICE}") from fault


def _require_sensible(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > LARGEST_FILE_COUNT:
        raise InputError(
            f"{path} holds more than {LARGEST_FILE_COUNT} files; give the files of one study"
        )
    for entry in entries:
        fault = _fault_of(entry)
        if fault is not None:
            raise InputError(f"{path} holds {fault}; {ADVICE}")
    if len({entry.filename for entry in entries}) < len(entries):
        raise InputError(f"{path} holds two files of one name; {ADVICE}")
    total = sum(entry.file_size for entry in entries)
    if total > LARGEST_ARCHIVE_BYTES:
        raise InputError(f"{path} holds more than {LARGEST_ARCHIVE_BYTES} bytes; {ADVICE}")
    if total > LARGEST_ARCHIVE_RATIO * path.stat().st_size:
        raise InputError(
            f"{path} would grow to more than {LARGEST_ARCHIVE_RATIO} times its size; {ADVICE}"
        )


def _fault_of(entry: zipfile.ZipInfo) -> str | None:
    name = PurePosixPath(entry.filename)
    faults = {
        "an encrypted file": entry.flag_bits & ENCRYPTED,
        "a link": stat.S_ISLNK(entry.external_attr >> 16),
        "a name that leads out of it": name.is_absolute()
        or ".." in name.parts
        or set("\\:\0") & set(entry.filename),
        f"more than {DEEPEST_ARCHIVE_FOLDER} folders in each other": len(name.parts)
        > DEEPEST_ARCHIVE_FOLDER,
        "a zip file": name.suffix.casefold() == ".zip",
    }
    return next((words for words, found in faults.items() if found), None)


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, most: int) -> int:
    """Write one file and return its bytes, which may be more than the archive says."""
    place = folder.joinpath(*PurePosixPath(entry.filename).parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as packed, place.open("xb") as plain:
        start = packed.read(len(ZIP_START))
        if start == ZIP_START:
            raise InputError(f"{archive.filename} holds a zip file; {ADVICE}")
        plain.write(start)
        shutil.copyfileobj(packed, plain, 1 << 20)
        size = plain.tell()
    if size > min(most, entry.file_size):
        raise InputError(f"{archive.filename} holds more than it says; {ADVICE}")
    return size
