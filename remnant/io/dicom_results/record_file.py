"""The record of a case's images as a file, and back; nothing in the file is trusted."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic_core import SchemaValidator, ValidationError, core_schema

from remnant.core.errors import GeometryMismatchError, InputError, UnreadableFileError
from remnant.core.geometry import Geometry
from remnant.io.dicom_results.source_record import VERSION, SourcePlane, SourceRecord, is_kept
from remnant.io.faults import is_foreign, quiet
from remnant.io.frames import lps_from_ras
from remnant.io.limits import LARGEST_FRAME_COUNT, LARGEST_PLANE_SIDE

LONGEST_UID: Final = 128
MOST_ELEMENTS: Final = 256
WHAT: Final = "record of a case's images"
CLOSED: Final = core_schema.CoreConfig(extra_fields_behavior="forbid", strict=True)
SIDE: Final = core_schema.int_schema(ge=1, le=LARGEST_PLANE_SIDE)
NUMBER: Final = core_schema.float_schema(allow_inf_nan=False)
LENGTH: Final = core_schema.float_schema(gt=0.0, allow_inf_nan=False)
VECTOR: Final = core_schema.tuple_schema([NUMBER, NUMBER, NUMBER])
UID_TEXT: Final = core_schema.str_schema(min_length=1, max_length=LONGEST_UID)
PLANE: Final = {
    "sop_instance_uid": UID_TEXT,
    "frame": core_schema.nullable_schema(core_schema.int_schema(ge=1, le=LARGEST_FRAME_COUNT)),
    "position_lps_mm": VECTOR,
}


def _shape(kind: type, parts: Mapping[str, Any]) -> core_schema.CoreSchema:
    arguments = [core_schema.dataclass_field(n, part, kw_only=True) for n, part in parts.items()]
    return core_schema.dataclass_schema(
        kind,
        core_schema.dataclass_args_schema(kind.__name__, arguments),
        [*parts],
        slots=True,
        config=CLOSED,
    )


RECORD: Final = {
    "version": core_schema.literal_schema([VERSION]),
    "image_sha256": core_schema.str_schema(pattern="^[0-9a-f]{64}$"),
    "header": core_schema.dict_schema(
        core_schema.str_schema(pattern="^[0-9A-F]{8}$"),
        core_schema.dict_schema(core_schema.str_schema(), core_schema.any_schema()),
        max_length=MOST_ELEMENTS,
    ),
    "sop_class_uid": UID_TEXT,
    "columns": SIDE,
    "rows": SIDE,
    "row_direction_lps": VECTOR,
    "column_direction_lps": VECTOR,
    "pixel_spacing_mm": core_schema.tuple_schema([LENGTH, LENGTH]),
    "planes": core_schema.tuple_variable_schema(
        _shape(SourcePlane, PLANE), min_length=2, max_length=LARGEST_FRAME_COUNT
    ),
}
VALIDATOR: Final = SchemaValidator(_shape(SourceRecord, RECORD))


def encode_record(record: SourceRecord) -> bytes:
    """Return a record as JSON in UTF-8, a line for each key; the same record, the same bytes."""
    lines = [f"{json.dumps(key)}:{_compact(part)}" for key, part in asdict(record).items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode("utf-8")


def _compact(part: object) -> str:
    return json.dumps(part, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def decode_record(content: bytes) -> SourceRecord:
    """Return the record that a file holds.

    Raises
    ------
    UnreadableFileError
        It is none, or of another version. The message quotes no value: they are a person's.
    """
    try:
        record: SourceRecord = VALIDATOR.validate_json(content)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False, include_context=False)[0]
        # further keys are what somebody wrote there
        place = next(iter(map(str, first["loc"][:1])), "the top level")
        place = place if place in RECORD else "the top level"
        raise _damaged(f"at {place}: {first['type'].replace('_', ' ')}") from fault
    _require_sound(record)
    return record


def _require_sound(record: SourceRecord) -> None:
    with quiet():
        try:
            header = record.dataset
            named = header.get("StudyInstanceUID") and header.get("SeriesInstanceUID")
            known = all(is_kept(element) for element in header)
        except Exception as fault:
            if not is_foreign(fault):
                raise
            raise _damaged("the header is none of DICOM") from fault
    if not (named and known):
        raise _damaged("the header names no study and series, or more than is kept")
    names = {(plane.sop_instance_uid, plane.frame) for plane in record.planes}
    frames = {plane.frame is None for plane in record.planes}
    if len(names) < len(record.planes) or len(frames) > 1:
        raise _damaged("its planes are not all other ones")


def _damaged(why: str) -> UnreadableFileError:
    return UnreadableFileError(f"this is no {WHAT} ({why})")


def require_of_case(record: SourceRecord, image_sha256: str | None, grid: Geometry) -> None:
    """Raise unless a record is that of the image of a case whose maps lie on a grid.

    Raises
    ------
    InputError
        It is of another image.
    GeometryMismatchError
        Its planes lie elsewhere than the maps'.
    """
    if record.image_sha256 != image_sha256:
        raise InputError(
            f"it is of another image (sha256 {record.image_sha256[:12]}, "
            f"not {(image_sha256 or 'none')[:12]})"
        )
    shape = (record.columns, record.rows, len(record.planes))
    if shape != grid.shape:
        raise GeometryMismatchError(f"it has {_size(shape)} voxels, the maps {_size(grid.shape)}")
    off_mm = _distance_mm(record, grid)
    if off_mm > min(grid.spacing_mm) / 2:
        raise GeometryMismatchError(f"its planes lie up to {off_mm:.2f} mm off those of the maps")


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _distance_mm(record: SourceRecord, grid: Geometry) -> float:
    """Return how far the corners of the planes lie from those of a grid, at most."""
    i, j = record.columns - 1, record.rows - 1
    k = np.arange(len(record.planes))
    rows, columns = record.pixel_spacing_mm
    starts = np.array([plane.position_lps_mm for plane in record.planes])
    across = np.multiply(record.row_direction_lps, columns)
    down = np.multiply(record.column_direction_lps, rows)
    found = [
        np.linalg.norm(starts + a * across + b * down - _placed(grid, a, b, k), axis=1).max()
        for a in (0, i)
        for b in (0, j)
    ]
    return float(max(found))


def _placed(grid: Geometry, i: int, j: int, k: NDArray[np.intp]) -> NDArray[np.float64]:
    voxels = np.stack((np.full(k.shape, i), np.full(k.shape, j), k, np.ones(k.shape)))
    return lps_from_ras((grid.affine_ras @ voxels)[:3].T)
