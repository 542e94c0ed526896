"""Windows for the liver network on simple bodies."""

import numpy as np
import pytest

from remnant.core.volumes import Modality
from segmentation.liver.localise import (
    CONTINUED_VOXELS,
    LARGEST_WINDOW,
    body_box,
    continued,
    first_windows,
    window_around,
)

AIR = -1000.0


def torso(height=240, lung_from=150, *, couch=False, width=120):
    """An elliptic body with two lungs; 3 mm voxels, axes RAS+."""
    x, y = np.meshgrid(np.arange(150), np.arange(110), indexing="ij")
    body = np.full((150, 110, height), AIR, dtype=np.float32)
    ellipse = ((x - 75) / (width / 2)) ** 2 + ((y - 55) / 40) ** 2 < 1
    body[ellipse] = 40.0
    for centre in (45, 105):
        lung = ((x - centre) / 18) ** 2 + ((y - 55) / 25) ** 2 < 1
        body[lung, lung_from:] = -850.0
    if couch:
        body[20:130, 5:8, :] = 100.0
    return body


def box_of(i, j, k):
    return (slice(*i), slice(*j), slice(*k))


@pytest.mark.parametrize("couch", [False, True])
def test_body_box__couch_and_air_are_left_out(couch):
    i, j, k = body_box(torso(couch=couch), Modality.CT)
    assert abs(i.start - 15) <= 3
    assert abs(i.stop - 136) <= 3
    assert abs(j.start - 15) <= 3
    assert (k.start, k.stop) == (0, 240)


def test_body_box__nothing_but_air_is_the_whole_image():
    air = np.full((9, 8, 7), AIR, dtype=np.float32)
    assert body_box(air, Modality.CT) == box_of((0, 9), (0, 8), (0, 7))


def test_body_box__mr():
    image = np.zeros((40, 41, 30), dtype=np.float32)
    image[5:35, 6:30] = 300.0
    assert body_box(image, Modality.MR) == box_of((5, 35), (6, 30), (0, 30))


def test_continued__where_the_scan_cuts_the_body():
    scan = torso(height=60, lung_from=40)[:70]
    body = body_box(scan, Modality.CT)
    longer, further, within = continued(scan, body)
    n = CONTINUED_VOXELS
    assert (70 + n, 110, 60 + 2 * n) == longer.shape
    assert box_of((0, 70), (0, 110), (n, n + 60)) == within
    np.testing.assert_array_equal(scan, longer[within])
    np.testing.assert_array_equal(longer[-1, :, n:-n], scan[-1])
    np.testing.assert_array_equal(longer[:70, :, 0], scan[:, :, 0])
    assert (
        box_of((body[0].start, 70 + n), (body[1].start, body[1].stop), (0, 60 + 2 * n)) == further
    )


def test_continued__a_body_that_is_whole_is_left_alone():
    scan = np.full((40, 41, 42), AIR, dtype=np.float32)
    scan[10:30, 10:30, 10:30] = 40.0
    longer, body, within = continued(scan, body_box(scan, Modality.CT))
    np.testing.assert_array_equal(scan, longer)
    assert body_box(scan, Modality.CT) == body
    assert box_of((0, 40), (0, 41), (0, 42)) == within


def test_first_windows__short_scan_is_one_window():
    scan = torso(height=60, lung_from=40)
    windows = first_windows(scan, body_box(scan, Modality.CT), Modality.CT)
    assert windows.placed_by_lungs is None
    assert [w[2] for w in windows.cover] == [slice(0, 60)]


def test_first_windows__lungs_of_a_tall_scan_come_first():
    scan = torso(height=300, lung_from=190)
    windows = first_windows(scan, body_box(scan, Modality.CT), Modality.CT)
    assert windows.placed_by_lungs[2] == slice(190 + 23 - 136, 190 + 23)
    covered = set().union(*(range(w[2].start, w[2].stop) for w in windows.cover))
    assert covered == set(range(300))


def test_first_windows__tall_scan_without_lungs_is_covered():
    scan = torso(height=300, lung_from=300)
    windows = first_windows(scan, body_box(scan, Modality.CT), Modality.CT)
    covered = set().union(*(range(w[2].start, w[2].stop) for w in windows.cover))
    assert windows.placed_by_lungs is None
    assert windows.cover[0][2] == slice(164, 300)
    assert set(range(300)) == covered


def test_window_around__from_below_the_tip_to_above_the_dome():
    liver = np.zeros((150, 110, 240), dtype=bool)
    liver[80:130, 30:80, 90:150] = True
    body = box_of((10, 140), (10, 100), (0, 240))
    assert window_around(liver, body) == box_of((10, 140), (10, 100), (75, 173))
    low = box_of((10, 140), (10, 100), (88, 155))
    assert window_around(liver, low)[2] == slice(88, 155)


def test_window_around__wide_body_keeps_the_liver_in():
    liver = np.zeros((220, 110, 100), dtype=bool)
    liver[170:215, 30:80, 30:70] = True
    i, _, _ = window_around(liver, box_of((0, 220), (0, 110), (0, 100)))
    assert i.stop - i.start == LARGEST_WINDOW[0]
    assert i.start <= 170
    assert i.stop >= 215
