"""Words and signs of the members of every enumeration, and what is written of every case."""

from collections.abc import Mapping
from typing import Final

from remnant.core.comparison import MatchKind
from remnant.core.debulking import Fate
from remnant.core.findings import Basis, Comparison, Finding, SourceStatus, Verdict
from remnant.core.lesions import Confirmation
from remnant.core.quantity import UncertaintyPart
from remnant.core.staged_plan import Strategy
from remnant.core.uncertainty import SegmentPlane
from remnant.core.units import percent_from_fraction
from remnant.core.volumes import Modality
from remnant.core.volumetry_report import SegmentSource
from remnant.wording.language import Message, message, say, spoken

SIGNS: Final[Mapping[Comparison, str]] = {
    Comparison.LESS: "<",
    Comparison.AT_MOST: "≤",
    Comparison.AT_LEAST: "≥",
    Comparison.MORE: ">",
}
VERDICT_SIGNS: Final[Mapping[Verdict, str]] = {
    Verdict.MET: "✓",
    Verdict.NOT_MET: "✗",
    Verdict.UNCERTAIN: "~",
    Verdict.UNKNOWN: "?",
    Verdict.NO_EVIDENCE: "○",
}
_VERDICTS: Final[Mapping[Verdict, Message]] = {
    Verdict.MET: "met",
    Verdict.NOT_MET: "not met",
    Verdict.UNCERTAIN: "uncertain",
    Verdict.UNKNOWN: "undecided",
    Verdict.NO_EVIDENCE: "no evidence",
}
VERDICT_WORDS: Final[Mapping[Verdict, str]] = spoken(_VERDICTS)
REACH_WORDS: Final[Mapping[Verdict, str]] = spoken(
    {
        **_VERDICTS,
        Verdict.MET: "within reach",
        Verdict.NOT_MET: "not within reach",
    }
)
OPTION_WORDS: Final[Mapping[Verdict, str]] = spoken(
    {
        **_VERDICTS,
        Verdict.MET: "listed",
        Verdict.NOT_MET: "ruled out",
        Verdict.UNKNOWN: "open",
    }
)
OBSTACLE_WORDS: Final[Mapping[Verdict, str]] = spoken(
    {
        **_VERDICTS,
        Verdict.MET: "no obstacle",
        Verdict.NOT_MET: "obstacle",
    }
)
DONE_WORDS: Final[Mapping[Verdict, str]] = spoken(
    {
        **_VERDICTS,
        Verdict.MET: "done",
        Verdict.NOT_MET: "missing",
        Verdict.UNKNOWN: "not told",
    }
)
"""Of examinations."""
LIST_WORDS: Final[Mapping[Verdict, str]] = spoken(
    {
        **_VERDICTS,
        Verdict.MET: "listed",
        Verdict.NOT_MET: "ruled out",
    }
)
BRANCH_WORDS: Final[Mapping[Verdict, str]] = spoken(
    {
        **_VERDICTS,
        Verdict.MET: "this case",
        Verdict.NOT_MET: "ruled out here",
        Verdict.UNCERTAIN: "may be this case",
        Verdict.UNKNOWN: "may be this case",
    }
)
CHECK_WORDS: Final[Mapping[Verdict, str]] = spoken(
    {
        Verdict.MET: "passed",
        Verdict.NOT_MET: "failed",
        Verdict.UNCERTAIN: "uncertain",
        Verdict.UNKNOWN: "not made",
        Verdict.NO_EVIDENCE: "not made",
    }
)
STATUS_WORDS: Final[Mapping[SourceStatus, str]] = spoken(
    {
        SourceStatus.VERIFIED: "read in the source",
        SourceStatus.UNVERIFIED: "unverified: recalled, not read in the source",
        SourceStatus.PROJECT: "this project's own reading or rule",
    }
)
BASIS_WORDS: Final[Mapping[Basis, str]] = spoken(
    {
        Basis.STANDARDISED_TLV: "standardised volume",
        Basis.MEASURED_FUNCTIONAL_TLV: "measured functional volume",
        Basis.BODY_WEIGHT: "body weight",
        Basis.BODY_SURFACE_AREA: "body surface",
        Basis.TUMOUR_VOLUME: "tumour volume",
        Basis.TOTAL_LIVER_VOLUME: "total liver volume",
        Basis.UNSPECIFIED: "a liver volume (not said which)",
    }
)
BASIS_MARKS: Final[Mapping[Basis, str]] = spoken(
    {
        Basis.STANDARDISED_TLV: "sFLR",
        Basis.MEASURED_FUNCTIONAL_TLV: "of measured",
        Basis.UNSPECIFIED: "both ratios",
        Basis.BODY_WEIGHT: "of weight",
        Basis.BODY_SURFACE_AREA: "mL/m²",
        Basis.TUMOUR_VOLUME: "tumour removed",
        Basis.TOTAL_LIVER_VOLUME: "of total liver",
    }
)
INTENSITY_UNITS: Final[Mapping[Modality | None, str]] = spoken(
    {
        Modality.CT: "HU",
        Modality.MR: "arbitrary",
        None: "arbitrary",
    }
)
PART_WORDS: Final[Mapping[UncertaintyPart, str]] = spoken(
    {
        UncertaintyPart.SEGMENTATION: "outlines",
        UncertaintyPart.SEGMENT_BORDERS: "segment borders",
        UncertaintyPart.FORMULA: "body-size formula",
        UncertaintyPart.DISCRETISATION: "voxel grid",
    }
)
CONFIRMATION_WORDS: Final[Mapping[Confirmation, str]] = spoken(
    {
        Confirmation.AUTOMATIC: "? not confirmed",
        Confirmation.GIVEN: "? given, not confirmed",
        Confirmation.CONFIRMED: "✓ confirmed",
        Confirmation.REJECTED: "✗ rejected",
    }
)
FATE_WORDS: Final[Mapping[Fate, str]] = spoken(
    {
        Fate.WITH_SEGMENTS: "would be removed with the segments",
        Fate.WEDGE: "would be excised with a margin",
        Fate.ABLATED: "would be ablated",
        Fate.CUT: "would be cut: taken in part",
        Fate.STAYS: "would stay",
    }
)
REJECTED_WORDS: Final = message("rejected, not counted")
"""In the place of a fate: a rejected lesion is never treated."""
STRATEGY_WORDS: Final[Mapping[Strategy, str]] = spoken(
    {
        Strategy.PVE: "portal vein embolisation",
        Strategy.PVL: "portal vein ligation",
        Strategy.ALPPS: "ALPPS",
    }
)
PERTURBATION_WORDS: Final[Mapping[str, str]] = spoken(
    {
        "segmentation": "outlines moved within their error",
        "dropped_below_5_mm": "lesions below 5 mm left out",
        "dropped_below_10_mm": "lesions below 10 mm left out",
        "lobe_border": "border between the lobes moved",
    }
)
SOURCE_WORDS: Final[Mapping[SegmentSource, str]] = spoken(
    {
        SegmentSource.GIVEN: "given map",
        SegmentSource.TERRITORIES: "territories of labelled branches",
        SegmentSource.LANDMARKS: "planes through landmarks",
        SegmentSource.MODEL: "estimated from liver shape",
    }
)
SOURCE_NOTES: Final[Mapping[SegmentSource, str]] = spoken(
    {
        SegmentSource.GIVEN: "",
        SegmentSource.TERRITORIES: "Each voxel belongs to the branch nearest along the liver.",
        SegmentSource.LANDMARKS: "An approximation of the portal territories.",
        SegmentSource.MODEL: (
            "An approximation of the portal territories from the liver's shape, and from vessels "
            "where planes were moved to them."
        ),
    }
)
PLANE_WORDS: Final[Mapping[SegmentPlane, str]] = spoken(
    {
        SegmentPlane.CAUDATE: "caudate (I from the rest)",
        SegmentPlane.MAIN: "Cantlie’s plane (IV from V and VIII)",
        SegmentPlane.UMBILICAL: "umbilical fissure (II and III from IV)",
        SegmentPlane.LEFT_TRANSVERSE: "left transverse (II from III)",
        SegmentPlane.RIGHT: "right hepatic vein (V and VIII from VI and VII)",
        SegmentPlane.RIGHT_TRANSVERSE: "right transverse (V and VI from VIII and VII)",
    }
)
SHORT_TITLES: Final[Mapping[str, str]] = spoken({"central_hepatectomy": "Central hepatectomy"})
"""Of resections, by their machine name, where room is short."""
ORIGIN_WORDS: Final[Mapping[str, str]] = spoken(
    {
        "given maps": "given maps",
        "network maps": "network maps",
        "given maps, changed by the user": "given maps, changed by the user",
        "network maps, changed by the user": "network maps, changed by the user",
    }
)
"""Of error models, by their origin."""
MATCH_WORDS: Final[Mapping[MatchKind, str]] = spoken(
    {
        **{kind: kind.value for kind in MatchKind},
        MatchKind.REJECTED_BEFORE: "rejected in the first scan",
        MatchKind.REJECTED_AFTER: "rejected in the second scan",
    }
)


def demand(finding: Finding) -> str:
    """Write what a rule asks for, e.g. ``≥ 30 % of standardised volume``; empty without number."""
    if finding.limit is None or finding.basis is None:
        return ""
    relation = "≥" if finding.inclusive else ">"
    words = BASIS_WORDS[finding.basis]
    if finding.basis is Basis.BODY_SURFACE_AREA:
        return say(
            "{relation} {limit:g} mL/m² of {words}",
            relation=relation,
            limit=finding.limit,
            words=words,
        )
    percent_free = finding.basis is Basis.BODY_WEIGHT
    number = finding.limit if percent_free else percent_from_fraction(finding.limit)
    return say("{relation} {number:g} % of {words}", relation=relation, number=number, words=words)
