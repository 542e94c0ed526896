"""The phantom's liver: an ellipsoid, its landmarks and its Couinaud segments.

The IVC is a vertical line. Three vertical planes leave it: through the gallbladder fossa (Cantlie's
plane: right from left), the right hepatic vein (VI, VII from V, VIII) and the umbilical fissure
(IV from II, III); the level of the portal bifurcation parts upper from lower segments. Segment I
is the part of the sector between Cantlie's plane and the fissure that lies next to the IVC, cut off
by a coronal plane. All lengths scale about the RAS origin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Vector3
from remnant.core.labels import CouinaudSegment
from remnant.core.landmarks import Landmarks
from remnant.testing.cells import CutEllipsoid, VerticalPlane, plane_through
from remnant.testing.phantom_shapes import Ellipsoid, Points
from remnant.testing.vessels import VesselTree, vessel_tree

CENTRE_MM = (55.0, 10.0, 0.0)
SEMI_AXES_MM = (95.0, 62.0, 68.0)
CAUDATE_DEPTH_MM = 36.0
RIGHT_HEPATIC_VEIN_MM = (80.0, 3.75, 25.0)
LANDMARKS_MM: dict[str, Vector3] = {
    "ivc": (20.0, -30.0, 35.0),
    "gallbladder_fossa": (55.0, 55.0, -35.0),
    "umbilical_fissure": (5.0, 45.0, -6.0),
    "portal_bifurcation": (32.0, -8.0, -6.0),
    "right_hepatic_vein": RIGHT_HEPATIC_VEIN_MM,
    "middle_hepatic_vein": (37.5, 12.5, 25.0),
}
PORTAL_BRANCHES = (
    (((5.0, -12.0, -75.0), (20.0, -12.0, -35.0), (32.0, -8.0, -6.0)), 6.5),
    (((32.0, -8.0, -6.0), (65.0, -5.0, -6.0), (105.0, -10.0, -14.0)), 5.0),
    (((65.0, -5.0, -6.0), (90.0, 15.0, 20.0)), 4.0),
    (((32.0, -8.0, -6.0), (8.0, 15.0, -2.0), (5.0, 45.0, -10.0)), 4.5),
)
HEPATIC_BRANCHES = (
    (((20.0, -30.0, 35.0), (80.0, 3.75, 25.0), (115.0, 23.0, 5.0)), 4.5),
    (((20.0, -30.0, 35.0), (37.5, 12.5, 25.0), (48.0, 38.0, 0.0)), 4.0),
    (((20.0, -30.0, 35.0), (2.0, 12.0, 28.0), (-20.0, 20.0, 12.0)), 3.5),
)
S = CouinaudSegment


@dataclass(frozen=True, slots=True, eq=False)
class AnalyticLiver:
    """Liver in RAS mm with exact segments and vessel trees, before any grid.

    Parameters
    ----------
    whole
        The liver.
    segments
        The cell of each Couinaud segment; together they are the liver.
    landmarks
        Points whose planes are the cuts between the segments (segment I apart).
    portal_vein, hepatic_veins
        Trees; parts outside the liver belong to the body, not to the liver.
    """

    whole: Ellipsoid
    segments: dict[CouinaudSegment, CutEllipsoid]
    landmarks: Landmarks
    portal_vein: VesselTree
    hepatic_veins: VesselTree

    def segment_codes(self, points_mm: Points) -> NDArray[np.uint8]:
        """Return the segment of each point of shape ``(..., 3)``, 0 outside the liver.

        A point on a cut, which belongs to two closed cells, gets the higher code.
        """
        codes = np.zeros(points_mm.shape[:-1], dtype=np.uint8)
        for segment, cell in self.segments.items():
            codes[cell.contains(points_mm)] = segment
        return codes


def analytic_liver(scale: float = 1.0) -> AnalyticLiver:
    """Make the liver; at scale 1 it holds 1677.7 mL."""
    landmarks = _scaled_landmarks(scale)
    a, b, c = (scale * s for s in SEMI_AXES_MM)
    whole = Ellipsoid(_scaled(CENTRE_MM, scale), (a, b, c))
    return AnalyticLiver(
        whole=whole,
        segments=_segment_cells(whole, landmarks, scale),
        landmarks=landmarks,
        portal_vein=vessel_tree(PORTAL_BRANCHES, scale),
        hepatic_veins=vessel_tree(HEPATIC_BRANCHES, scale),
    )


def _segment_cells(
    whole: Ellipsoid, landmarks: Landmarks, scale: float
) -> dict[CouinaudSegment, CutEllipsoid]:
    cantlie = plane_through(landmarks.ivc, landmarks.gallbladder_fossa)
    posterior = plane_through(landmarks.ivc, _scaled(RIGHT_HEPATIC_VEIN_MM, scale))
    fissure = plane_through(landmarks.ivc, landmarks.umbilical_fissure)
    front = VerticalPlane((0.0, 1.0), landmarks.ivc[1] + scale * CAUDATE_DEPTH_MM)
    level = landmarks.portal_bifurcation[2]
    lower, upper = (-np.inf, level), (level, np.inf)
    left_lateral = (cantlie.flipped(), fissure.flipped())
    medial = (cantlie.flipped(), fissure)
    return {
        S.I: CutEllipsoid(whole, (*medial, front.flipped())),
        S.II: CutEllipsoid(whole, left_lateral, upper),
        S.III: CutEllipsoid(whole, left_lateral, lower),
        S.IV: CutEllipsoid(whole, (*medial, front)),
        S.V: CutEllipsoid(whole, (cantlie, posterior.flipped()), lower),
        S.VI: CutEllipsoid(whole, (cantlie, posterior), lower),
        S.VII: CutEllipsoid(whole, (cantlie, posterior), upper),
        S.VIII: CutEllipsoid(whole, (cantlie, posterior.flipped()), upper),
    }


def _scaled_landmarks(scale: float) -> Landmarks:
    points = {name: _scaled(point, scale) for name, point in LANDMARKS_MM.items()}
    return Landmarks(**points)


def _scaled(point_mm: Vector3, scale: float) -> Vector3:
    x, y, z = point_mm
    return (scale * x, scale * y, scale * z)
