"""From volumes to a planning report: distribution, resections, and what each source says."""

from collections.abc import Iterator, Sequence

from planning import wording
from planning.candidates import Candidate, candidates
from planning.contiguity import contiguity_finding
from planning.debulking import cut_lesions_finding, debulking_findings
from planning.flr import remnant_findings
from planning.frilling import classify, frilling_finding
from planning.reach import reach_findings
from planning.rules import PROJECT_SOURCE
from remnant.core.findings import Basis, Finding, SourceStatus, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.plan import PlanningReport, Resection
from remnant.core.volumetry_report import VolumetryReport
from volumetry.remnant import debulked_fraction, future_liver_remnant

ALL_SEGMENTS = frozenset(CouinaudSegment)
BURDEN_SOURCE = "luo2019"


def plan(
    report: VolumetryReport,
    *,
    patient: Patient,
    custom: Sequence[frozenset[CouinaudSegment]] = (),
) -> PlanningReport:
    """Plan one case.

    Parameters
    ----------
    report
        Volumes and lesions. Without segments every remnant is absent, with the reason.
    patient
        Its background chooses the FLR minima.
    custom
        Sets of segments to judge beside the Brisbane 2000 hepatectomies.

    Returns
    -------
    PlanningReport
        Frilling type, every resection with its remnant and findings, and the findings on the
        whole case. Nothing in it is a recommendation.

    Raises
    ------
    InputError
        A custom set is empty.
    """
    resections = tuple(_resection(c, report, patient) for c in candidates(custom))
    frilling = classify(report)
    return PlanningReport(
        frilling=frilling,
        resections=resections,
        findings=(
            burden_finding(report),
            frilling_finding(frilling),
            *reach_findings(resections),
            *_unconfirmed(report),
        ),
    )


def burden_finding(report: VolumetryReport) -> Finding:
    """State the class of hepatic tumour load.

    ``MET`` where the class is certain, ``UNKNOWN`` where the fraction is absent, only a bound, or
    that of a liver which the scan cuts. ``value`` is the burden fraction.
    """
    fraction = report.burden_fraction
    unbounded = fraction.bound is None and report.tlv_ml.bound is None
    certain = report.burden_class is not None and unbounded
    share = wording.measured(fraction)
    named = f", class {report.burden_class} %" if report.burden_class is not None else ""
    cut = "" if report.tlv_ml.bound is None else " The scan cuts the liver."
    return Finding(
        id="burden.class",
        verdict=Verdict.MET if certain else Verdict.UNKNOWN,
        text=(
            f"Hepatic tumour load: {share}{named}.{cut} Classes of up to 10, 11 to 25, 26 to 50 "
            f"and more than 50 % of the whole liver; which class a value between them falls into "
            f"is this project's choice."
        ),
        value=fraction.value,
        basis=Basis.TOTAL_LIVER_VOLUME,
        source=BURDEN_SOURCE,
        status=SourceStatus.VERIFIED,
    )


def _resection(candidate: Candidate, report: VolumetryReport, patient: Patient) -> Resection:
    removed = candidate.segments
    remnant = future_liver_remnant(report, patient=patient, removed=removed)
    debulked = debulked_fraction(report, removed=removed)
    return Resection(
        name=candidate.name,
        title=candidate.title,
        segments=tuple(sorted(removed)),
        named=candidate.named,
        new_world=candidate.new_world,
        remnant=remnant,
        debulked_fraction=debulked,
        findings=(
            *remnant_findings(remnant, patient=patient),
            contiguity_finding(_kept(report, removed)),
            *debulking_findings(debulked),
            *_geometry_findings(candidate, report),
        ),
    )


def _kept(
    report: VolumetryReport, removed: frozenset[CouinaudSegment]
) -> frozenset[CouinaudSegment]:
    """Segments that would stay; those known to hold no functional liver do not count."""
    segments = report.segments
    if segments is None:
        return ALL_SEGMENTS - removed
    return frozenset(s for s, v in segments.items() if v.functional_ml > 0) - removed


def _geometry_findings(candidate: Candidate, report: VolumetryReport) -> Iterator[Finding]:
    cut = cut_lesions_finding(report.lesions, removed=candidate.segments)
    if cut is not None:
        yield cut
    if not candidate.named:
        yield Finding(
            id="vascular_feasibility",
            verdict=Verdict.UNKNOWN,
            text="No Brisbane 2000 hepatectomy: vascular feasibility not assessed.",
            source=PROJECT_SOURCE,
            status=SourceStatus.PROJECT,
        )


def _unconfirmed(report: VolumetryReport) -> Iterator[Finding]:
    counting = [lesion for lesion in report.lesions if lesion.counts]
    unconfirmed = sum(lesion.confirmation is Confirmation.AUTOMATIC for lesion in counting)
    if counting:
        yield Finding(
            id="lesions.unconfirmed",
            verdict=Verdict.NOT_MET if unconfirmed else Verdict.MET,
            text=(
                f"{unconfirmed} of {wording.counted(len(counting), 'lesion')} not confirmed by a "
                f"reader. Shape alone does not tell a metastasis from a cyst, a haemangioma or a "
                f"scar; load, type and debulked shares hold only as far as these are metastases."
            ),
            value=float(unconfirmed),
            source=PROJECT_SOURCE,
            status=SourceStatus.PROJECT,
        )
