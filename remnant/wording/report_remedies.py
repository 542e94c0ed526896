"""What an operator of the program could do about a finding or an absence: words and an option.

Clinical texts do not hold them: the report collects them in one box, a terminal adds them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from remnant.core.findings import Finding, Verdict
from remnant.core.reasons import Cause, Reason, first
from remnant.wording.language import message, say


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do, in words, and the option or the command that does it."""

    words: str
    command: str

    @property
    def said(self) -> str:
        """The words in the current language."""
        return say(self.words)

    @property
    def text(self) -> str:
        """Both in one line, as a terminal prints it."""
        return f"{self.said}: {self.command}."


INSTANCES: Final = "--masks-preset instances"
REPLACE_SEGMENTS: Final = Remedy(
    "To replace the estimated segments", "remnant run CASE --couinaud-from FILE"
)
CONFIRM_SEGMENTS: Final = Remedy(
    "To confirm the segments", "remnant run CASE --confirm-segments NAME"
)
RESET_LIMITS: Final = Remedy(
    "Targets and limits stay with the case; to take the defaults",
    "remnant plan CASE --reset-choices",
)
BODY_SIZE: Final = Remedy(
    "The standardised volume needs height and weight",
    "remnant run CASE --height-cm … --weight-kg …",
)
FACTS_FORM: Final = Remedy("To get a form for these facts", "remnant plan --template FILE")
FACTS_READ: Final = Remedy("To plan with the form", "remnant plan CASE --facts FILE")
TEXTS: Final = Remedy("All findings on all plans and resections", "report.json")
ESTIMATE_SEGMENTS: Final = Remedy(
    "To estimate the segments from the liver’s shape", "remnant run CASE"
)

Found = Callable[[Finding], Remedy | None]


def _always(words: str, command: str) -> Found:
    return lambda _: Remedy(words, command)


def _cropped(finding: Finding) -> Remedy | None:
    at_end = first(finding.reasons, Cause.LIVER_AT_FILE_END)
    if at_end is None or finding.verdict is not Verdict.NOT_MET:
        return None
    words = message("If the liver is whole, say so, or give the scan too, whose edge then counts")
    return Remedy(words, "--whole-liver")


def _parts(finding: Finding) -> Remedy:
    if first(finding.reasons, Cause.PARTS_KEPT) is not None:
        return Remedy("To split lesions that lie in separate parts", "--masks-preset binary")
    return Remedy("To keep a code that lies in separate parts together", INSTANCES)


def _series(finding: Finding) -> Remedy | None:
    wrong = finding.verdict is Verdict.NOT_MET
    return Remedy("To choose another series", "--series, --phase") if wrong else None


FINDINGS: Final[Mapping[str, Found]] = {
    "liver_inside_scan": _cropped,
    "lesions_class_map": _always("If each code of the lesions file is one lesion", INSTANCES),
    "lesions_in_parts": _parts,
    "dicom_seg_fractions": _always("To count voxels from another value on", "--threshold"),
    "lesion_outlines_refined": _always("To refine the outlines of lesions", "--quality best"),
    "mr_sequence": _series,
    "sample_person": _always(
        "To see what another liver would change", "remnant plan CASE --background cirrhosis"
    ),
}
"""By a finding's id."""
CAUSES: Final[Mapping[Cause, Remedy]] = {Cause.NO_SEGMENTS_GIVEN: ESTIMATE_SEGMENTS}


def remedy_of(finding: Finding) -> Remedy | None:
    """Return what an operator could do about a finding; ``None`` where nothing is known."""
    found = FINDINGS.get(finding.id)
    return None if found is None else found(finding)


def remedy_of_reason(reason: Reason) -> Remedy | None:
    """Return what an operator could do about a reason; ``None`` where nothing is known."""
    return CAUSES.get(reason.cause)


def with_remedy(text: str, finding: Finding) -> str:
    """Return a finding's text with what an operator could do about it, as a terminal prints it."""
    remedy = remedy_of(finding)
    return text if remedy is None else f"{text} {remedy.text}"
