"""What the terminal prints of plans: short, verdict first, nothing that reads as an order."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from examples.computed_vessels import MIDDLE_IN_IV
from examples.plans import (
    example_list,
    example_plan,
    example_planning,
    example_result,
)
from planning import inputs
from planning.case import Case
from planning.criteria.catalogue import LISTS
from planning.criteria.judged_lists import judge_list
from planning.inputs import CLINICAL_INPUTS, Facts
from planning.planner import plan
from planning.rules.contraindications import CONTRAINDICATION_LIST
from planning.vessel_cuts import cuts_of
from remnant.core.case import CaseReport
from remnant.core.distribution import Netlm
from remnant.core.findings import Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.patient import Patient
from remnant.core.provenance import Provenance
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.recipe import Recipe
from remnant.core.study import Study
from remnant.core.volumes import Phase
from remnant.core.volumetry_report import SegmentSource
from remnant.terminal.case_summary import print_plan
from remnant.testing.phantoms import body_grid, liver_phantom
from remnant.wording.classes import netlm_reason
from remnant.wording.research_use import RESEARCH_USE
from remnant.wording.vessel_cuts import vessel_cuts_line
from volumetry.measure import measure


@pytest.fixture(scope="module")
def case() -> CaseReport:
    phantom = liver_phantom(body_grid(spacing_mm=(4.0, 4.5, 5.0)), metastases=4, seed=5)
    patient = Patient(height_cm=170.0, weight_kg=70.0)
    volumetry = measure(
        phantom.structures,
        phantom.lesions,
        couinaud=phantom.couinaud,
        patient=patient,
        segment_source=SegmentSource.GIVEN,
        segments_reasons=(),
    )
    custom = [frozenset((CouinaudSegment.VI, CouinaudSegment.VIII))]
    base = plan(Case(report=volumetry, patient=patient), custom=custom)
    grid = phantom.geometry
    study = Study(
        pseudonym="case-3c", source="nifti", modality=None, phase=Phase.UNKNOWN,
        shape=grid.shape, spacing_mm=grid.spacing_mm, orientation="RAS",
    )  # fmt: skip
    provenance = Provenance(
        software={}, models=(), configuration_sha256="", inputs_sha256={},
        device=None, seed=None, created_utc="", seconds={},
    )  # fmt: skip
    return CaseReport(
        study=study,
        patient=patient,
        volumetry=volumetry,
        planning=example_planning(frilling=base.frilling, resections=base.resections),
        quality=(),
        provenance=provenance,
    )


def lines(case, *, width=100, **options):
    console = Console(file=io.StringIO(), width=width)
    print_plan(case, console=console, **options)
    return console.file.getvalue().splitlines()


def text(case, **options):
    return re.sub(r"\s+", " ", " ".join(lines(case, **options)))


def with_planning(case, **changes):
    return replace(case, planning=replace(case.planning, **changes))


@pytest.mark.parametrize("width", [80, 100, 200])
def test_lines__fit_the_terminal_and_100_columns_and_are_few(case, width):
    printed = lines(case, width=width)
    start = next(n for n, line in enumerate(printed) if "of the tumour:" in line)
    assert max(map(len, printed)) <= width
    assert max(len(line.rstrip()) for line in printed[start:]) <= 100
    assert not any("…" in line for line in printed)
    # up to ten of them are the impression, and the lists on resectability stand first
    assert len(printed) <= 90


def test_answers__stand_before_the_plans_and_the_plans_before_what_is_missing(case):
    printed = "\n".join(lines(case, width=200))
    parts = [
        "✓ At least 70 % of the tumour: within reach.",
        "? At least 90 % of the tumour: undecided.",
        "✗ All of the tumour: not within reach.",
        "What would change this: With 1 more ablation",
        "First in rank: Right posterior sectionectomy, 1 wedge, 1 ablation",
        "Undecided inside its intervals: 1 other minimum.",
        "Segments VI, VII removed; excised with a margin: lesion 3; ablated: lesion 4.",
        "  best for at least 70 %",
        "To decide more, tell (option, or key of a --facts FILE):",
        "Resectability:",
        "? ENETS 2016: undecided. 2 facts missing.",
        "Transplantation:",
        "✗ Milan: ruled out. 55 years or older.",
        "? Branches of pathways that may be this case: Type I or limited bilobar, G1 or G2",
        "never an order",
        RESEARCH_USE,
    ]
    places = [printed.index(part) for part in parts]
    assert sorted(places) == places


def test_table__figures_intervals_draws_and_marks(case):
    printed = text(case)
    for part in (
        "93.0 % 900 mL 52.9 % 3 ✓",
        "88.0–96.0 846–954",
        "90 %: 83",
        "! not proven: at most 12.5 mL more",
        "! vessels not assessed: decides nothing",
        "! your own recipe",
        "! cuts lesion 3",
    ):
        assert part in printed, part
    assert "!" in printed
    assert "treats 3 unconfirmed lesions" in printed


def test_stages__the_first_plan_that_needs_growth_with_the_range_of_presets(case):
    assert (
        "In two stages, plan_1 after portal vein embolisation: FLR 620 mL (605 with IV open to 739 "
        "with IV embolised by preset), when the minimum is reached is not known."
    ) in text(case)
    assert "In two stages" not in text(with_planning(case, staged=()))


def test_distribution__class_and_stability(case):
    printed = text(case)
    assert "NETLM class 2: 5 lesions; plan_1 debulks 93.0 %" in printed
    assert "Same Frilling type in 87 of 100 perturbed copies" in printed
    netlm = Netlm(type=None, reasons=(Reason(Cause.NO_LESION),))
    nothing = with_planning(case, netlm=netlm, stability=None)
    assert f"NETLM class –: {netlm_reason(netlm)}" in text(nothing)
    assert "perturbed" not in text(nothing)


def test_hepatectomies__beside_plans_only_those_that_were_asked_for(case):
    printed = text(case)
    assert "Segments VI, VIII" in printed
    assert "Right hemihepatectomy" not in printed
    assert "Every hepatectomy by itself: in report.html." in printed
    named = tuple(r for r in case.planning.resections if r.named)
    assert "Segments VI, VIII" not in text(with_planning(case, resections=named))
    assert "Right hemihepatectomy" in text(with_planning(case, plans=()))


def test_plans__why_there_are_none(case):
    printed = text(
        with_planning(case, plans=(), targets=(), plans_reasons=(Reason(Cause.NO_MAPS),))
    )
    assert "No plan: The maps of the case were not at hand" in printed
    assert "First in rank" not in printed


def test_plans__many_are_cut_short(case):
    first, *_ = case.planning.plans
    near = replace(first, targets=())
    many = tuple(replace(near, id=f"plan_{n}") for n in range(2, 31))
    printed = text(with_planning(case, plans=(first, *many)))
    assert "plan_1 VI, VII; wedge 3; ablate 4" in printed
    assert "plan_2 " not in printed
    assert "29 more in plans.csv and report.html" in printed


def test_plans__those_that_answer_a_target_are_always_listed_feasible_ones_first(case):
    first, *_ = case.planning.plans
    verdicts = [Verdict.NOT_MET, Verdict.UNKNOWN] * 5 + [Verdict.MET] * 2
    many = tuple(replace(first, id=f"plan_{n}", feasible=v) for n, v in enumerate(verdicts, 1))
    printed = text(with_planning(case, plans=many))
    listed = [int(n) for n in re.findall(r"plan_(\d+) VI", printed)]
    assert [11, 12, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9] == listed


def test_missing__many_are_cut_short(case):
    incomplete = example_list(
        missing=tuple(one.name for one in CLINICAL_INPUTS if one.meaning)[:24]
    )
    printed = text(with_planning(case, resectability=(), transplant=(incomplete,)))
    assert "(comorbidity_prohibitive)" in printed.split("To decide more", 1)[1]
    assert "more." in printed.split("To decide more", 1)[1].split("Listed by", 1)[0]


def test_variant_anatomy__is_shown_with_the_plans(case):
    facts = replace(case.clinical, variant_anatomy="replaced right artery")
    printed = text(replace(case, clinical=facts))
    assert "as told; no plan was judged by it: replaced right artery" in printed


def test_pathways__those_that_the_case_belongs_to_are_named(case):
    found = replace(case.planning.pathways[0], verdict=Verdict.MET)
    printed = text(with_planning(case, pathways=(found,)))
    assert "✓ Machairas 2021, figure 2, Type I or limited bilobar, G1 or G2: this case" in printed
    assert "may be this case" not in printed


def test_plans__absent_figures_are_dashes(case):
    absent = Quantity.absent(Reason(Cause.LESIONS_UNKNOWN))
    result = example_result()
    remnant = replace(result.remnant, flr_ml=absent, sflr=absent)
    bare = example_plan(result=replace(result, remnant=remnant, debulked_fraction=absent))
    assert re.search(r"ablate 4 – – – 3 ✓", text(with_planning(case, plans=(bare,))))


def test_research_use__is_left_to_the_caller_who_says_it_last(case):
    assert RESEARCH_USE not in text(case, caution=False)


def test_plans__nothing_without_plans_and_lists(case):
    empty = with_planning(
        case, plans=(), targets=(), resectability=(), staging=(), transplant=(), pathways=()
    )
    assert RESEARCH_USE not in text(empty)
    assert "of the tumour:" not in text(empty)


def test_plans__nothing_is_phrased_as_an_order(case):
    orders = r"(?i)\b(should|must|recommended|resect the|perform|proceed|we advise|is indicated)\b"
    assert [] == re.findall(orders, text(case))


def test_contraindications__come_after_the_impression_and_stand_before_the_first_plan(case):
    told = Facts({inputs.PERITONEAL: True, inputs.RIGHT_HEART_FAILURE: True})
    against = judge_list(CONTRAINDICATION_LIST, told)
    printed = "\n".join(lines(with_planning(case, contraindications=against), width=200))
    parts = [
        "Impression",
        "Ruled out here by peritoneal carcinomatosis; right heart failure.",
        "Contraindications in this case",
        "✗ peritoneal carcinomatosis (ENETS, in Cloyd 2020)",
        "✗ right heart failure (ENETS, in Cloyd 2020)",
        "Segments: given map",
    ]
    places = [printed.index(part) for part in parts]
    assert sorted(places) == places
    assert "First in rank, ruled out here by peritoneal carcinomatosis; right heart" in printed
    assert "Contraindications" not in text(case)


def test_lists__that_cannot_apply_share_a_line(case):
    facts = Facts({inputs.REFRACTORY: False})
    idle = judge_list(LISTS["debulking.indication.gepnetlm_review"], facts)
    printed = text(with_planning(case, resectability=(idle,)))
    assert (
        "Resectability: – Not applicable, hormonal symptoms are controlled: Debulking, for whom "
        "(GEP-NET review). Transplantation:"
    ) in printed


def test_computed_vessels__stand_with_each_plan_and_resection_that_removes_segments(case):
    def cuts(segments):
        removed = frozenset(segments)
        return cuts_of(removed, frozenset(CouinaudSegment) - removed, MIDDLE_IN_IV)

    left = tuple(CouinaudSegment(code) for code in (2, 3, 4))
    first, second = (
        example_plan(number, recipe=Recipe(segments=left), vessel_cuts=cuts(left))
        for number in (1, 2)
    )
    of_resections = tuple(
        replace(r, vessel_cuts=cuts(r.segments)) for r in case.planning.resections
    )
    found = with_planning(case, plans=(first, second), resections=of_resections)
    line = vessel_cuts_line(first.vessel_cuts, left)
    printed = text(found, width=100)
    assert "divides the middle hepatic vein; cuts off the outflow of 60 %" in line
    # the table folds and pads the lines of a cell: the first plan's own stands whole
    assert line in printed
    assert printed.count("Computed vessels, to be") == 2
    assert printed.count("vessels:") == 1
    assert max(map(len, lines(found, width=100))) <= 100
