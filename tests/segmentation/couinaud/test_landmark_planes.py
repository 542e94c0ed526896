import json
from dataclasses import fields, replace
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.errors import EmptyStructureError, InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    SEGMENT_IV_SCHEME,
    CouinaudSegment,
    SegmentIvPart,
)
from remnant.core.landmarks import Landmarks
from remnant.core.vessels import VesselName
from remnant.core.volumes import LabelMap
from remnant.testing.phantoms import liver_phantom
from remnant.testing.strategies import SEEDS, grids_around
from segmentation.couinaud import landmark_planes as module
from segmentation.couinaud.landmark_planes import (
    assign_segments,
    bifurcation_of,
    couinaud_from_landmarks,
    parts_at_level,
    planes_from_landmarks,
    segment_iv_parts,
)

LANDMARKS = Landmarks(
    ivc=(20.0, 160.0, 430.0),
    gallbladder_fossa=(65.0, 215.0, 370.0),
    umbilical_fissure=(24.0, 230.0, 404.0),
    portal_bifurcation=(42.0, 188.0, 397.0),
)
RIGHT_VEIN, MIDDLE_VEIN = (82.0, 171.0, 415.0), (45.0, 195.0, 424.0)
BOX_MM = ((-60.0, 100.0, 330.0), (130.0, 260.0, 450.0))
EDGE_MM = 1e-6


def clockwise(point, landmarks, target):
    """How far right of the line IVC-target a point lies, seen from above, by angles."""
    x, y = (np.subtract(point, landmarks.ivc))[:2]
    tx, ty = np.subtract(target, landmarks.ivc)[:2]
    angle = np.arctan2(ty, tx) - np.arctan2(y, x)
    return np.hypot(x, y) * np.sin(angle)


def right_of_cantlie(point, landmarks):
    if landmarks.middle_hepatic_vein is None:
        return clockwise(point, landmarks, landmarks.gallbladder_fossa)
    ivc = np.array(landmarks.ivc)
    rows = [
        np.subtract(p, ivc)
        for p in (landmarks.gallbladder_fossa, landmarks.middle_hepatic_vein, point)
    ]
    # Gallbladder low and in front, vein high: their cross product points to the left or right.
    far_right = [rows[0], rows[1], np.array((1000.0, -1000.0, 0.0))]
    area = np.linalg.norm(np.cross(rows[0], rows[1]))
    return np.linalg.det(rows) * np.sign(np.linalg.det(far_right)) / area


def oracle(point, landmarks):
    """One point, by the definitions in words; also how near it is to any border, in mm."""
    x, y, z = point
    ivc, bifurcation = landmarks.ivc, landmarks.portal_bifurcation
    vein = landmarks.right_hepatic_vein
    if vein is None:
        slope = np.tan(np.deg2rad(module.RIGHT_SCISSURA_DEGREES))
        vein = (ivc[0] + 1, ivc[1] + slope, 0)
    face = bifurcation[1] - module.CAUDATE_LEAN * (z - bifurcation[2])
    caudate = (
        face - y,
        ivc[0] + module.CAUDATE_RIGHT_MM - x,
        x - ivc[0] + module.CAUDATE_LEFT_MM,
        z - bifurcation[2] + module.CAUDATE_BELOW_MM,
        ivc[2] - z,
    )
    right = right_of_cantlie(point, landmarks)
    posterior = clockwise(point, landmarks, vein)
    medial = clockwise(point, landmarks, landmarks.umbilical_fissure)
    upper, upper_left = z - bifurcation[2], z - landmarks.umbilical_fissure[2]
    near = min(map(abs, (*caudate, right, posterior, medial, upper, upper_left)))
    if min(caudate) > 0:
        return 1, near
    if right > 0:
        codes = (7, 6) if posterior > 0 else (8, 5)
        return codes[0 if upper > 0 else 1], near
    if medial > 0:
        return 4, near
    return (2 if upper_left > 0 else 3), near


def with_veins(right, middle):
    return replace(
        LANDMARKS,
        right_hepatic_vein=RIGHT_VEIN if right else None,
        middle_hepatic_vein=MIDDLE_VEIN if middle else None,
    )


def whole(geometry):
    return LabelMap(np.ones(geometry.shape, dtype=np.uint8), geometry, BINARY_SCHEME)


@given(
    geometry=grids_around(BOX_MM, low_mm=11.0, high_mm=17.0),
    right=st.booleans(),
    middle=st.booleans(),
)
def test_couinaud__every_voxel_by_the_definitions_on_any_grid(geometry, right, middle):
    landmarks = with_veins(right, middle)

    codes = couinaud_from_landmarks(whole(geometry), landmarks).codes

    where = np.argwhere(codes >= 0)
    chosen = where[:: max(1, len(where) // 400)]
    for index, point in zip(chosen, geometry.ras_from_index(chosen), strict=True):
        expected, near = oracle(point, landmarks)
        assert near < EDGE_MM or expected == codes[tuple(index)]


@given(geometry=grids_around(BOX_MM, low_mm=8.0, high_mm=20.0), seed=SEEDS)
def test_couinaud__covers_the_liver_and_nothing_else(geometry, seed):
    mask = np.random.default_rng(seed).random(geometry.shape) < 0.4
    mask[0, 0, 0] = mask[-1, -1, -1] = True  # the landmarks stay near the mask's box
    liver = LabelMap(mask.astype(np.uint8) * 2, geometry, COUINAUD_SCHEME)

    segments = couinaud_from_landmarks(liver, LANDMARKS)

    assert np.array_equal(mask, segments.mask())
    assert segments.scheme is COUINAUD_SCHEME
    assert geometry.same_grid(segments.geometry)


def test_couinaud__same_answer_on_mirrored_and_permuted_arrays():
    matrix = np.diag([6.0, 7.0, 8.0, 1.0])
    matrix[:3, 3] = BOX_MM[0]
    upright = Geometry((31, 22, 15), matrix)
    turned = np.array(matrix)
    turned[:3, :3] = np.stack([-matrix[:3, 2], matrix[:3, 0], -matrix[:3, 1]], axis=1)
    turned[:3, 3] = upright.ras_from_index((0, 21, 14))

    first = couinaud_from_landmarks(whole(upright), LANDMARKS).codes
    second = couinaud_from_landmarks(whole(Geometry((15, 31, 22), turned)), LANDMARKS).codes

    assert set(range(1, 9)) == set(np.unique(first))
    assert np.array_equal(first, np.transpose(second[::-1, :, ::-1], (1, 2, 0)))


def test_couinaud__recovers_the_phantoms_own_cuts():
    phantom = liver_phantom()

    made = couinaud_from_landmarks(phantom.liver_mask, phantom.landmarks)

    # Segment I is cut otherwise in the phantom; voxels on a plane may go either way.
    points = phantom.geometry.ras_from_index(np.argwhere(phantom.liver_mask.mask()))
    planes = planes_from_landmarks(phantom.landmarks)
    borders = (planes.cantlie, planes.right_scissura, planes.umbilical, planes.upper_right)
    clear = np.min([np.abs(plane.height_mm(points)) for plane in borders], axis=0) > EDGE_MM
    true, found = (m.codes[phantom.liver_mask.mask()][clear] for m in (phantom.couinaud, made))
    others = (true != CouinaudSegment.I) & (found != CouinaudSegment.I)
    assert 0.9 < others.mean()
    assert np.array_equal(true[others], found[others])


def test_couinaud__one_known_point_for_each_segment():
    points = {
        CouinaudSegment.I: (15.0, 175.0, 415.0),
        CouinaudSegment.II: (-30.0, 230.0, 415.0),
        CouinaudSegment.III: (-30.0, 240.0, 390.0),
        CouinaudSegment.IV: (40.0, 235.0, 400.0),
        CouinaudSegment.V: (95.0, 200.0, 370.0),
        CouinaudSegment.VI: (100.0, 140.0, 370.0),
        CouinaudSegment.VII: (90.0, 130.0, 420.0),
        CouinaudSegment.VIII: (80.0, 195.0, 420.0),
    }

    found = assign_segments(np.array(list(points.values())), planes_from_landmarks(LANDMARKS))

    assert list(points) == found.tolist()


def mirrored(axis):
    points = {f.name: getattr(LANDMARKS, f.name) for f in fields(LANDMARKS)}
    signs = [-1.0 if a == axis else 1.0 for a in range(3)]
    return Landmarks(
        **{n: tuple(np.multiply(p, signs)) if p is not None else None for n, p in points.items()}
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gallbladder_fossa": (22.0, 165.0, 370.0)}, "ivc and gallbladder_fossa are 5 mm apart"),
        ({"umbilical_fissure": (20.0, 160.0, 404.0)}, "ivc and umbilical_fissure are 0 mm apart"),
        ({"right_hepatic_vein": (25.0, 160.0, 404.0)}, "ivc and right_hepatic_vein are 5 mm apart"),
        ({"gallbladder_fossa": (65.0, 150.0, 370.0)}, "must lie in front of the IVC"),
        ({"umbilical_fissure": (-20.0, 150.0, 370.0)}, "must lie in front of the IVC"),
        ({"umbilical_fissure": (110.0, 230.0, 404.0)}, "left of the plane .* got -"),
        ({"umbilical_fissure": (65.0, 215.0, 404.0)}, "umbilical_fissure must lie at least 5 mm"),
        ({"right_hepatic_vein": (0.0, 220.0, 404.0)}, "right of the plane .* got -"),
        ({"portal_bifurcation": (42.0, 188.0, 428.0)}, "at least 5 mm below the ivc"),
        ({"middle_hepatic_vein": (43.0, 187.0, 400.0)}, "cannot tilt the plane"),
        ({"middle_hepatic_vein": (110.0, 180.0, 400.0)}, "cannot tilt the plane"),
        ({"gallbladder_fossa": (120.0, 170.0, 370.0)}, "no room for segments V and VIII"),
        ({"ivc": (float("nan"), 0.0, 0.0)}, "three finite numbers"),
        ({"ivc": (20.0, 160.0)}, "three finite numbers"),
    ],
)
def test_planes__refused(change, message):
    with pytest.raises(InputError, match=message):
        planes_from_landmarks(replace(LANDMARKS, **change))


@pytest.mark.parametrize(
    ("axis", "message"), [(0, "left and right"), (1, "front and back"), (2, "below the ivc point")]
)
def test_planes__mirrored_landmarks_are_refused(axis, message):
    with pytest.raises(InputError, match=message):
        planes_from_landmarks(mirrored(axis))


def test_couinaud__landmarks_of_another_frame_are_refused():
    matrix = np.diag([10.0, 10.0, 10.0, 1.0])
    matrix[:3, 3] = BOX_MM[0]
    liver = whole(Geometry((19, 16, 12), matrix))
    far = replace(LANDMARKS, ivc=(-20.0, -160.0, 430.0))

    with pytest.raises(InputError, match=r"landmark ivc lies 260 mm outside .* RAS mm"):
        couinaud_from_landmarks(liver, far)


def test_couinaud__empty_liver():
    geometry = Geometry((4, 5, 6), np.eye(4))
    liver = LabelMap(np.zeros(geometry.shape, dtype=np.uint8), geometry, BINARY_SCHEME)

    with pytest.raises(EmptyStructureError, match="liver map has no voxels"):
        couinaud_from_landmarks(liver, LANDMARKS)


def test_sample_landmarks__make_planes():
    file = resources.files("remnant.pipeline").joinpath("data/sample_landmarks.json")
    document = json.loads(file.read_text(encoding="utf-8"))

    assert document["frame"] == "RAS mm"
    assert document["how"]
    planes_from_landmarks(Landmarks(**{n: tuple(p) for n, p in document["points"].items()}))


def border(codes, ones, others):
    """Points in mm half-way between neighbouring voxels of two groups of segments."""
    first, second = np.isin(codes, ones), np.isin(codes, others)
    points = []
    for axis in range(3):
        step = np.eye(3)[axis] / 2
        for one, other in ((first, second), (second, first)):
            ends = (np.delete(one, -1, axis), np.delete(other, 0, axis))
            points.append(np.argwhere(ends[0] & ends[1]) + step)
    return 2.5 * np.concatenate(points)


def landmarks_of(codes):
    """Landmarks where the annotated borders of a real liver meet."""
    cantlie, top = border(codes, [4], [5, 8]), border(codes, [1, 4], [7, 8])
    top = top[top[:, 2] >= np.quantile(top[:, 2], 0.6)]
    ivc = np.add(top[top[:, 1] <= np.quantile(top[:, 1], 0.1)].mean(axis=0), (-8, -4, 0))
    ivc[2] = np.quantile(border(codes, [4], [8])[:, 2], 0.75) + 5
    level = border(codes, [7, 8], [5, 6])[:, 2].mean()
    lateral = border(codes, [2], [3])[:, 2].mean()
    fissure, hilum = border(codes, [2, 3], [4]), border(codes, [1], [4])
    fissure = fissure[np.abs(fissure[:, 2] - lateral) < 8].mean(axis=0)
    hilum = hilum[np.abs(hilum[:, 2] - level) < 20].mean(axis=0)
    low = cantlie[cantlie[:, 2] <= np.quantile(cantlie[:, 2], 0.1)].mean(axis=0)
    return Landmarks(
        ivc=tuple(ivc),
        gallbladder_fossa=tuple(low),
        umbilical_fissure=(fissure[0], fissure[1], lateral),
        portal_bifurcation=(hilum[0] + 3, hilum[1] + 5, level),
        right_hepatic_vein=tuple(border(codes, [7], [8]).mean(axis=0)),
    )


def test_couinaud__near_the_annotated_segments_of_real_livers(shared):
    nibabel = pytest.importorskip("nibabel")
    errors = []
    for number in ("001", "004", "013", "050", "056", "067"):
        loaded = nibabel.load(shared / "data" / "couinaud" / f"lits_{number}.nii.gz")
        codes = np.asarray(loaded.dataobj).astype(np.uint8)
        true = LabelMap(codes, Geometry(codes.shape, loaded.affine), COUINAUD_SCHEME)

        made = couinaud_from_landmarks(true, landmarks_of(codes))

        shares = [np.bincount(m.codes.ravel(), minlength=9)[1:] for m in (true, made)]
        errors.append(np.abs(shares[0] - shares[1]) / shares[0].sum())

    # 1.1 points on average over 74 livers; a swapped plane costs more than 5.
    assert np.mean(errors) < 0.02


@given(geometry=grids_around(BOX_MM, low_mm=9.0, high_mm=17.0))
def test_segment_iv__parts_are_above_and_below_the_bifurcation_on_any_grid(geometry):
    couinaud = couinaud_from_landmarks(whole(geometry), LANDMARKS)

    parts = segment_iv_parts(couinaud, LANDMARKS)

    fourth = couinaud.codes == CouinaudSegment.IV
    points = geometry.ras_from_index(np.argwhere(fourth))
    height = points[:, 2] - LANDMARKS.portal_bifurcation[2]
    clear = np.abs(height) > EDGE_MM
    expected = np.where(height > 0, SegmentIvPart.IVa, SegmentIvPart.IVb)
    assert np.array_equal(fourth, parts.mask())
    assert np.array_equal(expected[clear], parts.codes[fourth][clear])
    assert {SegmentIvPart.IVa, SegmentIvPart.IVb} == set(parts.codes[fourth].tolist())
    assert parts.scheme is SEGMENT_IV_SCHEME
    assert geometry.same_grid(parts.geometry)


def test_segment_iv__a_voxel_on_the_level_is_ivb():
    matrix = np.diag([10.0, 10.0, 10.0, 1.0])
    matrix[:3, 3] = (20.0, 180.0, 387.0)
    geometry = Geometry((4, 5, 3), matrix)  # slices at 387, 397 and 407 mm; the level is 397
    codes = np.full(geometry.shape, CouinaudSegment.IV, dtype=np.uint8)
    codes[0] = CouinaudSegment.V

    parts = segment_iv_parts(LabelMap(codes, geometry, COUINAUD_SCHEME), LANDMARKS).codes

    assert (parts[1:, :, :2] == SegmentIvPart.IVb).all()
    assert (parts[1:, :, 2] == SegmentIvPart.IVa).all()
    assert (parts[0] == 0).all()


def test_segment_iv__none_where_there_is_no_segment_iv():
    matrix = np.diag([10.0, 10.0, 10.0, 1.0])
    matrix[:3, 3] = (20.0, 180.0, 387.0)
    geometry = Geometry((4, 5, 3), matrix)
    couinaud = LabelMap(np.full(geometry.shape, 6, dtype=np.uint8), geometry, COUINAUD_SCHEME)

    assert not segment_iv_parts(couinaud, LANDMARKS).mask().any()


def test_segment_iv__at_the_computed_bifurcation():
    matrix = np.diag([10.0, 10.0, 10.0, 1.0])
    matrix[:3, 3] = (20.0, 180.0, 387.0)
    codes = np.full((4, 5, 3), CouinaudSegment.IV, dtype=np.uint8)
    couinaud = LabelMap(codes, Geometry((4, 5, 3), matrix), COUINAUD_SCHEME)
    x, y, z = LANDMARKS.portal_bifurcation
    left = np.array([(x - 3.0, y, z + 2.0), (x - 30.0, y + 9.0, z + 9.0)])
    right = np.array([(x + 3.0, y, z - 2.0), (x + 30.0, y, z)])
    stems = {VesselName.LEFT_PORTAL_VEIN: left, VesselName.RIGHT_ANTERIOR_PORTAL_VEIN: right}

    point = bifurcation_of(stems)

    np.testing.assert_allclose(point, (x, y, z))
    parts = parts_at_level(couinaud, float(point[2]))
    assert np.array_equal(parts.codes, segment_iv_parts(couinaud, LANDMARKS).codes)
    for seen in (
        {},
        {VesselName.LEFT_PORTAL_VEIN: left},
        {**stems, VesselName.RIGHT_ANTERIOR_PORTAL_VEIN: right + 20.0},
    ):
        assert bifurcation_of(seen) is None


def test_segment_iv__refused():
    geometry = Geometry((4, 5, 3), np.diag([10.0, 10.0, 10.0, 1.0]))
    empty = LabelMap(np.zeros(geometry.shape, dtype=np.uint8), geometry, COUINAUD_SCHEME)
    with pytest.raises(EmptyStructureError, match="Couinaud map has no voxels"):
        segment_iv_parts(empty, LANDMARKS)
    fourth = LabelMap(np.full(geometry.shape, 4, dtype=np.uint8), geometry, COUINAUD_SCHEME)
    with pytest.raises(InputError, match="outside the liver's box"):
        segment_iv_parts(fourth, LANDMARKS)
