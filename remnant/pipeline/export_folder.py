"""The folder of an export, and the list in it of all that was written there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import remnant
from remnant.core.errors import InputError
from remnant.documents.json_files import read_json, write_json
from remnant.io.atomic import digest_file
from remnant.pipeline.results import published_results
from remnant.wording.research_use import RESEARCH_USE

MANIFEST: Final = "export.json"
COMPARED: Final = ("target", "study")
"""What tells two exports apart: the program that they are for, and whose they are."""


@contextmanager
def published_export(folder: Path, facts: Mapping[str, object]) -> Iterator[Path]:
    """Give a staging folder whose files appear in ``folder`` together, or not at all.

    An earlier export is replaced, unless something was added to it or changed in it. ``facts`` go
    into the list of files that is written in the end; they may be added to in the block.

    Raises
    ------
    InputError
        The folder holds anything else, or cannot be written.
    """
    with published_results(folder, _earlier(folder)) as staging:
        yield staging
        files = {name: digest_file(staging / name) for name in _files(staging)}
        head = {"software": {"remnant": remnant.__version__}, "notice": RESEARCH_USE}
        write_json({**head, **facts, "files": files}, staging / MANIFEST)


def replaced_export(folder: Path, facts: Mapping[str, object]) -> str | None:
    """Name the export that one with ``facts`` takes the place of; ``None`` where there is none.

    Raises
    ------
    InputError
        It is of another study, or for another program.
    """
    known = _known(folder)
    if COMPARED[0] not in known:
        return None
    said = " of ".join(f"{known[key]}" for key in COMPARED if key in known)
    if any(known.get(key) != facts.get(key) for key in COMPARED):
        raise InputError(
            f"{folder} holds another export, {said}; name another folder with -o, or delete it"
        )
    return f"the earlier export, {said}"


def _known(folder: Path) -> Mapping[str, object]:
    """Return what an earlier export says of itself; nothing where the folder is none."""
    if not (folder / MANIFEST).is_file():
        return {}
    known = read_json(folder / MANIFEST, what=MANIFEST)
    return known if isinstance(known, dict) else {}


def _files(folder: Path) -> tuple[str, ...]:
    """Return all files below a folder, but for the list itself."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return tuple(sorted(name for name in found if name != MANIFEST))


def _earlier(folder: Path) -> tuple[str, ...]:
    """Return the names in an earlier export; none where the folder is no export.

    Raises
    ------
    InputError
        A file was changed since, or added.
    """
    listed = _known(folder).get("files")
    if not isinstance(listed, dict):
        return ()
    for name in _files(folder):
        if digest_file(folder / name) != listed.get(name):
            raise InputError(
                f"{folder / name} was added or changed since the export; name another folder with "
                f"-o, or move that file away"
            )
    return tuple(path.name for path in folder.iterdir())
