"""The page's parts on plans, distribution and what the sources ask."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

from examples.computed_vessels import MIDDLE_IN_IV
from examples.plans import (
    example_ablation,
    example_list,
    example_plan,
    example_planning,
    example_result,
    example_targets,
)
from planning import inputs
from planning.criteria.catalogue import LISTS
from planning.criteria.judged_lists import judge_list
from planning.inputs import CLINICAL_INPUTS, Facts
from planning.literature import load_literature
from planning.liver_function import liver_function
from planning.remnant.contiguity import contiguity_finding
from planning.rules.contraindications import CONTRAINDICATION_LIST
from planning.rules.staging_checklist import STAGING_CHECKLIST
from planning.vessel_cuts import cuts_of, with_computed
from remnant.core.clinical import ClinicalFacts
from remnant.core.distribution import Netlm
from remnant.core.errors import GeometryMismatchError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import CouinaudSegment, Label, LabelScheme
from remnant.core.lesions import Confirmation
from remnant.core.planning_report import PlanningReport
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from remnant.page.html import render_html, render_page
from remnant.wording.classes import frilling_reason, netlm_reason
from remnant.wording.plans import plan_headline, plan_title, relaxation_words, target_answer
from remnant.wording.vessel_cuts import vessel_cuts_in_short, vessel_cuts_line

MARK = "segments estimated from liver shape: review"
NEW = (
    *("plans", "targets", "staged", "netlm", "stability", "contraindications"),
    *("resectability", "ablation", "staging", "transplant", "pathways"),
)
VOID = {"meta", "img", "br", "link"}


class Balance(HTMLParser):
    """Fails where a tag is not closed; keeps the ids."""

    def __init__(self, source):
        super().__init__()
        self.stack, self.ids, self.links = [], [], []
        self.feed(source)
        assert [] == self.stack

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.ids += [known["id"]] if "id" in known else []
        self.links += [known["href"]] if "href" in known else []
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert tag == self.stack.pop()


def page_of(case):
    source = render_page(case)
    found = Balance(source)
    assert len(found.ids) == len(set(found.ids))
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
    return source


def words(source):
    body = source.split("</style>", 1)[1]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def part(source, heading):
    """The text of the section with this heading."""
    start = re.search(f'<section[^>]*aria-labelledby="{heading}"', source).start()
    return words("</style>" + source[start : source.index("</section>", start)])


def both(source):
    """What is said of plans: in front, and in full."""
    return part(source, "plans") + part(source, "plan-details")


def planned(case, **changes) -> object:
    """The case with the example's new parts, beside the resections it has."""
    made = example_planning(**changes)
    parts = {name: getattr(made, name) for name in (*NEW, "plans_reasons")}
    return replace(case, planning=replace(case.planning, **parts))


@pytest.fixture(scope="module")
def source(made):
    return page_of(planned(made.case))


@pytest.fixture(scope="module")
def plans_part(source):
    return both(source)


def test_order__story_lesions_plans_sources_then_all_else(source):
    ids = [
        "impression", "operations", "summary", "missing", "read", "lesions", "plans", "first-plan",
        "front", "sources", "appendix", "h-notices", "key", "distribution", "segments",
        "plan-details", "table-plans", "staged", "source-lists", "resectability", "ablation",
        "staging", "transplant", "pathways", "hepatectomies", "resections", "findings", "method",
        "operator",
    ]  # fmt: skip
    assert ids == [found for found in Balance(source).ids if found in ids]


def test_targets__answer_bounds_and_relaxations(plans_part):
    for target in example_targets():
        assert target_answer(target, example_planning()) in plans_part
        for change in target.relaxations:
            assert relaxation_words(change) in plans_part
    assert "At least 70 % of the tumour ✓ within reach" in plans_part
    assert "At least 90 % of the tumour ? undecided" in plans_part
    assert "All of the tumour ✗ not within reach" in plans_part
    assert 1 == plans_part.count("bounds not proven")
    assert 1 == plans_part.count("What would change this")


def test_first_plan__headline_recipe_figures_and_proof(plans_part):
    first = plans_part.split("First in rank", 1)[1].split("All plans found", 1)[0]
    plan = example_planning().plans[0]
    for expected in (
        plan_headline(plan),
        "Segments VI, VII removed",
        "Excised with a margin: lesion 3",
        "Ablated: lesion 4",
        "93.0 % (88.0–96.0)",
        "900 mL (846–954)",
        "21.5 mL functional liver in margins",
        "3, 1 of them ablation zone",
        "Optimum proven",
        "> 90 %: 83 in 100",
    ):
        assert expected in first, expected


def test_table__every_plan_with_its_marks(source, plans_part):
    table = plans_part.split("Plans found", 1)[1]
    for plan in example_planning().plans:
        assert plan_title(plan) in table
        assert str(plan.result.interventions) in table
    for mark in (
        "vessels not assessed: decides nothing",
        "your own recipe",
        "cuts lesion 3",
        "not proven: at most 12.5 mL more",
        "best for at least 90 %",
    ):
        assert mark in table, mark


def test_rejected_lesions__are_never_shown_as_treated(made):
    everything = dict.fromkeys((1, 2, 3, 4), example_result().fates[4])
    plan = example_plan(result=example_result(fates=everything))
    text = both(page_of(planned(made.case, plans=(plan,))))
    assert "Rejected, not counted: 2 " in text
    assert "Would be ablated: 1, 3, 4 " in text
    rejected = made.case.volumetry.lesions[1]
    assert Confirmation.REJECTED is rejected.confirmation
    assert re.search(r" 2 \S+ rejected, not counted ✗ rejected", text)


def test_unconfirmed_lesions__are_flagged_beside_the_plan(made, plans_part):
    assert "treats 2 unconfirmed lesions" in plans_part
    assert plans_part.count("unconfirmed lesions") > 4
    lesions = tuple(
        replace(lesion, confirmation=Confirmation.CONFIRMED)
        for lesion in made.case.volumetry.lesions
    )
    sure = replace(made.case, volumetry=replace(made.case.volumetry, lesions=lesions))
    assert "unconfirmed" not in both(page_of(planned(sure)))


def test_segments_to_review__stand_beside_every_plan_figure(made):
    volumetry = replace(made.case.volumetry, segment_source=SegmentSource.MODEL)
    source = page_of(planned(replace(made.case, volumetry=volumetry)))
    captions = re.findall(r"<(?:fig)?caption>(.*?)</(?:fig)?caption>", source, re.DOTALL)
    ours = [c for c in captions if not re.match("\\s*(Lobes by|Planted|What decides)", c)]
    assert len(ours) > 10
    assert [] == [c for c in ours if MARK not in c.lower()]
    text = part(source, "plan-details").lower()
    assert text.split("liver that would remain", 1)[1].index(MARK) < 300
    front = part(source, "plans").lower()
    assert front.split("would remain: 900 ml", 1)[1].index(MARK) < 120
    assert MARK in part(source, "distribution").lower()


def test_assumed_body_size__stands_beside_ratios_of_plans(plans_part, made):
    assert plans_part.count("assumed for the demo") >= 3
    patient = replace(made.case.patient, body_size_assumed=False)
    text = both(page_of(planned(replace(made.case, patient=patient, planted=()))))
    assert "for the demo" not in text


def test_front__marks_and_their_words(source):
    figure = source.split('<figure class="front">', 1)[1].split("</figure>", 1)[0]
    assert 3 == figure.count("<title>")
    assert 2 == figure.count("<circle ")
    assert 'class="mark user unknown"' in figure
    assert "asked for: 510 mL" in figure
    assert "93.0 % debulked, FLR 900 mL, 3 interventions" in unescape(figure)
    assert "1 intervention<" in figure


def test_staged__one_stage_against_two(plans_part):
    text = plans_part.split("In one stage or in two", 1)[1]
    for expected in (
        "After portal vein embolisation median",
        "480 (451–509)",
        "FLR 620 mL (583–657) ; sFLR 36.0 %",
        (
            "By the presets that fit: 605 mL (+26.0 %, segment IV left open) to 739 mL (+54.0 %, "
            "segment IV embolised); the minimum of 650 mL lies between"
        ),
        "enough in 62 of 100",
        "The growth ends at 620 mL, 650 mL are asked for",
        "First: excised with a margin: lesion 3. Second: segments VI, VII removed.",
        "tumour meanwhile +11.0 %",
        "· note · Portal vein embolisation: median growth 33.9 %.",
        "unverified: recalled, not read in the source",
    ):
        assert expected in text, expected


def test_staged__what_is_enough_in_one_stage_is_only_named(made):
    stage = replace(example_planning().staged[0], weeks_to_threshold=Quantity(0.0))
    text = both(page_of(planned(made.case, staged=(stage,))))
    after = text.split("In one stage or in two", 1)[1]
    assert "enough liver would remain in one stage, without growth: Right posterior" in after
    assert "After portal vein embolisation" not in after


def test_distribution__types_reasons_and_stability(made, source):
    text = part(source, "distribution")
    for expected in (
        frilling_reason(made.case.planning.frilling),
        "NETLM class, 2023 2",
        "5 lesions; plan_1 debulks 93.0 % and removes 2 whole segments.",
        "The same answer in 87 of 100 perturbed copies",
        "II in 87 of 100, III in 13 of 100",
        "Border between the lobes moved: same in 88 of 100",
        "The lobes' border was not moved",
    ):
        assert expected in text, expected


def test_distribution__without_a_lesion_and_with_one_answer(made):
    nothing = Netlm(type=None, reasons=(Reason(Cause.NO_LESION),))
    stable = replace(example_planning().stability, same_share=1.0, by_cause={}, reasons=())
    text = part(page_of(planned(made.case, netlm=nothing, stability=stable)), "distribution")
    assert f"NETLM class, 2023 – {netlm_reason(nothing)}" in text
    assert "> 99 of 100 perturbed copies of this case (200 were drawn)." in text


def test_missing__leads_the_list_and_stands_in_full_for_the_operator(source):
    first = part(source, "missing")
    assert "disease outside the liver" in first
    assert "--" not in first
    full = part(source, "operator")
    assert re.search(r"disease outside the liver \d --extrahepatic", full)
    assert "remnant plan --template FILE" in full


def test_told__facts_beside_the_scan_or_nothing(made, source):
    assert "Told beside the scan: nothing." in part(source, "source-lists")
    case = replace(planned(made.case), clinical=ClinicalFacts(ki67_percent=4.0, functional=True))
    assert "Told beside the scan: Ki-67 4 %; functional: yes." in part(
        page_of(case), "source-lists"
    )


def test_checklist__and_liver_function_have_groups_of_their_own(made):
    facts = ClinicalFacts(
        staged_by_ct=True, staged_by_mr=False, bilirubin_umol_per_l=10.0, albumin_g_per_l=40.0
    )
    told = Facts.named({"staged_by_ct": True, "staged_by_mr": False})
    case = replace(
        planned(made.case),
        planning=replace(
            planned(made.case).planning,
            liver_function=liver_function(facts),
            staging_checklist=(judge_list(STAGING_CHECKLIST, told),),
        ),
    )
    text = part(page_of(case), "source-lists")
    assert "· note Liver function" in text
    assert "Here: −2.74, grade 1." in text
    assert "unverified" in text.split("Liver function", 1)[1].split("MELD", 1)[0]
    checklist = text.split("Examinations before surgery", 1)[1].split("Resectability", 1)[0]
    assert "✗ missing" in checklist
    assert "✓ done Triple-phase CT" in checklist
    assert "? not told Echocardiography" in checklist
    assert "This list decides nothing else." in checklist


def test_variant_anatomy__stands_beside_the_plans(made):
    """The note is shown as it was written, as text."""
    facts = ClinicalFacts(variant_anatomy="<b>replaced</b> right artery")
    source = page_of(replace(planned(made.case), clinical=facts))
    assert "&lt;b&gt;replaced&lt;/b&gt; right artery" in source
    assert "Variant anatomy, as told; no plan was judged by it" in part(source, "plans")
    assert "Variant anatomy" not in part(page_of(planned(made.case)), "plans")


def test_limits__say_that_plans_know_volumes_alone(made, source):
    assert "Plans are made from volumes alone." in words(source).split("Limits", 1)[1]
    bare = replace(made.case, planning=replace(made.case.planning, plans=()))
    assert "Plans are made from volumes alone." not in words(page_of(bare))


def test_missing__long_lists_are_cut_on_the_first_sheet_alone(made):
    given = [one for one in CLINICAL_INPUTS if one.meaning][:30]
    many = example_list(missing=tuple(one.name for one in given))
    case = planned(made.case, resectability=(), staging=(), transplant=(many,))
    source = page_of(case)
    first, full = part(source, "missing"), part(source, "operator")
    assert 5 == sum(one.question in first for one in given)
    assert "25 more facts" in first
    assert all(f"{one.question} " in full for one in given)


def test_lists__verdict_condition_value_source_and_status(source):
    text = part(source, "source-lists").split("Transplantation", 1)[1]
    assert re.search(r"✗ ruled out Milan \[\d+\] 55 years or older\. ", text)
    for expected in (
        r"✓ no obstacle Less than 50 % of the liver is tumour\. 12\.4 % \[\d+\]",
        r"✗ obstacle 55 years or older\. Asked for: Younger than 55 years\. 60 years \[\d+\] unver",
        r"\? undecided Histology confirmed\. Not known: [^.]*\. \[\d+\] this project's own",
    ):
        assert re.search(expected, text), expected


def test_ablation__compact_table_with_conditions_explained_once(source):
    text = part(source, "source-lists").split("Ablation of each lesion", 1)[1].split("Staging")[0]
    assert "3 of 4 lesions within the limits set for ablation" in text
    assert "✗ beyond Diameter 41.0 mm, above the chosen limit of 30 mm ✗ not met" in text
    assert 1 == text.count("Cloyd 2020: best for tumours below 3.5 cm.")
    assert "unverified" in text


def test_ablation__many_lesions_collapse(made):
    few = page_of(planned(made.case))
    many = page_of(planned(made.case, ablation=example_ablation(tuple(range(1, 40)))))
    assert '<details class="list" open>' in few
    assert '<details class="list" open>' not in many


def test_pathways__list_options_and_never_order(source):
    text = part(source, "source-lists").split("Pathways", 1)[1]
    assert "Pathways: listed as options, never as an order" in part(source, "sources")
    assert "? may be this case Machairas 2021, figure 2: Type I or limited bilobar, G1" in text
    for sign, option in (
        ("✓ listed", "Surgical resection"),
        ("✗ ruled out", "Treatment of hormone excess"),
        ("? open", "Peri-operative octreotide"),
    ):
        assert f"{sign} {option}" in text


def test_page__nothing_new_is_phrased_as_an_order(source):
    text = words(source).split("References")[0]
    orders = r"(?i)\b(should|must|recommended|resect the|perform|proceed|we advise|is indicated)\b"
    assert [] == re.findall(orders, text)


def test_page__cites_what_lists_and_plans_rest_on(source):
    references = words(source).split("References", 1)[1]
    for key in ("gepnetlm_review", "pmc8306993", "machairas2021", "cloyd2020"):
        assert load_literature()[key].citation in references


def test_plans__long_tables_collapse(made):
    first, *_ = example_planning().plans
    near = replace(first, targets=())
    many = tuple(replace(near, id=f"plan_{n}") for n in range(2, 31))
    source = page_of(planned(made.case, plans=(first, *many)))
    assert "<summary>29 more plans, near to those above" in source
    text = part(source, "plan-details")
    assert text.index("29 more plans") < text.index("plan_30")


def test_plans__without_maps_one_sentence_says_why(made):
    why = (Reason(Cause.NO_MAPS),)
    case = planned(made.case, plans=(), targets=(), staged=(), plans_reasons=why)
    text = part(page_of(case), "plans")
    assert "No plan: The maps of the case were not at hand: plans need its voxels." in text
    assert "All plans found" not in text
    assert "First in rank" not in text


def test_plans__absent_figures_are_dashes_with_reasons(made):
    result = example_result()
    absent = Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE))
    remnant = replace(
        result.remnant, flr_ml=absent, sflr=absent, flr_body_weight_percent=absent,
        flr_ml_per_m2=absent, flr_measured_fraction=absent,
    )  # fmt: skip
    bare = example_result(
        remnant=remnant, debulked_fraction=absent, removed_ml=absent, ablated_ml=absent,
        residual_tumour_ml=absent,
    )  # fmt: skip
    plan = example_plan(result=bare, findings=(), feasible=Verdict.UNKNOWN, new_world="")
    text = both(page_of(planned(made.case, plans=(plan,), staged=())))
    assert "Liver that would remain – height and weight not given" in text
    assert "– removed, – ablated" in text
    assert "Tumour debulked against" not in text


def test_page__of_an_older_report_has_none_of_these_parts(made):
    source = page_of(made.case)
    assert '<h2 id="plans">' not in page_of(
        replace(made.case, planning=replace(made.case.planning, plans_reasons=(), plans=(),
                                            targets=()))
    )  # fmt: skip
    older = PlanningReport(
        frilling=made.case.planning.frilling, resections=made.case.planning.resections
    )
    source = page_of(replace(made.case, planning=older))
    for heading in ("plans", "distribution", "sources"):
        assert f'<h2 id="{heading}">' not in source
    assert "One hepatectomy alone" in source


def test_pictures__of_the_plans_with_a_map(made):
    phantom = made.phantom
    scheme = LabelScheme("plan", tuple(Label(code, str(code)) for code in range(1, 6)))
    codes = np.where(phantom.structures.codes > 0, 1, 0).astype(np.uint8)
    codes[phantom.couinaud.codes == 6] = 2
    plan_map = LabelMap(codes, phantom.geometry, scheme)
    maps = {"plan_2": plan_map}

    def rendered(maps):
        return render_html(
            planned(made.case),
            structures=phantom.structures,
            lesions=phantom.lesions,
            couinaud=phantom.couinaud,
            preview=None,
            plan_maps=maps,
        )

    source = rendered(maps)
    assert 8 + 3 == source.count("<img ")
    text = both(source)
    assert "would be removed with segments" in text
    assert "Segmentectomy III, 1 wedge (plan_2): 340 mL removed" in text
    moved = phantom.geometry.affine_ras.copy()
    moved[0, 3] += 5.0
    elsewhere = LabelMap(codes, Geometry(phantom.geometry.shape, moved), scheme)
    with pytest.raises(GeometryMismatchError):
        rendered({"plan_2": elsewhere})


def test_contraindications__stand_in_a_banner_above_the_plans(made, source):
    assert "Contraindications in this case" not in source
    told = Facts({inputs.PERITONEAL: True, inputs.RIGHT_HEART_FAILURE: True})
    against = judge_list(CONTRAINDICATION_LIST, told)
    found = page_of(planned(made.case, contraindications=against))
    assert 'class="notice bad" role="note" aria-labelledby="contraindications"' in found
    text = words(found)
    banner = text.index("peritoneal carcinomatosis (ENETS, in Cloyd 2020)")
    assert text.index("Contraindications in this case") < banner < text.index("Plans ")
    assert "Ruled out here by peritoneal carcinomatosis; right heart failure." in text
    heading = re.search(r'<h3 id="first-plan">(.*?)</h3>', found).group(1)
    assert heading.startswith(
        "First in rank, ruled out here by peritoneal carcinomatosis; right heart failure: Right"
    )


def test_lists__that_cannot_apply_take_one_line(made):
    facts = Facts({inputs.RECURRENCE: False})
    repeat = judge_list(LISTS["staging.repeat_resection"], facts)
    text = part(page_of(planned(made.case, staging=(repeat,))), "source-lists")
    assert (
        "– not applicable Repeat resection of a recurrence : no recurrence after a liver resection"
    ) in text


def test_uncertain__has_its_own_words_and_look(source):
    assert "~ uncertain because the measurement error decides" in words(source)
    assert "Dotted ring: uncertain" in words(source)
    rule = re.search(r"\.v\.uncertain \{[^}]*\}", source).group(0)
    assert "--unsure" in rule
    assert rule != re.search(r"\.v\.unknown \{[^}]*\}", source).group(0)


def test_references__without_a_title_are_named_once(source):
    references = words(source).split("References", 1)[1]
    assert "Title not recorded" not in references
    assert re.search(r"The title was not recorded of \d+(, \d+)*\.", references)


def test_computed_vessels__stand_with_each_plan_and_hepatectomy(made, source):
    def with_cuts(part, segments):
        removed = frozenset(segments)
        cuts = cuts_of(removed, frozenset(CouinaudSegment) - removed, MIDDLE_IN_IV)
        return replace(part, vessel_cuts=cuts)

    case = planned(made.case)
    plans = tuple(with_cuts(one, one.recipe.segments) for one in case.planning.plans)
    resections = tuple(with_cuts(one, one.segments) for one in case.planning.resections)
    against = reason(Cause.COMPUTED_AGAINST_STATED, "outflow", "lost", "V", 0.6)
    finding = with_computed((contiguity_finding(frozenset(CouinaudSegment)),), (against,))
    plans = (replace(plans[0], findings=(*plans[0].findings, *finding)), *plans[1:])
    page = page_of(
        replace(case, planning=replace(case.planning, plans=plans, resections=resections))
    )
    lines = [vessel_cuts_line(one.vessel_cuts, one.recipe.segments) for one in plans]
    assert [bool(line) for line in lines] == [bool(one.recipe.segments) for one in plans]
    short = [vessel_cuts_in_short(one.vessel_cuts, one.recipe.segments) for one in plans]
    assert all(line in both(page) for line in short)
    assert f"Vessels {lines[0]}" in both(page)
    for one in resections:
        line = vessel_cuts_in_short(one.vessel_cuts, one.segments)
        assert f"Vessels: {line}" in part(page, "resections")
    assert "divides the middle hepatic vein" in part(page, "hepatectomies")
    assert "computed vessels, to be confirmed, against “intact”" in both(page)
    assert "speak against it: outflow lost" in both(page)
    assert "omputed vessels" not in both(source)
