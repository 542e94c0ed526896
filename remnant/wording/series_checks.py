"""What became of the instances of a DICOM series, in words."""

from collections.abc import Mapping
from typing import Final

from remnant.core.findings import Finding, Verdict
from remnant.core.reasons import Cause, Reason
from remnant.wording.kinds import Template, Writer

ENDS_MISSING: Final = "the volume may lack its ends, and with them a part of the liver"


def _left_out_cause(reason: Reason) -> str:
    count, beyond, placeless = reason.amounts[:3]
    told = [f"{beyond:.0f} of them beyond the ends of the volume"] if beyond else []
    told += [f"{placeless:.0f} of them at an unknown place"] if placeless else []
    return ", ".join((f"{reason.names[0]}: {count:.0f}", *told))


def _other_stack_cause(reason: Reason) -> str:
    number, count, beyond = reason.amounts[:3]
    told = f" ({reason.names[0]})" if reason.names[0] else ""
    ends = f", {beyond:.0f} of them beyond the ends of the volume" if beyond else ""
    return f"{count:.0f} in stack {number:.0f}{told}{ends}"


def _of(finding: Finding, cause: Cause) -> list[Reason]:
    return [one for one in finding.reasons if one.cause is cause]


def _value(finding: Finding) -> float:
    return finding.value or 0.0


def _copies(finding: Finding) -> str:
    if not _value(finding):
        return "No slice of the series is there twice."
    return (
        f"{_value(finding):.0f} instances are exact copies of slices of the volume and were left "
        f"out: nothing is missing for that."
    )


def _left_out(finding: Finding) -> str:
    (whole,) = _of(finding, Cause.OF_ALL)
    number = f"{whole.amounts[0]:.0f}"
    if finding.verdict is Verdict.MET:
        return f"All {number} instances of the series are in the volume, copies apart."
    left_out = _of(finding, Cause.LEFT_OUT)
    inside = not any(one.amounts[1] + one.amounts[2] for one in left_out)
    ends = "they lie within the volume, which has slices there" if inside else ENDS_MISSING
    listed = "; ".join(map(_left_out_cause, left_out))
    return (
        f"{_value(finding):.0f} of {number} instances of the series are not in the volume: "
        f"{listed}; {ends}."
    )


def _other_stacks(finding: Finding) -> str:
    listed = "; ".join(map(_other_stack_cause, _of(finding, Cause.IN_OTHER_STACK)))
    text = f"{_value(finding):.0f} instances of the series are in other stacks of it: {listed}"
    return f"{text}." if finding.verdict is Verdict.MET else f"{text}; {ENDS_MISSING}."


def _unread(finding: Finding) -> str:
    files = _of(finding, Cause.LEFT_OUT)
    if not files:
        return "No file of the folder that may be of the series was unreadable."
    counts = "; ".join(f"{one.names[0]}: {one.amounts[0]:.0f}" for one in files)
    return (
        f"{_value(finding):.0f} files of the folder could not be read ({counts}): were they of "
        f"this series, its volume would lack them."
    )


def _slice_positions(finding: Finding) -> str:
    text = f"Slices lie up to {_value(finding):.2f} mm off an even grid"
    if finding.verdict is Verdict.MET:
        return f"{text}: positions are rounded, and the slices are taken as evenly spaced."
    return f"{text}, which is more than rounding: check that the stack is one scan."


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
