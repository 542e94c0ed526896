"""Words of a cohort's summary: how cases ended, names of figures, and what stands beside them."""

from collections.abc import Mapping
from typing import Final

from remnant.core.findings import Verdict
from remnant.wording.numbers import sentence
from remnant.wording.words import VERDICT_SIGNS
from volumetry.response.tracks import TrackEvent

STATUS_WORDS: Final[Mapping[str, str]] = {
    "done": "done",
    "unusable": "unusable",
    "refused": "refused",
    "failed": "failed",
    "timed_out": "timed out",
    "killed": "worker died",
}
"""By the values of `remnant.cohort.outcomes.CaseStatus`."""
STATUS_MEANINGS: Final[Mapping[str, str]] = {
    "done": "measured, every quality gate passed",
    "unusable": "measured, but a quality gate failed",
    "refused": "an input cannot be used",
    "failed": "a fault of the program",
    "timed_out": "took longer than allowed",
    "killed": "its worker died as often as allowed",
}
STATUS_SIGNS: Final[Mapping[str, str]] = {
    "done": VERDICT_SIGNS[Verdict.MET],
    "unusable": VERDICT_SIGNS[Verdict.UNCERTAIN],
    "refused": VERDICT_SIGNS[Verdict.NOT_MET],
    "failed": VERDICT_SIGNS[Verdict.NOT_MET],
    "timed_out": VERDICT_SIGNS[Verdict.NOT_MET],
    "killed": VERDICT_SIGNS[Verdict.NOT_MET],
}
STATUS_KINDS: Final[Mapping[str, str]] = {
    "done": Verdict.MET.value,
    "unusable": Verdict.UNCERTAIN.value,
    "refused": Verdict.NOT_MET.value,
    "failed": Verdict.NOT_MET.value,
    "timed_out": Verdict.NOT_MET.value,
    "killed": Verdict.NOT_MET.value,
}
"""Looks of the marks, as of verdicts."""

FIGURE_WORDS: Final[Mapping[str, str]] = {
    "burden_fraction": "Tumour burden",
    "tumour_ml": "Tumour volume",
    "tlv_ml": "Total liver volume",
    "functional_tlv_ml": "Functional liver volume",
    "lesions": "Number of lesions",
    "largest_lesion_mm": "Largest lesion",
    "best_plan_flr_ml": "FLR of the best plan",
    "best_plan_sflr": "sFLR of the best plan",
    "best_plan_debulked_fraction": "Debulked by the best plan",
}
SEGMENT_SHARE: Final = "Share of segment {}"
CLASS_TITLES: Final[Mapping[str, str]] = {
    "burden_class": "Tumour burden, of the total liver volume",
    "frilling_type": "Frilling type",
}
PART_TITLES: Final[Mapping[str, str]] = {
    "overview": "Overview",
    "distributions": "Distributions",
    "courses": "Courses over time",
    "agreement": "Agreement with references",
    "rules": "Verdicts of the rules",
    "outliers": "Outliers",
    "failures": "Cases that are not done",
    "cases": "Pictures for review",
}
"""Of the page, in its order; each is a template of this name."""
LIST_TITLES: Final[Mapping[str, str]] = {
    "planning": "Remnant and debulking",
    "plans": "Plans: each condition, of every plan",
    "resections": "Anatomical resections: each condition, of every resection",
    "staged": "Staged operations",
    "targets": "Debulking targets",
    "contraindications": "Contraindications to an operation on the liver",
    "resectability": "Resectability",
    "staging": "Staging",
    "ablation": "Ablation: each condition, of every lesion",
    "transplant": "Transplantation",
    "pathways": "Pathways",
    "liver_function": "Function of the liver",
    "staging_checklist": "Examinations before surgery",
    "quality": "Quality checks",
}
"""By the names of lists in the table ``findings``, in the order of the page."""
WHOLE_LIST: Final = "the list as a whole"
STRUCTURE_WORDS: Final[Mapping[str, str]] = {
    "liver": "Liver volume",
    "lesions": "Tumour volume",
    "burden": "Tumour burden",
}
EVENT_WORDS: Final[Mapping[str, str]] = {
    event.value: event.value.replace("_", " ") for event in TrackEvent
}
"""What became of a lesion, by the table ``lesion_tracks``."""
MASK_WORDS: Final[Mapping[str, str]] = {"liver": "Liver", "lesions": "Tumour"}
LEVEL_WORDS: Final[Mapping[str, str]] = {"upper": "+1.96 SD", "bias": "bias", "lower": "−1.96 SD"}
ORDER_WORDS: Final[Mapping[str, str]] = {"burden": "tumour burden", "status": "status"}
NOT_MEASURED: Final = "not measured"
NOT_CLASSIFIED: Final = "not classified"
NO_STAGE: Final = "–"
NO_PICTURE: Final = "no picture"
NOT_DRAWN: Final = "cannot be drawn"
UNKNOWN: Final = "not recorded"


def figure_words(name: str) -> str:
    """Return the name of a figure, or of a segment's share (``segment_IV``)."""
    if name in FIGURE_WORDS:
        return FIGURE_WORDS[name]
    return SEGMENT_SHARE.format(name.rpartition("_")[2])


def structure_words(name: str) -> str:
    """Return what was measured of a structure that has a reference."""
    return STRUCTURE_WORDS.get(name, sentence(name.replace("_", " ")))


def mask_words(name: str) -> str:
    """Return the name of a mask that has a reference."""
    return MASK_WORDS.get(name, sentence(name.replace("_", " ")))
