"""How often measured diameters give another class of response than true ones, and what is noted.

Pairs of balls are digitised at two scans, each on a grid of its own, with surfaces that lie off as
the error model says. The class of the true diameters is held against that of the measured ones,
and against the probability that the reports' own error models give it.

``python -P benchmarks/response.py [PAIRS]`` (``-P``: a script beside it has the name of a package)
"""

import sys
from collections import Counter
from dataclasses import dataclass, replace
from math import pi

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry
from remnant.core.lesions import Lesion
from remnant.core.patient import Patient
from remnant.core.quantity import CERTAINTY, Quantity
from remnant.core.reasons import Cause, reason
from remnant.core.uncertainty import Boundaries, ErrorModel
from remnant.core.volumetry_report import VolumetryReport
from remnant.testing.phantom_shapes import Ball, digitise
from volumetry.growth.change import distinct_seeds
from volumetry.growth.lesion_changes import MeasuredScan, drawn_diameters_mm
from volumetry.lesions.calipers import axial_diameters
from volumetry.response.liver_response import Sighting, liver_responses
from volumetry.response.recist import class_of_sum
from volumetry.standardised.expected_volume import standardised_volume
from volumetry.uncertainty.error_models import GIVEN_MAPS

UNKNOWN = Quantity.absent(reason(Cause.LESIONS_UNKNOWN))
RADII_MM = (6.0, 25.0)
FACTORS = (0.5, 1.7)
PAIRS = 1000


@dataclass(frozen=True)
class Scan:
    """What was measured of two balls, and their true diameters."""

    measured: MeasuredScan
    true_mm: float

    def sighting(self, seed: int) -> Sighting:
        """Make what the response rests on."""
        lesions = self.measured.report.lesions
        ids = [lesion.id for lesion in lesions]
        draws = self.measured.report.error_model.draws
        return Sighting(
            day=None,
            diameters_mm=tuple(lesion.longest_axial_mm for lesion in lesions),
            drawn_mm=drawn_diameters_mm(self.measured, ids, seed=seed, draws=draws),
            others_left=0,
        )


def scanned(radii_mm: NDArray[np.float64], source: np.random.Generator) -> Scan:
    """Digitise balls on a grid of random spacings, their surfaces off as the model says."""
    across, along = source.uniform(0.6, 1.0), source.uniform(1.0, 5.0)
    model = replace(GIVEN_MAPS, draws=2000)
    share = model.lesion_common_share
    common, own = source.standard_normal(), source.standard_normal(len(radii_mm))
    off_mm = model.lesion_boundary_mm * (np.sqrt(share) * common + np.sqrt(1 - share) * own)
    lesions = tuple(
        lesion(number, length_mm(max(radius + off, 1.0), across, along, source), radius)
        for number, (radius, off) in enumerate(zip(radii_mm, off_mm, strict=True), start=1)
    )
    measured = MeasuredScan(
        report=report(lesions, model), axial_spacing_mm=across, slice_spacing_mm=along
    )
    return Scan(measured, 2.0 * float(np.sum(radii_mm)))


def length_mm(radius_mm: float, across: float, along: float, source: np.random.Generator) -> float:
    """Measure the longest axial diameter of a digitised ball at a random place."""
    size = [int(np.ceil((2 * radius_mm) / mm)) + 3 for mm in (across, across, along)]
    affine = np.diag((across, across, along, 1.0))
    grid = Geometry((size[0], size[1], size[2]), affine)
    middle = grid.ras_from_index([(n - 1) / 2 for n in size])
    x, y, z = middle + source.uniform(-0.5, 0.5, 3) * (across, across, along)
    return axial_diameters(digitise(Ball((x, y, z), radius_mm), grid), grid).longest_mm


def lesion(number: int, longest_mm: float, radius_mm: float) -> Lesion:
    """Make a lesion of a length; the rest is that of the ball."""
    return Lesion(
        id=number,
        volume_ml=Quantity(4 / 3 * pi * radius_mm**3 / 1000),
        longest_axial_mm=longest_mm,
        perpendicular_axial_mm=longest_mm,
        slice_corrected_3d_mm=longest_mm,
        feret_3d_mm=longest_mm,
        surface_mm2=4 * pi * radius_mm**2,
        free_surface_mm2=4 * pi * radius_mm**2,
        centroid_ras_mm=(0.0, 0.0, 0.0),
        segment_fractions=None,
        surface_distance_mm=UNKNOWN,
        portal_vein_distance_mm=UNKNOWN,
        hepatic_veins_distance_mm=UNKNOWN,
    )


def report(lesions: tuple[Lesion, ...], model: ErrorModel) -> VolumetryReport:
    """Make a report of some lesions."""
    return VolumetryReport(
        tlv_ml=Quantity(1500.0),
        functional_tlv_ml=UNKNOWN,
        tumour_ml=UNKNOWN,
        burden_fraction=UNKNOWN,
        burden_class=None,
        segments=None,
        segments_reasons=(reason(Cause.NO_COUINAUD_MAP),),
        segment_source=None,
        unassigned_ml=0.0,
        lesions=lesions,
        standardised=standardised_volume(Patient()),
        boundaries=Boundaries(liver_surface_mm2=9e4, tumour_at_surface_mm2=0.0, grid_mm4=0.0),
        error_model=model,
    )


def main(pairs: int) -> None:
    """Print shares of classes that are wrong, noted or not."""
    source = np.random.default_rng(20)
    counts: Counter[tuple[bool, bool]] = Counter()
    expected = 0.0
    for _ in range(pairs):
        radii = source.uniform(*RADII_MM, 2)
        factor = np.exp(source.uniform(*np.log(FACTORS)))
        scans = scanned(radii, source), scanned(radii * factor, source)
        seeds = distinct_seeds(scan.measured.report for scan in scans)
        found = liver_responses([s.sighting(n) for s, n in zip(scans, seeds, strict=True)])[1]
        truth = class_of_sum(scans[1].true_mm, scans[0].true_mm, scans[0].true_mm)
        chance = found.probability or 0.0
        expected += chance
        counts[found.target_response is truth, chance >= CERTAINTY] += 1
    right = counts[True, True] + counts[True, False]
    certain = counts[True, True] + counts[False, True]
    print(f"{pairs} pairs of scans, two balls each, radii {RADII_MM} mm, factors {FACTORS}")
    print(f"class as the true one: {right / pairs:.1%}; mean probability {expected / pairs:.1%}")
    print(f"certain (probability >= {CERTAINTY}): {certain / pairs:.1%}; "
          f"of these wrong: {counts[False, True] / certain:.1%}")  # fmt: skip
    uncertain = pairs - certain
    print(f"uncertain: {uncertain / pairs:.1%}; of these wrong: "
          f"{counts[False, False] / max(uncertain, 1):.1%}")  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS)
