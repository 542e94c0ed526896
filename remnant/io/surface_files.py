"""Surfaces for other programs: STL and binary glTF. For looking only, never for measuring."""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.map_description import NamedLabel
from remnant.io.atomic import atomic_path
from remnant.io.frames import lps_from_ras

DISPLAY_ONLY: Final = "display only, not for measurement"
STL_HEADER: Final = f"remnant; SPACE=LPS; unit mm; {DISPLAY_ONLY}"
"""3D Slicer looks for SPACE in the header of an STL; without it, it takes LPS as well."""
STL_HEADER_BYTES: Final = 80
TRIANGLE: Final = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("extra", "<u2")])
METRES_PER_MM: Final = 0.001
GLTF_FROM_LPS: Final = (
    *(METRES_PER_MM, 0.0, 0.0, 0.0),
    *(0.0, 0.0, -METRES_PER_MM, 0.0),
    *(0.0, METRES_PER_MM, 0.0, 0.0),
    *(0.0, 0.0, 0.0, 1.0),
)
"""Column by column: x stays left, head (S) is up (y), and the front (A) faces the reader (z)."""
GLTF_MAGIC, GLTF_VERSION = 0x46546C67, 2
MZ3_MAGIC: Final = 0x5A4D
MZ3_FACES, MZ3_VERTICES = 1, 2
"""What an MZ3 file says that it holds."""
JSON_CHUNK, BINARY_CHUNK = 0x4E4F534A, 0x004E4942
FLOAT, UNSIGNED_INT = 5126, 5125
VERTICES_TARGET, FACES_TARGET = 34962, 34963
ROUGH: Final = 0.7
DARK: Final = 0.04045
"""Up to here sRGB is a straight line."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Surface:
    """A closed triangle surface of one label.

    Parameters
    ----------
    label
        Name, colour and origin.
    vertices_ras_mm
        Points of shape ``(n, 3)`` in RAS mm.
    faces
        Corners of each triangle, ``(m, 3)``, counter-clockwise as seen from outside.
    opacity
        From 0 to 1.
    """

    label: NamedLabel
    vertices_ras_mm: NDArray[np.float64]
    faces: NDArray[np.intp]
    opacity: float = 1.0


def write_stl(surface: Surface, path: Path) -> None:
    """Write a surface as binary STL in LPS mm, as the header says.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    corners = lps_from_ras(surface.vertices_ras_mm)[surface.faces]
    triangles = np.zeros(len(corners), TRIANGLE)
    triangles["corners"] = corners
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    triangles["normal"] = _unit(normals)
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        stream.write(STL_HEADER.encode("ascii").ljust(STL_HEADER_BYTES))
        stream.write(struct.pack("<I", len(triangles)))
        stream.write(triangles.tobytes())


def mz3_bytes(surface: Surface) -> bytes:
    """Return a surface as MZ3, which NiiVue and Surf Ice read: triangles in RAS mm."""
    points = np.ascontiguousarray(surface.vertices_ras_mm, "<f4")
    faces = np.ascontiguousarray(surface.faces, "<i4")
    head = struct.pack("<HHIII", MZ3_MAGIC, MZ3_FACES | MZ3_VERTICES, len(faces), len(points), 0)
    return head + faces.tobytes() + points.tobytes()


def write_glb(surfaces: Sequence[Surface], path: Path, *, facts: Mapping[str, object]) -> None:
    """Write surfaces as binary glTF 2.0, each as a named node with its colour.

    The points are in LPS mm; the root node turns them to what glTF asks for: metres, head up, front
    to the reader. ``facts`` go into the file beside the statement that it is for display only.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    buffer = bytearray()
    blocks = [_append(surface, buffer) for surface in surfaces]
    document = _document(surfaces, blocks, len(buffer), facts)
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    chunks = _chunk(JSON_CHUNK, text.encode(), b" ") + _chunk(BINARY_CHUNK, bytes(buffer), b"\0")
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        stream.write(struct.pack("<III", GLTF_MAGIC, GLTF_VERSION, 12 + len(chunks)))
        stream.write(chunks)


@dataclass(frozen=True, slots=True)
class _Block:
    """Where a surface lies in the buffer, and its extent in LPS mm."""

    vertex_count: int
    face_count: int
    starts: tuple[int, int, int]
    low: list[float]
    high: list[float]


def _append(surface: Surface, buffer: bytearray) -> _Block:
    points = lps_from_ras(surface.vertices_ras_mm)
    parts = (
        points.astype("<f4"),
        vertex_normals(points, surface.faces).astype("<f4"),
        surface.faces.astype("<u4"),
    )
    starts = []
    for part in parts:
        starts.append(len(buffer))
        buffer += part.tobytes()
    stored = parts[0]
    return _Block(
        vertex_count=len(points),
        face_count=len(surface.faces),
        starts=(starts[0], starts[1], starts[2]),
        low=[float(x) for x in stored.min(axis=0)],
        high=[float(x) for x in stored.max(axis=0)],
    )


def vertex_normals(points: NDArray[np.float64], faces: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the unit normal at each point: the mean of its faces' by their areas."""
    a, b, c = np.moveaxis(points[faces], 1, 0)
    flat = np.cross(b - a, c - a)
    sums = [
        sum(np.bincount(faces[:, k], flat[:, axis], len(points)) for k in range(3))
        for axis in range(3)
    ]
    return _unit(np.stack(sums, axis=1))


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: NDArray[np.float64] = np.divide(
        vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0
    )
    return units


def _chunk(kind: int, content: bytes, filler: bytes) -> bytes:
    padded = content + filler * (-len(content) % 4)
    return struct.pack("<II", len(padded), kind) + padded


def _document(
    surfaces: Sequence[Surface], blocks: Sequence[_Block], size: int, facts: Mapping[str, object]
) -> dict[str, Any]:
    children = list(range(1, len(surfaces) + 1))
    root = {"name": "patient, LPS mm", "matrix": GLTF_FROM_LPS, "children": children}
    nodes = [{"name": s.label.name, "mesh": n} for n, s in enumerate(surfaces)]
    return {
        "asset": {
            "version": "2.0",
            "generator": "remnant",
            "extras": {"use": DISPLAY_ONLY, "frame": "LPS mm below the root node", **facts},
        },
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [root, *nodes],
        "meshes": [_mesh(n, surface) for n, surface in enumerate(surfaces)],
        "materials": [_material(surface) for surface in surfaces],
        "accessors": [part for n, block in enumerate(blocks) for part in _accessors(n, block)],
        "bufferViews": [part for block in blocks for part in _views(block)],
        "buffers": [{"byteLength": size}],
    }


def _mesh(number: int, surface: Surface) -> dict[str, Any]:
    first = 3 * number
    primitive = {
        "attributes": {"POSITION": first, "NORMAL": first + 1},
        "indices": first + 2,
        "material": number,
    }
    label = surface.label
    extras = {"use": DISPLAY_ONLY, "code": label.code, "origin": label.origin.value}
    return {"name": label.name, "primitives": [primitive], "extras": extras}


def _material(surface: Surface) -> dict[str, Any]:
    linear = [round(_linear(part / 255), 6) for part in surface.label.rgb]
    clear = surface.opacity < 1.0
    return {
        "name": surface.label.name,
        "pbrMetallicRoughness": {
            "baseColorFactor": [*linear, surface.opacity],
            "metallicFactor": 0.0,
            "roughnessFactor": ROUGH,
        },
        "alphaMode": "BLEND" if clear else "OPAQUE",
        "doubleSided": not clear,
    }


def _linear(part: float) -> float:
    """Return linear light from an sRGB value in [0, 1]: glTF's factors are linear (IEC 61966-2-1).

    Examples
    --------
    >>> [round(_linear(x), 4) for x in (0.0, 0.5, 1.0)]
    [0.0, 0.214, 1.0]
    """
    return part / 12.92 if part <= DARK else float(((part + 0.055) / 1.055) ** 2.4)


def _accessors(number: int, block: _Block) -> tuple[dict[str, Any], ...]:
    view = 3 * number
    points = {"componentType": FLOAT, "count": block.vertex_count, "type": "VEC3"}
    faces = {"componentType": UNSIGNED_INT, "count": 3 * block.face_count, "type": "SCALAR"}
    return (
        {"bufferView": view, **points, "min": block.low, "max": block.high},
        {"bufferView": view + 1, **points},
        {"bufferView": view + 2, **faces},
    )


def _views(block: _Block) -> tuple[dict[str, Any], ...]:
    points, normals, faces = block.starts
    size = 12 * block.vertex_count
    return (
        {"buffer": 0, "byteOffset": points, "byteLength": size, "target": VERTICES_TARGET},
        {"buffer": 0, "byteOffset": normals, "byteLength": size, "target": VERTICES_TARGET},
        {
            "buffer": 0, "byteOffset": faces, "byteLength": 12 * block.face_count,
            "target": FACES_TARGET,
        },
    )  # fmt: skip
