"""Structure sets: contours made from masks by another program come back as these masks."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian
from scipy import ndimage
from scipy.spatial.transform import Rotation

from examples.files import segment_map
from examples.structure_sets import FRAME, contour, contours_of, roi, structure_set
from remnant.core.errors import (
    EmptyStructureError,
    GeometryMismatchError,
    InputError,
    UnknownLabelError,
    UnreadableFileError,
    UnsupportedSeriesError,
)
from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME
from remnant.io.codings import MasksPreset
from remnant.io.dicom_series import catalogue
from remnant.io.masks import Part, read_masks
from remnant.io.role_maps import read_role
from remnant.io.rtstruct import read_structure_set


def grid(shape=(24, 19, 9), *, turn=(0, 0, 0), spacing=(0.9, 1.3, 3.0), shear=0.0, axes=(0, 1, 2)):
    affine_ras = np.eye(4)
    rotation = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
    affine_ras[:3, :3] = rotation @ np.diag(spacing)
    affine_ras[1, 2] += shear
    affine_ras[:3, :3] = affine_ras[:3, axes]
    affine_ras[:3, 3] = (-31.0, 12.5, 200.0)
    return Geometry(tuple(np.array(shape)[list(axes)]), affine_ras)


def blob(shape, seed=0, holes=True):
    """A solid shape, clear of the edge, with holes within its slices."""
    rough = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.5)
    inside = np.zeros(shape, bool)
    inside[3:-3, 3:-3, 1:-1] = True
    return inside & (rough > 0) if holes else inside


def filled_of(path, role, reference=None):
    found = read_role(path, Part(role), reference=reference)
    return found.labels.codes, {finding.id: finding for finding in found.quality}, found


GRIDS = (
    grid(),
    grid(turn=(20, -15, 30)),
    grid(shear=0.8),  # a tilted gantry
    grid(axes=(2, 0, 1)),  # a scan whose slices lie along another array axis
    grid(turn=(0, 0, 180), axes=(1, 2, 0)),
)


@pytest.mark.parametrize("number", range(len(GRIDS)))
@pytest.mark.parametrize("seed", [0, 1])
def test_masks__come_back_from_their_outlines(tmp_path, number, seed):
    geometry = GRIDS[number]
    axis = int(np.argmin(geometry.shape))
    mask = np.moveaxis(blob((24, 19, 9), seed), -1, axis)
    mask = mask if mask.shape == geometry.shape else np.swapaxes(mask, *np.delete(range(3), axis))
    path = structure_set(tmp_path / "rt", roi("Liver", contours_of(mask, geometry, axis)))
    codes, quality, found = filled_of(path, "liver", geometry)
    np.testing.assert_array_equal(mask, codes > 0)
    assert {"liver_contours_nested"} >= set(quality) - {"liver_slices_skipped"}
    assert found.labels.geometry.same_grid(geometry)


def test_order_of_contours__does_not_matter(tmp_path):
    mask = blob((24, 19, 9))
    drawn = contours_of(mask, GRIDS[0])
    order = np.random.default_rng(1).permutation(len(drawn))
    path = structure_set(tmp_path / "rt", roi("Liver", [drawn[n][::-1] for n in order]))
    np.testing.assert_array_equal(mask, filled_of(path, "liver", GRIDS[0])[0] > 0)


def circle(geometry, k, centre, radius, corners=90):
    """Return a circle in mm around an index within slice ``k``, in RAS mm."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    i, j = geometry.directions[:, 0], geometry.directions[:, 1]
    middle = geometry.ras_from_index((*centre, k))
    return middle + radius * (np.outer(np.cos(angles), i) + np.outer(np.sin(angles), j))


def sphere(geometry, centre, radius):
    levels = np.arange(geometry.shape[2])
    away = (levels - centre[2]) * geometry.spacing_mm[2]
    return [
        circle(geometry, k, centre[:2], np.sqrt(radius**2 - h**2))
        for k, h in zip(levels, away, strict=True)
        if abs(h) < radius
    ]


def test_own_grid__measures_the_planes_and_says_so(tmp_path):
    """Area of each polygon times the gap, within the voxels that its edge meets."""
    geometry = grid((80, 80, 30), turn=(3, 0, 10))
    drawn = sphere(geometry, (40, 40, 14.5), 25.0)
    path = structure_set(tmp_path / "alone" / "rt", roi("Liver", drawn))
    codes, quality, found = filled_of(path, "liver")
    radii = [np.linalg.norm(points[0] - points.mean(axis=0)) for points in drawn]
    areas = [90 / 2 * r**2 * np.sin(2 * np.pi / 90) for r in radii]
    met_mm2 = [2 * np.pi * r * 0.5 * np.sqrt(2) + np.pi / 2 * 0.25 for r in radii]
    volume_mm3 = (codes > 0).sum() * found.labels.geometry.voxel_volume_ml * 1000
    assert abs(volume_mm3 - 3.0 * sum(areas)) <= 3.0 * sum(met_mm2)
    assert (0.5, 0.5) == pytest.approx(found.labels.geometry.spacing_mm[:2])
    assert found.labels.geometry.spacing_mm[2] == pytest.approx(3.0, abs=1e-3)
    assert found.file_may_end
    assert set(quality) == {"rtstruct_own_grid"}
    assert found.labels.geometry.frame_of_reference_uid == FRAME


def test_own_grid__is_that_of_what_is_of_the_liver(tmp_path):
    geometry = grid((60, 60, 9))
    liver, body = sphere(geometry, (30, 30, 4), 11.0), sphere(geometry, (30, 30, 4), 20.0)
    path = structure_set(
        tmp_path / "alone" / "rt", roi("BODY", body), roi("Liver", liver), roi("Tumor", liver[2:4])
    )
    masks, _ = read_masks({"liver": path, "lesions": path}, preset=MasksPreset.BINARY)
    extents = np.array(masks.geometry.shape[:2]) * 0.5
    assert (extents < 2 * 11.0 + 4).all()
    assert masks.lesions.codes.any()
    assert masks.file_may_end


def test_own_grid__gaps_of_several_planes_are_kept(tmp_path):
    geometry = grid((60, 60, 19))
    drawn = [circle(geometry, k, (30, 30), 9.0) for k in (1, 2, 3, 6, 7, 8, 9)]
    codes, quality, _ = filled_of(
        structure_set(tmp_path / "alone" / "rt", roi("liver", drawn)), "liver"
    )
    assert [True] * 3 + [False] * 2 + [True] * 4 == codes.any(axis=(0, 1)).tolist()
    assert quality["liver_slices_skipped"].value == 2


def test_own_grid__a_structure_on_every_second_plane_of_the_others_is_refused(tmp_path):
    geometry = grid((60, 60, 19))
    liver = [circle(geometry, k, (30, 30), 9.0) for k in range(1, 18, 2)]
    lesion = [circle(geometry, k, (30, 30), 3.0) for k in range(4, 8)]
    path = structure_set(tmp_path / "alone" / "rt", roi("liver", liver), roi("GTV", lesion))
    with pytest.raises(UnsupportedSeriesError, match="'liver' is in every second slice only"):
        read_role(path, Part.LIVER)


@pytest.mark.parametrize(
    ("heights", "message"),
    [
        ((2,), "one plane only"),
        ((2, 3, 4, 5.5), "no multiples of one distance"),
        ((), "no closed contour"),
    ],
)
def test_own_grid__refused(tmp_path, heights, message):
    drawn = [circle(grid((60, 60, 9)), k, (30, 30), 9.0) for k in heights]
    with pytest.raises(UnsupportedSeriesError, match=message):
        read_role(structure_set(tmp_path / "alone" / "rt", roi("liver", drawn)), Part.LIVER)


def test_own_grid__not_of_planes_that_cross(tmp_path):
    one = circle(grid((60, 60, 9)), 4, (30, 30), 9.0)
    other = circle(grid((60, 60, 9), turn=(90, 0, 0)), 4, (30, 30), 8.0)
    with pytest.raises(UnsupportedSeriesError, match="not parallel"):
        read_role(structure_set(tmp_path / "alone" / "rt", roi("liver", [one, other])), Part.LIVER)


@pytest.mark.parametrize("place", ["study/rt.dcm", "other/rt.dcm"])
def test_series_beside__gives_the_grid(phantom, tmp_path, place):
    made = phantom(pixels=np.zeros((9, 19, 24), np.uint16))
    folder = made.write(tmp_path / "study")
    phantom(series="1.2.3.2", origin=(0, 0, 0)).write(tmp_path / "another")
    geometry = catalogue(folder).series[0].stack.geometry
    mask = blob(geometry.shape)
    path = structure_set(tmp_path / place, roi("Liver", contours_of(mask, geometry)))
    codes, quality, found = filled_of(path, "liver")
    np.testing.assert_array_equal(mask, codes > 0)
    assert found.labels.geometry.same_grid(geometry)
    assert "rtstruct_own_grid" not in quality
    assert found.refers_to.series_uids == {"1.2.3.1"}


@pytest.mark.parametrize(
    ("facts", "own"),
    [
        ({"series": "9.9"}, True),
        ({"images": ("1.2.3.1.4",)}, False),
        ({"series": "9.9", "images": ("1.2.3.1.4",)}, False),
        ({"images": ("9.9.9",)}, True),
    ],
)
def test_series_beside__by_its_identifiers(phantom, tmp_path, facts, own):
    folder = phantom(pixels=np.zeros((9, 19, 24), np.uint16)).write(tmp_path / "study")
    geometry = catalogue(folder).series[0].stack.geometry
    drawn = contours_of(blob(geometry.shape), geometry)
    path = structure_set(folder / "rt", roi("Liver", drawn), **facts)
    assert ("rtstruct_own_grid" in filled_of(path, "liver")[1]) is own


def test_folder__one_structure_set_among_images(phantom, tmp_path):
    folder = phantom(pixels=np.zeros((9, 19, 24), np.uint16)).write(tmp_path / "study")
    geometry = catalogue(folder).series[0].stack.geometry
    mask = blob(geometry.shape)
    structure_set(folder / "rt", roi("Liver", contours_of(mask, geometry)))
    masks, _ = read_masks({"liver": folder}, preset=MasksPreset.BINARY)
    np.testing.assert_array_equal(mask, masks.liver.codes > 0)
    structure_set(folder / "rt2", roi("Liver", contours_of(mask, geometry)))
    with pytest.raises(UnsupportedSeriesError, match="2 DICOM segmentations or structure sets"):
        read_masks({"liver": folder}, preset=MasksPreset.BINARY)


def test_contours_without_a_grid__lie_on_that_of_the_liver(tmp_path):
    from remnant.core.labels import BINARY_SCHEME
    from remnant.core.volumes import LabelMap
    from remnant.io.nifti import write_labels

    geometry = GRIDS[0]
    liver = blob(geometry.shape, holes=False)
    write_labels(LabelMap(liver.astype(np.uint8), geometry, BINARY_SCHEME), tmp_path / "l.nii.gz")
    lesion = np.zeros_like(liver)
    lesion[8:11, 8:10, 3:6] = True
    path = structure_set(tmp_path / "rt", roi("GTV 1", contours_of(lesion, geometry)))
    masks, _ = read_masks(
        {"lesions": path, "liver": tmp_path / "l.nii.gz"}, preset=MasksPreset.BINARY
    )
    np.testing.assert_array_equal(lesion, masks.lesions.codes > 0)
    assert masks.geometry.shape == geometry.shape


def test_roles__by_name_and_by_code(tmp_path):
    geometry = GRIDS[0]
    mask = blob(geometry.shape, holes=False)
    drawn = contours_of(mask, geometry)
    lesion = np.zeros_like(mask)
    lesion[5:8, 5:8, 2:4] = True
    path = structure_set(
        tmp_path / "rt",
        roi("LIVER", drawn),
        roi("anything", contours_of(lesion, geometry), code=("94381002", "SCT")),
        roi("PTV1", drawn),
        roi("Met 2", []),
    )
    codes, quality, _ = filled_of(path, "lesions", geometry)
    np.testing.assert_array_equal(lesion, codes == 1)
    assert {"lesions_empty", "lesions_passed_over"} == set(quality)
    np.testing.assert_array_equal(mask, filled_of(path, "liver", geometry)[0] > 0)
    with pytest.raises(UnknownLabelError, match="needed are Couinaud segments"):
        segment_map(path)


def test_segments__by_snomed_and_by_name(tmp_path):
    geometry = GRIDS[0]
    expected = np.zeros(geometry.shape, int)
    rois = []
    for n in range(1, 9):
        part = np.zeros(geometry.shape, bool)
        part[2 * n + 1 : 2 * n + 3, 5:9, 2:6] = True
        expected[part] = n
        code = (COUINAUD_SCHEME.labels[n - 1].snomed, "SCT") if n % 2 else None
        rois.append(
            roi("S" if n % 2 else f"Liver segment {n}", contours_of(part, geometry), code=code)
        )
    codes, _, _ = filled_of(structure_set(tmp_path / "rt", *rois), "couinaud", geometry)
    np.testing.assert_array_equal(expected, codes)


@pytest.mark.parametrize("name", ["CTV", "PTV_liver", "Liver-GTV", "ITV1"])
def test_margins_around_a_tumour__are_no_lesions(tmp_path, name):
    drawn = contours_of(blob(GRIDS[0].shape), GRIDS[0])
    path = structure_set(tmp_path / "rt", roi(name, drawn))
    with pytest.raises(UnknownLabelError, match="none of which is known to be lesions"):
        read_role(path, Part.LESIONS, reference=GRIDS[0])


def test_empty_structure__of_lesions_is_said_of_a_liver_refused(tmp_path):
    path = structure_set(tmp_path / "rt", roi("Liver", []), roi("Tumour", []))
    codes, quality, _ = filled_of(path, "lesions", GRIDS[0])
    assert not codes.any()
    assert quality["lesions_empty"].verdict == "not_met"
    with pytest.raises(EmptyStructureError, match="liver mask is empty"):
        read_masks({"liver": path}, preset=MasksPreset.BINARY, reference=GRIDS[0])


def test_other_kinds_of_contours__are_counted(tmp_path):
    drawn = contours_of(blob(GRIDS[0].shape, holes=False), GRIDS[0])
    extra = [contour(drawn[0], "OPEN_PLANAR"), contour(drawn[0][:1], "POINT"),
             contour(drawn[0][:2]), *drawn]  # fmt: skip
    path = structure_set(tmp_path / "rt", roi("Liver", extra))
    codes, quality, _ = filled_of(path, "liver", GRIDS[0])
    np.testing.assert_array_equal(blob(GRIDS[0].shape, holes=False), codes > 0)
    assert quality["liver_contours_ignored"].value == 3


def test_doubtful_contours__are_said(tmp_path):
    geometry = grid((60, 60, 9))
    drawn = [circle(geometry, k, (30, 30), 9.0) for k in range(2, 7)]
    extra = [
        drawn[0][::-1],  # stands there twice
        circle(geometry, 3, (30, 30), 3.0),  # a hole
        circle(geometry, 4, (39, 30), 4.0),  # across the edge
        circle(geometry, 5, (5.5, 5.5), 0.1),  # too small for any centre
    ]
    path = structure_set(tmp_path / "rt", roi("Liver", [*drawn, *extra]))
    codes, quality, _ = filled_of(path, "liver", geometry)
    assert {name: found.value for name, found in quality.items() if "crossing" not in name} == {
        "liver_contours_repeated": 1,
        "liver_contours_nested": 1,
        "liver_contours_unseen": 1,
    }
    assert quality["liver_contours_crossing"].value > 0
    assert codes[..., 2].sum() == codes[..., 6].sum() > codes[..., 3].sum()


@pytest.mark.parametrize(("off", "said"), [(0.01, False), (0.3, True), (0.49, True)])
def test_between_slices__to_the_nearest_and_said(tmp_path, off, said):
    geometry = grid((60, 60, 9))
    drawn = [circle(geometry, k + off, (30, 30), 9.0) for k in range(2, 6)]
    codes, quality, _ = filled_of(structure_set(tmp_path / "rt", roi("Liver", drawn)), "liver",
                                  geometry)  # fmt: skip
    assert [2, 3, 4, 5] == np.flatnonzero(codes.any(axis=(0, 1))).tolist()
    assert ("liver_contours_off_slice" in quality) is said
    if said:
        assert quality["liver_contours_off_slice"].value == pytest.approx(off * 3.0, abs=1e-3)


@pytest.mark.parametrize(
    ("levels", "kind", "message"),
    [
        ((2, 4, 6), UnsupportedSeriesError, "every second slice only"),
        ((2, 2.4, 3, 4), UnsupportedSeriesError, "two planes, 1.20 mm apart"),
        ((6, 7, 8, 9), GeometryMismatchError, "beyond the grid of the scan by up to 1.0 voxels"),
    ],
)
def test_planes__that_are_not_the_scans_are_refused(tmp_path, levels, kind, message):
    geometry = grid((60, 60, 9))
    drawn = [circle(geometry, k, (30, 30), 9.0) for k in levels]
    path = structure_set(tmp_path / "rt", roi("Liver", drawn))
    with pytest.raises(kind, match=message):
        read_role(path, Part.LIVER, reference=geometry)


def test_contours_in_other_planes__are_refused(tmp_path):
    drawn = [circle(grid((60, 60, 9), turn=(90, 0, 5)), k, (30, 30), 9.0) for k in range(3)]
    path = structure_set(tmp_path / "rt", roi("Liver", drawn))
    with pytest.raises(UnsupportedSeriesError, match="do not lie in the slices"):
        read_role(path, Part.LIVER, reference=grid((60, 60, 60), turn=(20, 0, 0)))


def test_frame_of_reference__of_another_examination_is_refused(tmp_path):
    drawn = contours_of(blob(GRIDS[0].shape), GRIDS[0])
    path = structure_set(tmp_path / "rt", roi("Liver", drawn), frame="7.7")
    other = Geometry(GRIDS[0].shape, GRIDS[0].affine_ras, frame_of_reference_uid=FRAME)
    with pytest.raises(GeometryMismatchError, match="another DICOM frame of reference"):
        read_role(path, Part.LIVER, reference=other)


def without_names(made):
    del made.StructureSetROISequence


def same_number(made):
    for item in made.StructureSetROISequence:
        item.ROINumber = 1


def two_frames(made):
    made.StructureSetROISequence[1].ReferencedFrameOfReferenceUID = "7.7"


def odd_points(made):
    made.ROIContourSequence[0].ContourSequence[0].ContourData = ["1", "2", "3", "4"]


def of_another_class(made):
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.5"


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (without_names, UnreadableFileError, "names 0 structures"),
        (same_number, UnreadableFileError, "one number"),
        (two_frames, UnsupportedSeriesError, "2 frames of reference"),
        (odd_points, UnreadableFileError, "not three numbers each"),
        (of_another_class, UnreadableFileError, "no structure set"),
    ],
)
def test_refused__in_one_line_without_the_patient(tmp_path, change, kind, message):
    drawn = contours_of(blob(GRIDS[0].shape), GRIDS[0])
    rois = (roi("Liver", drawn), roi("Tumour", drawn[:3]))
    path = structure_set(tmp_path / "rt", *rois, change=change)
    with pytest.raises(kind, match=message) as caught:
        list(read_structure_set(path, reference=GRIDS[0]).pieces({1}))
    assert "\n" not in str(caught.value)
    assert "Doe" not in str(caught.value)


@pytest.mark.parametrize(
    ("limit", "message"),
    [("MOST_CONTOURS", "contours; at most"), ("MOST_NUMBERS", "too many points"),
     ("MOST_STRUCTURES", "names 1 structures"), ("LARGEST_BYTES", "larger than")],
)  # fmt: skip
def test_limits(tmp_path, monkeypatch, limit, message):
    path = structure_set(tmp_path / "rt", roi("Liver", contours_of(blob((24, 19, 9)), GRIDS[0])))
    monkeypatch.setattr(f"remnant.io.rtstruct.{limit}", 0)
    with pytest.raises(InputError, match=message):
        read_role(path, Part.LIVER, reference=GRIDS[0])


def test_deflated__is_read_within_a_limit(tmp_path, monkeypatch):
    def deflate(made):
        made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    mask = blob(GRIDS[0].shape)
    drawn = contours_of(mask, GRIDS[0])
    path = structure_set(tmp_path / "rt", roi("Liver", drawn), change=deflate)
    np.testing.assert_array_equal(mask, filled_of(path, "liver", GRIDS[0])[0] > 0)
    monkeypatch.setattr("remnant.io.rtstruct.LARGEST_BYTES", path.stat().st_size + 100)
    with pytest.raises(UnsupportedSeriesError, match="deflated and holds more"):
        read_role(path, Part.LIVER, reference=GRIDS[0])


def test_pydicom__published_structure_set(pydicom_files):
    """Without preamble and meta header; one structure of 300 x 400 mm on three planes of 10 mm."""
    found = read_structure_set(pydicom_files / "rtstruct.dcm")
    voxels = sum(int(plane.sum()) for _, _, plane in found.pieces({1}))
    assert voxels * found.geometry.voxel_volume_ml == pytest.approx(3600.0)
    assert [label.names for label in found.labels] == [
        ("patient",), ("Isocenter 1",), ("Isocenter 2",)]  # fmt: skip


@pytest.fixture(name="content", scope="module")
def content_fixture(tmp_path_factory) -> bytes:
    drawn = contours_of(blob((24, 19, 9)), GRIDS[0])[:8]
    path: Path = structure_set(tmp_path_factory.mktemp("c") / "c", roi("Liver", drawn))
    return path.read_bytes()


@settings(max_examples=40)
@given(data=st.data())
def test_damaged__one_line_or_a_map(content, tmp_path_factory, data):
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(0, 6))):
        damaged[data.draw(st.integers(132, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    keep = data.draw(st.sampled_from([1.0, 1.0, 0.99, 0.6, 0.1]))
    path = tmp_path_factory.mktemp("d") / "d"
    path.write_bytes(damaged[: int(len(damaged) * keep)])
    for reference in (GRIDS[0], None):
        with suppress(InputError):
            assert read_role(path, Part.LIVER, reference=reference).labels.codes.max() <= 1
