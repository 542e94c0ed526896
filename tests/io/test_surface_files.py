"""Surfaces as STL and binary glTF, read back by trimesh."""

import json
import struct

import numpy as np
import pytest
import trimesh

from remnant.core.map_description import NamedLabel, Origin
from remnant.io.surface_files import DISPLAY_ONLY, Surface, vertex_normals, write_glb, write_stl

LEFT_MM, FRONT_MM, HEAD_MM = 10.0, 30.0, 70.0


def box(name="liver", colour="#ff8000", opacity=1.0, size=(2.0, 3.0, 5.0)):
    """A box whose corner nearest to left, front and head is known; RAS mm."""
    solid = trimesh.creation.box(extents=size)
    corner = np.array((-LEFT_MM, FRONT_MM, HEAD_MM))
    centre = corner - np.array((-0.5, 0.5, 0.5)) * size
    label = NamedLabel(code=1, name=name, colour=colour, origin=Origin.GIVEN)
    return Surface(
        label=label,
        vertices_ras_mm=np.asarray(solid.vertices) + centre,
        faces=np.asarray(solid.faces, dtype=np.intp),
        opacity=opacity,
    )


def test_stl__is_lps_and_says_so(tmp_path):
    write_stl(box(), tmp_path / "a.stl")
    header = (tmp_path / "a.stl").read_bytes()[:80].decode("ascii")
    found = trimesh.load(tmp_path / "a.stl")

    assert "SPACE=LPS" in header
    assert "unit mm" in header
    assert DISPLAY_ONLY in header
    assert found.is_watertight
    assert 30.0 == pytest.approx(found.volume)
    # left is +x and back is +y in LPS
    np.testing.assert_allclose((LEFT_MM, HEAD_MM), found.bounds[1][[0, 2]], rtol=1e-6)
    assert -FRONT_MM == pytest.approx(found.bounds[0][1])
    stored = np.asarray(found.face_normals)
    flat = np.cross(*(found.triangles[:, k] - found.triangles[:, 0] for k in (1, 2)))
    np.testing.assert_allclose(
        flat / np.linalg.norm(flat, axis=1, keepdims=True), stored, atol=1e-6
    )


def test_glb__stands_upright_in_metres_with_names_and_colours(tmp_path):
    surfaces = (box("lesion 1", "#000000"), box("liver", "#ffffff", 0.5, (4.0, 4.0, 4.0)))
    write_glb(surfaces, tmp_path / "a.glb", facts={"note": "x"})
    scene = trimesh.load(tmp_path / "a.glb")

    assert {"lesion 1", "liver"} == set(scene.geometry)
    low, high = scene.bounds
    # glTF: +x is the patient's left, +y up, +z to the front
    np.testing.assert_allclose((LEFT_MM, HEAD_MM, FRONT_MM), 1000.0 * high, rtol=1e-5)
    np.testing.assert_allclose((4.0, 5.0, 4.0), 1000.0 * (high - low), rtol=1e-4)
    for name, volume in {"lesion 1": 30.0, "liver": 64.0}.items():
        # below the root node the points are in mm, turned outward
        assert volume == pytest.approx(scene.geometry[name].volume, rel=1e-4)
    materials = {name: mesh.visual.material for name, mesh in scene.geometry.items()}
    assert [0, 0, 0, 255] == list(materials["lesion 1"].baseColorFactor)
    assert "BLEND" == materials["liver"].alphaMode
    assert [255, 255, 255] == list(materials["liver"].baseColorFactor)[:3]


def chunks(content):
    magic, version, size = struct.unpack_from("<III", content)
    assert (0x46546C67, 2, len(content)) == (magic, version, size)
    place = 12
    while place < size:
        length, kind = struct.unpack_from("<II", content, place)
        assert 0 == length % 4
        yield kind, content[place + 8 : place + 8 + length]
        place += 8 + length


def test_glb__chunks_views_and_marks(tmp_path):
    write_glb((box("é" * 3),), tmp_path / "a.glb", facts={"note": "x"})
    (kind, text), (other, buffer) = chunks((tmp_path / "a.glb").read_bytes())
    document = json.loads(text)

    assert (0x4E4F534A, 0x004E4942) == (kind, other)
    assert DISPLAY_ONLY == document["asset"]["extras"]["use"]
    assert "x" == document["asset"]["extras"]["note"]
    assert DISPLAY_ONLY == document["meshes"][0]["extras"]["use"]
    views = document["bufferViews"]
    assert document["buffers"][0]["byteLength"] == views[-1]["byteOffset"] + views[-1]["byteLength"]
    assert len(buffer) >= document["buffers"][0]["byteLength"]
    for accessor in document["accessors"]:
        size = {"VEC3": 12, "SCALAR": 4}[accessor["type"]] * accessor["count"]
        assert size == views[accessor["bufferView"]]["byteLength"]


def test_normals__point_outward():
    surface = box()
    normals = vertex_normals(surface.vertices_ras_mm, surface.faces)
    outward = surface.vertices_ras_mm - surface.vertices_ras_mm.mean(axis=0)

    np.testing.assert_allclose(1.0, np.linalg.norm(normals, axis=1))
    assert (np.einsum("ij,ij->i", normals, outward) > 0).all()
