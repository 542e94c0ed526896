import tracemalloc

import numpy as np
import pytest

from remnant.core.errors import EmptyStructureError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LabelMap
from remnant.testing.phantoms import liver_phantom
from segmentation.quality import _counts_and_centres, check_liver, check_segments

GRID = Geometry((40, 30, 20), np.diag([5.0, 5.0, 5.0, 1.0]))
IV_LEFT = reason(Cause.SEGMENTS_MISORDERED, "IV", "right", "II+III")
PHANTOM = liver_phantom(metastases=0, noise_hu=0.0)


def liver(change=None):
    codes = np.zeros(GRID.shape, dtype=np.uint8)
    codes[4:24, 4:24, 4:16] = 1  # 4800 voxels of 0.125 mL
    if change is not None:
        change(codes)
    return LabelMap(codes, GRID, BINARY_SCHEME)


def by_id(findings):
    return {f.id: f for f in findings}


def couinaud(codes):
    return LabelMap(codes.astype(np.uint8), PHANTOM.geometry, COUINAUD_SCHEME)


def test_check_liver__one_sound_piece():
    findings = check_liver(liver())

    assert [f.verdict for f in findings] == [Verdict.MET] * 3
    assert [f.value for f in findings] == pytest.approx([0.0, 0.0, 600.0])


def test_check_liver__loose_piece():
    def split(codes):
        codes[30:35, 4:8, 4:8] = 1

    found = by_id(check_liver(liver(split)))["liver_in_one_piece"]

    assert found.verdict is Verdict.NOT_MET
    assert found.value == pytest.approx(80 / 4880)
    assert reason(Cause.PIECES, 2) in found.reasons


def test_check_liver__a_groove_is_no_cavity_but_an_enclosed_hole_is():
    def groove(codes):
        codes[10:14, 10:14, 8:] = 0

    def hole(codes):
        codes[10:14, 10:14, 8:12] = 0

    assert by_id(check_liver(liver(groove)))["liver_without_cavities"].value == 0
    found = by_id(check_liver(liver(hole)))["liver_without_cavities"]
    assert found.verdict is Verdict.NOT_MET
    assert found.value == pytest.approx(64 / 4736)


@pytest.mark.parametrize(("step", "verdict"), [(1, Verdict.NOT_MET), (4, Verdict.MET)])
def test_check_liver__volume(step, verdict):
    matrix = np.diag([float(step), 5.0, 5.0, 1.0])
    mask = LabelMap(liver().codes, Geometry(GRID.shape, matrix), BINARY_SCHEME)

    found = by_id(check_liver(mask))["liver_mask_volume_plausible"]

    assert found.verdict is verdict
    assert found.value == pytest.approx(120.0 * step)


def test_check_segments__phantom_is_in_order():
    findings = check_segments(PHANTOM.couinaud)

    assert [f.verdict for f in findings] == [Verdict.MET] * 4
    assert [f.value for f in findings] == [0.0] * 4


def test_check_segments__left_and_right_exchanged():
    swapped = np.array([0, 1, 7, 6, 5, 4, 3, 2, 8])[PHANTOM.couinaud.codes]

    found = by_id(check_segments(couinaud(swapped)))["couinaud_in_order"]

    assert found.verdict is Verdict.NOT_MET
    assert IV_LEFT in found.reasons


def test_check_segments__upper_and_lower_exchanged():
    swapped = np.array([0, 1, 2, 3, 4, 8, 7, 6, 5])[PHANTOM.couinaud.codes]

    found = by_id(check_segments(couinaud(swapped)))["couinaud_in_order"]

    assert found.value == 1
    assert found.reasons == (reason(Cause.SEGMENTS_MISORDERED, "VII+VIII", "above", "V+VI"),)


def test_counts_and_centres__are_the_mean_of_the_voxels_and_takes_little_memory():
    codes = np.zeros((90, 80, 70), dtype=np.uint8)
    codes[5:61, 7:50, 3:] = 5
    codes[20:40, 50:77, 9:30] = 6
    expected = np.array([np.argwhere(codes == code).mean(axis=0) for code in (5, 6)])
    tracemalloc.start()
    counts, centres = _counts_and_centres(codes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    np.testing.assert_array_equal(counts[5:7], [np.sum(codes == code) for code in (5, 6)])
    assert not counts[[0, 1, 2, 3, 4, 7, 8]].any()
    np.testing.assert_allclose(centres[5:7], expected, rtol=1e-12)
    # a copy of the codes; a list of voxels takes 24 bytes for each
    assert peak < 4 * codes.size


def test_check_segments__odd_share():
    codes = np.array(PHANTOM.couinaud.codes)
    fourth = np.flatnonzero(codes == 4)
    codes.ravel()[fourth[5:]] = 5

    found = by_id(check_segments(couinaud(codes)))["couinaud_shares_plausible"]

    assert found.verdict is Verdict.NOT_MET
    assert {Cause.UNUSUAL_SHARE} == {one.cause for one in found.reasons}
    (fourth,) = (one.amounts for one in found.reasons if one.names == ("IV",))
    assert pytest.approx((0.0, 0.04, 0.3), abs=5e-4) == fourth


def test_check_segments__missing_segment_leaves_shares_unknown():
    codes = np.where(PHANTOM.couinaud.codes == 1, 0, PHANTOM.couinaud.codes)

    present, order, shares, _ = check_segments(couinaud(codes))

    assert present.verdict is Verdict.NOT_MET
    assert present.value == 1
    assert present.reasons == (reason(Cause.SEGMENTS_EMPTY, "I"),)
    assert order.verdict is Verdict.MET
    assert shares.verdict is Verdict.UNKNOWN


def test_check_segments__exchanged_sides_show_without_segment_i():
    swapped = np.array([0, 0, 7, 6, 5, 4, 3, 2, 8])[PHANTOM.couinaud.codes]

    order = check_segments(couinaud(swapped))[1]

    assert order.verdict is Verdict.NOT_MET
    assert IV_LEFT in order.reasons


def test_check_segments__order_is_unknown_where_no_group_is_complete():
    codes = np.where(np.isin(PHANTOM.couinaud.codes, (4, 7)), 0, PHANTOM.couinaud.codes)

    _, order, *_ = check_segments(couinaud(codes))

    assert order.verdict is Verdict.UNKNOWN


def test_check_segments__a_piece_in_another_segment_is_named():
    codes = np.array(PHANTOM.couinaud.codes)
    place = np.argwhere(codes == 7)
    centre = place[len(place) // 2]
    near = np.linalg.norm((np.indices(codes.shape).T - centre).T, axis=0) <= 2
    piece = near & (codes == 7)
    codes[piece] = 2
    volume_ml = np.sum(piece) * PHANTOM.geometry.voxel_volume_ml

    found = by_id(check_segments(couinaud(codes)))["couinaud_distant_pieces"]

    assert found.verdict is Verdict.NOT_MET
    assert found.value == 1
    assert [("II", "VII")] == [one.names for one in found.reasons]
    assert pytest.approx(volume_ml) == found.reasons[0].amounts[0]


@pytest.mark.parametrize("code", [1, 2])
def test_check_segments__specks_and_pieces_nearby_are_passed_over(code):
    codes = np.array(PHANTOM.couinaud.codes)
    codes[tuple(np.argwhere(codes == 7)[0])] = code

    found = by_id(check_segments(couinaud(codes)))["couinaud_distant_pieces"]

    assert found.verdict is Verdict.MET
    assert found.value == 0


def test_checks__empty():
    none = LabelMap(np.zeros(GRID.shape, dtype=np.uint8), GRID, BINARY_SCHEME)
    with pytest.raises(EmptyStructureError, match="liver map"):
        check_liver(none)
    with pytest.raises(EmptyStructureError, match="Couinaud map"):
        check_segments(none)
