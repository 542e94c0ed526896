"""What became of the instances of a DICOM series, in words."""

from collections.abc import Mapping
from typing import Final

from remnant.core.findings import Finding, Verdict
from remnant.core.reasons import Cause, Reason
from remnant.wording.kinds import Template, Writer
from remnant.wording.language import localised, message, say

ENDS_MISSING: Final = message("the volume may lack its ends, and with them a part of the liver")


def _left_out_cause(reason: Reason) -> str:
    count, beyond, placeless = reason.amounts[:3]
    told = (
        [say("{beyond:.0f} of them beyond the ends of the volume", beyond=beyond)] if beyond else []
    )
    told += (
        [say("{placeless:.0f} of them at an unknown place", placeless=placeless)]
        if placeless
        else []
    )
    return ", ".join((say("{name}: {count:.0f}", name=reason.names[0], count=count), *told))


def _other_stack_cause(reason: Reason) -> str:
    number, count, beyond = reason.amounts[:3]
    told = f" ({reason.names[0]})" if reason.names[0] else ""
    ends = (
        say(", {beyond:.0f} of them beyond the ends of the volume", beyond=beyond) if beyond else ""
    )
    return say(
        "{count:.0f} in stack {number:.0f}{told}{ends}",
        count=count,
        number=number,
        told=told,
        ends=ends,
    )


def _of(finding: Finding, cause: Cause) -> list[Reason]:
    return [one for one in finding.reasons if one.cause is cause]


def _value(finding: Finding) -> float:
    return finding.value or 0.0


def _copies(finding: Finding) -> str:
    if not _value(finding):
        return say("No slice of the series is there twice.")
    return say(
        "{value:.0f} instances are exact copies of slices of the volume and were left out: "
        "nothing is missing for that.",
        value=_value(finding),
    )


def _left_out(finding: Finding) -> str:
    (whole,) = _of(finding, Cause.OF_ALL)
    number = localised(f"{whole.amounts[0]:.0f}")
    if finding.verdict is Verdict.MET:
        return say(
            "All {number} instances of the series are in the volume, copies apart.", number=number
        )
    left_out = _of(finding, Cause.LEFT_OUT)
    inside = not any(one.amounts[1] + one.amounts[2] for one in left_out)
    ends = (
        say("they lie within the volume, which has slices there") if inside else say(ENDS_MISSING)
    )
    listed = "; ".join(map(_left_out_cause, left_out))
    return say(
        "{value:.0f} of {number} instances of the series are not in the volume: {listed}; {ends}.",
        value=_value(finding),
        number=number,
        listed=listed,
        ends=ends,
    )


def _other_stacks(finding: Finding) -> str:
    listed = "; ".join(map(_other_stack_cause, _of(finding, Cause.IN_OTHER_STACK)))
    text = say(
        "{value:.0f} instances of the series are in other stacks of it: {listed}",
        value=_value(finding),
        listed=listed,
    )
    return f"{text}." if finding.verdict is Verdict.MET else f"{text}; {say(ENDS_MISSING)}."


def _unread(finding: Finding) -> str:
    files = _of(finding, Cause.LEFT_OUT)
    if not files:
        return say("No file of the folder that may be of the series was unreadable.")
    counts = "; ".join(
        say("{name}: {amount:.0f}", name=one.names[0], amount=one.amounts[0]) for one in files
    )
    return say(
        "{value:.0f} files of the folder could not be read ({counts}): were they of this "
        "series, its volume would lack them.",
        value=_value(finding),
        counts=counts,
    )


def _slice_positions(finding: Finding) -> str:
    text = say("Slices lie up to {value:.2f} mm off an even grid", value=_value(finding))
    if finding.verdict is Verdict.MET:
        return say(
            "{text}: positions are rounded, and the slices are taken as evenly spaced.", text=text
        )
    return say("{text}, which is more than rounding: check that the stack is one scan.", text=text)


CAUSES: Final[Mapping[Cause, Template]] = {
    Cause.LEFT_OUT: _left_out_cause,
    Cause.IN_OTHER_STACK: _other_stack_cause,
}

WRITERS: Final[Mapping[str, Writer]] = {
    "dicom_left_out": _left_out,
    "dicom_other_stacks": _other_stacks,
    "dicom_copies": _copies,
    "dicom_unread_files": _unread,
    "dicom_slice_positions": _slice_positions,
}
