"""Volumes, slices and surfaces are those of the scan and its maps."""

import gzip
import shutil
import struct

import nibabel
import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.io.nifti import write_image
from remnant.io.nifti_stream import packed_whole
from remnant.web.volumes import resampled


def as_nifti(answer):
    assert answer.status_code == 200, answer.text
    return nibabel.Nifti1Image.from_bytes(gzip.decompress(answer.content))


LAYERS = ("structures", "lesions", "couinaud")


@pytest.mark.parametrize("layer", LAYERS)
def test_volume__full_is_the_map_as_it_was_measured(still, ran, layer):
    found = as_nifti(still.get(f"{still.base}/volumes/{layer}.nii.gz?detail=full"))
    stored = nibabel.load(ran / f"{layer}.nii.gz")
    # what lies outside the liver's box is no liver, and not sent
    inside = nibabel.load(ran / "structures.nii.gz").get_fdata() > 0

    assert np.allclose(stored.affine, found.affine)
    assert stored.shape == found.shape
    assert np.array_equal(np.asarray(stored.dataobj)[inside], np.asarray(found.dataobj)[inside])


def test_volume__the_scan_is_that_of_the_file(still, scan):
    found = as_nifti(still.get(f"{still.base}/volumes/image.nii.gz?detail=full"))
    given = nibabel.load(scan)

    assert np.array_equal(given.get_fdata(), found.get_fdata())
    assert np.allclose(given.affine, found.affine)
    assert found.get_data_dtype() == np.int16


@pytest.mark.parametrize("layer", ["image", *LAYERS])
def test_volume__liver_is_the_same_voxels_around_the_liver(still, layer):
    whole = as_nifti(still.get(f"{still.base}/volumes/{layer}.nii.gz?detail=full"))
    part = as_nifti(still.get(f"{still.base}/volumes/{layer}.nii.gz?detail=liver"))
    start = np.rint(np.linalg.inv(whole.affine) @ part.affine[:, 3])[:3].astype(int)
    box = tuple(slice(a, a + n) for a, n in zip(start, part.shape, strict=True))

    assert np.array_equal(np.asarray(whole.dataobj)[box], np.asarray(part.dataobj))
    assert np.prod(part.shape) < np.prod(whole.shape)


def test_volume__previews_of_all_layers_lie_on_one_grid(still):
    found = [
        as_nifti(still.get(f"{still.base}/volumes/{layer}.nii.gz?detail=preview"))
        for layer in ("image", *LAYERS)
    ]
    assert len({one.shape for one in found}) == 1
    assert all(np.allclose(one.affine, found[0].affine) for one in found)


def test_volume__preview_of_a_large_scan_is_small_and_covers_it(monkeypatch, serve, root, scan):
    monkeypatch.setattr("remnant.web.volumes.MOST_ACROSS", 16)
    monkeypatch.setattr("remnant.web.volumes.MOST_SLICES", 12)
    page = serve(root, image=scan)
    found = as_nifti(page.get(f"{page.base}/volumes/image.nii.gz"))
    lesions = as_nifti(page.get(f"{page.base}/volumes/lesions.nii.gz"))
    whole = nibabel.load(scan)
    steps = np.rint(np.linalg.norm(found.affine[:3, :3], axis=0) / whole.header.get_zooms())
    a, b, c = steps.astype(int)
    block = whole.get_fdata()[3 * a : 4 * a, 2 * b : 3 * b, 5 * c : 6 * c]
    middle = whole.affine @ (3.5 * a - 0.5, 2.5 * b - 0.5, 5.5 * c - 0.5, 1)

    assert max(found.shape[:2]) <= 16
    assert found.shape[2] <= 12
    assert (np.array(found.shape) * steps >= whole.shape).all()
    assert round(block.mean()) == found.get_fdata()[3, 2, 5]
    assert np.allclose(middle, found.affine @ (3, 2, 5, 1), atol=1e-3)
    assert set(np.unique(lesions.dataobj)) == {0, 1, 2, 3, 4}


def test_volume__without_the_scan_the_preview_of_the_case_is_shown(serve, ran):
    page = serve(ran.parent)
    case = page.get(page.base).json()
    image = as_nifti(page.get(f"{page.base}/volumes/image.nii.gz"))
    labels = as_nifti(page.get(f"{page.base}/volumes/couinaud.nii.gz"))
    full = page.get(f"{page.base}/volumes/image.nii.gz?detail=full")

    assert case["scan"]["available"] is False
    assert image.shape == labels.shape == tuple(case["scan"]["image_grid"]["shape"])
    assert (full.status_code, "--image" in full.json()["what_to_do"]) == (404, True)


def test_volume__a_case_without_any_picture_says_so_and_where_its_liver_is(serve, root):
    folder = root / "Mustermann"
    (folder / "preview.nii.gz").unlink()
    page = serve(root)
    case = page.get(page.base).json()
    liver = np.argwhere(nibabel.load(folder / "structures.nii.gz").get_fdata() > 0)
    first, last = case["scan"]["liver_box"]

    assert (case["layers"][0], case["scan"]["image_grid"]) == ("structures", None)
    assert (first <= liver.min(axis=0)).all()
    assert (last >= liver.max(axis=0)).all()
    assert last < case["scan"]["shape"]


def test_volume__another_scan_is_refused_by_its_digest(serve, ran, phantom, tmp_path):
    from remnant.core.volumes import ImageVolume

    other = ImageVolume(phantom.image.voxels + 1, phantom.image.geometry, phantom.image.modality)
    write_image(other, tmp_path / "other.nii.gz")
    page = serve(ran.parent, image=tmp_path / "other.nii.gz")
    answer = page.get(f"{page.base}/volumes/image.nii.gz?detail=full")

    assert answer.status_code == 422
    assert "is not the scan" in answer.json()["error"]
    assert f"{tmp_path}" not in answer.text


def test_volume__a_scan_is_found_by_its_digest_among_others(serve, ran, scan, phantom, tmp_path):
    shutil.copy(scan, tmp_path / "b.nii.gz")
    write_image(phantom.image, tmp_path / "z.nii")
    (tmp_path / "a.nii.gz").write_bytes(b"no image")
    page = serve(ran.parent, images=tmp_path)

    found = as_nifti(page.get(f"{page.base}/volumes/image.nii.gz?detail=full"))
    assert np.array_equal(nibabel.load(scan).get_fdata(), found.get_fdata())


def test_volume__is_sent_once(still):
    first = still.get(f"{still.base}/volumes/lesions.nii.gz")
    again = still.get(
        f"{still.base}/volumes/lesions.nii.gz", headers={"if-none-match": first.headers["etag"]}
    )
    other = still.get(
        f"{still.base}/volumes/couinaud.nii.gz", headers={"if-none-match": first.headers["etag"]}
    )

    assert (again.status_code, again.content) == (304, b"")
    assert other.status_code == 200


@pytest.mark.parametrize(
    "path",
    ["volumes/nothing.nii.gz", "volumes/lesions.nii.gz?detail=huge", "volumes/vessels.nii.gz.exe",
     "slices/axial/9999", "slices/axial/-1", "slices/oblique/3", "slices/axial/3?layer=x",
     "slices/axial/1e3", "meshes/nothing.mz3", "meshes/lesion-99.mz3", "meshes/segment-9.mz3",
     "meshes/plan.mz3?plan=none", "slices/axial/3?layer=plan&plan=none",
     "slices/axial/3?layer=draft_lesions"],
)  # fmt: skip
def test_volume__what_is_not_there_is_refused_in_one_line(still, path):
    answer = still.get(f"{still.base}/{path}")
    assert answer.status_code in (404, 410)
    assert set(answer.json()) == {"error", "what_to_do"}


@pytest.mark.parametrize(("plane", "world"), [("sagittal", 0), ("coronal", 1), ("axial", 2)])
@pytest.mark.parametrize("layer", ["image", "lesions"])
def test_slice__is_that_of_the_volume_in_place(still, scan, phantom, plane, world, layer):
    axis = phantom.image.geometry.world_axes.index(world)
    index = phantom.image.geometry.shape[axis] // 2
    answer = still.get(f"{still.base}/slices/{plane}/{index}?layer={layer}")
    shape = tuple(map(int, answer.headers["x-shape"].split(",")))
    values = np.frombuffer(answer.content, answer.headers["x-type"]).reshape(shape, order="F")
    volume = nibabel.load(scan).get_fdata() if layer == "image" else phantom.lesions.codes
    affine = np.array(answer.headers["x-affine"].split(","), float).reshape(4, 4)
    corner = [0, 0, 0]
    corner[axis] = index

    assert np.array_equal(np.take(volume, index, axis=axis), values)
    assert np.allclose(affine @ (0, 0, 0, 1), (*phantom.image.geometry.ras_from_index(corner), 1))
    far = [n - 1 for n in phantom.image.geometry.shape]
    far[axis] = index
    placed = affine @ (shape[0] - 1, shape[1] - 1, 0, 1)
    assert np.allclose(placed[:3], phantom.image.geometry.ras_from_index(far), atol=1e-3)


def mesh_of(answer):
    magic, kind, faces, points, skip = struct.unpack_from("<HHIII", answer.content)
    assert (magic, kind, skip) == (0x5A4D, 3, 0)
    corners = np.frombuffer(answer.content, "<i4", 3 * faces, 16).reshape(-1, 3)
    places = np.frombuffer(answer.content, "<f4", 3 * points, 16 + corners.nbytes).reshape(-1, 3)
    assert len(answer.content) == 16 + corners.nbytes + places.nbytes
    return corners, places


@pytest.mark.parametrize("name", ["liver", "lesion-1", "segment-8", "lesions"])
def test_mesh__encloses_what_it_shows_in_ras(still, phantom, name):
    corners, places = mesh_of(still.get(f"{still.base}/meshes/{name}.mz3"))
    codes = {
        "liver": phantom.liver_mask.codes > 0,
        "lesion-1": phantom.lesions.codes == 1,
        "segment-8": (phantom.couinaud.codes == 8) & (phantom.liver_mask.codes > 0),
        "lesions": phantom.lesions.codes > 0,
    }[name]
    there = phantom.lesions.geometry.ras_from_index(np.argwhere(codes))
    a, b, c = np.moveaxis(places[corners].astype(float), 1, 0)
    enclosed_ml = np.einsum("ij,ij->", a, np.cross(b, c)) / 6000.0

    assert np.allclose(there.min(axis=0), places.min(axis=0), atol=7.0)
    assert np.allclose(there.max(axis=0), places.max(axis=0), atol=7.0)
    # it runs between the voxel centres, and turns its faces outwards
    assert enclosed_ml > 0.2 * codes.sum() * phantom.lesions.geometry.voxel_volume_ml


def test_mesh__those_named_are_there(still):
    for name in still.get(still.base).json()["meshes"]:
        assert still.get(f"{still.base}/meshes/{name}.mz3").status_code == 200


def test_resampled__takes_the_nearest_on_mirrored_grids():
    codes = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    here = Geometry((2, 3, 4), np.diag([2.0, 2.0, 2.0, 1.0]))
    mirrored = np.diag([-2.0, 2.0, 2.0, 1.0])
    mirrored[0, 3] = 2.0

    assert np.array_equal(codes[::-1], resampled(codes, here, Geometry((2, 3, 4), mirrored)))
    moved = np.diag([2.0, 2.0, 2.0, 1.0])
    moved[0, 3] = 100.0
    assert not resampled(codes, here, Geometry((2, 3, 4), moved)).any()


def test_packed__same_content_gives_same_bytes(phantom):
    codes, grid = phantom.lesions.codes, phantom.lesions.geometry
    assert packed_whole(codes, grid) == packed_whole(np.array(codes, order="C"), grid)
