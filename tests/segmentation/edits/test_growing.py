"""Growing a lesion from a point: on coarse and fine grids, through noise, around a necrosis."""

from math import pi

import numpy as np
import pytest
from scipy import ndimage

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import Structure
from remnant.core.volumes import ImageVolume, Modality
from segmentation.edits.growing import grown

LIVER_MM = (92.0, 75.0, 80.0)
LIVER_HU, OUTSIDE_HU = 105.0, -60.0
CENTRE_MM = (10.3, 5.1, -6.4)
FINE, USUAL, COARSE = (1.2, 1.2, 3.0), (2.5, 2.5, 3.0), (5.0, 5.5, 6.0)
NOISE_MM = 0.7
"""Of the blur that joins a scan's noise."""


def covered(spacing_mm, away_mm, radius_mm):
    """Share of each voxel that a ball covers, nearly."""
    return np.clip((radius_mm - away_mm) / np.mean(spacing_mm) + 0.5, 0, 1)


def scan_of(spacing_mm, radius_mm, *, level=62.0, core=None, noise_hu=12.0, seed=0):
    """A liver with one ball that nobody marked, which holds a core of half its radius or none."""
    shape = tuple(int(190 / step) for step in spacing_mm)
    matrix = np.diag([*spacing_mm, 1.0])
    matrix[:3, 3] = [-step * (n - 1) / 2 for step, n in zip(spacing_mm, shape, strict=True)]
    grid = Geometry(shape, matrix)
    points = np.moveaxis(grid.ras_from_index(np.indices(shape).transpose(1, 2, 3, 0)), -1, 0)
    liver = sum((x / a) ** 2 for x, a in zip(points, LIVER_MM, strict=True)) <= 1
    away = np.sqrt(sum((x - c) ** 2 for x, c in zip(points, CENTRE_MM, strict=True)))
    hu = np.where(liver, LIVER_HU, OUTSIDE_HU)
    for radius, value in ((radius_mm, level), (radius_mm / 2, core)):
        if value is not None:
            hu += covered(spacing_mm, away, radius) * (value - hu)
    noise = np.random.default_rng(seed).normal(size=shape)
    noise = ndimage.gaussian_filter(noise, [NOISE_MM / step for step in spacing_mm])
    hu += noise * noise_hu / noise.std()
    codes = np.where(liver, Structure.PARENCHYMA, Structure.BACKGROUND).astype(np.uint8)
    return ImageVolume(np.rint(hu).astype(np.int16), grid, Modality.CT), codes


def grown_share(image, codes, radius_mm, off=0.0):
    """Volume of what grows from a point beside the ball's centre, as a share of the ball's."""
    x, y, z = CENTRE_MM
    found = grown(image, codes, (x + off * radius_mm, y - off * radius_mm / 2, z))
    return found.mask.sum() * image.geometry.voxel_volume_ml / (4 / 3000 * pi * radius_mm**3)


@pytest.mark.parametrize("level", [62.0, 150.0])
@pytest.mark.parametrize(
    ("spacing_mm", "radius_mm"),
    [(FINE, 5.0), (FINE, 8.0), (USUAL, 8.0), (USUAL, 20.0), (COARSE, 19.0), (COARSE, 30.0)],
)
def test_grown__has_the_volume_of_the_lesion_on_any_grid(spacing_mm, radius_mm, level):
    image, codes = scan_of(spacing_mm, radius_mm, level=level)
    for off in (0.0, 0.3):
        assert 0.75 < grown_share(image, codes, radius_mm, off) < 1.25


@pytest.mark.parametrize("spacing_mm", [FINE, USUAL, COARSE])
@pytest.mark.parametrize("seed", range(2))
def test_grown__does_not_leak_where_noise_is_half_the_contrast(spacing_mm, seed):
    image, codes = scan_of(spacing_mm, 20.0, level=65.0, noise_hu=20.0, seed=seed)
    assert 0.7 < grown_share(image, codes, 20.0) < 1.25


@pytest.mark.parametrize("spacing_mm", [FINE, USUAL])
@pytest.mark.parametrize(("radius_mm", "off"), [(20.0, 0.0), (20.0, 0.7), (40.0, 0.1)])
def test_grown__holds_the_rim_around_a_necrosis(spacing_mm, radius_mm, off):
    image, codes = scan_of(spacing_mm, radius_mm, level=72.0, core=25.0)
    assert 0.85 < grown_share(image, codes, radius_mm, off) < 1.15


def test_grown__no_part_of_the_liver_s_surface_is_joined():
    """What lies outside the liver is darker still: it must not darken the surface."""
    image, codes = scan_of(USUAL, 9.0, level=75.0)
    grid = image.geometry
    x, y, z = CENTRE_MM
    found = grown(image, codes, CENTRE_MM)
    places = grid.ras_from_index(np.argwhere(found.mask) + [side.start for side in found.box])
    assert np.linalg.norm(places - (x, y, z), axis=1).max() < 14.0


def test_grown__says_what_to_do_where_it_leaks_or_sees_nothing():
    image, codes = scan_of(USUAL, 20.0)
    with pytest.raises(InputError, match=r"larger than 5 mL.*lesion's middle.*paint it.*box"):
        grown(image, codes, CENTRE_MM, most_ml=5.0)
    with pytest.raises(InputError, match=r"runs on .* mm from the point.*paint it"):
        grown(image, codes, CENTRE_MM, reach_mm=21.0)
    with pytest.raises(InputError, match="too like the liver around it"):
        grown(image, codes, (-50.0, 5.0, 20.0))
