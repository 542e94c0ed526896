"""Maps against the scan they are given with: contours on its grid, identifiers compared."""

from dataclasses import replace

import numpy as np
import pytest

from examples.structure_sets import contours_of, roi, structure_set
from remnant.core.errors import GeometryMismatchError
from remnant.io.image_reference import NO_REFERENCE, ImageReference
from remnant.pipeline.references import drawn_on_scan
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segment import segment_case
from remnant.pipeline.segment_sources import read_given

DRAWN_ON = ImageReference("1.2.3", frozenset(("1.2.3.1",)), frozenset())
SCAN = ImageReference("1.2.3", frozenset(("1.2.3.2",)), frozenset(("1.2.3.2.1",)))


@pytest.fixture(name="outlines", scope="module")
def outlines_fixture(phantom, tmp_path_factory):
    """Liver, each lesion and each segment of the phantom as a structure set."""
    axis, maps = phantom.liver_mask.geometry.axial_axis, phantom
    grid = maps.liver_mask.geometry
    rois = [roi("Liver", contours_of(maps.liver_mask.mask(), grid, axis))]
    rois += [
        roi(f"GTV {n}", contours_of(maps.lesions.codes == n, grid, axis))
        for n in range(1, int(maps.lesions.codes.max()) + 1)
    ]
    rois += [
        roi(f"Liver segment {n}", contours_of(maps.couinaud.codes == n, grid, axis))
        for n in range(1, 9)
    ]
    return structure_set(tmp_path_factory.mktemp("rt") / "rt.dcm", *rois)


def test_outlines__of_a_scan_are_filled_on_its_grid(phantom, scan, outlines, segmenter):
    masks = dict.fromkeys(("liver", "lesions", "couinaud"), outlines)
    case = segment_case(SegmentRequest(source=scan, masks=masks), segmenter=segmenter)
    assert case.maps.structures.geometry.same_grid(phantom.image.geometry)
    np.testing.assert_array_equal(phantom.liver_mask.mask(), case.maps.structures.mask())
    np.testing.assert_array_equal(phantom.lesions.codes > 0, case.maps.lesions.codes > 0)
    np.testing.assert_array_equal(phantom.couinaud.codes, case.division.couinaud.codes)


def given(outlines, phantom, *roles):
    request = SegmentRequest(masks=dict.fromkeys(roles, outlines))
    return read_given(request, liver_known=True, reference=phantom.image.geometry)


@pytest.mark.parametrize("roles", [("liver", "lesions"), ("couinaud",), ("liver", "couinaud")])
def test_drawn_on_scan__another_series_is_said_of_each_file(outlines, phantom, roles):
    masks, segments = drawn_on_scan(*given(outlines, phantom, *roles), SCAN)
    found = (*(() if masks is None else masks.quality), *(segments.couinaud or masks).quality)
    named = {f.reasons[0].names for f in found if f.id == "masks_of_other_series"}
    assert named == {(role,) for role in roles}


def test_drawn_on_scan__silent_on_the_same_series_and_without_identifiers(outlines, phantom):
    before = given(outlines, phantom, "liver", "couinaud")
    for scan in (NO_REFERENCE, replace(SCAN, series_uids=DRAWN_ON.series_uids)):
        masks, segments = drawn_on_scan(*before, scan)
        assert (before[0].quality, before[1].couinaud.quality) == (
            masks.quality, segments.couinaud.quality)  # fmt: skip


def test_drawn_on_scan__another_examination_is_refused(outlines, phantom):
    other = ImageReference("9", frozenset(("9.1",)), frozenset(("9.1.1",)))
    with pytest.raises(GeometryMismatchError, match="couinaud file was drawn on images of another"):
        drawn_on_scan(*given(outlines, phantom, "couinaud"), other)
