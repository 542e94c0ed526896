"""The lesion table's own decisions: intervals, cut lesions, intensities."""

import numpy as np
import pytest

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import (
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    STRUCTURE_SCHEME,
    CouinaudSegment,
    Structure,
)
from remnant.core.lesions import Confirmation, IntensityStatistics
from remnant.core.quantity import Bound
from remnant.core.volumes import LabelMap
from volumetry.lesions.lesion_rows import measure_lesions, require_known_lesions
from volumetry.liver_maps import liver_maps, tally
from volumetry.surfaces import grid_mm4, mask_surface
from volumetry.uncertainty.error_models import GIVEN_MAPS
from volumetry.uncertainty.intervals import lesion_interval

GRID = Geometry((12, 13, 14), np.diag([1.5, 2.0, 2.5, 1.0]))
SEEN = IntensityStatistics(mean=50.0, sd=5.0, minimum=30.0, median=51.0, maximum=70.0)


def table(lesion_boxes, *, liver=(slice(1, 11), slice(1, 12), slice(1, 13)), vessel=None):
    structures, lesions = np.zeros(GRID.shape, np.uint8), np.zeros(GRID.shape, np.uint16)
    structures[liver] = 1
    if vessel is not None:
        structures[vessel] = Structure.PORTAL_VEIN
    for code, box in lesion_boxes.items():
        lesions[box] = code
    maps = liver_maps(
        LabelMap(structures, GRID, STRUCTURE_SCHEME), LabelMap(lesions, GRID, INSTANCE_SCHEME), None
    )
    return measure_lesions(
        maps,
        tally(maps),
        {3: Confirmation.CONFIRMED},
        tumour=maps.lesions > 0,
        model=GIVEN_MAPS,
        intensities={3: SEEN},
    )


CUBE = (slice(4, 7), slice(5, 8), slice(6, 9))
EVERYWHERE = (slice(None), slice(None), slice(None))


def test_lesion__carries_what_is_known_of_it():
    one, other = table({3: CUBE, 8: (slice(8, 10), slice(2, 4), slice(2, 4))})
    assert (one.id, one.intensity, one.confirmation) == (3, SEEN, Confirmation.CONFIRMED)
    assert (other.id, other.intensity, other.confirmation) == (8, None, Confirmation.AUTOMATIC)


def test_lesion__interval_follows_from_its_volume_and_surface():
    (lesion,) = table({3: CUBE})
    surface_mm2 = mask_surface(np.ones((3, 3, 3), np.bool_), GRID).area_mm2
    volume_ml = 27 * 7.5 / 1000
    expected = lesion_interval(volume_ml, surface_mm2, grid_mm4=grid_mm4(GRID), model=GIVEN_MAPS)
    assert lesion.surface_mm2 == pytest.approx(surface_mm2)
    assert lesion.volume_ml.value == pytest.approx(volume_ml)
    found = lesion.volume_ml.interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.sds == pytest.approx(expected.sds)
    assert lesion.volume_ml.bound is None


def test_lesion__at_the_edge_of_the_scan_has_no_surface_there():
    box = (slice(0, 3), slice(5, 8), slice(6, 9))
    liver = (slice(0, 11), slice(1, 12), slice(1, 13))
    (lesion,) = table({3: box}, liver=liver)
    cut = ((True, False), (False, False), (False, False))
    mask = np.ones((3, 3, 3), np.bool_)
    assert lesion.surface_mm2 == pytest.approx(mask_surface(mask, GRID, cut=cut).area_mm2)
    assert lesion.surface_mm2 < mask_surface(mask, GRID).area_mm2
    assert lesion.volume_ml.bound is Bound.LOWER
    assert lesion.volume_ml.value in lesion.volume_ml.interval


def test_lesion__apart_from_the_cut_keeps_its_whole_surface():
    (lesion,) = table({3: CUBE}, liver=(slice(0, 11), slice(1, 12), slice(1, 13)))
    assert lesion.surface_mm2 == pytest.approx(mask_surface(np.ones((3,) * 3, bool), GRID).area_mm2)


def test_lesion__that_fills_the_scan_has_no_surface_and_no_interval():
    (lesion,) = table({3: EVERYWHERE}, liver=EVERYWHERE)
    assert lesion.surface_mm2 == 0.0
    assert (lesion.volume_ml.bound, lesion.volume_ml.interval) == (Bound.LOWER, None)
    assert lesion.surface_distance_mm.value is None


def test_lesion__distances_are_those_of_the_maps():
    (lesion,) = table({3: CUBE}, vessel=(slice(9, 10), slice(6, 7), slice(7, 8)))
    assert lesion.portal_vein_distance_mm.value == pytest.approx(2 * 1.5)
    assert lesion.hepatic_veins_distance_mm.value is None
    assert lesion.surface_distance_mm.value == pytest.approx(3 * 1.5)


def test_lesion__free_is_what_lies_against_functional_liver():
    (alone,) = table({3: CUBE})
    assert alone.free_surface_mm2 == alone.surface_mm2


def test_lesion__touching_another_is_not_free_there():
    neighbour = (slice(7, 9), slice(5, 8), slice(6, 9))
    lesion = next(le for le in table({3: CUBE, 5: neighbour}) if le.id == 3)
    i, j, k = GRID.spacing_mm
    faces_mm2 = 18 * (i * j + i * k + j * k)
    assert lesion.free_surface_mm2 == pytest.approx(
        lesion.surface_mm2 * (1 - 9 * j * k / faces_mm2)
    )


def test_lesion__at_the_capsule_is_not_free_there():
    (lesion,) = table({3: (slice(1, 4), slice(5, 8), slice(6, 9))})
    i, j, k = GRID.spacing_mm
    faces_mm2 = 18 * (i * j + i * k + j * k)
    assert lesion.free_surface_mm2 == pytest.approx(
        lesion.surface_mm2 * (1 - 9 * j * k / faces_mm2)
    )


def test_lesion__vessels_are_read_from_structure_codes_alone():
    codes = np.zeros(GRID.shape, np.uint8)
    codes[1:11, 1:12, 1:13] = 3
    lesions = np.zeros(GRID.shape, np.uint16)
    lesions[CUBE] = 1
    maps = liver_maps(
        LabelMap(codes, GRID, COUINAUD_SCHEME), LabelMap(lesions, GRID, INSTANCE_SCHEME), None
    )
    (lesion,) = measure_lesions(
        maps, tally(maps), {}, tumour=maps.lesions > 0, model=GIVEN_MAPS, intensities={}
    )
    assert lesion.portal_vein_distance_mm.value is None


# The lesion table where one voxel, one face or one name decides


SHAPE = (12, 13, 14)
STEPPED = Geometry(SHAPE, np.diag([1.5, 2.0, 2.5, 1.0]))
TINY = Geometry(SHAPE, np.diag([0.2, 0.2, 0.2, 1.0]))
LIVER = (slice(1, 11), slice(2, 11), slice(3, 11))


def table_of(*boxes, liver=LIVER, grid=STEPPED, segments=None):
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
    (lesion,) = table_of(box_at(axis, end))
    whole = mask_surface(np.ones((3, 3, 3), np.bool_), STEPPED).area_mm2
    assert lesion.surface_mm2 == pytest.approx(whole)
    assert lesion.volume_ml.bound is None


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_surface__is_open_only_where_the_scan_cuts(axis):
    liver = list(LIVER)
    liver[axis] = slice(2, SHAPE[axis])
    cut, uncut = table_of(
        box_at(axis, 1, liver=liver), box_at(axis, 0, liver=liver), liver=tuple(liver)
    )
    assert cut.surface_mm2 < uncut.surface_mm2
    assert cut.volume_ml.bound is not None
    assert uncut.volume_ml.bound is None


def test_interval__of_a_lesion_with_less_than_a_square_millimetre():
    (lesion,) = table_of((5, 5, 5), grid=TINY)
    assert 0.0 < lesion.surface_mm2 < 1.0
    assert lesion.volume_ml.interval.high > lesion.volume_ml.value


def test_segments__one_voxel_is_a_share():
    box = (slice(5, 9), 5, 5)
    segments = {CouinaudSegment.II: (slice(0, 6),), CouinaudSegment.V: (slice(6, 12),)}
    (lesion,) = table_of(box, segments=segments)
    assert {CouinaudSegment.II: 0.25, CouinaudSegment.V: 0.75} == lesion.segment_fractions


def test_segments__what_none_covers_is_missing_from_the_shares():
    segments = {CouinaudSegment.II: (slice(0, 6),)}
    (lesion,) = table_of((slice(5, 9), 5, 5), segments=segments)
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
