"""A small portal-phase CT of the analytic liver beside a vena cava, its two trees exact."""

from dataclasses import dataclass

import numpy as np

from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, STRUCTURE_SCHEME, Structure
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from remnant.testing.body import paint_body
from remnant.testing.liver import PORTAL_BRANCHES, analytic_liver
from remnant.testing.phantom_shapes import Ellipsoid, digitise
from remnant.testing.vessels import Tube, vessel_tree

CAVA = Tube(((20.0, -42.0, -400.0), (20.0, -42.0, 400.0)), 11.0)
LESION = Ellipsoid((100.0, 30.0, -20.0), (12.0, 11.0, 13.0))
LIVER_HU, CAVA_HU, LESION_HU = 105.0, 150.0, 165.0
STEPS_MM, LOW_MM, SHAPE = (1.8, 1.9, 2.5), (-110.0, -118.0, -80.0), (150, 102, 65)


@dataclass(frozen=True)
class VesselScan:
    """The scan, its structures without vessels, and with them, and its Couinaud segments."""

    image: ImageVolume
    plain: LabelMap
    true: LabelMap
    couinaud: LabelMap


def vessel_scan(
    *, portal_hu=175.0, hepatic_hu=160.0, noise_hu=12.0, phase=Phase.PORTAL, fused=False
):
    """Paint the scan; the lesion is as bright as a vessel.

    ``fused`` keeps the portal branch that runs into the right hepatic vein.
    """
    matrix = np.diag((*STEPS_MM, 1.0))
    matrix[:3, 3] = LOW_MM
    grid, liver = Geometry(SHAPE, matrix), analytic_liver()
    whole = digitise(liver.whole, grid) & ~digitise(CAVA, grid)
    plain = np.where(whole, Structure.PARENCHYMA, 0).astype(np.uint8)
    lesion = digitise(LESION, grid)
    plain[lesion] = Structure.LESION
    voxels = paint_body(grid)
    voxels[digitise(CAVA, grid)] = CAVA_HU
    voxels[whole] = LIVER_HU
    true = plain.copy()
    branches = PORTAL_BRANCHES if fused else PORTAL_BRANCHES[:2] + PORTAL_BRANCHES[3:]
    portal_vein = vessel_tree(branches, 1.0)
    for code, tree, level in (
        (Structure.HEPATIC_VEINS, liver.hepatic_veins, hepatic_hu),
        (Structure.PORTAL_VEIN, portal_vein, portal_hu),
    ):
        inside = digitise(tree, grid)
        voxels[inside] = level
        true[inside & (plain == Structure.PARENCHYMA)] = code
    voxels[lesion] = LESION_HU
    voxels += np.random.default_rng(3).normal(scale=noise_hu, size=SHAPE)
    places = grid.ras_from_index(np.moveaxis(np.indices(SHAPE), 0, -1))
    couinaud = np.where(whole, liver.segment_codes(places), 0).astype(np.uint8)
    return VesselScan(
        image=ImageVolume(np.rint(voxels).astype(np.int16), grid, Modality.CT, phase=phase),
        plain=LabelMap(plain, grid, STRUCTURE_SCHEME),
        true=LabelMap(true, grid, STRUCTURE_SCHEME),
        couinaud=LabelMap(couinaud, grid, COUINAUD_SCHEME),
    )
