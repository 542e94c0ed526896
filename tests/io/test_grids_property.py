"""A map of a grid, stored in any way, has the right voxels on that grid, or is refused."""

from dataclasses import dataclass

import nibabel
import numpy as np
import SimpleITK as sitk  # noqa: N813
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from remnant.core.errors import GeometryMismatchError, InputError
from remnant.core.geometry import Geometry
from remnant.io.codings import MasksPreset
from remnant.io.frames import lps_from_ras
from remnant.io.masks import read_masks
from remnant.testing.strategies import SEEDS, geometries

FEWEST_DECIMALS = 2
ENDINGS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")


@dataclass
class Stored:
    """Codes as they lie in a file, on a grid that is written with so many decimals."""

    codes: np.ndarray
    affine_ras: np.ndarray


def write(stored, path):
    if path.name.endswith((".nii", ".nii.gz")):
        image = nibabel.Nifti1Image(stored.codes, stored.affine_ras)
        image.header.set_xyzt_units("mm")
        nibabel.save(image, path)
        return path
    linear = stored.affine_ras[:3, :3]
    spacing = np.linalg.norm(linear, axis=0)
    picture = sitk.GetImageFromArray(stored.codes.transpose())
    picture.SetSpacing(spacing.tolist())
    picture.SetOrigin(lps_from_ras(stored.affine_ras[:3, 3]).tolist())
    picture.SetDirection(lps_from_ras((linear / spacing).T).T.ravel().tolist())
    sitk.WriteImage(picture, str(path), useCompression=True)
    return path


def another_way(codes, grid, order, flips, crop):
    """Return what another program may store: other axes, other directions, a part of the grid."""
    start, stop = (np.array(c) for c in crop)
    part = codes[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
    index = np.zeros((4, 4))
    index[3, 3] = 1
    for new, old in enumerate(order):
        index[old, new] = -1 if flips[new] else 1
        index[old, 3] = start[old] + (part.shape[old] - 1 if flips[new] else 0)
    turned = np.flip(part.transpose(order), [new for new in range(3) if flips[new]])
    return Stored(np.ascontiguousarray(turned), grid.affine_ras @ index)


def rounded(affine_ras, decimals):
    """Round what a file states: voxel sizes and origin, and directions with more digits."""
    spacing = np.linalg.norm(affine_ras[:3, :3], axis=0)
    made = np.eye(4)
    directions = np.round(affine_ras[:3, :3] / spacing, decimals + 3)
    made[:3, :3] = directions * np.round(spacing, decimals)
    made[:3, 3] = np.round(affine_ras[:3, 3], decimals)
    return made


def box_codes(shape, seed):
    """Return a box of ones somewhere in a grid."""
    random = np.random.default_rng(seed)
    ends = [sorted(random.integers(0, n + 1, 2)) for n in shape]
    codes = np.zeros(shape, np.uint8)
    codes[tuple(slice(a, max(b, a + 1)) for a, b in ends)] = 1
    return codes


@st.composite
def crops(draw, codes):
    """Draw a part of a grid that holds all that is not empty."""
    where = np.argwhere(codes)
    if not where.size:
        return (0, 0, 0), codes.shape
    low, high = where.min(axis=0), where.max(axis=0) + 1
    start = [draw(st.integers(0, int(a))) for a in low]
    stop = [draw(st.integers(int(b), n)) for b, n in zip(high, codes.shape, strict=True)]
    return start, stop


@settings(max_examples=60)
@given(data=st.data(), grid=geometries(largest=9), seed=SEEDS)
def test_maps__are_right_on_the_reference_or_refused(data, grid, seed, tmp_path_factory):
    """Rounding moves no voxel to the place of another, so what is accepted is exact.

    Two decimals are wrong by 0.005 mm at most: 0.045 mm over the at most 9 voxels along an axis,
    and 0.005 mm of the origin, together less than half of the smallest voxel (0.4 mm).
    """
    # a grid of 1 mm along the world's axes with the first voxel at the origin is told by nobody
    assume(grid.affine_ras[:3, 3].any() or not np.allclose(grid.spacing_mm, 1.0))
    folder = tmp_path_factory.mktemp("g")
    liver, vein = np.ones(grid.shape, np.uint8), box_codes(grid.shape, seed)
    reference = write(Stored(liver, grid.affine_ras), folder / "liver.nii.gz")
    stored = another_way(
        vein, grid, data.draw(st.permutations(range(3))),
        data.draw(st.tuples(*[st.booleans()] * 3)), data.draw(crops(vein)),
    )  # fmt: skip
    decimals = data.draw(st.none() | st.integers(FEWEST_DECIMALS, 6))
    if decimals is not None:
        stored = Stored(stored.codes, rounded(stored.affine_ras, decimals))
    endings = ENDINGS[:2] if grid.is_sheared else ENDINGS
    file = write(stored, folder / f"vein{data.draw(st.sampled_from(endings))}")
    try:
        masks, _ = read_masks({"liver": reference, "portal_vein": file}, preset=MasksPreset.BINARY)
    except GeometryMismatchError:
        assert decimals is not None and decimals <= 3  # noqa: PT018
        return
    np.testing.assert_array_equal(vein, masks.portal_vein.codes)
    volume_ml = masks.portal_vein.codes.sum() * masks.portal_vein.geometry.voxel_volume_ml
    np.testing.assert_allclose(volume_ml, vein.sum() * grid.voxel_volume_ml, rtol=1e-5)
    notable = {f.id for f in masks.quality} & {"portal_vein_grid_rounding"}
    assert decimals is not None or not notable


@settings(max_examples=40)
@given(
    grid=geometries(largest=9), seed=SEEDS,
    scale=st.floats(1.02, 3.0), axis=st.integers(0, 2), kind=st.sampled_from(ENDINGS[:2]),
)  # fmt: skip
def test_maps__whose_header_gives_other_sizes_are_refused(
    grid, seed, scale, axis, kind, tmp_path_factory
):
    """The matrix, pixdim, or both: no statement of other voxels is measured without a word."""
    folder = tmp_path_factory.mktemp("s")
    codes = box_codes(grid.shape, seed)
    reference = write(Stored(np.ones_like(codes), grid.affine_ras), folder / "liver.nii.gz")
    stretched = np.array(grid.affine_ras)
    stretched[:3, axis] *= scale
    both = write(Stored(codes, stretched), folder / f"both{kind}")
    image = nibabel.Nifti1Image(codes, grid.affine_ras)
    image.header["pixdim"][1 + axis] *= scale
    nibabel.save(image, folder / f"pixdim{kind}")
    for file in (both, folder / f"pixdim{kind}"):
        try:
            read_masks({"liver": reference, "portal_vein": file}, preset=MasksPreset.BINARY)
        except InputError:
            continue
        raise AssertionError(f"{file.name} was measured")


def test_another_way__is_the_same_place_by_another_matrix():
    grid = Geometry((4, 5, 6), np.diag((1.0, 2.0, 3.0, 1.0)))
    codes = np.arange(120, dtype=np.uint8).reshape(4, 5, 6)
    stored = another_way(codes, grid, (2, 0, 1), (True, False, True), ((1, 0, 2), (4, 5, 6)))
    index = (1, 2, 3)
    place = stored.affine_ras[:3, :3] @ index + stored.affine_ras[:3, 3]
    i, j, k = np.round(grid.index_from_ras(place)).astype(int)
    assert stored.codes[index] == codes[i, j, k]
