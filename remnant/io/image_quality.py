"""Checks of an image or grid before anything is measured on it."""

import numpy as np

from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry, Vector3, vector3
from remnant.core.reasons import Cause, reason
from remnant.io.phase_evidence import NO_PHASE_EVIDENCE, PhaseEvidence, phase_findings

LARGEST_SLICE_SPACING_MM = 5.0
LARGEST_ANISOTROPY = 8.0
LEAST_COVERAGE_MM = 150.0
ROUNDING_MM = 0.01


def grid_findings(geometry: Geometry) -> tuple[Finding, ...]:
    """Check the grid alone: slice spacing, anisotropy, shear."""
    findings = (_slice_spacing(geometry), _anisotropy(geometry))
    return (*findings, _shear(geometry)) if geometry.is_sheared else findings


def image_findings(
    geometry: Geometry, phase: PhaseEvidence = NO_PHASE_EVIDENCE
) -> tuple[Finding, ...]:
    """Check the grid, how much of the body it covers, and the contrast phase."""
    return (*grid_findings(geometry), _coverage(geometry), *phase_findings(phase))


def _slice_spacing(geometry: Geometry) -> Finding:
    widest = max(spacing_along_normal_mm(geometry))
    return quality_finding(
        "slice_spacing",
        passed=widest <= LARGEST_SLICE_SPACING_MM + ROUNDING_MM,
        value=widest,
        reasons=(reason(Cause.CHECK_LIMIT, LARGEST_SLICE_SPACING_MM),),
    )


def _anisotropy(geometry: Geometry) -> Finding:
    distances = spacing_along_normal_mm(geometry)
    ratio = max(distances) / min(distances)
    return quality_finding(
        "voxel_anisotropy",
        passed=ratio <= LARGEST_ANISOTROPY,
        value=ratio,
        reasons=(reason(Cause.CHECK_LIMIT, LARGEST_ANISOTROPY),),
    )


def spacing_along_normal_mm(geometry: Geometry) -> Vector3:
    """Return the pixel spacing within slices and the distance of slices along their normal.

    On a sheared grid (a tilted gantry) that is less than the way along the axis, else the same.
    Slices are those of the two array axes that are perpendicular, of the first two if several are.
    """
    cosines = np.abs(geometry.directions.T @ geometry.directions)
    within = min(((0, 1), (0, 2), (1, 2)), key=lambda pair: round(float(cosines[pair]), 3))
    across = 3 - sum(within)
    spacing = np.array(geometry.spacing_mm)
    spacing[across] = 1.0 / np.linalg.norm(np.linalg.inv(geometry.affine_ras[:3, :3])[across])
    return vector3(spacing)


def shear_degrees(geometry: Geometry) -> float:
    """Return by how much the array axes deviate from perpendicular, at most, in degrees."""
    gram = geometry.directions.T @ geometry.directions
    return float(np.rad2deg(np.arcsin(min(1.0, np.abs(gram - np.eye(3)).max()))))


def _shear(geometry: Geometry) -> Finding:
    return quality_finding("sheared_grid", passed=False, value=shear_degrees(geometry))


def coverage_mm(geometry: Geometry) -> float:
    """Return how far the scan reaches head to foot, in mm."""
    axis = geometry.axial_axis
    return geometry.shape[axis] * spacing_along_normal_mm(geometry)[axis]


def _coverage(geometry: Geometry) -> Finding:
    covered = coverage_mm(geometry)
    return quality_finding(
        "scan_coverage",
        passed=covered >= LEAST_COVERAGE_MM,
        value=covered,
        reasons=(reason(Cause.CHECK_LIMIT, LEAST_COVERAGE_MM),),
    )
