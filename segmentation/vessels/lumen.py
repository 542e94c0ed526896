"""From tube likeness to vessels: what is joined to something sure, out to half of its contrast."""

from typing import Final

import cc3d
import numpy as np
from scipy import ndimage

from segmentation.vessels.scene import GRID_MM, Mask, Scene
from segmentation.vessels.tubes import SURE, Tubes

LIKELY: Final = 0.9
"""Likeness of what may go on from a vessel's core, see `segmentation.vessels.tubes`."""
SHORTEST_MM: Final = 14.0
"""Extent of the shortest piece that is no speck."""
PEAK_REACH_MM: Final = 3.0
HALF: Final = 0.5
NEIGHBOURS: Final = 26


def vessel_mask(scene: Scene, tubes: Tubes) -> Mask:
    """Return where the liver's vessels are: cores by hysteresis, borders at half their contrast.

    Parameters
    ----------
    scene
        The scan.
    tubes
        What looks like a tube in it.
    """
    likely = tubes.likeness >= LIKELY
    cores = _holding(likely, tubes.likeness >= SURE)
    peak = ndimage.maximum_filter(
        np.where(cores, tubes.contrast_hu, np.float32(0.0)), footprint=_ball(PEAK_REACH_MM)
    )
    lumen = scene.searched & (tubes.contrast_hu > HALF * peak) & (peak > 0)
    near = ndimage.binary_dilation(cores, _ball(GRID_MM))
    wide = ndimage.binary_propagation(cores & lumen, mask=lumen & (near | _bright(tubes, cores)))
    return _long_enough(wide)


def _holding(mask: Mask, seeds: Mask) -> Mask:
    parts = cc3d.connected_components(mask, connectivity=NEIGHBOURS)
    held = np.zeros(int(parts.max()) + 1, dtype=bool)
    held[np.unique(parts[seeds])] = True
    held[0] = False
    found: Mask = held[parts]
    return found


def _bright(tubes: Tubes, cores: Mask) -> Mask:
    """Return what is as bright as the inside of wide vessels: no tube filter spans these whole."""
    if not cores.any():
        return cores
    level = float(np.quantile(tubes.contrast_hu[cores], 0.8))
    bright: Mask = tubes.contrast_hu >= HALF * level
    return bright


def _long_enough(mask: Mask) -> Mask:
    parts = cc3d.connected_components(mask, connectivity=NEIGHBOURS)
    boxes = cc3d.statistics(parts)["bounding_boxes"]
    spans = [np.linalg.norm([s.stop - s.start for s in box]) * GRID_MM for box in boxes]
    kept = np.array(spans) >= SHORTEST_MM
    kept[0] = False
    found: Mask = kept[parts]
    return found


def _ball(radius_mm: float) -> Mask:
    reach = round(radius_mm / GRID_MM)
    offsets = np.indices((2 * reach + 1,) * 3) - reach
    ball: Mask = (offsets**2).sum(axis=0) <= reach**2
    return ball
