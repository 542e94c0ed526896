"""All that is known of a case, by the inputs that conditions ask for.

Facts that others imply are filled in (`planning.facts.implied`); facts that contradict each other
are refused.
"""

from collections.abc import Mapping, Sequence

from planning import inputs
from planning.case import Case
from planning.criteria.conditions import judge_by
from planning.debulking.chosen_limits import chosen_limits
from planning.distribution.figure_rows import distribution_rows
from planning.distribution.frilling import lobes_involved
from planning.distribution.scan_coverage import scan_cuts_liver
from planning.facts.contradictions import require_consistent
from planning.facts.decompensation import compensation
from planning.facts.evidence import Evidence, plan_facts
from planning.facts.implied import (
    fit_for_surgery,
    grade_is_g1_or_g2,
    grades_agree,
    ki67_from_55,
    portal_drainage_by_milan,
    with_implied,
)
from planning.facts.liver_size import liver_size
from planning.inputs import Diameter, Facts, Input, Value
from planning.rules.contraindications import CONTRAINDICATIONS
from remnant.core.clinical import (
    ClinicalFacts,
    PrimaryStatus,
)
from remnant.core.debulking import DebulkingPlan, TargetOutcome
from remnant.core.distribution import Frilling, FrillingType
from remnant.core.findings import Verdict
from remnant.core.patient import LiverBackground
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, reason
from remnant.core.volumetry_report import VolumetryReport

FEW_PLATELETS_PER_NL = 100.0
"""Below this, platelets are a sign of portal hypertension (``gepnetlm_review``)."""
LOBES_BOTH = 2


def gather(
    case: Case,
    *,
    frilling: Frilling | None = None,
    plans: Sequence[DebulkingPlan] = (),
    targets: Sequence[TargetOutcome] = (),
) -> Facts:
    """Gather what is known of a case: the one place where facts are made.

    Parameters
    ----------
    case
        What was measured, told and chosen. Where the choice tightens a limit, what is out of reach
        of the plans is unknown.
    frilling
        Distribution; unclassifiable, absent or that of a cut liver is unknown.
    plans, targets
        What can be removed; without them it is unknown.

    Returns
    -------
    Facts
        One value for every input that is not of a single lesion or plan.

    Raises
    ------
    InputError
        Two facts contradict each other.
    """
    require_consistent(case.facts)
    cut = scan_cuts_liver(case.report)
    evidence = Evidence(
        plans=tuple(plans),
        targets=tuple(targets),
        limits=chosen_limits(case.choice),
        cut=cut,
        margin_mm=case.choice.resection_margin_mm,
    )
    planned = plan_facts(evidence)
    cleared = all(planned[one] is True for one in (inputs.CLEARANCE, inputs.FLR_BY_MACHAIRAS))
    return Facts(
        {
            **told_facts(case),
            **_measured(case.report, frilling, cut=cut, cleared=cleared),
            **planned,
            **_stated_vessels(case, plans),
            **liver_size(case.report, with_implied(case.facts), certainty=case.choice.certainty),
            inputs.UNRESECTABLE: unresectable(case.facts, planned),
            inputs.RESECTION_MARGIN: case.choice.resection_margin_mm,
        },
        certainty=case.choice.certainty,
    )


def surgery_ruled_out(told: Facts) -> bool:
    """Tell whether a contraindication is known; what is not known rules nothing out."""
    return any(judge_by(one, told) is Verdict.NOT_MET for one in CONTRAINDICATIONS)


def _stated_vessels(case: Case, plans: Sequence[DebulkingPlan]) -> Mapping[Input, Value]:
    """Fill in what a person said of the operation of an accepted plan, where nothing else is."""
    stated = any(plan.vessels_intact and plan.feasible is Verdict.MET for plan in plans)
    told = {
        inputs.REMNANT_VESSELS: case.facts.remnant_vessels,
        inputs.REMNANT_BILE: case.facts.remnant_bile,
    }
    return {one: True for one, known in told.items() if known is None and stated}


def unresectable(facts: ClinicalFacts, planned: Mapping[Input, Value]) -> Value:
    """Tell whether metastases are unresectable: by the team's word, else by the plans.

    They are not where a plan clears them all and leaves an accepted remnant, they are where none
    does. What plans leave open stays so, with its reasons.
    """
    if facts.judged_unresectable is not None:
        return facts.judged_unresectable
    if True in (planned[inputs.CLEARANCE], planned[inputs.R0]):
        return False
    cleared = planned[inputs.CLEARANCE]
    return True if cleared is False else cleared


def told_facts(case: Case) -> Mapping[Input, Value]:
    """Return what a person told of a case, and what follows from that alone."""
    known, background = with_implied(case.facts), case.patient.background
    clinical: dict[Input, Value] = {
        **{one: getattr(known, one.name) for one in inputs.CLINICAL_INPUTS},
        inputs.KI67_FROM_55: ki67_from_55(known),
    }
    return {
        **clinical,
        inputs.FIT_FOR_SURGERY: fit_for_surgery(case.facts),
        inputs.SURGERY_RULED_OUT: surgery_ruled_out(Facts(clinical)),
        inputs.AGE: case.patient.age_years,
        inputs.BACKGROUND: None if background is LiverBackground.UNKNOWN else background,
        inputs.PRIMARY_RESECTED: _primary_resected(known),
        inputs.DECOMPENSATED: compensation(known, case.patient).decompensated,
        inputs.PORTAL_HYPERTENSION_SIGNS: _portal_hypertension_signs(known),
        inputs.GRADE_IS_G1_OR_G2: grade_is_g1_or_g2(known),
        inputs.GRADES_AGREE: grades_agree(case.facts),
        inputs.PORTAL_DRAINAGE_BY_MILAN: portal_drainage_by_milan(known),
        inputs.TRANSPLANT_SELECTED: True if known.on_transplant_list else None,
    }


def _measured(
    report: VolumetryReport, frilling: Frilling | None, *, cut: bool, cleared: bool
) -> Mapping[Input, Value]:
    count, both = _lesion_count(report), _both_lobes(report)
    return {
        inputs.BURDEN: report.burden_fraction,
        inputs.LESION_COUNT: count,
        inputs.LARGEST_LESION: largest_lesion_mm(report),
        inputs.BOTH_LOBES: both,
        inputs.FRILLING: _frilling_type(frilling, cut=cut),
        **distribution_rows(count, both_lobes=both, frilling=frilling, cleared=cleared),
    }


def largest_lesion_mm(report: VolumetryReport) -> Quantity | Diameter:
    """Return the longest axial diameter of any lesion that counts, beside the longest 3-D one.

    A lower bound where the scan cuts a lesion or the liver; absent where lesions are not known or
    there is none.
    """
    lesions = report.counted_lesions
    if report.tumour_ml.value is None:
        return Quantity.absent(report.tumour_ml.reasons)
    if not lesions:
        return Quantity.absent(reason(Cause.NO_LESION))
    axial_mm = max(lesion.longest_axial_mm for lesion in lesions)
    cut = report.tlv_ml.bound is not None or any(x.volume_ml.bound is not None for x in lesions)
    beyond = (reason(Cause.SCAN_CUTS_SOMETHING),) if cut else ()
    return Diameter(
        axial_mm=Quantity(axial_mm, bound=Bound.LOWER if cut else None, reasons=beyond),
        corrected_3d_mm=max(lesion.slice_corrected_3d_mm for lesion in lesions),
    )


def _primary_resected(facts: ClinicalFacts) -> bool | None:
    status = facts.primary_status
    return None if status is None else status is PrimaryStatus.RESECTED


def _portal_hypertension_signs(facts: ClinicalFacts) -> bool | None:
    platelets = facts.platelets_per_nl
    signs = (
        facts.portal_hypertension,
        facts.ascites,
        facts.varices,
        facts.splenomegaly,
        None if platelets is None else platelets < FEW_PLATELETS_PER_NL,
    )
    if any(signs):
        return True
    return None if None in signs else False


def _lesion_count(report: VolumetryReport) -> Quantity:
    number = float(len(report.counted_lesions))
    if report.tumour_ml.value is None:
        return Quantity.absent(report.tumour_ml.reasons)
    if scan_cuts_liver(report):
        return Quantity(number, bound=Bound.LOWER, reasons=(reason(Cause.MORE_BEYOND_SCAN),))
    return Quantity(number)


def _both_lobes(report: VolumetryReport) -> bool | None:
    """Both where lesions involve each; not known without lesions' segments or beyond the scan."""
    lesions = report.counted_lesions
    if report.tumour_ml.value is None:
        return None
    if len(lobes_involved(lesions)) == LOBES_BOTH:
        return True
    placed = all(lesion.segment_fractions is not None for lesion in lesions)
    return False if placed and not scan_cuts_liver(report) else None


def _frilling_type(frilling: Frilling | None, *, cut: bool) -> FrillingType | None:
    if frilling is None or cut or frilling.type is FrillingType.UNCLASSIFIABLE:
        return None
    return frilling.type
