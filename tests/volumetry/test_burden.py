"""Burden classes, exact at their edges."""

import math

import pytest

from remnant.core.errors import InputError
from remnant.core.volumetry_report import BurdenClass
from volumetry.burden import burden_class

EDGES = (
    (0.10, BurdenClass.UP_TO_10, BurdenClass.OVER_10_TO_25),
    (0.25, BurdenClass.OVER_10_TO_25, BurdenClass.OVER_25_TO_50),
    (0.50, BurdenClass.OVER_25_TO_50, BurdenClass.OVER_50),
)


@pytest.mark.parametrize(("edge", "at", "above"), EDGES)
def test_burden_class__edge_belongs_to_the_lower_class(edge, at, above):
    assert at is burden_class(edge)
    assert at is burden_class(math.nextafter(edge, 0.0))
    assert above is burden_class(math.nextafter(edge, 1.0))


@pytest.mark.parametrize("voxels", [10, 30, 70, 1230, 987_650])
def test_burden_class__one_tenth_by_voxel_count_is_one_tenth(voxels):
    assert BurdenClass.UP_TO_10 is burden_class(voxels / (10 * voxels))


def test_burden_class__ends():
    assert BurdenClass.UP_TO_10 is burden_class(0.0)
    assert BurdenClass.OVER_50 is burden_class(1.0)


@pytest.mark.parametrize("fraction", [-0.01, 1.01, 25.0, math.nan])
def test_burden_class__percent_is_refused(fraction):
    with pytest.raises(InputError, match="from 0 to 1"):
        burden_class(fraction)
