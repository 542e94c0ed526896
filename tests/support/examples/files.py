"""What lies in a folder or a file, for tests to compare."""

import json
from pathlib import Path
from typing import Any

from remnant.core.findings import Finding
from remnant.core.volumes import LabelMap
from remnant.io.masks import Part, read_segment_map


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Return the content of every file by its name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def document_of(folder: Path) -> dict[str, Any]:
    """Return a case's report as it is stored."""
    document: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return document


def segment_map(path: Path, part: Part = Part.COUINAUD) -> tuple[LabelMap, dict[str, Finding]]:
    """Return a map of segments, and what was noticed about it by name."""
    found = read_segment_map(path, part)
    return found.labels, {finding.id: finding for finding in found.quality}
