"""Options that several commands share."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import Group, Parameter, Token

from remnant.core.drawn_boxes import BoxUnits, ReaderBox
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.mr import BiasCorrection
from remnant.core.phase_choice import AlignmentKind, PhaseChoice
from remnant.core.uncertainty import NO_CHOICE, ErrorChoice
from remnant.core.volumes import Modality, Phase
from remnant.io.codings import MasksPreset
from remnant.io.reading import GeometrySource
from remnant.io.roles import Part
from remnant.pipeline.option_texts import lesion_review, parse_box, parse_removed, phase_choice
from remnant.pipeline.reviewing import LesionReview
from segmentation.engines.registry import ENGINES, Quality

SCAN_GROUP = Group("Scan", sort_key=10)
FORMULA_GROUP = Group("Standardised liver volume", sort_key=20)
LESION_GROUP = Group("Lesions", sort_key=30)
ERROR_GROUP = Group("Intervals", sort_key=50, help="Standard deviations behind the 90 % intervals.")
MASK_GROUP = Group("Masks and segments", sort_key=40)

Language = Literal["en", "de"]
"""Of the report."""
Output = Annotated[Path, Parameter(alias="-o", allow_leading_hyphen=True)]
OverwriteOption = Annotated[
    bool,
    Parameter(
        help="Replace what the output folder holds: another case, confirmations, facts, plans.",
        negative="",
    ),
]


@Parameter(name="*", group=FORMULA_GROUP)
@dataclass(frozen=True, kw_only=True)
class FormulaOptions:
    """Which published formula gives the standardised liver volume."""

    formula: str | None = None
    """Formula by its paper. `remnant doctor` lists them. Default: vauthey2002_bsa."""
    bsa_formula: str | None = None
    """Body surface area formula. Default is the one the formula's paper used."""


def whole_number(_: Any, tokens: Sequence[Token]) -> int:  # noqa: ANN401  (cyclopts gives a type)
    """Read a whole number, written as one.

    Raises
    ------
    InputError
        It is written otherwise, e.g. with a decimal point.
    """
    text = tokens[0].value
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()):
        raise InputError(f"{tokens[0].keyword} got {text!r}; allowed are whole numbers")
    return int(text)


@Parameter(name="*", group=ERROR_GROUP)
@dataclass(frozen=True, kw_only=True)
class ErrorOptions:
    """What is assumed about the errors of the maps (standard deviations)."""

    liver_boundary_mm: float | None = None
    """How far the liver's surface may be off, in mm. Default: 0.6, or 0.7 for networks' maps."""
    lesion_boundary_mm: float | None = None
    """How far a lesion's surface may be off, in mm. Default: 0.5, or 1.0 for networks' maps."""
    segment_border_mm: float | None = None
    """How far a plane between segments may be off, in mm. Default: 3, or 5 from landmarks or
    territories, or what the estimate says of each plane."""
    formula_residual_fraction: float | None = None
    """How far the body-size formula may be off. A share of its volume. Default: 0.15."""
    interval_seed: Annotated[int | None, Parameter(converter=whole_number)] = None
    """Seed of the intervals' random draws. A whole number from 0 to 4294967295."""

    def choice(self, known: ErrorChoice = NO_CHOICE) -> ErrorChoice:
        """Make the domain type; what was not given is taken from the case's earlier report."""
        given: dict[str, Any] = {
            "liver_boundary_mm": self.liver_boundary_mm,
            "lesion_boundary_mm": self.lesion_boundary_mm,
            "segment_border_mm": self.segment_border_mm,
            "formula_residual_fraction": self.formula_residual_fraction,
            "seed": self.interval_seed,
        }
        return replace(known, **{name: value for name, value in given.items() if value is not None})


@Parameter(name="*", group=LESION_GROUP)
@dataclass(frozen=True, kw_only=True)
class LesionOptions:
    """What a human says about automatic lesions."""

    reject_lesions: str | None = None
    """Lesions that are no metastases, e.g. 3,7. Their numbers; they stay listed, but in no
    volume."""
    confirm_lesions: str | None = None
    """Lesions that a human confirmed, e.g. 1,2. Their numbers, or `all` that are not rejected."""
    lesions: Path | None = None
    """Lesion map. The same as --masks lesions=FILE. Of a stored case the edited lesions: a label
    map on the same grid, or the case's lesions.csv with its confirmation column edited."""

    def review(self) -> LesionReview:
        """Make the domain type.

        Raises
        ------
        InputError
            Something is not a lesion number.
        """
        review = lesion_review(
            self.reject_lesions, self.confirm_lesions,
            reject_option="--reject-lesions", confirm_option="--confirm-lesions",
        )  # fmt: skip
        return replace(review, edited=self.lesions)


@Parameter(name="*", group=MASK_GROUP)
@dataclass(frozen=True, kw_only=True)
class MaskOptions:
    """Existing label maps to use instead of networks."""

    masks: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()
    """Label maps as role=FILE. Several are comma-separated or repeated. Roles are liver, lesions,
    couinaud, vessels, portal_vein, hepatic_veins, branches (portal or hepatic branches coded 1 to 8
    by the segment they serve: their territories divide the liver). A Couinaud map alone implies the
    liver."""
    liver: Path | None = None
    """Liver map. The same as --masks liver=FILE, for a path of any characters."""
    couinaud: Path | None = None
    """Couinaud map. The same as --masks couinaud=FILE."""
    masks_preset: MasksPreset = MasksPreset.AUTO
    """How the maps are coded. With auto, lesions, parts and classes are told by their shapes, and
    what could be either is refused."""
    lesion_codes: str | None = None
    """Codes that are lesions, e.g. 2,3. Of the lesions file; all of them without it."""
    threshold: float | None = None
    """From which value on a voxel is inside. Of a probability map or of a grey mask."""
    geometry_from: GeometrySource | None = None
    """Which statement of a NIfTI header to believe. It says where the voxels are, where they
    contradict each other: sform, qform, or pixdim for the voxel sizes."""
    couinaud_from: Path | None = None
    """Couinaud map to use, e.g. a corrected one. The same as --masks couinaud=FILE. A stored case
    is measured and planned anew with it, not segmented."""
    landmarks: Path | None = None
    """Points whose planes divide the liver. JSON in RAS mm, or 3D Slicer .mrk.json; they divide it
    into Couinaud segments. Where several are given a map goes before branches, branches before
    landmarks, landmarks before the estimate."""
    split_iv: Annotated[bool, Parameter(negative="")] = False
    """Divide segment IV into IVa and IVb too. Needs --landmarks in the same command, or a scan that
    shows where the portal vein parts. Of a stored case with a given map or territories the
    landmarks then divide segment IV alone."""
    confirm_segments: str | None = None
    """Your name: you looked at the segments. They may then be used; kept with today's date (UTC)
    until the segments change."""
    whole_liver: bool | None = None
    """The cropped maps hold the whole liver. It touches the edge of their grid; without this such
    volumes are lower bounds. For label maps alone, not for scans."""
    split_confluent: Annotated[bool, Parameter(negative="")] = False
    """Split confluent lesions at their necks. Bulky ones, by shape alone: their count and diameters
    change, their volume does not. For new masks or scans, not for stored cases."""

    def paths(self) -> Mapping[str, Path]:
        """Return the mask files by role.

        Raises
        ------
        InputError
            A role cannot be read, or a Couinaud map was given twice.
        """
        paths = parse_masks(self.masks)
        for option, part, path in (
            ("--liver", Part.LIVER, self.liver),
            ("--couinaud", Part.COUINAUD, self.couinaud),
            ("--couinaud-from", Part.COUINAUD, self.couinaud_from),
        ):
            paths = with_mask(paths, part, path, option=option)
        return paths


BETWEEN_PAIRS: Final = re.compile(r",+(?=[a-z_]+=)")
"""Paths may hold commas, as in ``Doe, J``."""


def parse_masks(texts: tuple[str, ...]) -> dict[str, Path]:
    """Parse ``role=FILE`` pairs; a comma parts them only where another ``role=`` follows it.

    Raises
    ------
    InputError
        A pair has no role, an unknown role, or a role is given twice.
    """
    paths: dict[str, Path] = {}
    for pair in (part for text in texts for part in BETWEEN_PAIRS.split(text.strip(",")) if part):
        role, separator, file = pair.partition("=")
        if not separator or role not in set(Part) or not file:
            raise InputError(
                f"--masks got {pair!r}; allowed is role=FILE with a role of {', '.join(Part)}"
            )
        if role in paths:
            raise InputError(f"--masks names {role} twice; give one file for each role")
        paths[role] = Path(file)
    return paths


def with_mask(
    paths: Mapping[str, Path], part: Part, path: Path | None, *, option: str
) -> dict[str, Path]:
    """Return mask files by role with one that an option of its own names.

    Raises
    ------
    InputError
        The role has a file already.
    """
    if path is None:
        return dict(paths)
    if part in paths:
        raise InputError(f"{option} names a second {part} map; give one of them")
    return {**paths, part.value: path}


def parse_segments(texts: tuple[str, ...]) -> tuple[frozenset[CouinaudSegment], ...]:
    """Parse sets of Couinaud segments such as ``VI,VII`` or ``6,7``.

    Raises
    ------
    InputError
        Something is not a segment I to VIII, or a set names all or none of them.
    """
    return parse_removed(texts, option="--resect")


@Parameter(name="*", group=SCAN_GROUP)
@dataclass(frozen=True, kw_only=True)
class ScanOptions:
    """How a scan is to be read, where it does not say so itself."""

    modality: Modality | None = None
    """Modality of a scan that does not say it. Needed for NIfTI unless the intensities prove CT."""
    series: str | None = None
    """Series of a DICOM folder: number or UID. As `inspect` lists them."""
    phase: Phase | None = None
    """Contrast phase. Of the DICOM series to take, or of a scan that does not say its own."""
    intensity_offset: float | None = None
    """Added to every value of a CT, e.g. -1024. For one that was stored without its rescale
    intercept."""

    bias_correction: BiasCorrection = BiasCorrection.NONE
    """Even out an MR's brightness first. Its coils make it uneven; with n4 (SimpleITK) it is evened
    out before anything is segmented."""
    liver_from: str | None = None
    """Phase or series to outline the liver on. A contrast phase, or series number, of a DICOM
    study; lesions of other phases (--lesions-from) are brought onto it."""
    lesions_from: str | None = None
    """Phases or series to look for lesions in. Contrast phases or series numbers, e.g.
    arterial,portal; each lesion says where it was seen. Default: that of --liver-from."""
    alignment: AlignmentKind = AlignmentKind.RIGID
    """How other phases are laid on the liver's. It is rigid, or deformable where breath bent the
    liver."""

    def phases(self) -> PhaseChoice | None:
        """Return which phases are used together; ``None`` for one image.

        Raises
        ------
        InputError
            Something is neither a phase nor a series number, or one option needs another.
        """
        return phase_choice(
            self.liver_from, self.lesions_from, self.alignment,
            one_series=self.series is not None or self.phase is not None, named=_option,
        )  # fmt: skip


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


@Parameter(name="*", group=SCAN_GROUP)
@dataclass(frozen=True, kw_only=True)
class LiverBoxOptions:
    """A reader's box around the liver, for a scan in which it is not found."""

    liver_box: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    """Box to outline the liver in, as x0,y0,z0,x1,y1,z1. For a scan in which the liver is not
    found, as many MR: a rectangle on the axial slice where it is largest (z0 = z1), or a box around
    all of it. It is not looked for then."""
    box_units: BoxUnits = BoxUnits.MM
    """What boxes are given in: mm (RAS) or voxels. These are the indices of the scan's array, from
    0 on."""

    def box(self) -> ReaderBox | None:
        """Return the box; ``None`` where none was given.

        Raises
        ------
        InputError
            It is no box.
        """
        if self.liver_box is None:
            return None
        return parse_box(self.liver_box, option="--liver-box", units=self.box_units)


NO_LIVER_BOX = LiverBoxOptions()
NO_SCAN = ScanOptions()
EngineOption = Annotated[
    str, Parameter(help=f"Networks that find liver and lesions: {', '.join(ENGINES)}.")
]
DeviceOption = Annotated[
    Literal["auto", "cpu", "cuda", "mps"],
    Parameter(help="Where networks run. With auto on the fastest device there is."),
]
QualityOption = Annotated[
    Quality | None,
    Parameter(
        help="How much work segmenting may be. With best, the usual one, a second network outlines "
        "liver and lesions anew, slice by slice; with fast lesions often are their cores alone."
    ),
]
EstimateOption = Annotated[
    bool,
    Parameter(
        help="Estimate the segments from the liver's shape. Where no map, branches or landmarks "
        "are given; without, they stay unknown. Estimated segments are to be reviewed. "
        "The segments that a stored case has stay in either way.",
        group=MASK_GROUP,
    ),
]
ResectOption = Annotated[
    tuple[str, ...],
    Parameter(
        help="Further segments to remove, e.g. VI,VII. May be repeated.",
        negative="",
        show_default=False,
    ),
]
