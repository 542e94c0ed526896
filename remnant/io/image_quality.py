"""Checks of an image or grid before anything is measured on it."""

import numpy as np

from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
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
    widest = max(geometry.spacing_mm)
    return quality_finding(
        "slice_spacing",
        passed=widest <= LARGEST_SLICE_SPACING_MM + ROUNDING_MM,
        value=widest,
        reasons=(reason(Cause.CHECK_LIMIT, LARGEST_SLICE_SPACING_MM),),
    )


def _anisotropy(geometry: Geometry) -> Finding:
    ratio = max(geometry.spacing_mm) / min(geometry.spacing_mm)
    return quality_finding(
        "voxel_anisotropy",
        passed=ratio <= LARGEST_ANISOTROPY,
        value=ratio,
        reasons=(reason(Cause.CHECK_LIMIT, LARGEST_ANISOTROPY),),
    )


def shear_degrees(geometry: Geometry) -> float:
    """Return by how much the array axes deviate from perpendicular, at most, in degrees."""
    gram = geometry.directions.T @ geometry.directions
    return float(np.rad2deg(np.arcsin(min(1.0, np.abs(gram - np.eye(3)).max()))))


def _shear(geometry: Geometry) -> Finding:
    return quality_finding("sheared_grid", passed=False, value=shear_degrees(geometry))


def coverage_mm(geometry: Geometry) -> float:
    """Return how far the scan reaches head to foot, in mm."""
    axis = geometry.axial_axis
    return geometry.shape[axis] * geometry.spacing_mm[axis]


def _coverage(geometry: Geometry) -> Finding:
    covered = coverage_mm(geometry)
    return quality_finding(
        "scan_coverage",
        passed=covered >= LEAST_COVERAGE_MM,
        value=covered,
        reasons=(reason(Cause.CHECK_LIMIT, LEAST_COVERAGE_MM),),
    )
