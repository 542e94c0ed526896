"""Landmarks from JSON, remnant's own or 3D Slicer's."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np

from remnant.core.errors import InputError, UnreadableFileError
from remnant.core.geometry import Vector3
from remnant.core.landmarks import Landmarks
from remnant.io.faults import reading, require_file
from remnant.io.frames import ras_from_lps
from remnant.io.limits import LARGEST_JSON_BYTES

WHAT = "a landmarks file"
FRAME = "RAS mm"
FARTHEST_MM = 5000.0
REQUIRED = tuple(f.name for f in fields(Landmarks) if f.default is MISSING)
NAMES = tuple(f.name for f in fields(Landmarks))


def read_landmarks(path: Path) -> Landmarks:
    """Read anatomical landmarks.

    Parameters
    ----------
    path
        Either ``{"frame": "RAS mm", "points": {"ivc": [x, y, z], ...}}`` or 3D Slicer's
        ``.mrk.json``, whose control points are labelled with the landmarks' names (case, blanks
        and hyphens do not matter) and whose ``coordinateSystem`` says LPS or RAS. Points with other
        names are passed over in Slicer's files, and refused in ours.

    Raises
    ------
    UnreadableFileError
        Missing, not JSON, or neither of the two forms.
    InputError
        A point is missing, twice there, not three plausible numbers, or in an unknown frame.
    """
    require_file(path)
    with reading(path, what=WHAT):
        document = _parsed(path)
        points = dict(_slicer_points(document, path) if "markups" in document else ())
        if "markups" not in document:
            points = _own_points(document, path)
    missing = [name for name in REQUIRED if name not in points]
    if missing:
        raise InputError(f"{path} has no {', '.join(missing)}; needed are {', '.join(REQUIRED)}")
    return Landmarks(**{name: points[name] for name in NAMES if name in points})


def _parsed(path: Path) -> Mapping[str, Any]:
    if path.stat().st_size > LARGEST_JSON_BYTES:
        raise UnreadableFileError(f"{path} is larger than {LARGEST_JSON_BYTES} bytes")
    document = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(document, dict):
        raise UnreadableFileError(f"{path} is not {WHAT}: it holds no JSON object")
    return document


def _own_points(document: Mapping[str, Any], path: Path) -> dict[str, Vector3]:
    if not isinstance(document.get("points"), dict):
        raise UnreadableFileError(f'{path} is not {WHAT}: it has neither "points" nor "markups"')
    if document.get("frame") != FRAME:
        raise InputError(f'{path} gives frame {document.get("frame")!r}; allowed is "{FRAME}"')
    unknown = sorted(set(document["points"]) - set(NAMES))
    if unknown:
        raise InputError(f"{path} has unknown point {unknown[0]!r}; allowed are {', '.join(NAMES)}")
    given = ((name, point) for name, point in document["points"].items() if point is not None)
    return {name: _vector(point, name, path) for name, point in given}


def _slicer_points(document: Mapping[str, Any], path: Path) -> dict[str, Vector3]:
    points: dict[str, Vector3] = {}
    for name, position in _labelled(document, path):
        if name in points:
            raise InputError(f"{path} has the point {name} twice; keep one")
        points[name] = position
    return points


def _labelled(document: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Vector3]]:
    for markup in document["markups"]:
        to_ras = _to_ras(markup, path)
        for point in markup.get("controlPoints") or ():
            name = _normal_name(str(point.get("label", "")))
            if name in NAMES and point.get("positionStatus", "defined") == "defined":
                yield name, to_ras(_vector(point.get("position"), name, path))


def _to_ras(markup: Mapping[str, Any], path: Path) -> Callable[[Vector3], Vector3]:
    # Slicer before 5 wrote no unit, and always meant mm
    system, unit = markup.get("coordinateSystem"), markup.get("coordinateUnits", "mm")
    converters: dict[str, Callable[[Vector3], Vector3]] = {"LPS": _from_lps, "RAS": _as_is}
    if system not in converters or unit not in ("mm", ["mm", "UCUM", "millimeter"]):
        raise InputError(f"{path} is in {system!r}, unit {unit!r}; allowed are LPS or RAS in mm")
    return converters[str(system)]


def _from_lps(point: Vector3) -> Vector3:
    x, y, z = (float(part) for part in ras_from_lps(point))
    return (x, y, z)


def _as_is(point: Vector3) -> Vector3:
    return point


def _normal_name(label: str) -> str:
    return label.strip().lower().replace(" ", "_").replace("-", "_")


def _vector(value: object, name: str, path: Path) -> Vector3:
    numbers = value if isinstance(value, list) else []
    real = [n for n in numbers if isinstance(n, (int, float)) and not isinstance(n, bool)]
    if len(numbers) != len(real) or len(real) != 3 or not np.isfinite(real).all():  # noqa: PLR2004
        raise InputError(f"{path}: {name} needs three numbers in mm, got {value!r}"[:300])
    x, y, z = (float(n) for n in real)
    if max(abs(x), abs(y), abs(z)) > FARTHEST_MM:
        raise InputError(f"{path}: {name} lies {max(abs(x), abs(y), abs(z)):g} mm away; in mm?")
    return (x, y, z)
