"""What planning hands on."""

from dataclasses import dataclass, field

from remnant.core.criteria import CriteriaResult, LesionAblation, Pathway
from remnant.core.debulking import DebulkingPlan, TargetOutcome
from remnant.core.distribution import Frilling, Netlm, Stability
from remnant.core.findings import Finding
from remnant.core.plan import Resection
from remnant.core.reasons import Reason
from remnant.core.showing import ShowsItself
from remnant.core.staged_plan import StagedPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningReport(ShowsItself):
    """Everything that planning says about one case.

    ``contraindications`` are what rules an operation on the liver out. ``plans_reasons`` say why
    there are no ``plans``, empty where there are; ``vessel_cuts_reasons`` why nothing is known of
    what operations would cut, empty where it is. ``netlm`` and ``stability`` are ``None`` in
    reports of earlier versions. ``staging_checklist`` and ``liver_function`` decide nothing else;
    the latter is empty where nothing of it was told.
    """

    frilling: Frilling
    resections: tuple[Resection, ...]
    findings: tuple[Finding, ...] = field(default=())
    plans: tuple[DebulkingPlan, ...] = ()
    plans_reasons: tuple[Reason, ...] = ()
    vessel_cuts_reasons: tuple[Reason, ...] = ()
    targets: tuple[TargetOutcome, ...] = ()
    staged: tuple[StagedPlan, ...] = ()
    netlm: Netlm | None = None
    stability: Stability | None = None
    contraindications: CriteriaResult | None = None
    liver_function: tuple[CriteriaResult, ...] = ()
    staging_checklist: tuple[CriteriaResult, ...] = ()
    resectability: tuple[CriteriaResult, ...] = ()
    ablation: tuple[LesionAblation, ...] = ()
    staging: tuple[CriteriaResult, ...] = ()
    transplant: tuple[CriteriaResult, ...] = ()
    pathways: tuple[Pathway, ...] = ()
