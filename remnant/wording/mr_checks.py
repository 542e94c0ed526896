"""What is to be known of an MR, in words."""

from collections.abc import Mapping
from typing import Final

from remnant.core.findings import Finding, Verdict
from remnant.core.reasons import Cause, Reason
from remnant.wording.kinds import Template, Writer
from remnant.wording.language import say, say_many
from remnant.wording.names import either


def _reason(finding: Finding, cause: Cause) -> Reason | None:
    return next((one for one in finding.reasons if one.cause is cause), None)


def _sequence(finding: Finding) -> str:
    named, seen = (_reason(finding, cause) for cause in (Cause.MR_NAMED, Cause.MR_SEEN))
    header = (
        say("By its header the MR is {name}", name=named.names[0])
        if named
        else say("The header does not say which sequence the MR is")
    )
    look = (
        say("; it looks like {names}, which is uncertain", names=either(seen.names)) if seen else ""
    )
    text = f"{header}{look}."
    if finding.verdict is not Verdict.NOT_MET:
        return text
    return say(
        "{text} Look whether this is the series that was meant: livers are outlined best on "
        "T1 in the portal venous or hepatobiliary phase.",
        text=text,
    )


def _not_validated(finding: Finding) -> str:
    causes = (Cause.MR_PAINTED, Cause.MR_PAINTED_LESIONS, Cause.MR_REAL)
    painted, lesions, real = (_reason(finding, cause) for cause in causes)
    measured = "; ".join(_figures(painted) + _of_lesions(lesions) + _tried(real))
    return say(
        "Not validated on MR: {measured}. Look at the liver and at every lesion before a "
        "figure is used.",
        measured=measured,
    )


def _figures(painted: Reason | None) -> list[str]:
    if painted is None:
        return []
    worst, best = painted.amounts
    text = say(
        "on images painted as MR, which promise nothing on a patient, the network's liver "
        "reached a Dice of {worst:.2f} ({lowest}) to {best:.2f} ({highest})",
        worst=worst,
        lowest=painted.names[0],
        best=best,
        highest=painted.names[1],
    )
    return [text]


def _of_lesions(lesions: Reason | None) -> list[str]:
    if lesions is None:
        return []
    worst, best = lesions.amounts
    return [
        say(
            "its lesions one of {worst:.2f} ({name}) to {best:.2f}",
            worst=worst,
            name=lesions.names[0],
            best=best,
        )
    ]


def _tried(real: Reason | None) -> list[str]:
    if real is None:
        return []
    scans, found, height_mm = real.amounts
    told = (
        say("no liver was found")
        if not found
        else say("a liver was found in {found:.0f}", found=found)
    )
    return [
        say_many(
            "it was tried on {number:.0f} real scan of {height_mm:.0f} mm, and {told}",
            "it was tried on {number:.0f} real scans of {height_mm:.0f} mm, and {told}",
            int(scans),
            height_mm=height_mm,
            told=told,
        )
    ]


def _bias(finding: Finding) -> str:
    return say(
        "The bias field was evened out (N4) before anything was segmented: it made one place "
        "of the body {times:.1f} times as bright as another. Grey values of lesions are "
        "those of the image without it.",
        times=finding.value or 1.0,
    )


WRITERS: Final[Mapping[str, Writer]] = {
    "mr_sequence": _sequence,
    "mr_not_validated": _not_validated,
    "bias_corrected": _bias,
}

CAUSES: Final[Mapping[Cause, Template]] = {
    Cause.MR_NAMED: "MR sequence by the header: {names[0]}",
    Cause.MR_SEEN: lambda reason: say(
        "the image looks like {names}, which is uncertain", names=either(reason.names)
    ),
    Cause.MR_PAINTED: (
        "on images painted as MR the liver's Dice was {amounts[0]:.2f} ({names[0]}) to "
        "{amounts[1]:.2f} ({names[1]})"
    ),
    Cause.MR_PAINTED_LESIONS: (
        "of lesions planted there it was {amounts[0]:.2f} ({names[0]}) to {amounts[1]:.2f} "
        "({names[1]})"
    ),
    Cause.MR_REAL: (
        "of {amounts[0]:.0f} real MR, at most {amounts[2]:.0f} mm high, a liver was found in "
        "{amounts[1]:.0f}"
    ),
}
