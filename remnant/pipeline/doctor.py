"""What is installed, which device and models there are, and what is missing."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from re import match
from typing import Final

from models.cache import cache_folder
from models.catalog import ModelInfo
from models.registry import installed, list_models
from remnant import __version__
from segmentation.engines.device import chosen_device

LEAST_MEMORY_BYTES: Final = 6 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the doctor's report; ``advice`` is empty when all is well.

    What ``fails`` is missing or cannot be used; other advice is only worth knowing.
    """

    name: str
    found: str
    advice: str = ""
    fails: bool = False


def examine() -> tuple[Check, ...]:
    """Look at the installation; nothing is changed and nothing fetched."""
    return (
        Check(name="remnant", found=__version__),
        Check(name="Python", found=f"{platform.python_version()} on {platform.system()}"),
        *_packages(),
        Check(name="device", found=chosen_device("auto")),
        _memory(),
        Check(name="cache", found=str(cache_folder())),
        *_models(),
    )


def _packages() -> tuple[Check, ...]:
    names = [found[0] for r in requires("remnant") or () if (found := match(r"[\w.-]+", r))
             and "extra ==" not in r]  # fmt: skip
    return tuple(_package(name) for name in sorted(names))


def _package(name: str) -> Check:
    try:
        return Check(name=name, found=version(name))
    except PackageNotFoundError:
        how = "python -m ensurepip" if name == "pip" else f"pip install {name}"
        return _missing(name, "missing", f"install it with {how}")


def _memory() -> Check:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return Check(name="memory", found="unknown")
    size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    little = "" if size >= LEAST_MEMORY_BYTES else "large scans may need more than there is"
    return Check(name="memory", found=f"{size / 1024**3:.1f} GiB", advice=little)


def _models() -> tuple[Check, ...]:
    return tuple(_model(info) for info in list_models())


def _model(info: ModelInfo) -> Check:
    name = f"model {info.id}"
    if installed(info.id):
        return Check(name=name, found=f"{info.version} installed")
    if info.shipped:
        return _missing(name, "missing or changed", "install remnant again")
    if info.optional:
        advice = f"needed for boxes and --quality best: `remnant models pull {info.id}`"
        return Check(name=name, found="not installed", advice=advice)
    advice = f"fetch it with `remnant models pull {info.id}` (demo and run do so themselves)"
    return _missing(name, "not installed", advice)


def _missing(name: str, found: str, advice: str) -> Check:
    return Check(name=name, found=found, advice=advice, fails=True)
