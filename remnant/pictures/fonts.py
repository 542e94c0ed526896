"""The type that comes with matplotlib: a machine without any draws and prints the same."""

from importlib.util import find_spec
from pathlib import Path


def font_file(name: str) -> Path:
    """Return where a font of matplotlib lies, without loading matplotlib."""
    found = find_spec("matplotlib")
    assert found is not None and found.origin is not None  # noqa: S101, PT018  # it is required
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / name
