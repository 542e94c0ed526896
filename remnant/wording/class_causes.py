"""Reasons of the classes of the distribution in words, as sentences' inner parts."""

from collections.abc import Callable, Mapping
from typing import Final

from remnant.core.reasons import Cause, Reason
from remnant.wording.kinds import Template
from remnant.wording.language import message, say, spoken
from remnant.wording.names import named
from remnant.wording.numbers import counted, percent


def _of_lesions(words: str) -> Template:
    """Return a template that begins with the number of lesions."""
    return lambda reason: say(words, lesions=_count(reason))


def _count(reason: Reason) -> str:
    return counted(int(reason.amounts[0]), "lesion")


def _scarce(share: float, limit: float) -> str:
    return say(
        "virtually no normal parenchyma ({percent} % of the liver, below {limit:g} %)",
        percent=percent(share),
        limit=100 * limit,
    )


def _no_lesion(reason: Reason) -> str:
    rejected = int(reason.amounts[0]) if reason.amounts else 0
    more = say(" ({lesions} rejected)", lesions=counted(rejected, "lesion")) if rejected else ""
    return say("no lesion to classify{more}", more=more)


def _within(reason: Reason) -> str:
    within = say("this holds within the scanned part; the scan or file cuts the liver")
    consequences = {
        "II": say(": lesions beyond it could make the spread disseminated"),
        "III": say(": what lies beyond it cannot undo the spread, only add a bulk"),
    }
    return within + consequences.get(reason.names[0], "")


def _sparing(reason: Reason) -> str:
    _, share, segments = reason.amounts
    return say(
        "{count}; {name} debulks {percent} % and removes {segments}",
        count=_count(reason),
        name=reason.names[0],
        percent=percent(share, (1.0,)),
        segments=counted(int(segments), "whole segment"),
    )


def _answer(reason: Reason) -> str:
    (name,) = reason.names
    kinds = {"none": say("no lesion left"), "unclassifiable": say("unclassifiable")}
    return f"{kinds.get(name, say('type {name}', name=name))} {percent(reason.amounts[0])} %"


def _more_than(place: int) -> Callable[[Reason], str]:
    return lambda reason: say("more than {share:g} %", share=100 * reason.amounts[place])


def _class(reason: Reason) -> str:
    (name,) = reason.names
    kinds = {"none": say("no lesion"), "unclassifiable": say("unclassifiable")}
    return kinds.get(name, say("type {name}", name=name))


PERTURBED: Final[Mapping[str, str]] = spoken(
    {
        "segmentation": "segmentation error alone",
        "dropped_below_5_mm": "lesions below 5 mm overlooked",
        "dropped_below_10_mm": "lesions below 10 mm overlooked",
        "lobe_border": "the lobes' border moved alone",
    }
)
CAUSES: Final[Mapping[Cause, Template]] = {
    Cause.CLASS_FOUND: _class,
    Cause.LESIONS_NOT_KNOWN: "the lesions are not known",
    Cause.NO_LESION_TO_CLASSIFY: _no_lesion,
    Cause.SCANNED_PART_ONLY: "in the part of the liver that was scanned",
    Cause.PARENCHYMA_UNKNOWN: "the share of normal parenchyma is not known",
    Cause.SINGLE_LESION: "a single lesion",
    Cause.SINGLE_LITTLE_PARENCHYMA: lambda r: say(
        "a single lesion with {scarce}", scarce=_scarce(*r.amounts)
    ),
    Cause.SINGLE_IN_CUT_LIVER: (
        "a single lesion was found, but the scan or file cuts the liver: more may lie outside"
    ),
    Cause.LOBES_UNKNOWN: _of_lesions(
        message("{lesions}, but which lobes they involve is not known")
    ),
    Cause.ONE_LOBE_ONLY: lambda r: say(
        "{count} that involve only the {name} lobe: types II and III always involve both lobes",
        count=_count(r),
        name=named(r.names[0]),
    ),
    Cause.NEITHER_LOBE: _of_lesions(
        message(
            "{lesions} that involve neither lobe clearly: types II and III always involve both "
            "lobes"
        )
    ),
    Cause.BULK_WITH_DEPOSITS: _of_lesions(
        message("{lesions} in both lobes: one bulk with smaller deposits")
    ),
    Cause.DISSEMINATED: lambda r: say(
        "{count} in both lobes, disseminated over {segments:.0f} segments",
        count=_count(r),
        segments=r.amounts[1],
    ),
    Cause.BULK_AND_DISSEMINATED: _of_lesions(
        message("{lesions} in both lobes: a bulk among disseminated lesions fits types II and III")
    ),
    Cause.NEITHER_PATTERN: _of_lesions(
        message("{lesions} in both lobes, neither one bulk with smaller deposits nor disseminated")
    ),
    Cause.LITTLE_PARENCHYMA: lambda r: say(
        "{count} in both lobes with {scarce}", count=_count(r), scarce=_scarce(*r.amounts[1:])
    ),
    Cause.LITTLE_PARENCHYMA_IN_CUT_LIVER: lambda r: say(
        "{count} in both lobes with {scarce}, but how much lies beyond the scan is not known",
        count=_count(r),
        scarce=_scarce(*r.amounts[1:]),
    ),
    Cause.TYPE_WITHIN_SCAN: _within,
    Cause.LESIONS_UNCONFIRMED: lambda r: say(
        "not confirmed by a reader: {amount:.0f} of {lesions}",
        amount=r.amounts[0],
        lesions=counted(int(r.amounts[1]), "lesion"),
    ),
    Cause.TUMOUR_BEYOND_SCAN: (
        "the scan or file cuts the liver: tumour beyond it may be out of reach"
    ),
    Cause.REMNANTS_UNDECIDED: "whether the remnant of any plan suffices is not known",
    Cause.REACH_UNKNOWN: "no plan was computed, so that what can be reached is not known",
    Cause.PLAN_CLEARS_ALL: lambda r: say(
        "{count}, all of which {name} removes or ablates", count=_count(r), name=r.names[0]
    ),
    Cause.SPARING_PLAN: _sparing,
    Cause.SHARE_PROVEN_OUT_OF_REACH: lambda r: say(
        "{count} in both lobes; it is proven that no plan within the limits reaches {more_than}",
        count=_count(r),
        more_than=_more_than(1)(r),
    ),
    Cause.BOTH_LOBES_NOT_KNOWN: lambda r: say(
        "no plan reaches {more_than}, but type 3 asks for both lobes, and they are not known "
        "to be involved",
        more_than=_more_than(0)(r),
    ),
    Cause.CLEARANCE_NOT_PROVEN: lambda r: say(
        "{count}; {more_than} can be debulked, but whether all of it can is not proven",
        count=_count(r),
        more_than=_more_than(1)(r),
    ),
    Cause.ONLY_LARGER_RESECTIONS: lambda r: say(
        "{more_than} is reached only by plans that remove more than {segments}",
        more_than=_more_than(0)(r),
        segments=counted(int(r.amounts[1]), "whole segment"),
    ),
    Cause.SHARE_NOT_REACHED: lambda r: say(
        "no plan found reaches {more_than}", more_than=_more_than(0)(r)
    ),
    Cause.PERTURBATIONS: lambda r: say("{amount:.0f} perturbed cases", amount=r.amounts[0]),
    Cause.SHARE_OF_ANSWER: _answer,
    Cause.LEAST_STABLE: lambda r: f"{PERTURBED[r.names[0]]}: {percent(r.amounts[0])} %",
    Cause.BORDER_WITHOUT_MAPS: "the lobes' border was not moved: no label maps",
    Cause.BORDER_WITHOUT_SEGMENTS: "the lobes' border was not moved: the segments are unknown",
    Cause.LOBES_APART: "the lobes' border was not moved: the lobes do not touch in the map",
    Cause.NO_CASE_HAS_A_TYPE: (
        "the share of normal parenchyma is unknown, so that no case has a type"
    ),
    Cause.SPREAD_BEYOND_SCAN_UNKNOWN: (
        "what lies beyond the scan or file, which cuts the liver, is unknown"
    ),
}
