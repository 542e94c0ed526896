"""The lesion table's own decisions: intervals, cut lesions, intensities."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME, STRUCTURE_SCHEME, Structure
from remnant.core.lesions import Confirmation, IntensityStatistics
from remnant.core.quantity import Bound
from remnant.core.volumes import LabelMap
from volumetry.error_models import GIVEN_MAPS
from volumetry.lesions import measure_lesions
from volumetry.liver_maps import liver_maps, tally
from volumetry.surfaces import grid_mm4, mask_surface
from volumetry.uncertainty import lesion_interval

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
