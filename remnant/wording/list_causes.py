"""Reasons of lists of conditions, of ablation and of what plans prove, in words."""

from collections.abc import Mapping
from typing import Final

from planning.rules.ablation import SUPERFICIAL_MM
from planning.rules.trial_groups import GROUPS
from remnant.core.reasons import Cause, Reason
from remnant.wording.kinds import Template
from remnant.wording.language import localised, message, say, say_many
from remnant.wording.names import either
from remnant.wording.numbers import millimetres, percent


def _share(reason: Reason) -> str:
    least, most = reason.amounts
    upper = say("below") if reason.cause is Cause.SHARE_BELOW else say("at most")
    return say(
        "at least {least} %, {upper} {most} %",
        least=percent(least),
        upper=upper,
        most=percent(most),
    )


def _trial(reason: Reason) -> str:
    group = next(iter(reason.names), None)
    return (
        say("ongoing trial, by load: {treatment}", treatment=say(GROUPS[group].treatment))
        if group
        else say("ongoing trial")
    )


def _diameters(reason: Reason) -> str:
    axial, corrected, limit = reason.amounts
    axially, in_3d = (millimetres(length, beside=limit) for length in (axial, corrected))
    return say(
        "{axially} axially and {in_3d} in 3-D (slice-corrected): {limit:g} mm lies between",
        axially=axially,
        in_3d=in_3d,
        limit=limit,
    )


def _points(reason: Reason) -> str:
    """Write points and classes, e.g. ``8 to 9 points, class B or C``."""
    least, most = reason.amounts[:2]
    points = (
        localised(f"{least:g}")
        if least == most
        else say("{least:g} to {most:g}", least=least, most=most)
    )
    return say("{points} points, class {names}", points=points, names=either(reason.names))


def _beside(words: str) -> Template:
    """Return a template for a length beside its limit, both in mm."""

    def write(reason: Reason) -> str:
        length, limit = reason.amounts
        return say(
            words,
            length=millimetres(length, beside=limit),
            limit=say("{limit:g} mm", limit=limit),
        )

    return write


CAUSES: Final[Mapping[Cause, Template]] = {
    Cause.SHARE_UP_TO: _share,
    Cause.SHARE_BELOW: _share,
    Cause.NO_PLAN: "no plan was made",
    Cause.REMNANT_UNDECIDED: "whether enough liver would remain is not known",
    Cause.NOT_PROVEN: "a plan that debulks more may exist",
    Cause.MORE_BEYOND_SCAN: "the scan or file cuts the liver: more may lie outside",
    Cause.LIMITS_FORBID: "the chosen limits forbid more",
    Cause.NO_MARGIN: "the planned margin is 0 mm",
    Cause.HIGHEST_TARGET_MET: "the highest target that is met",
    Cause.TARGET_OUT_OF_REACH: "no plan reaches this target",
    Cause.STAGES_MIGHT_REACH: "one stage leaves too little liver; stages might leave enough",
    Cause.TOO_LITTLE_IN_ONE_STAGE: "in one stage too little liver would remain",
    Cause.NO_LESION: "there is no lesion",
    Cause.SCAN_CUTS_SOMETHING: "the scan or file cuts the liver or a lesion",
    Cause.SCAN_CUTS_LESION: "the scan or file cuts it, so it is larger than measured",
    Cause.ONGOING_TRIAL: _trial,
    Cause.LIVER_BY_STANDARD: lambda reason: say(
        "{amount:.2f} times the standardised volume", amount=reason.amounts[0]
    ),
    Cause.FACTORS_UNKNOWN: lambda reason: say(
        "{amount:g} of the factors not known", amount=reason.amounts[0]
    ),
    Cause.ABOVE_ABLATION_LIMIT: _beside(
        message("diameter {length}, above the chosen limit of {limit}")
    ),
    Cause.ABOVE_WEDGE_LIMIT: _beside(
        message("diameter {length}, above the chosen limit of {limit}")
    ),
    Cause.DIAMETERS_DISAGREE: _diameters,
    Cause.LARGER_IN_3D: lambda reason: say_many(
        "lesion {names}: at most {amount:g} mm axially, more in 3-D (slice-corrected)",
        "lesions {names}: at most {amount:g} mm axially, more in 3-D (slice-corrected)",
        len(reason.names),
        names=", ".join(reason.names),
        amount=reason.amounts[0],
    ),
    Cause.NEAR_PORTAL_VEIN: _beside(
        message("{length} from the labelled portal vein, nearer than the chosen {limit}")
    ),
    Cause.BELOW_WEDGE_DEPTH: _beside(
        message("near side {length} deep, deeper than the chosen {limit}")
    ),
    Cause.ALBI_GRADE: lambda reason: say("grade {amount:g}", amount=reason.amounts[0]),
    Cause.CHILD_PUGH: _points,
    Cause.AT_HILUM: "at the hilum, as told",
    Cause.NEAR_BILE_DUCT: "less than 1 cm from a central bile duct, as told",
    Cause.AFTER_WHIPPLE: "earlier pancreatoduodenectomy",
    Cause.OVERLAPPING_ZONES_ONLY: (
        "5 cm or more: Machairas 2021 lists overlapping stereotactic zones only"
    ),
    Cause.SIZE_LIMITS_DISAGREE: "over 3 and below 5 cm: the sources' size limits disagree",
    Cause.CENTRAL: "less than 1 cm from the labelled portal vein",
    Cause.PORTAL_DISTANCE_UNKNOWN: "distance to the portal vein not known",
    Cause.SUPERFICIAL: lambda reason: say(
        "superficial, {millimetres} from the surface",
        millimetres=millimetres(reason.amounts[0], beside=SUPERFICIAL_MM),
    ),
    Cause.HEAT_SINK: "heat sink: near a labelled vein",
    Cause.NOT_CONFIRMED: "not confirmed by a reader",
}
