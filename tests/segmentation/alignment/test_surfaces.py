"""Known rigid motions of a liver are found again."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from remnant.core.errors import EmptyStructureError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.reasons import Cause
from remnant.core.volumes import LabelMap
from remnant.testing.liver import analytic_liver
from remnant.testing.phantom_shapes import Ellipsoid, digitise
from remnant.testing.phantoms import body_grid
from segmentation.alignment.surfaces import align_livers, describe_alignment

LIVER = analytic_liver()
# The phantom's liver alone is close to a body of revolution: two bumps make it a shape with a side.
LEFT_LOBE = Ellipsoid((-25.0, 35.0, 25.0), (75.0, 38.0, 30.0))
RIGHT_TIP = Ellipsoid((110.0, 0.0, -60.0), (38.0, 45.0, 50.0))
COARSE = (3.0, 2.9, 5.0)
TOLERANCE_MM = 3.0
"""One voxel of the grid that the masks are compared on."""


def liver_on(grid, *, gone=()):
    mask = np.zeros(grid.shape, dtype=bool)
    for body in (LIVER.whole, LEFT_LOBE, RIGHT_TIP):
        mask |= digitise(body, grid)
    if gone:
        where = np.argwhere(mask)
        segments = LIVER.segment_codes(grid.ras_from_index(where))
        mask[tuple(where[np.isin(segments, gone)].T)] = False
    return mask.astype(np.uint8)


def moved(motion, *, spacing_mm=COARSE, gone=()):
    """The liver as a second scan sees it: digitised anew, on an upright grid of its own."""
    grid = body_grid(spacing_mm=spacing_mm)
    matrix = np.array(grid.affine_ras)
    matrix[:3, 3] += motion[:3, 3]
    seen = Geometry(grid.shape, np.linalg.inv(motion) @ matrix)
    return LabelMap(liver_on(seen, gone=gone), Geometry(grid.shape, matrix), BINARY_SCHEME)


def motion_of(angles, shift):
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    matrix[:3, 3] = shift
    return matrix


def largest_error_mm(found, truth, labels):
    points = labels.geometry.ras_from_index(np.argwhere(labels.codes > 0)[::200])
    ends = [points @ m[:3, :3].T + m[:3, 3] for m in (found, truth)]
    return float(np.linalg.norm(ends[0] - ends[1], axis=1).max())


@pytest.fixture(scope="module", name="before")
def before_fixture():
    return moved(np.eye(4), spacing_mm=(2.6, 2.4, 3.0))


@pytest.mark.parametrize(
    ("angles", "shift"),
    [
        ((0, 0, 0), (0, 0, 0)),
        ((0, 0, 0), (300, -450, 700)),
        ((5, -3, 8), (10, -20, 30)),
        ((-15, 12, -18), (40, 60, -30)),
    ],
)
def test_known_motion__is_recovered(before, angles, shift):
    truth = motion_of(angles, shift)

    found = align_livers(before, moved(truth))

    assert TOLERANCE_MM > largest_error_mm(found, truth, before)
    assert np.eye(3) == pytest.approx(found[:3, :3] @ found[:3, :3].T, abs=1e-12)
    assert 1.0 == pytest.approx(np.linalg.det(found[:3, :3]))
    assert [0.0, 0.0, 0.0, 1.0] == found[3].tolist()


@pytest.mark.parametrize("gone", [(5, 6, 7, 8), (2, 3), (6, 7)])
def test_resected_liver__still_fits_where_it_is_left(before, gone):
    truth = motion_of((4, -6, 5), (12, -9, 21))

    found = align_livers(before, moved(truth, gone=gone))

    assert TOLERANCE_MM > largest_error_mm(found, truth, before)


def test_exchange__gives_the_inverse(before):
    after = moved(motion_of((5, -3, 8), (10, -20, 30)))

    forth, back = align_livers(before, after), align_livers(after, before)

    # not exactly: the points that are looked up lie on two other grids
    assert 0.5 > largest_error_mm(back @ forth, np.eye(4), before)


def test_same_masks__give_the_same_motion_to_the_last_bit(before):
    after = moved(motion_of((5, -3, 8), (10, -20, 30)))

    assert np.array_equal(align_livers(before, after), align_livers(before, after))


def test_mirrored_and_permuted_axes__change_nothing(before):
    """The same voxels in another order lie at the same places."""
    after = moved(motion_of((5, -3, 8), (10, -20, 30)))
    flip = np.diag((-1.0, 1.0, 1.0, 1.0))
    flip[0, 3] = before.geometry.shape[0] - 1
    flipped = Geometry(before.geometry.shape, before.geometry.affine_ras @ flip)
    turned = LabelMap(before.codes[::-1], flipped, BINARY_SCHEME)

    found, same = align_livers(before, after), align_livers(turned, after)

    assert 0.5 > largest_error_mm(found, same, before)


def test_description__angle_shift_and_verdict(before):
    motion = motion_of((0, 0, 20), (0, 0, 0))
    centre = before.geometry.ras_from_index(np.argwhere(before.codes > 0)).mean(axis=0)
    motion[:3, 3] = centre - motion[:3, :3] @ centre + (3.0, 4.0, 0.0)

    alignment, finding = describe_alignment(motion, 0.95, before, before)

    assert 20.0 == pytest.approx(alignment.rotation_degrees)
    assert (3.0, 4.0, 0.0) == pytest.approx(alignment.shift_mm, abs=1e-9)
    assert Verdict.MET == finding.verdict
    assert 0.95 == finding.value
    (moved_by,) = (r.amounts for r in finding.reasons if r.cause is Cause.LIVER_MOVED)
    assert (20.0, 5.0) == pytest.approx(moved_by)
    assert motion.tolist() == [list(row) for row in alignment.before_to_after_ras]


def test_description__a_poor_overlap_says_what_may_be_behind_it(before):
    left = moved(np.eye(4), gone=(5, 6, 7, 8))

    _, finding = describe_alignment(np.eye(4), 0.62, before, left)

    assert Verdict.NOT_MET == finding.verdict
    assert 0.62 == finding.value
    assert Cause.LIVERS_DIFFER in [one.cause for one in finding.reasons]


def test_empty_liver__is_refused(before):
    empty = LabelMap(np.zeros_like(before.codes), before.geometry, BINARY_SCHEME)

    with pytest.raises(EmptyStructureError, match="the liver has no voxels"):
        align_livers(before, empty)
