"""What stands in the way of a treatment, as the thing itself: "peritoneal carcinomatosis"."""

from collections.abc import Mapping
from typing import Final

from planning.literature import load_literature
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.findings import Finding
from remnant.core.planning_report import PlanningReport
from remnant.wording.language import message, say, spoken
from remnant.wording.lists import MOST_OBSTACLES, obstacle, obstacles

SOURCE_NAMES: Final[Mapping[str, str]] = spoken(
    {
        PROJECT_SOURCE: "this project's reading",
        "gepnetlm_review": "GEP-NET review",
    }
)
ENETS_IN_CLOYD: Final = message("ENETS, in Cloyd 2020")
OTHERS_IN: Final[Mapping[str, str]] = spoken(
    {
        "contraindication.team": "told",
        "contraindication.peritoneum": ENETS_IN_CLOYD,
        "contraindication.heart": ENETS_IN_CLOYD,
    }
)
"""Who says what no source says itself, by the condition's id."""


def contraindications(planning: PlanningReport) -> tuple[Finding, ...]:
    """Return the failed conditions that rule an operation out, as the sources list them."""
    found = planning.contraindications
    return () if found is None else found.failed


def ruled_out_by(planning: PlanningReport) -> str:
    """Say by what a case's own facts rule an operation out, in few words; empty where none does."""
    found = tuple(finding.id for finding in contraindications(planning))
    return (
        say("ruled out here by {obstacles}", obstacles=obstacles(found, most=MOST_OBSTACLES))
        if found
        else ""
    )


def first_in_rank(planning: PlanningReport) -> str:
    """Write what stands before the title of the first plan: by what the case rules it out."""
    ruled_out = ruled_out_by(planning)
    return (
        say("First in rank, {ruled_out}", ruled_out=ruled_out)
        if ruled_out
        else say("First in rank")
    )


def attributed(finding: Finding) -> str:
    """Return what stands in the way, and who says so."""
    return f"{obstacle(finding.id)} ({said_by(finding)})"


def said_by(finding: Finding) -> str:
    """Name the source of a condition, e.g. ``Cloyd 2020``."""
    return OTHERS_IN.get(finding.id) or source_name(finding.source or PROJECT_SOURCE)


def source_name(key: str) -> str:
    """Name a source in few words by its key in the literature."""
    if key in SOURCE_NAMES:
        return SOURCE_NAMES[key]
    reference = load_literature().get(key)
    return key if reference is None else reference.short
