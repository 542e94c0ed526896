"""Checks of an image or grid before anything is measured on it."""

import numpy as np

from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.volumes import Phase

LARGEST_SLICE_SPACING_MM = 5.0
LARGEST_ANISOTROPY = 8.0
LEAST_COVERAGE_MM = 150.0
ROUNDING_MM = 0.01


def grid_findings(geometry: Geometry) -> tuple[Finding, ...]:
    """Check the grid alone: slice spacing, anisotropy, shear."""
    findings = (_slice_spacing(geometry), _anisotropy(geometry))
    return (*findings, _shear(geometry)) if geometry.is_sheared else findings


def image_findings(geometry: Geometry, phase: Phase) -> tuple[Finding, ...]:
    """Check the grid, how much of the body it covers, and the contrast phase."""
    return (*grid_findings(geometry), _coverage(geometry), _contrast(phase))


def _slice_spacing(geometry: Geometry) -> Finding:
    widest = max(geometry.spacing_mm)
    return quality_finding(
        "slice_spacing",
        passed=widest <= LARGEST_SLICE_SPACING_MM + ROUNDING_MM,
        prose=f"Slices are {widest:.2f} mm apart; above {LARGEST_SLICE_SPACING_MM:g} mm volumes of "
        f"small lesions become unreliable.",
        value=widest,
    )


def _anisotropy(geometry: Geometry) -> Finding:
    ratio = max(geometry.spacing_mm) / min(geometry.spacing_mm)
    return quality_finding(
        "voxel_anisotropy",
        passed=ratio <= LARGEST_ANISOTROPY,
        prose=f"Voxels are {ratio:.1f} times as long as wide; above {LARGEST_ANISOTROPY:g} shapes "
        f"and diameters become unreliable.",
        value=ratio,
    )


def shear_degrees(geometry: Geometry) -> float:
    """Return by how much the array axes deviate from perpendicular, at most, in degrees."""
    gram = geometry.directions.T @ geometry.directions
    return float(np.rad2deg(np.arcsin(min(1.0, np.abs(gram - np.eye(3)).max()))))


def _shear(geometry: Geometry) -> Finding:
    angle = shear_degrees(geometry)
    return quality_finding(
        "sheared_grid",
        passed=False,
        prose=f"The slices are sheared by {angle:.1f} degrees (gantry tilt). The grid is kept as "
        f"it is: volumes are right, pictures may look slanted.",
        value=angle,
    )


def coverage_mm(geometry: Geometry) -> float:
    """Return how far the scan reaches head to foot, in mm."""
    axis = geometry.axial_axis
    return geometry.shape[axis] * geometry.spacing_mm[axis]


def _coverage(geometry: Geometry) -> Finding:
    covered = coverage_mm(geometry)
    return quality_finding(
        "scan_coverage",
        passed=covered >= LEAST_COVERAGE_MM,
        prose=f"The scan covers {covered:.0f} mm head to foot; a whole liver usually needs "
        f"{LEAST_COVERAGE_MM:.0f} mm.",
        value=covered,
    )


def _contrast(phase: Phase) -> Finding:
    passed = {Phase.UNKNOWN: None, Phase.UNENHANCED: False}.get(phase, True)
    texts = {
        Phase.UNKNOWN: "The source does not say the contrast phase.",
        Phase.UNENHANCED: "The scan was made without contrast: most lesions are hardly visible.",
    }
    text = texts.get(phase, f"Contrast phase by the series description: {phase}.")
    return quality_finding("contrast_phase", passed=passed, prose=text)
