"""The lesion table where one voxel, one face or one name decides."""

import numpy as np
import pytest

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME, STRUCTURE_SCHEME, CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.volumes import LabelMap
from volumetry.error_models import GIVEN_MAPS
from volumetry.lesions import measure_lesions, require_known_lesions
from volumetry.liver_maps import liver_maps, tally
from volumetry.surfaces import mask_surface

SHAPE = (12, 13, 14)
GRID = Geometry(SHAPE, np.diag([1.5, 2.0, 2.5, 1.0]))
TINY = Geometry(SHAPE, np.diag([0.2, 0.2, 0.2, 1.0]))
LIVER = (slice(1, 11), slice(2, 11), slice(3, 11))


def table(*boxes, liver=LIVER, grid=GRID, segments=None):
    codes = [np.zeros(SHAPE, np.uint16) for _ in range(3)]
    codes[0][liver] = 1
    for code, box in enumerate(boxes, 1):
        codes[1][box] = code
    for segment, box in (segments or {}).items():
        codes[2][box] = segment
    structures, lesions, couinaud = (
        LabelMap(array, grid, scheme)
        for array, scheme in zip(
            codes, (STRUCTURE_SCHEME, INSTANCE_SCHEME, COUINAUD_SCHEME), strict=True
        )
    )
    maps = liver_maps(structures, lesions, couinaud if segments else None)
    return measure_lesions(
        maps, tally(maps), {}, tumour=maps.lesions > 0, model=GIVEN_MAPS, intensities={}
    )


def box_at(axis, end, *, liver=LIVER, size=3):
    """A cube of voxels in the middle of the liver, moved to one of its faces."""
    sides = [slice(5, 5 + size)] * 3
    low, high = liver[axis].start, liver[axis].stop
    sides[axis] = slice(low, low + size) if end == 0 else slice(high - size, high)
    return tuple(sides)


@pytest.mark.parametrize("end", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_surface__of_a_lesion_at_the_livers_own_surface_is_whole(axis, end):
    """The liver's box ends there, the scan does not."""
    (lesion,) = table(box_at(axis, end))
    whole = mask_surface(np.ones((3, 3, 3), np.bool_), GRID).area_mm2
    assert lesion.surface_mm2 == pytest.approx(whole)
    assert lesion.volume_ml.bound is None


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_surface__is_open_only_where_the_scan_cuts(axis):
    liver = list(LIVER)
    liver[axis] = slice(2, SHAPE[axis])
    cut, uncut = table(
        box_at(axis, 1, liver=liver), box_at(axis, 0, liver=liver), liver=tuple(liver)
    )
    assert cut.surface_mm2 < uncut.surface_mm2
    assert cut.volume_ml.bound is not None
    assert uncut.volume_ml.bound is None


def test_interval__of_a_lesion_with_less_than_a_square_millimetre():
    (lesion,) = table((5, 5, 5), grid=TINY)
    assert 0.0 < lesion.surface_mm2 < 1.0
    assert lesion.volume_ml.interval.high > lesion.volume_ml.value


def test_segments__one_voxel_is_a_share():
    box = (slice(5, 9), 5, 5)
    segments = {CouinaudSegment.II: (slice(0, 6),), CouinaudSegment.V: (slice(6, 12),)}
    (lesion,) = table(box, segments=segments)
    assert {CouinaudSegment.II: 0.25, CouinaudSegment.V: 0.75} == lesion.segment_fractions


def test_segments__what_none_covers_is_missing_from_the_shares():
    segments = {CouinaudSegment.II: (slice(0, 6),)}
    (lesion,) = table((slice(5, 9), 5, 5), segments=segments)
    assert {CouinaudSegment.II: 0.25} == lesion.segment_fractions


@pytest.mark.parametrize(("there", "named"), [(20, 20), (21, 20), (0, None)])
def test_unknown_lesions__twenty_known_ones_are_named(there, named):
    with pytest.raises(InputError) as raised:
        require_known_lesions({99: Confirmation.REJECTED}, frozenset(range(1, there + 1)))
    listed = str(raised.value).split("its ids are: ")[1]
    expected = "none" if named is None else ", ".join(map(str, range(1, named + 1)))
    assert expected == listed
    assert "lesion(s) [99] are not in the lesion map" in str(raised.value)


def test_known_lesions__are_accepted():
    require_known_lesions({}, frozenset())
    require_known_lesions({2: Confirmation.CONFIRMED}, frozenset({1, 2}))
