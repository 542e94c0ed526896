"""Codes of the structured report, each declared once; ``python -m`` this prints their tables.

A concept that SNOMED CT, DICOM or UCUM has is coded with theirs. For all others there is a private
scheme, whose codes never change their meaning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from remnant.core.distribution import FrillingType, NetlmType
from remnant.core.findings import Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.quality_light import Light
from remnant.core.quantity import Bound
from remnant.core.units import percent_from_fraction
from remnant.core.volumetry_report import BurdenClass, SegmentSource

SCHEME: Final = "99REMNANT"
SCHEME_NAME: Final = "remnant: liver tumour burden and future liver remnant"
LONGEST_CODE: Final = 16
"""What a Code Value (SH) holds."""


@dataclass(frozen=True, slots=True)
class Term:
    """A coded concept: its value, the scheme that the value is of, and its meaning in English."""

    value: str
    scheme: str
    meaning: str


def own(value: str, meaning: str) -> Term:
    """Return a concept of the private scheme."""
    return Term(value, SCHEME, meaning)


class Measure(StrEnum):
    """What is measured."""

    VOLUME = "volume"
    LONGEST_AXIAL = "longest_axial"
    PERPENDICULAR_AXIAL = "perpendicular_axial"
    TOTAL_LIVER = "total_liver"
    FUNCTIONAL_LIVER = "functional_liver"
    TUMOUR = "tumour"
    BURDEN = "burden"
    STANDARDISED_LIVER = "standardised_liver"
    BODY_SURFACE = "body_surface"
    REMNANT = "remnant"
    REMNANT_OF_MEASURED = "remnant_of_measured"
    STANDARDISED_REMNANT = "standardised_remnant"
    REMNANT_OF_WEIGHT = "remnant_of_weight"
    REMNANT_OF_SURFACE = "remnant_of_surface"
    DEBULKED = "debulked"


class Question(StrEnum):
    """What is answered by a code and not by a number."""

    CONFIRMATION = "confirmation"
    QUALITY_LIGHT = "quality_light"
    SEGMENTS_FROM = "segments_from"
    SEGMENTS_CONFIRMED = "segments_confirmed"
    BURDEN_CLASS = "burden_class"
    FRILLING = "frilling"
    NETLM = "netlm"
    REMNANT_RULE = "remnant_rule"
    PLAN_FEASIBLE = "plan_feasible"


@dataclass(frozen=True, slots=True)
class Measured:
    """How a measure is written: its name, its unit, and its method where that never changes."""

    name: Term
    unit: Term
    method: Term


MILLILITRE: Final = Term("mL", "UCUM", "milliliter")
MILLIMETRE: Final = Term("mm", "UCUM", "millimeter")
PERCENT: Final = Term("%", "UCUM", "percent")
SQUARE_METRE: Final = Term("m2", "UCUM", "square meter")
ML_PER_M2: Final = Term("mL/m2", "UCUM", "milliliter per square meter")

VOXELS: Final = Term("126030", "DCM", "Sum of segmented voxel method for volume")
IN_ONE_SLICE: Final = own("AXIAL_VOXELS", "Between voxel corners within one axial slice")
OF_TOTAL: Final = own("OF_TLV", "Divided by total liver volume")
OF_FUNCTIONAL: Final = own("OF_FUNCTIONAL", "Divided by functional total liver volume")
OF_TUMOUR: Final = own("OF_TUMOUR", "Divided by volume of all counted lesions")
OF_WEIGHT: Final = own("OF_WEIGHT", "mL per g body weight")
OF_SURFACE: Final = own("OF_BSA", "Divided by body surface area")
BY_FORMULA: Final = own("BY_FORMULA", "By formula from body size")

MEASURES: Final[Mapping[Measure, Measured]] = {
    Measure.VOLUME: Measured(Term("118565006", "SCT", "Volume"), MILLILITRE, VOXELS),
    Measure.LONGEST_AXIAL: Measured(
        Term("103339001", "SCT", "Long axis"), MILLIMETRE, IN_ONE_SLICE
    ),
    Measure.PERPENDICULAR_AXIAL: Measured(
        Term("103340004", "SCT", "Short axis"), MILLIMETRE, IN_ONE_SLICE
    ),
    Measure.TOTAL_LIVER: Measured(own("TLV", "Total liver volume"), MILLILITRE, VOXELS),
    Measure.FUNCTIONAL_LIVER: Measured(
        own("FUNCTIONAL_TLV", "Functional total liver volume"), MILLILITRE, VOXELS
    ),
    Measure.TUMOUR: Measured(own("TUMOUR", "Volume of all counted lesions"), MILLILITRE, VOXELS),
    Measure.BURDEN: Measured(own("BURDEN", "Hepatic tumour burden"), PERCENT, OF_TOTAL),
    Measure.STANDARDISED_LIVER: Measured(
        own("STLV", "Standardised total liver volume"), MILLILITRE, BY_FORMULA
    ),
    Measure.BODY_SURFACE: Measured(
        Term("8277-6", "LN", "Body Surface Area"), SQUARE_METRE, BY_FORMULA
    ),
    Measure.REMNANT: Measured(own("FLR", "Future liver remnant"), MILLILITRE, VOXELS),
    Measure.REMNANT_OF_MEASURED: Measured(
        own("FLR_MEASURED", "Future liver remnant of functional liver volume"),
        PERCENT, OF_FUNCTIONAL,
    ),
    Measure.STANDARDISED_REMNANT: Measured(
        own("SFLR", "Standardised future liver remnant"), PERCENT, BY_FORMULA
    ),
    Measure.REMNANT_OF_WEIGHT: Measured(
        own("FLR_WEIGHT", "Future liver remnant of body weight"), PERCENT, OF_WEIGHT
    ),
    Measure.REMNANT_OF_SURFACE: Measured(
        own("FLR_BSA", "Future liver remnant of body surface area"), ML_PER_M2, OF_SURFACE
    ),
    Measure.DEBULKED: Measured(own("DEBULKED", "Debulked tumour volume"), PERCENT, OF_TUMOUR),
}  # fmt: skip

UPPER_RANGE: Final = Term("371886008", "SCT", "+, range of upper measurement uncertainty")
LOWER_RANGE: Final = Term("371885007", "SCT", "-, range of lower measurement uncertainty")
EQUATION: Final = Term("121420", "DCM", "Equation")
COMMENT: Final = Term("121106", "DCM", "Comment")
RELATION: Final = own("RELATION", "Relation of true value to measured value")
INDICATIVE: Final = own("INDICATIVE", "May be larger or smaller than measured")
BOUNDS: Final[Mapping[Bound, Term]] = {
    Bound.LOWER: own("AT_LEAST", "At least the measured value"),
    Bound.UPPER: own("AT_MOST", "At most the measured value"),
}

LIVER: Final = Term("10200004", "SCT", "Liver")
SEGMENTS: Final[Mapping[CouinaudSegment, Term]] = {
    CouinaudSegment.I: Term("71133005", "SCT", "Couinaud hepatic segment I"),
    CouinaudSegment.II: Term("277956007", "SCT", "Couinaud hepatic segment II"),
    CouinaudSegment.III: Term("277957003", "SCT", "Couinaud hepatic segment III"),
    CouinaudSegment.IV: Term("277958008", "SCT", "Couinaud hepatic segment IV"),
    CouinaudSegment.V: Term("277959000", "SCT", "Couinaud hepatic segment V"),
    CouinaudSegment.VI: Term("277960005", "SCT", "Couinaud hepatic segment VI"),
    CouinaudSegment.VII: Term("277961009", "SCT", "Couinaud hepatic segment VII"),
    CouinaudSegment.VIII: Term("277962002", "SCT", "Couinaud hepatic segment VIII"),
}
BRITISH: Final = Term("en-GB", "RFC5646", "English (United Kingdom)")
REPORT_TITLE: Final = Term("18748-4", "LN", "Diagnostic imaging report")
SOURCE_IMAGE: Final = Term("260753009", "SCT", "Source")
PIXELS: Final = Term("{pixels}", "UCUM", "pixels")
MODALITIES: Final[Mapping[str, Term]] = {
    "CT": Term("CT", "DCM", "Computed Tomography"),
    "MR": Term("MR", "DCM", "Magnetic Resonance"),
}
LESION_FINDING: Final = Term("52988006", "SCT", "Lesion")
LIVER_FINDING: Final = own("WHOLE_LIVER", "Liver and its tumour as a whole")
PLAN_FINDING: Final = own("PLAN", "Plan of liver resection and ablation")
PROCEDURES: Final[Mapping[str, Term]] = {
    "CT": Term("25045-6", "LN", "CT unspecified body region"),
    "MR": Term("25056-3", "LN", "MRI unspecified body region"),
}
OTHER_PROCEDURE: Final = Term("363679005", "SCT", "Imaging procedure")

QUESTIONS: Final[Mapping[Question, Term]] = {
    Question.CONFIRMATION: own("LESION_STATUS", "Confirmation of lesion by a reader"),
    Question.QUALITY_LIGHT: own("QUALITY_LIGHT", "Quality light of the segmentation"),
    Question.SEGMENTS_FROM: own("SEGMENTS_FROM", "Origin of Couinaud segments"),
    Question.SEGMENTS_CONFIRMED: own("SEGMENTS_STATUS", "Confirmation of segments by a reader"),
    Question.BURDEN_CLASS: own("BURDEN_CLASS", "Class of hepatic tumour burden"),
    Question.FRILLING: own("FRILLING", "Distribution of metastases after Frilling"),
    Question.NETLM: own("NETLM", "Surgical class of neuroendocrine liver metastases"),
    Question.REMNANT_RULE: own("FLR_RULE", "Chosen minimum of future liver remnant"),
    Question.PLAN_FEASIBLE: own("FEASIBLE", "Plan accepted by chosen minimum and limits"),
}
VERDICTS: Final[Mapping[Verdict, Term]] = {
    Verdict.MET: own("MET", "Met"),
    Verdict.NOT_MET: own("NOT_MET", "Not met"),
    Verdict.UNCERTAIN: own("UNCERTAIN", "Uncertain by measurement error"),
    Verdict.UNKNOWN: own("UNKNOWN", "Undecided: a fact or figure is missing"),
    Verdict.NO_EVIDENCE: own("NO_EVIDENCE", "No evidence"),
}
LIGHTS: Final[Mapping[Light, Term]] = {
    Light.GREEN: own("LIGHT_GREEN", "Green: nothing looked at is unusual"),
    Light.AMBER: own("LIGHT_AMBER", "Amber: look before figures are used"),
    Light.RED: own("LIGHT_RED", "Red: probably wrong, not to be used as it is"),
}
CONFIRMATIONS: Final[Mapping[Confirmation, Term]] = {
    Confirmation.AUTOMATIC: own("AUTOMATIC", "Automatic, not confirmed"),
    Confirmation.GIVEN: own("GIVEN", "Given, not confirmed"),
    Confirmation.CONFIRMED: own("CONFIRMED", "Confirmed"),
}
CONFIRMED: Final = CONFIRMATIONS[Confirmation.CONFIRMED]
UNCONFIRMED: Final = own("UNCONFIRMED", "Not confirmed")
ORIGINS: Final[Mapping[SegmentSource, Term]] = {
    SegmentSource.GIVEN: own("SEG_GIVEN", "Given map"),
    SegmentSource.TERRITORIES: own("SEG_TERRITORIES", "Territories of labelled branches"),
    SegmentSource.LANDMARKS: own("SEG_LANDMARKS", "Planes through landmarks"),
    SegmentSource.MODEL: own("SEG_MODEL", "Estimated from liver shape"),
}
CLASSES: Final[Mapping[BurdenClass, Term]] = {
    BurdenClass.UP_TO_10: own("UP_TO_10", "Up to 10 %"),
    BurdenClass.OVER_10_TO_25: own("OVER_10_TO_25", "Over 10 to 25 %"),
    BurdenClass.OVER_25_TO_50: own("OVER_25_TO_50", "Over 25 to 50 %"),
    BurdenClass.OVER_50: own("OVER_50", "Over 50 %"),
}
FRILLING_TYPES: Final[Mapping[FrillingType, Term]] = {
    FrillingType.I: own("FRILLING_I", "Type I"),
    FrillingType.II: own("FRILLING_II", "Type II"),
    FrillingType.III: own("FRILLING_III", "Type III"),
    FrillingType.UNCLASSIFIABLE: own("FRILLING_NONE", "Not classifiable"),
}
NETLM_TYPES: Final[Mapping[NetlmType, Term]] = {
    NetlmType.ONE: own("NETLM_1", "Type 1"),
    NetlmType.TWO: own("NETLM_2", "Type 2"),
    NetlmType.THREE: own("NETLM_3", "Type 3"),
    NetlmType.UNCLASSIFIABLE: own("NETLM_NONE", "Not classifiable"),
}
BODY_SURFACE_FORMULAS: Final[Mapping[str, Term]] = {
    "mosteller1987": Term("122244", "DCM", "BSA = (HT*WT/36)^0.5"),
    "dubois1916": Term("122241", "DCM", "BSA = 0.007184*WT^0.425*HT^0.725"),
    "haycock1978": Term("122243", "DCM", "BSA = 0.024265*WT^0.5378*HTcm^0.3964"),
    "gehan1970": Term("122242", "DCM", "BSA = 0.0235*WT^0.51456*HTcm^0.42246"),
    "fujimoto1968": Term("122268", "DCM", "BSA = 0.008883*WT^0.444*HT^0.663"),
}
"""Those that DICOM has a code for; its code for Boyd's has another factor than the paper."""


def formula_term(identifier: str) -> Term:
    """Return the code of a formula by its name in this program: DICOM's where it has one.

    >>> formula_term("urata1995")
    Term(value='urata1995', scheme='99REMNANT', meaning='Formula urata1995')
    """
    known = BODY_SURFACE_FORMULAS.get(identifier)
    return known or own(identifier[:LONGEST_CODE], f"Formula {identifier}")


def share_term(share: float) -> Term:
    """Return the question whether a plan treats a share of the tumour.

    >>> share_term(0.7)
    Term(value='SHARE_70', scheme='99REMNANT', meaning='At least 70 % of tumour volume treated')
    """
    percent = percent_from_fraction(share)
    return own(f"SHARE_{percent:g}", f"At least {percent:g} % of tumour volume treated")


_SETS: Final[Mapping[str, tuple[Term, ...]]] = {
    "Methods": (
        VOXELS, IN_ONE_SLICE, OF_TOTAL, OF_FUNCTIONAL, OF_TUMOUR, OF_WEIGHT, OF_SURFACE, BY_FORMULA,
    ),
    "Properties of a number": (UPPER_RANGE, LOWER_RANGE, EQUATION, RELATION),
    "Relation of the true value": (*BOUNDS.values(), INDICATIVE),
    "Equations of body surface": tuple(BODY_SURFACE_FORMULAS.values()),
    "Findings": (LESION_FINDING, LIVER_FINDING, PLAN_FINDING),
    "Finding sites": (LIVER, *SEGMENTS.values()),
    "Questions": tuple(QUESTIONS.values()),
    "Verdicts": tuple(VERDICTS.values()),
    "Quality lights": tuple(LIGHTS.values()),
    "Confirmation": (*CONFIRMATIONS.values(), UNCONFIRMED),
    "Origin of segments": tuple(ORIGINS.values()),
    "Classes of burden": tuple(CLASSES.values()),
    "Frilling types": tuple(FRILLING_TYPES.values()),
    "NETLM classes": tuple(NETLM_TYPES.values()),
    "Procedure reported": (*PROCEDURES.values(), OTHER_PROCEDURE),
    "Texts": (COMMENT,),
}  # fmt: skip


def all_terms() -> Iterator[Term]:
    """Give every concept that is declared here; units and formulas of the liver are left out."""
    for measured in MEASURES.values():
        yield measured.name
    for terms in _SETS.values():
        yield from terms


def tables() -> str:
    """Return the tables of the reference page, in Markdown."""
    lines = ["| name | code | scheme | unit | method |", "|---|---|---|---|---|"]
    lines += [
        f"| {m.name.meaning} | `{m.name.value}` | {m.name.scheme} | {m.unit.value} | "
        f"`{m.method.value}` |"
        for m in MEASURES.values()
    ]
    lines += ["", "| of what | meaning | code | scheme |", "|---|---|---|---|"]
    for title, terms in _SETS.items():
        lines += [f"| {title} | {t.meaning} | `{t.value}` | {t.scheme} |" for t in terms]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(tables(), end="")  # noqa: T201
