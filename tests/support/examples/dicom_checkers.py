"""Programs of others that read or judge DICOM objects, and what they say."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def program(name: str) -> str:
    """Return where a program lies; the test is skipped where it is not installed."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def output_of(*words: object) -> str:
    """Run a program that must succeed and return what it says, on both streams."""
    done = subprocess.run(
        [str(word) for word in words],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )
    return done.stdout.decode("utf-8", "replace")


def validator_errors(path: Path) -> list[str]:
    """Return the errors that dciodvfy finds in an object, every line that says one."""
    said = output_of(program("dciodvfy"), "-new", path).splitlines()
    return [line for line in said if line.startswith(("Error", "Abort"))]


def saved(dataset, path: Path) -> Path:
    """Write an object to a file and return its path."""
    dataset.save_as(path, enforce_file_format=True)
    return path
