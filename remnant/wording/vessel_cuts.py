"""What operations would cut of computed vessels, in words. It renders no other reason."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from remnant.core.labels import CouinaudSegment
from remnant.core.reasons import Cause, Reason
from remnant.core.vessel_cuts import Flow, Shares, VesselCuts
from remnant.core.vessels import VesselName, VesselTree
from remnant.wording.kinds import Template
from remnant.wording.language import message, say, say_many, spoken
from remnant.wording.names import named
from remnant.wording.numbers import sentence
from remnant.wording.phrases import listed, segment_names
from remnant.wording.vessels import VESSEL_WORDS

TO_CONFIRM: Final = message("Computed vessels, to be confirmed")
SHOWN_SHARE: Final = 0.05
"""Smaller shares stand in the data alone."""
FLOWS: Final[Mapping[VesselTree, str]] = spoken(
    {
        VesselTree.PORTAL: "inflow",
        VesselTree.HEPATIC: "outflow",
    }
)
OF_FLOWS: Final = (Cause.COMPUTED_FLOW, Cause.COMPUTED_AGAINST_STATED)
COMPUTED: Final = (*OF_FLOWS, Cause.COMPUTED_OF_PLAN)


def vessel_cuts_line(cuts: VesselCuts | None, removed: Sequence[CouinaudSegment]) -> str:
    """Write in one line what removing segments would cut.

    Empty where no vessels were computed, and where no segment is removed: wedges and ablations are
    not looked at.
    """
    if cuts is None or not removed:
        return ""
    return f"{say(TO_CONFIRM)}: {_joined(cuts, closing=True)}."


def vessel_cuts_in_short(cuts: VesselCuts | None, removed: Sequence[CouinaudSegment]) -> str:
    """Write the same for a row of a table whose heading says that it is computed."""
    if cuts is None or not removed:
        return ""
    return _joined(cuts, closing=False)


def _joined(cuts: VesselCuts, *, closing: bool) -> str:
    """Write what is cut, near a cut and not seen; ``closing`` says that nothing else is."""
    told = (*_divided(cuts), *_cut_off(cuts))
    nothing = _nothing_else(cuts, told=bool(told)) if closing or not told else ()
    return "; ".join((*told, *nothing, *_along(cuts), *_unseen(cuts)))


def computed_sentence(reasons: Iterable[Reason]) -> str:
    """Write what computed vessels show of what a finding asks for; empty without any."""
    given = tuple(reasons)
    flows = tuple(one for one in given if one.cause in OF_FLOWS)
    plans = (_of_plan(one) for one in given if one.cause is Cause.COMPUTED_OF_PLAN)
    found = (*((_together(flows),) if flows else ()), *plans)
    return f"{sentence('; '.join(found))}." if found else ""


def _divided(cuts: VesselCuts) -> Iterator[str]:
    if cuts.divided:
        yield say("divides {branch}", branch=listed(_branch(one.name) for one in cuts.divided))


def _along(cuts: VesselCuts) -> Iterator[str]:
    if cuts.along:
        yield say_many(
            "{branches} runs along a border of what is removed",
            "{branches} run along a border of what is removed",
            len(cuts.along),
            branches=listed(map(_branch, cuts.along)),
        )


def _branch(name: VesselName) -> str:
    return say("the {vessel}", vessel=VESSEL_WORDS[name])


def _shares(shares: Mapping[CouinaudSegment, float]) -> str:
    (first, largest), *others = shares.items()
    texts = [
        say("{share:.0f} % of what is seen in {segment}", share=100 * largest, segment=first.name)
    ]
    texts += [
        say("{share:.0f} % in {segment}", share=100 * s, segment=one.name) for one, s in others
    ]
    return ", ".join(texts)


def _flows(cuts: VesselCuts) -> Iterator[tuple[VesselTree, Shares]]:
    yield VesselTree.PORTAL, cuts.inflow_lost_shares
    yield VesselTree.HEPATIC, cuts.outflow_lost_shares


def _cut_off(cuts: VesselCuts) -> Iterator[str]:
    for tree, shares in _flows(cuts):
        lost = {s: share for s, share in shares.items() if share and share >= SHOWN_SHARE}
        if lost:
            yield say("cuts off the {flow} of {shares}", flow=FLOWS[tree], shares=_shares(lost))


def _nothing_else(cuts: VesselCuts, *, told: bool) -> Iterator[str]:
    if any(share is not None for _, shares in _flows(cuts) for share in shares.values()):
        yield (
            say("nothing else of what stays is cut off as far as seen")
            if told
            else say("nothing of what stays is cut off as far as seen")
        )


def _unseen(cuts: VesselCuts) -> Iterator[str]:
    words = [
        say("{flow} of {segments}", flow=FLOWS[tree], segments=_all_or_some(unseen, shares))
        for tree, shares in _flows(cuts)
        if (unseen := [segment for segment, share in shares.items() if share is None])
    ]
    if words:
        yield say("not seen: {words}", words=listed(words))


def _all_or_some(segments: Sequence[CouinaudSegment], kept: Shares) -> str:
    return say("all that stays") if len(segments) == len(kept) else segment_names(segments)


def _together(flows: Sequence[Reason], plan: str = "") -> str:
    of, states = say(" for {plan}", plan=plan) if plan else "", "; ".join(map(_state, flows))
    if any(one.cause is Cause.COMPUTED_AGAINST_STATED for one in flows):
        return say(
            "a person found inflow and outflow intact, but computed vessels{of}, to be confirmed, "
            "speak against it: {states}",
            of=of,
            states=states,
        )
    return say("computed{of}, to be confirmed: {states}", of=of, states=states)


def _of_plan(reason: Reason) -> str:
    return _together(reason.because, reason.names[0])


def _state(reason: Reason) -> str:
    flow, state, *segments = reason.names
    if state == Flow.NOT_SEEN:
        return say("{flow} not seen", flow=named(flow))
    if state == Flow.INTACT_AS_FAR_AS_SEEN:
        return say("{flow} intact as far as seen", flow=named(flow))
    lost = zip((CouinaudSegment[name] for name in segments), reason.amounts, strict=True)
    return say("{flow} lost to {shares}", flow=named(flow), shares=_shares(dict(lost)))


CAUSES: Final[Mapping[Cause, Template]] = {
    **dict.fromkeys(OF_FLOWS, lambda one: _together((one,))),
    Cause.COMPUTED_OF_PLAN: _of_plan,
    Cause.NO_COMPUTED_VESSELS: "no vessels are known, or not where they begin",
}
