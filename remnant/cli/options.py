"""Options that several commands share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from remnant.core.errors import InputError
from remnant.core.patient import LiverBackground, Patient, Sex
from remnant.core.volumes import Modality
from remnant.io.presets import MasksPreset

PATIENT_GROUP = Group("Patient", sort_key=10, help="Every fact is optional; absent is never guessed.")
FORMULA_GROUP = Group("Standardised liver volume", sort_key=20)
LESION_GROUP = Group("Lesions", sort_key=30)
MASK_GROUP = Group("Masks and segments", sort_key=40)

MASK_ROLES = ("liver", "lesions", "couinaud", "vessels")

Output = Annotated[Path, Parameter(alias="-o")]


@Parameter(name="*", group=PATIENT_GROUP)
@dataclass(frozen=True, kw_only=True)
class PatientOptions:
    """Facts about the person."""

    height_cm: float | None = None
    """Body height in cm (100 to 250)."""
    weight_kg: float | None = None
    """Body weight in kg (25 to 350)."""
    sex: Sex | None = None
    """Sex, as some body-size formulas use it."""
    age: float | None = None
    """Age in years; under 18 is refused: no formula or threshold here was made for children."""
    background: LiverBackground = LiverBackground.UNKNOWN
    """State of the liver that would remain; it decides which minimum applies."""

    def patient(self) -> Patient:
        """Make the domain type, with its range checks."""
        return Patient(
            height_cm=self.height_cm,
            weight_kg=self.weight_kg,
            sex=self.sex,
            age_years=self.age,
            background=self.background,
        )


@Parameter(name="*", group=FORMULA_GROUP)
@dataclass(frozen=True, kw_only=True)
class FormulaOptions:
    """Which published formula gives the standardised liver volume."""

    formula: str = "vauthey2002_bsa"
    """Formula by its paper; `remnant doctor` lists them."""
    bsa_formula: str | None = None
    """Body surface area formula; default is the one the formula's paper used."""


@Parameter(name="*", group=LESION_GROUP)
@dataclass(frozen=True, kw_only=True)
class LesionOptions:
    """What a human says about automatic lesions."""

    reject_lesions: str | None = None
    """Lesion numbers that are no metastases, e.g. 3,7: listed, but in no volume."""
    confirm_lesions: str | None = None
    """Lesion numbers that a human confirmed, e.g. 1,2, or `all` that are not rejected."""
    lesions: Path | None = None
    """Edited lesions: a label map on the same grid, or the case's lesions.csv with its
    confirmation column edited."""


@Parameter(name="*", group=MASK_GROUP)
@dataclass(frozen=True, kw_only=True)
class MaskOptions:
    """Existing label maps to use instead of networks."""

    masks: tuple[str, ...] = field(default=())
    """Label maps as role=FILE, comma-separated or repeated; roles are liver, lesions, couinaud,
    vessels. A Couinaud map alone implies the liver."""
    masks_preset: MasksPreset = MasksPreset.BINARY
    """How the maps are coded."""
    landmarks: Path | None = None
    """Points (JSON in RAS mm, or 3D Slicer .mrk.json) whose planes divide the liver into
    Couinaud segments."""

    def paths(self) -> Mapping[str, Path]:
        """Return the mask files by role."""
        return parse_masks(self.masks)


def parse_masks(texts: tuple[str, ...]) -> dict[str, Path]:
    """Parse ``role=FILE`` pairs.

    Raises
    ------
    InputError
        A pair has no role, an unknown role, or a role is given twice.
    """
    paths: dict[str, Path] = {}
    for pair in (part for text in texts for part in text.split(",") if part):
        role, separator, file = pair.partition("=")
        if not separator or role not in MASK_ROLES or not file:
            raise InputError(
                f"--masks got {pair!r}; allowed is role=FILE with a role of {', '.join(MASK_ROLES)}"
            )
        if role in paths:
            raise InputError(f"--masks names {role} twice; give one file for each role")
        paths[role] = Path(file)
    return paths


def parse_numbers(text: str | None, *, option: str) -> frozenset[int]:
    """Parse lesion numbers such as ``3,7``; empty when the option was not given.

    Raises
    ------
    InputError
        Something is not a positive whole number.
    """
    parts = [part.strip() for part in (text or "").split(",") if part.strip()]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise InputError(f"{option} got {text!r}; allowed are lesion numbers such as 3,7")
    return frozenset(int(part) for part in parts)


ModalityOption = Annotated[
    Modality | None,
    Parameter(help="ct or mr; needed for NIfTI unless the intensities prove CT."),
]
