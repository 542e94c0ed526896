"""Couinaud segments from landmarks: the classical planes, in RAS mm, on any grid.

The scheme is Couinaud's: three scissurae and the level of the portal bifurcation (Strasberg,
HPB 2005;7:286, for the terms). As built here:

===================  ===========================================================================
border               where it runs
===================  ===========================================================================
Cantlie's plane      through IVC and gallbladder fossa, parallel to the head-foot axis; with a
                     point on the middle hepatic vein, through all three points
right scissura       vertical, through IVC and right hepatic vein; without that point, vertical
                     through the IVC, ``RIGHT_SCISSURA_DEGREES`` forward of straight right
umbilical plane      vertical, through IVC and umbilical fissure
V, VI / VII, VIII    axial plane through the portal bifurcation
IVb / IVa            axial plane through the portal bifurcation (`segment_iv_parts`)
III / II             axial plane through the umbilical fissure point (end of the left portal vein)
I                    behind a frontal plane through the bifurcation that leans back by
                     ``CAUDATE_LEAN`` mm per mm upwards, from ``CAUDATE_LEFT_MM`` left to
                     ``CAUDATE_RIGHT_MM`` right of the IVC, from ``CAUDATE_BELOW_MM`` below the
                     bifurcation up to the IVC point
===================  ===========================================================================

The constants were set on 37 annotated livers (Zhang et al., MICCAI 2023), whose borders are nearly
planar. On 74 others of the same set, with landmarks taken from the annotated borders, the mean
absolute error in points of the liver's volume was

=======================================  ================  =============  ==========  =========
landmarks                                a single segment  II and III     right half  VI, VII
=======================================  ================  =============  ==========  =========
without vein points                      1.9               1.5            3.1         5.2
with right hepatic vein                  1.1               1.5            3.1         0.8
with both veins                          0.8               1.5            1.7         0.8
without vein points, 5 mm SD off         2.5               1.9            3.7         5.8
with right hepatic vein, 5 mm SD off     2.1               1.9            3.7         2.9
=======================================  ================  =============  ==========  =========

Landmarks set by hand can do worse. Real scissurae are curved and livers vary: a map made this way
is an estimate, to be looked at.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from math import cos, hypot, radians, sin

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import bounding_box, box_geometry
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry, Vector3
from remnant.core.labels import (
    COUINAUD_SCHEME,
    SEGMENT_IV_SCHEME,
    CouinaudSegment,
    SegmentIvPart,
)
from remnant.core.landmarks import Landmarks
from remnant.core.vessels import VesselName
from remnant.core.volumes import LabelMap

Vector = NDArray[np.float64]

RIGHT_SCISSURA_DEGREES = 5.0
CAUDATE_RIGHT_MM = 12.0
CAUDATE_LEFT_MM = 28.0
CAUDATE_BELOW_MM = 5.0
CAUDATE_LEAN = 0.15

FARTHEST_FROM_LIVER_MM = 40.0
SHORTEST_LEVER_MM = 20.0
SHORTEST_VEIN_LEVER_MM = 15.0
LEAST_SIDE_MM = 5.0
LEAST_HEIGHT_MM = 5.0
SMALLEST_RIGHT_ANGLE_DEGREES = 10.0
STEEPEST_NORMAL = 0.7
BIFURCATION_MM = 15.0
RIGHT_OF_BIFURCATION = (
    VesselName.RIGHT_PORTAL_VEIN,
    VesselName.RIGHT_ANTERIOR_PORTAL_VEIN,
    VesselName.RIGHT_POSTERIOR_PORTAL_VEIN,
)


@dataclass(frozen=True, slots=True)
class Plane:
    """Half-space ``normal · x > offset_mm`` in RAS mm; ``normal`` has length 1."""

    normal: Vector3
    offset_mm: float

    @classmethod
    def through(cls, point_mm: Vector, normal: Vector) -> "Plane":
        """Make the plane through a point; the positive side is where ``normal`` points."""
        r, a, s = (float(x) for x in normal / np.linalg.norm(normal))
        return cls((r, a, s), float(np.dot((r, a, s), point_mm)))

    def height_mm(self, points_mm: Vector) -> Vector:
        """Signed distance of points of shape ``(..., 3)``, positive on the normal's side."""
        height: Vector = points_mm @ np.array(self.normal) - self.offset_mm
        return height


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPlanes:
    """The planes that divide a liver; a point on a plane belongs to its negative side.

    Positive sides: ``cantlie`` right hemiliver, ``right_scissura`` posterior section,
    ``umbilical`` left lateral section, ``upper_right`` VII and VIII, ``upper_left`` II.
    Segment I is the intersection of the positive sides of ``caudate``; it comes before all others.
    """

    cantlie: Plane
    right_scissura: Plane
    umbilical: Plane
    upper_right: Plane
    upper_left: Plane
    caudate: tuple[Plane, ...]


def couinaud_from_landmarks(liver: LabelMap, landmarks: Landmarks) -> LabelMap:
    """Give every liver voxel the Couinaud segment that its centre lies in.

    Parameters
    ----------
    liver
        Any label map whose non-zero codes are the liver.
    landmarks
        Points in RAS mm.

    Returns
    -------
    LabelMap
        ``COUINAUD_SCHEME`` codes on the liver's grid, 0 outside the liver.

    Raises
    ------
    EmptyStructureError
        The liver map is empty.
    InputError
        The landmarks cannot be those of this liver, or no planes can be built from them.
    """
    mask = liver.mask()
    box = bounding_box(mask, what="the liver map")
    grid = box_geometry(liver.geometry, box)
    _require_near(landmarks, grid)
    planes = planes_from_landmarks(landmarks)
    codes = np.zeros(liver.geometry.shape, dtype=np.uint8, order="F")
    inner, target = mask[box], codes[box]
    for k in range(grid.shape[2]):
        if inner[:, :, k].any():
            target[:, :, k] = np.where(inner[:, :, k], _slab(planes, grid, k), 0)
    return LabelMap(codes, liver.geometry, COUINAUD_SCHEME)


def segment_iv_parts(couinaud: LabelMap, landmarks: Landmarks) -> LabelMap:
    """Part segment IV into an upper IVa and a lower IVb, at the level of the portal bifurcation.

    The level is the one that parts V from VIII. Others part IV by its portal branches, which come
    off the umbilical portion of the left portal vein, or half-way up; which level was meant is to
    be said wherever IVa or IVb are named.

    Parameters
    ----------
    couinaud
        ``COUINAUD_SCHEME`` codes from any source.
    landmarks
        Points in RAS mm; of these only ``portal_bifurcation`` decides.

    Returns
    -------
    LabelMap
        ``SEGMENT_IV_SCHEME`` codes on the same grid, 0 outside segment IV: IVa where a voxel's
        centre lies above the axial plane through the bifurcation (larger S coordinate), IVb where
        it lies on or below it. A part may have no voxel, as may segment IV.

    Raises
    ------
    EmptyStructureError
        The Couinaud map is empty.
    InputError
        The landmarks are not near this liver.
    """
    box = bounding_box(couinaud.mask(), what="the Couinaud map")
    _require_near(landmarks, box_geometry(couinaud.geometry, box))
    return parts_at_level(couinaud, landmarks.portal_bifurcation[2])


def parts_at_level(couinaud: LabelMap, level_mm: float) -> LabelMap:
    """Part segment IV at a level (S coordinate in mm); see `segment_iv_parts`.

    Raises
    ------
    EmptyStructureError
        The Couinaud map is empty.
    """
    box = bounding_box(couinaud.mask(), what="the Couinaud map")
    grid = box_geometry(couinaud.geometry, box)
    level = Plane((0.0, 0.0, 1.0), float(level_mm))
    parts = np.zeros(couinaud.geometry.shape, dtype=np.uint8, order="F")
    fourth, target = couinaud.codes[box] == CouinaudSegment.IV, parts[box]
    for k in range(grid.shape[2]):
        upper = _beyond(level, grid, k)
        codes = np.where(upper, SegmentIvPart.IVa, SegmentIvPart.IVb)
        target[:, :, k] = np.where(fourth[:, :, k], codes, 0)
    return LabelMap(parts, couinaud.geometry, SEGMENT_IV_SCHEME)


def bifurcation_of(stems: Mapping[VesselName, Vector]) -> Vector | None:
    """Return where the portal vein parts, by named branches; ``None`` where that is not seen.

    Parameters
    ----------
    stems
        Points of named branches in RAS mm, from the root outwards: the left portal vein and one of
        the right side must begin within `BIFURCATION_MM` of each other.
    """
    left = stems.get(VesselName.LEFT_PORTAL_VEIN)
    right = next((stems[name] for name in RIGHT_OF_BIFURCATION if name in stems), None)
    if left is None or right is None or np.linalg.norm(left[0] - right[0]) > BIFURCATION_MM:
        return None
    middle: Vector = (left[0] + right[0]) / 2
    return middle


def planes_from_landmarks(landmarks: Landmarks) -> SegmentPlanes:
    """Build the planes from the landmarks.

    Raises
    ------
    InputError
        Landmarks coincide, lie on one line, or are not where this anatomy puts them (left and
        right, front and back or head and foot exchanged).
    """
    points = _points(landmarks)
    _require_anatomy(points)
    ivc, fissure = points["ivc"], points["umbilical_fissure"]
    bifurcation = points["portal_bifurcation"]
    cantlie = _cantlie(points)
    _require_side(points, cantlie)
    up = np.array((0.0, 0.0, 1.0))
    return SegmentPlanes(
        cantlie=cantlie,
        right_scissura=_right_scissura(points),
        umbilical=Plane.through(ivc, -_rightwards(fissure - ivc)),
        upper_right=Plane.through(bifurcation, up),
        upper_left=Plane.through(fissure, up),
        caudate=_caudate(ivc, bifurcation),
    )


def assign_segments(points_mm: Vector, planes: SegmentPlanes) -> NDArray[np.uint8]:
    """Return the segment code of points of shape ``(..., 3)`` in RAS mm, whatever lies there."""
    return _rules(planes, lambda plane: plane.height_mm(points_mm) > 0)


def _points(landmarks: Landmarks) -> dict[str, Vector]:
    named = {f.name: getattr(landmarks, f.name) for f in fields(landmarks)}
    points = {name: np.array(p, dtype=np.float64) for name, p in named.items() if p is not None}
    for name, point in points.items():
        if point.shape != (3,) or not np.isfinite(point).all():
            raise InputError(f"landmark {name} must be three finite numbers in RAS mm, got {point}")
    return points


def _require_near(landmarks: Landmarks, grid: Geometry) -> None:
    for name, point in _points(landmarks).items():
        index = grid.index_from_ras(point)
        nearest = grid.ras_from_index(np.clip(index, 0, np.array(grid.shape) - 1))
        distance = float(np.linalg.norm(point - nearest))
        if distance > FARTHEST_FROM_LIVER_MM:
            raise InputError(
                f"landmark {name} lies {distance:.0f} mm outside the liver's box, allowed are "
                f"{FARTHEST_FROM_LIVER_MM:g} mm; check that it is in RAS mm and of this scan"
            )


def _require_anatomy(points: dict[str, Vector]) -> None:
    ivc = points["ivc"]
    for name in ("gallbladder_fossa", "umbilical_fissure", "right_hepatic_vein"):
        if name in points:
            _require_lever(name, points[name] - ivc)
    for name in ("gallbladder_fossa", "umbilical_fissure"):
        if points[name][1] <= ivc[1]:
            raise InputError(
                f"landmark {name} must lie in front of the IVC (larger A coordinate); front and "
                f"back seem exchanged: check that the points are in RAS mm"
            )
    if ivc[2] - points["portal_bifurcation"][2] < LEAST_HEIGHT_MM:
        raise InputError(
            f"landmark portal_bifurcation must lie at least {LEAST_HEIGHT_MM:g} mm below the ivc "
            f"point, which is at the mouth of the hepatic veins; check that both are in RAS mm"
        )


def _require_lever(name: str, arm_mm: Vector) -> None:
    length = hypot(arm_mm[0], arm_mm[1])
    if length < SHORTEST_LEVER_MM:
        raise InputError(
            f"landmarks ivc and {name} are {length:.0f} mm apart seen from above; at least "
            f"{SHORTEST_LEVER_MM:g} mm are needed to build a plane through them"
        )


def _require_side(points: dict[str, Vector], cantlie: Plane) -> None:
    for name, side in (("umbilical_fissure", -1), ("right_hepatic_vein", 1)):
        if name not in points:
            continue
        distance = side * float(cantlie.height_mm(points[name]))
        if distance < LEAST_SIDE_MM:
            word = "right" if side > 0 else "left"
            raise InputError(
                f"landmark {name} must lie at least {LEAST_SIDE_MM:g} mm {word} of the plane "
                f"through IVC and gallbladder fossa, got {distance:.0f} mm; left and right may be "
                f"exchanged: check that the points are in RAS mm"
            )


def _cantlie(points: dict[str, Vector]) -> Plane:
    ivc = points["ivc"]
    line = points["gallbladder_fossa"] - ivc
    vein = points.get("middle_hepatic_vein")
    if vein is None:
        return Plane.through(ivc, _rightwards(line))
    normal = np.cross(line, vein - ivc) / np.linalg.norm(line)
    lever = float(np.linalg.norm(normal))
    if lever < SHORTEST_VEIN_LEVER_MM or abs(normal[2]) > STEEPEST_NORMAL * lever:
        raise InputError(
            "landmark middle_hepatic_vein cannot tilt the plane through IVC and gallbladder: it "
            f"lies {lever:.0f} mm from their line (at least {SHORTEST_VEIN_LEVER_MM:g} mm are "
            f"needed) or makes the plane nearly level; choose another point or leave it out"
        )
    return Plane.through(ivc, normal * np.sign(normal @ _rightwards(line)))


def _rightwards(direction: Vector) -> Vector:
    """Return the level vector to the right of one who walks along ``direction``."""
    return np.array((direction[1], -direction[0], 0.0))


def _right_scissura(points: dict[str, Vector]) -> Plane:
    ivc = points["ivc"]
    vein = points.get("right_hepatic_vein")
    if vein is not None:
        return Plane.through(ivc, _rightwards(vein - ivc))
    angle = radians(RIGHT_SCISSURA_DEGREES)
    direction = np.array((cos(angle), sin(angle), 0.0))
    line = points["gallbladder_fossa"] - ivc
    sine = float(_rightwards(line) @ direction) / hypot(line[0], line[1])
    if sine < sin(radians(SMALLEST_RIGHT_ANGLE_DEGREES)):
        raise InputError(
            "landmark gallbladder_fossa lies almost straight to the right of the IVC, which leaves "
            "no room for segments V and VIII; check it, or give right_hepatic_vein"
        )
    return Plane.through(ivc, _rightwards(direction))


def _caudate(ivc: Vector, bifurcation: Vector) -> tuple[Plane, ...]:
    right, up = np.array((1.0, 0.0, 0.0)), np.array((0.0, 0.0, 1.0))
    return (
        Plane.through(bifurcation, np.array((0.0, -1.0, -CAUDATE_LEAN))),
        Plane.through(ivc + CAUDATE_RIGHT_MM * right, -right),
        Plane.through(ivc - CAUDATE_LEFT_MM * right, right),
        Plane.through(bifurcation - CAUDATE_BELOW_MM * up, up),
        Plane.through(ivc, -up),
    )


def _rules(
    planes: SegmentPlanes, beyond: Callable[[Plane], NDArray[np.bool_]]
) -> NDArray[np.uint8]:
    """Combine the half-spaces; ``beyond`` tells which points are on a plane's positive side."""
    upper = beyond(planes.upper_right)
    posterior = beyond(planes.right_scissura)
    anterior_codes = np.where(upper, CouinaudSegment.VIII, CouinaudSegment.V)
    posterior_codes = np.where(upper, CouinaudSegment.VII, CouinaudSegment.VI)
    right = np.where(posterior, posterior_codes, anterior_codes)
    lateral = np.where(beyond(planes.upper_left), CouinaudSegment.II, CouinaudSegment.III)
    left = np.where(beyond(planes.umbilical), lateral, CouinaudSegment.IV)
    codes = np.where(beyond(planes.cantlie), right, left)
    caudate = np.logical_and.reduce([beyond(plane) for plane in planes.caudate])
    return np.where(caudate, CouinaudSegment.I, codes).astype(np.uint8)


def _slab(planes: SegmentPlanes, grid: Geometry, k: int) -> NDArray[np.uint8]:
    """Return the codes of slice ``k``."""
    return _rules(planes, lambda plane: _beyond(plane, grid, k))


def _beyond(plane: Plane, grid: Geometry, k: int) -> NDArray[np.bool_]:
    """Tell which voxels of slice ``k`` are on the positive side of a plane.

    The plane is written in voxel indices, so that this costs one sum per voxel.
    """
    i, j = np.ogrid[: grid.shape[0], : grid.shape[1]]
    matrix, origin = grid.affine_ras[:3, :3], grid.affine_ras[:3, 3]
    a, b, c = np.array(plane.normal) @ matrix
    constant = c * k + np.dot(plane.normal, origin) - plane.offset_mm
    side: NDArray[np.bool_] = a * i + (b * j + constant) > 0
    return side
