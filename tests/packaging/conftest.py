"""What the gates look at: the sources of the five packages and the committed files."""

import ast
import subprocess
from pathlib import Path

import pytest

PACKAGES = ("remnant", "volumetry", "segmentation", "planning", "models")


@pytest.fixture(scope="session", name="packages")
def packages_fixture():
    return PACKAGES


@pytest.fixture(scope="session", name="trees")
def trees_fixture(repository) -> dict[Path, ast.Module]:
    """Syntax tree of every module of the five packages, by path relative to the checkout."""
    modules = [
        path for package in PACKAGES for path in sorted((repository / package).rglob("*.py"))
    ]
    return {
        path.relative_to(repository): ast.parse(path.read_text(encoding="utf-8"))
        for path in modules
    }


@pytest.fixture(scope="session", name="committed")
def committed_fixture(repository) -> list[Path]:
    """Every committed file that lies in the working tree, relative to the checkout."""
    command = ["git", "-C", str(repository), "ls-files", "-z"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout: there is no list of committed files")
    names = [Path(name) for name in done.stdout.split("\0") if name]
    return [name for name in names if (repository / name).is_file()]
