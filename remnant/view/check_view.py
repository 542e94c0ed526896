"""Quality checks, and what has to be read with care in a case."""

from dataclasses import dataclass
from typing import Final

from remnant.core.case import CaseReport
from remnant.core.findings import BEST_FIRST, Finding, Verdict
from remnant.core.quality_light import LIGHTS, QUALITY_LIGHT
from remnant.view.parts import Mark, mark
from remnant.wording.findings import text_of
from remnant.wording.language import say, say_many
from remnant.wording.names import named
from remnant.wording.report_remedies import with_remedy
from remnant.wording.sample_checks import WRITERS as OF_SAMPLE
from remnant.wording.segment_causes import beyond_source
from remnant.wording.words import CHECK_WORDS
from volumetry.checks import LESIONS_UNCONFIRMED_ID

SEGMENTS_SOURCE: Final = "segments_source"
MR_NOT_VALIDATED: Final = "mr_not_validated"
ABOUT_SEGMENTS: Final = "couinaud_"
ORDER: Final = (Verdict.NOT_MET, *BEST_FIRST[1:-1], Verdict.MET)


@dataclass(frozen=True, slots=True)
class Check:
    """One quality check."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class LightView:
    """The light of a case: mark, colour, few words and all of them, and whether to look."""

    mark: Mark
    colour: str
    brief: str
    text: str
    look: bool


@dataclass(frozen=True, slots=True)
class Alert:
    """One line at the head of the page: its words and the part that says more."""

    words: str
    part: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Checks:
    """What has to be read with care.

    ``failed`` and ``not_made`` are texts of checks, ``failed_on_case`` all of the case that
    failed but the light, with what an operator could do. ``segments`` are those on where the
    segments came from, ``replaced`` what these say beyond that, ``bad_segments`` those on their
    shape that failed. Of the ``counted`` lesions ``unconfirmed`` were not looked at here;
    ``planted`` ones are synthetic. ``sample`` is what is to be known of the demo's liver. ``on_mr``
    says that networks, which are not validated there, made maps of an MR. ``light`` is that of the
    segmentation, ``None`` in a case that was made before there were lights.
    """

    every: tuple[Check, ...]
    failed_on_case: tuple[str, ...]
    failed: tuple[str, ...]
    not_made: tuple[str, ...]
    segments: tuple[str, ...]
    replaced: tuple[str, ...]
    bad_segments: tuple[str, ...]
    unconfirmed: int
    counted: int
    planted: int
    sample: tuple[str, ...]
    assumed: bool
    review: bool
    on_mr: bool
    light: LightView | None

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to be read with care."""
        found = (self.failed, self.not_made, self.segments, self.unconfirmed, self.planted)
        look = self.light is not None and self.light.look
        return not (any(found) or self.sample or self.assumed or self.review or look)


def view_checks(case: CaseReport) -> Checks:
    """Return every quality check once, failed ones first, and what else asks for care."""
    distinct = dict.fromkeys((*case.quality, *case.volumetry.quality))
    checks = sorted(distinct, key=lambda check: ORDER.index(check.verdict))
    failed = [check for check in checks if check.verdict is Verdict.NOT_MET]
    of_sample = [check for check in checks if check.id in OF_SAMPLE]
    checks = [check for check in checks if check.id not in OF_SAMPLE]
    undecided = [check for check in checks if check.verdict is Verdict.UNKNOWN]
    counted = case.volumetry.counted_lesions
    light = next((check for check in checks if check.id == QUALITY_LIGHT), None)
    return Checks(
        every=tuple(Check(_mark(check), text_of(check)) for check in checks),
        failed_on_case=tuple(
            with_remedy(text_of(c), c) for c in failed if c in case.quality and c != light
        ),
        # unconfirmed ones are said with the lesions that count
        failed=tuple(text_of(check) for check in failed if check.id != LESIONS_UNCONFIRMED_ID),
        not_made=tuple(text_of(check) for check in undecided if check.id != SEGMENTS_SOURCE),
        segments=tuple(text_of(check) for check in undecided if check.id == SEGMENTS_SOURCE),
        replaced=tuple(filter(None, (beyond_source(c) for c in distinct if _is_open_source(c)))),
        bad_segments=tuple(text_of(c) for c in failed if c.id.startswith(ABOUT_SEGMENTS)),
        unconfirmed=sum(one.confirmation.is_open for one in counted),
        counted=len(counted),
        planted=len(case.planted),
        sample=tuple(map(text_of, of_sample)),
        assumed=case.patient.body_size_assumed,
        review=case.volumetry.segments_need_review,
        on_mr=any(check.id == MR_NOT_VALIDATED for check in failed),
        light=None if light is None else _light(light),
    )


def alerts(checks: Checks, review: str) -> tuple[Alert, ...]:
    """Return the lines at the head of the page."""
    failed = len(checks.failed)
    every = (
        *_light_alerts(checks.light),
        (
            checks.sample,
            Alert(say("Demo: published liver, voxel size estimated, person assumed"), "sample"),
        ),
        (
            checks.planted,
            Alert(
                say_many(
                    "Demo: {number} synthetic metastasis",
                    "Demo: {number} synthetic metastases",
                    checks.planted,
                ),
                "planted",
            ),
        ),
        (checks.on_mr, Alert(say("Not validated on MR"), "notices", bad=True)),
        (
            failed,
            Alert(
                say_many("{number} quality check failed", "{number} quality checks failed", failed),
                "notices",
                bad=True,
            ),
        ),
        (
            checks.unconfirmed,
            Alert(
                say(
                    "{unconfirmed} of {counted} lesions not confirmed",
                    unconfirmed=checks.unconfirmed,
                    counted=checks.counted,
                ),
                "notices",
            ),
        ),
        (checks.review, Alert(review, "borders")),
        (checks.assumed, Alert(say("Body size assumed"), "notices")),
    )
    return tuple(alert for holds, alert in every if holds)


def _light(check: Finding) -> LightView:
    colour = LIGHTS[check.verdict].value
    look = check.verdict is not Verdict.MET
    brief = say("Quality light {colour}.", colour=named(colour))
    return LightView(mark(check.verdict, CHECK_WORDS), colour, brief, text_of(check), look)


def _light_alerts(light: LightView | None) -> tuple[tuple[bool, Alert], ...]:
    if light is None:
        return ()
    bad = light.mark.kind == Verdict.NOT_MET.value
    return (
        (
            light.look,
            Alert(say("Quality light {colour}", colour=named(light.colour)), "notices", bad=bad),
        ),
    )


def _is_open_source(check: Finding) -> bool:
    return check.id == SEGMENTS_SOURCE and check.verdict is Verdict.UNKNOWN


def _mark(check: Finding) -> Mark:
    to_review = check.id == SEGMENTS_SOURCE and check.verdict is Verdict.UNKNOWN
    return mark(check.verdict, {check.verdict: say("to review")} if to_review else CHECK_WORDS)
