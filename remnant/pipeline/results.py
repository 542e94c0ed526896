"""A folder of results whose files appear together, or not at all."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from remnant.core.errors import InputError
from remnant.pipeline.publishing import publish, settle, staged_beside


def require_results_folder(folder: Path, files: Sequence[str]) -> None:
    """Raise unless results can be written to ``folder``; called before the work, not after.

    Raises
    ------
    InputError
        The path is a file, cannot be written, or is a folder that holds other files.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"output {folder} is a file; name a new folder")
    require_writable(folder)
    settle(folder)
    there = folder.iterdir() if folder.is_dir() else ()
    strangers = sorted(path.name for path in there if path.name not in files)
    if strangers:
        raise InputError(
            f"output folder {folder} holds other files ({strangers[0]}, …); name a new folder"
        )


def require_replaceable_results(
    folder: Path, files: Sequence[str], *, overwrite: bool
) -> str | None:
    """Say which results in a folder are replaced; ``None`` where there are none.

    Raises
    ------
    InputError
        There are some and nobody asked for that; or see `require_results_folder`.
    """
    require_results_folder(folder, files)
    there = [name for name in files if (folder / name).is_file()]
    if not there:
        return None
    made = datetime.fromtimestamp((folder / there[0]).stat().st_mtime, tz=UTC)
    what = f"{there[0]} of {made:%Y-%m-%d %H:%M} UTC"
    if not overwrite:
        raise InputError(
            f"output folder {folder} holds {what}; name another folder, or add --overwrite to "
            f"replace it"
        )
    return f"Replaced {what} and what was with it"


def require_writable(folder: Path) -> None:
    """Raise unless ``folder``, or the nearest folder above it that exists, can be written to.

    Raises
    ------
    InputError
        It cannot.
    """
    above = next(p for p in folder.absolute().parents if p.exists())
    if not above.is_dir() or not os.access(folder if folder.is_dir() else above, os.W_OK):
        raise InputError(f"output {folder} cannot be written below {above}; name another folder")


@contextmanager
def published_results(folder: Path, files: Sequence[str]) -> Iterator[Path]:
    """Give a staging folder whose files appear in ``folder`` together, or not at all.

    Parameters
    ----------
    folder
        New, or one that holds nothing but ``files`` of an earlier run, which are replaced.
    files
        Names that may be written.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    folder = folder.resolve()
    require_results_folder(folder, files)
    with staged_beside(folder) as staging:
        yield staging
        # what came meanwhile is nobody's to replace
        require_results_folder(folder, files)
        publish(staging, folder, files)
