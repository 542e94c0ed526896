"""Reasons of rules on the remnant and of hepatectomies, in words."""

from collections.abc import Mapping
from typing import Final

from planning.inputs import DECOMPENSATED, INPUTS
from planning.rules.remnant import RULE_SETS
from remnant.core.labels import CouinaudSegment
from remnant.core.reasons import Cause, Reason
from remnant.core.volumetry_report import BurdenClass
from remnant.wording import vessel_cuts
from remnant.wording.kinds import Template
from remnant.wording.language import message, say, spoken
from remnant.wording.names import named
from remnant.wording.numbers import counted
from remnant.wording.phrases import listed, segment_names, share
from remnant.wording.volumes import CLASS_WORDS
from volumetry.standardised.expected_volume import formula_label


def formula(reason: Reason) -> str:
    """Return by which formula the standardised volume was found, ready to follow "by"."""
    chosen, *surface = reason.names
    return say(" with ").join((formula_label(chosen), *surface))


def accepting(reason: Reason) -> str:
    """Return which rule sets accept, refuse or cannot judge a remnant."""
    return (
        f"{ACCEPTING[reason.cause]} {listed(say(RULE_SETS[name].title) for name in reason.names)}"
    )


def named_segments(reason: Reason) -> str:
    """Return the segments that a reason names, in order."""
    return segment_names(CouinaudSegment[name] for name in reason.names)


def _kinds(verdict: str) -> Template:
    return lambda reason: say(verdict, names=listed(map(named, reason.names)))


def _background(reason: Reason) -> str:
    weeks = "".join(
        say(", chemotherapy over {weeks:g} weeks", weeks=weeks) for weeks in reason.amounts
    )
    return say("liver background: {name}{weeks}", name=named(reason.names[0]), weeks=weeks)


def _decompensated(reason: Reason) -> str:
    signs = [say(INPUTS[name].question) for name in reason.names if name != DECOMPENSATED.name]
    by = f" ({listed(signs)})" if signs else ""
    return say("the liver is decompensated{by}: no source has a minimum for such a liver", by=by)


def _no_minimum(reason: Reason) -> str:
    rule_set, background = reason.names
    return say(
        "{rule_set} has no minimum for {background}",
        rule_set=say(RULE_SETS[rule_set].title),
        background=named(background),
    )


def _others(reason: Reason) -> str:
    low_ml, high_ml, _ = reason.amounts
    low, high, _ = reason.names
    return say(
        "other formulas give {low_ml:.0f} to {high_ml:.0f} mL ({low}, {high})",
        low_ml=low_ml,
        high_ml=high_ml,
        low=low,
        high=high,
    )


def _apart(reason: Reason) -> str:
    ends = zip(reason.amounts, reason.names, strict=True)
    return say(
        "verified formulas disagree: {ends}",
        ends=say(" to ").join(f"{share(r)} ({name})" for r, name in ends),
    )


ACCEPTING: Final[Mapping[Cause, str]] = spoken(
    {
        Cause.ACCEPTED_BY: "accepted by",
        Cause.REFUSED_BY: "refused by",
        Cause.UNCERTAIN_BY: "uncertain by",
        Cause.NOT_DECIDED_BY: "not decided by",
    }
)
CAUSES: Final[Mapping[Cause, Template]] = {
    Cause.BACKGROUND: _background,
    Cause.BACKGROUND_UNKNOWN: "the liver background is not known",
    Cause.DECOMPENSATED: _decompensated,
    Cause.COMPENSATION_UNKNOWN: "whether the liver is compensated was not told",
    Cause.MET_FOR_BACKGROUNDS: _kinds(message("met for {names}")),
    Cause.NOT_MET_FOR_BACKGROUNDS: _kinds(message("not met for {names}")),
    Cause.UNCERTAIN_FOR_BACKGROUNDS: _kinds(message("uncertain for {names}")),
    Cause.UNDECIDED_FOR_BACKGROUNDS: _kinds(message("undecided for {names}")),
    Cause.NO_MINIMUM: _no_minimum,
    Cause.STANDARDISED_UNKNOWN: "the standardised volume is not known ({because})",
    Cause.FUNCTIONAL_UNKNOWN: "the measured functional volume is not known ({because})",
    Cause.STANDARDISED_BY: lambda one: say(
        "standardised volume by {formula}", formula=formula(one)
    ),
    Cause.OTHER_FORMULAS: _others,
    Cause.FORMULAS_DISAGREE: _apart,
    Cause.SEGMENTS_KEPT: lambda one: say(
        "segments that would stay: {named_segments}",
        named_segments=named_segments(one) or say("none"),
    ),
    Cause.NO_KEPT_NEIGHBOUR: lambda one: say(
        "no neighbour of {named_segments} would stay", named_segments=named_segments(one)
    ),
    Cause.VEINS_CUT: lambda one: say(
        "every vein that drains {named_segments} is cut", named_segments=named_segments(one)
    ),
    Cause.PEDICLE_CUT: lambda one: say(
        "the pedicle to {named_segments} is cut", named_segments=named_segments(one)
    ),
    Cause.STATED_INTACT: "inflow, outflow and bile drainage found intact by a person",
    **vessel_cuts.CAUSES,
    Cause.LESIONS_ACROSS: lambda one: say(
        "across the transection: lesion {names}", names=listed(one.names)
    ),
    Cause.PART_COUNTED: "only the part in the removed segments is counted as removed",
    Cause.LESIONS_WITHOUT_SEGMENTS: "the segments of the lesions are not known",
    Cause.LESIONS_OUTSIDE_MAP: lambda one: say(
        "part of lesion {names} lies outside the segment map", names=listed(one.names)
    ),
    Cause.LESIONS_CUT_BY_SCAN: lambda one: say(
        "the scan or file cuts lesion {names}", names=listed(one.names)
    ),
    Cause.EXAMPLE: lambda one: say("of all resections {name}", name=one.names[0].replace("_", " ")),
    Cause.ACCEPTED_BY: accepting,
    Cause.REFUSED_BY: accepting,
    Cause.UNCERTAIN_BY: accepting,
    Cause.NOT_DECIDED_BY: accepting,
    Cause.BURDEN_CLASS: lambda one: say(
        "class {burden_class}", burden_class=CLASS_WORDS[BurdenClass(one.names[0])]
    ),
    Cause.WITHIN_SCAN: "within the scanned part",
    Cause.LESIONS_COUNTED: lambda one: counted(int(one.amounts[0]), "lesion"),
}
