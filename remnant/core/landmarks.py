"""Anatomical points that divide the liver into Couinaud segments."""

from dataclasses import dataclass, fields
from math import isfinite

from remnant.core.errors import InputError
from remnant.core.geometry import Vector3


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmarks:
    """Points in RAS mm from which the classical planes are built.

    Parameters
    ----------
    ivc
        Inferior vena cava at the level of the hepatic veins' mouth.
    gallbladder_fossa
        Middle of the gallbladder fossa: with the IVC it spans Cantlie's plane.
    umbilical_fissure
        Umbilical fissure, where the left portal vein ends (ligamentum teres).
    portal_bifurcation
        Bifurcation of the main portal vein: its level divides upper from lower segments.
    right_hepatic_vein
        A point on the right hepatic vein half-way to the surface; ``None`` when it was not seen.
    middle_hepatic_vein
        A point on the middle hepatic vein; ``None`` when it was not seen.

    Raises
    ------
    InputError
        A coordinate is not a finite number.
    """

    ivc: Vector3
    gallbladder_fossa: Vector3
    umbilical_fissure: Vector3
    portal_bifurcation: Vector3
    right_hepatic_vein: Vector3 | None = None
    middle_hepatic_vein: Vector3 | None = None

    def __post_init__(self) -> None:
        for landmark in fields(self):
            point = getattr(self, landmark.name)
            if point is not None and not all(isfinite(x) for x in point):
                raise InputError(f"landmark {landmark.name} needs three finite numbers in mm")
