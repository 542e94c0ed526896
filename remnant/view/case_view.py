"""The view of a case: everything that a reader sees of it, before any medium."""

from dataclasses import dataclass

from remnant.core.case import CaseReport
from remnant.view.ablation_view import AblationTable, view_ablation
from remnant.view.check_view import Checks, view_checks
from remnant.view.criteria_view import Sources, view_sources
from remnant.view.distribution_view import Distribution, view_distribution
from remnant.view.header_view import Header, view_header
from remnant.view.lesion_view import Lesions, view_lesions
from remnant.view.method_view import Method, view_method
from remnant.view.open_questions import open_questions
from remnant.view.operator_view import Operator, view_operator
from remnant.view.plan_view import Plans, view_plans
from remnant.view.resection_view import Resections, view_resections
from remnant.view.segment_state import TO_REVIEW
from remnant.view.sheet_view import Sheet, view_sheet
from remnant.view.staged_view import Stages, view_stages
from remnant.view.subject import Citations, Statement, Subject, citations
from remnant.view.vessel_view import Vessels, view_vessels
from remnant.view.volume_view import Segments, Volumes, view_segments, view_volumes
from remnant.wording.impression import impression
from remnant.wording.language import say
from remnant.wording.numbers import sentence
from remnant.wording.obstacles import attributed, contraindications
from remnant.wording.words import PART_WORDS


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning said of a case."""

    plans: Plans
    stages: Stages | None
    distribution: Distribution
    sources: Sources
    ablation: AblationTable | None
    resections: Resections
    findings: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Contraindication:
    """What rules an operation out, with who says so, and the number of the source."""

    words: str
    source: int | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as it is read; ``planned`` is ``None`` where planning did not run.

    ``impression`` is the whole in at most six lines, ``contraindications`` what the case's own
    facts rule an operation out by. ``review`` stands beside what rests on
    segments that nobody confirmed, empty where somebody did; ``confirmed`` says who. ``sheet`` is
    the report's first sheet, ``operator`` holds every command.
    """

    review: str
    confirmed: str
    impression: tuple[str, ...]
    contraindications: tuple[Contraindication, ...]
    header: Header
    checks: Checks
    volumes: Volumes
    segments: Segments
    lesions: Lesions
    vessels: Vessels | None
    planned: Planned | None
    method: Method
    parts: tuple[tuple[str, str], ...]
    citations: Citations
    sheet: Sheet
    operator: Operator


def view_case(case: CaseReport) -> CaseView:
    """Return the view of a case, built once for every medium."""
    subject, checks = Subject.of(case), view_checks(case)
    review = say(TO_REVIEW) if checks.review else ""
    segments = view_segments(subject)
    return CaseView(
        review=review,
        confirmed=segments.state if case.volumetry.segments_confirmation else "",
        impression=impression(case, tuple(one.words for one in open_questions(case))),
        contraindications=() if case.planning is None else _contraindications(subject),
        header=view_header(case, checks, sentence(review)),
        checks=checks,
        volumes=view_volumes(subject, checks.counted),
        segments=segments,
        lesions=view_lesions(subject),
        vessels=view_vessels(case),
        planned=None if case.planning is None else _planned(subject),
        method=view_method(case),
        parts=tuple((part.value, words) for part, words in PART_WORDS.items()),
        citations=citations(subject),
        sheet=view_sheet(subject),
        operator=view_operator(case),
    )


def _contraindications(subject: Subject) -> tuple[Contraindication, ...]:
    found = contraindications(subject.planning)
    words = {attributed(one): subject.cite(one.source) for one in found}
    return tuple(Contraindication(text, source) for text, source in words.items())


def _planned(subject: Subject) -> Planned:
    planning = subject.planning
    return Planned(
        plans=view_plans(subject),
        stages=view_stages(subject) if planning.staged else None,
        distribution=view_distribution(subject),
        sources=view_sources(subject),
        ablation=view_ablation(subject) if planning.ablation else None,
        resections=view_resections(subject),
        findings=tuple(subject.statement(finding) for finding in planning.findings),
    )
