"""Two published pathways: rows, treatments and what speaks against each."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.plans import example_outcome
from planning import inputs
from planning.criteria.conditions import AnyOf, judge, rests_on_segments
from planning.distribution.figure_rows import distribution_rows
from planning.facts.evidence import Evidence, debulkable_in_stages, plan_facts
from planning.facts.gathering import surgery_ruled_out, unresectable
from planning.facts.implied import grade_is_g1_or_g2
from planning.inputs import Diameter, Doubt, Facts, ShareRange
from planning.literature import load_literature
from planning.pathways import ongoing_trial, pathways
from planning.rules.contraindications import CONTRAINDICATIONS
from planning.rules.pathways import PATHWAY_TABLES
from planning.rules.pathways_conditions import ABOVE_3_CM
from planning.rules.staging import LIMITED_LESIONS
from planning.rules.trial_groups import TRIAL_GROUPS
from remnant.core.clinical import (
    ClinicalFacts,
    Differentiation,
    ExtrahepaticDisease,
    Grade,
    PrimarySite,
    PrimaryStatus,
)
from remnant.core.distribution import Frilling, FrillingType
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason

CLINICAL = ClinicalFacts.__dataclass_fields__
IN_STAGES = inputs.DEBULKABLE_IN_STAGES.name
COVERED = {
    "grade": Grade.G1,
    "differentiation": Differentiation.WELL,
    "lesion_count": Quantity(3.0),
    "both_lobes": True,
    "extrahepatic_disease": ExtrahepaticDisease.NONE,
    "debulkable_fraction": Quantity(0.95),
    "clearance_feasible": True,
    "burden_fraction": Quantity(0.2),
    "largest_lesion_mm": Quantity(25.0),
    "primary_site": PrimarySite.PANCREAS,
    "primary_status": PrimaryStatus.RESECTABLE,
    "functional": True,
    "symptoms_refractory": True,
    "severe_valve_disease": False,
    "comorbidity_prohibitive": False,
    "judged_unresectable": False,
    "portal_vein_thrombosis": False,
    "hepatic_insufficiency": False,
    "bilioenteric_anastomosis": False,
    "pancreatoduodenectomy": False,
    "sstr_positive": True,
    "adequate_kidneys_and_marrow": True,
    "on_transplant_list": True,
}
UNRESECTABLE = {"debulkable_fraction": Quantity(0.5)}
JUDGED = {"judged_unresectable": True}


NO_WEDGE = (reason(Cause.LIMIT_CHOSEN, "most_wedges", 0),)


def target(share=0.7, verdict=Verdict.MET, *, largest=500.0):
    return example_outcome(share, verdict, largest_flr_ml=largest)


def facts_of(known, kind=FrillingType.I, targets=(), limits=()):
    """Return what is known, and what follows from it, the distribution and the targets."""
    clinical = ClinicalFacts(**{name: value for name, value in known.items() if name in CLINICAL})
    count = known.get("lesion_count")
    counted = count if isinstance(count, Quantity) else Quantity(count or 0.0)
    rows = distribution_rows(
        Quantity.absent(Reason(Cause.LESIONS_UNKNOWN)) if count is None else counted,
        both_lobes=known.get("both_lobes"),
        frilling=Frilling(type=kind, reasons=()),
        cleared=known.get("clearance_feasible") is True,
    )
    evidence = Evidence(targets=targets, limits=limits)
    share = known.get("debulkable_fraction") or Quantity.absent(Reason(Cause.NO_PLAN))
    return (
        Facts(plan_facts(evidence))
        .extended(Facts.named(known).values)
        .extended(rows)
        .extended(
            {
                inputs.GRADE_IS_G1_OR_G2: grade_is_g1_or_g2(clinical),
                inputs.UNRESECTABLE: unresectable(
                    clinical,
                    {i: known.get(i.name) for i in (inputs.CLEARANCE, inputs.R0)},
                ),
                inputs.SURGERY_RULED_OUT: surgery_ruled_out(Facts.named(known)),
                inputs.TRANSPLANT_SELECTED: True if known.get("on_transplant_list") else None,
                inputs.DEBULKABLE_IN_STAGES: debulkable_in_stages(share, evidence.in_one_stage),
            }
        )
    )


def found(changes=(), kind=FrillingType.I, targets=(), limits=(), **options):
    facts = facts_of(COVERED | dict(changes), kind, targets, limits)
    return {pathway.id: pathway for pathway in pathways(facts, limits=limits, **options)}


def options(changes=(), kind=FrillingType.I, *, row):
    return {o.name: o for o in found(changes, kind, (target(),))[row].options}


def verdicts(*args, **kwargs):
    return {name: o.verdict for name, o in options(*args, **kwargs).items()}


def rows():
    return [(table, row) for table in PATHWAY_TABLES for row in table.rows]


def option_rules():
    return [rule for _, row in rows() for rule in (*row.first, *row.otherwise)]


def conditions():
    every = [c for _, row in rows() for c in row.conditions]
    every += [c for rule in option_rules() for c in rule.conditions]
    every += [c for group in TRIAL_GROUPS for c in group.conditions]
    every += [c for one in every if isinstance(one, AnyOf) for b in one.branches for c in b]
    return list(dict.fromkeys(every))


def test_data__sources_are_in_the_literature():
    sources = {item.source for item in (*conditions(), *option_rules())}
    sources |= {table.source for table in PATHWAY_TABLES}

    assert sources <= set(load_literature())


def test_data__ids_are_unique_and_name_one_condition():
    ids = [condition.id for condition in conditions()]

    assert len(set(ids)) == len(ids)


def test_data__texts_order_nothing():
    texts = [item.statement for item in (*conditions(), *option_rules())]
    texts += [note.text for rule in option_rules() for note in rule.notes]
    texts += [row.text for _, row in rows()]
    orders = re.compile(r"\b(should|must|need to|shall|resect|give|start|perform)\b", re.IGNORECASE)

    assert [text for text in texts if orders.search(text)] == []


def test_data__own_numbers_are_marked_as_such():
    own = [c for c in conditions() if re.search(rf"\b{LIMITED_LESIONS} lesions", c.statement)]

    assert len(own) == 4
    assert {c.status for c in own} == {SourceStatus.PROJECT}


@pytest.mark.parametrize(
    ("kind", "changes", "row"),
    [
        (FrillingType.I, {"lesion_count": Quantity(1.0), "both_lobes": False}, "limited"),
        (FrillingType.UNCLASSIFIABLE, {"lesion_count": Quantity(5.0)}, "limited"),
        (FrillingType.II, {}, "complex"),
        (FrillingType.UNCLASSIFIABLE, {"lesion_count": Quantity(6.0)}, "complex"),
        (FrillingType.UNCLASSIFIABLE, {"lesion_count": 6.0, "both_lobes": False}, "complex"),
        (FrillingType.III, {}, "diffuse"),
        (FrillingType.III, {"grade": Grade.G3}, "not_covered"),
        (FrillingType.I, {"grade": Grade.NEC}, "not_covered"),
        (FrillingType.I, {"differentiation": Differentiation.POOR}, "not_covered"),
    ],
)
def test_machairas__row_by_pattern_and_grade(kind, changes, row):
    of_source = [p for i, p in found(changes, kind).items() if i.startswith("machairas2021")]

    (pathway,) = of_source
    assert (pathway.id, pathway.verdict) == (f"machairas2021.{row}", Verdict.MET)
    assert pathway.missing == ()


CUT = Bound.LOWER


@pytest.mark.parametrize(
    ("kind", "changes", "possible"),
    [
        (None, {"lesion_count": None}, {"limited", "complex", "diffuse"}),
        (
            FrillingType.UNCLASSIFIABLE,
            {"lesion_count": None},
            {"limited", "complex", "diffuse"},
        ),
        (FrillingType.UNCLASSIFIABLE, {"both_lobes": None}, {"limited", "complex", "diffuse"}),
        (FrillingType.UNCLASSIFIABLE, {"both_lobes": False}, {"limited", "complex"}),
        (FrillingType.UNCLASSIFIABLE, {"lesion_count": Quantity(1.0)}, {"limited", "diffuse"}),
        (FrillingType.UNCLASSIFIABLE, {"lesion_count": Quantity(10.0)}, {"complex", "diffuse"}),
        (
            FrillingType.UNCLASSIFIABLE,
            {"lesion_count": Quantity(6.0, bound=CUT, reasons=Reason(Cause.LIVER_CUT))},
            {"complex", "diffuse"},
        ),
        (
            FrillingType.UNCLASSIFIABLE,
            {"lesion_count": Quantity(2.0, bound=CUT, reasons=Reason(Cause.LIVER_CUT))},
            {"limited", "complex", "diffuse"},
        ),
        (
            FrillingType.I,
            {"lesion_count": Quantity(1.0, bound=CUT, reasons=Reason(Cause.LIVER_CUT))},
            {"limited", "complex", "diffuse"},
        ),
        (
            FrillingType.II,
            {"lesion_count": Quantity(4.0, bound=CUT, reasons=Reason(Cause.LIVER_CUT))},
            {"complex", "diffuse"},
        ),
        (FrillingType.II, {"grade": None}, {"complex", "not_covered"}),
    ],
)
def test_machairas__every_row_that_may_apply_is_listed_as_unknown(kind, changes, possible):
    of_source = [p for i, p in found(changes, kind).items() if i.startswith("machairas2021")]

    assert {p.id.removeprefix("machairas2021.") for p in of_source} == possible
    assert {p.verdict for p in of_source} == {Verdict.UNKNOWN}
    assert all(p.missing for p in of_source)


def test_machairas__spread_in_a_cut_liver_stays_spread():
    count = Quantity(12.0, bound=CUT, reasons=Reason(Cause.LIVER_CUT))

    listed = found({"lesion_count": count}, FrillingType.III)

    assert listed["machairas2021.diffuse"].verdict is Verdict.MET


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({}, "resectable"),
        ({"debulkable_fraction": Quantity(0.701)}, "resectable"),
        ({"extrahepatic_disease": ExtrahepaticDisease.MINIMAL}, "resectable"),
        ({"debulkable_fraction": Quantity(0.70)}, "oligometastatic"),
        ({"judged_unresectable": True}, "oligometastatic"),
        (UNRESECTABLE | {"lesion_count": Quantity(5.0)}, "oligometastatic"),
        (UNRESECTABLE | {"lesion_count": Quantity(6.0)}, "multifocal_bilobar"),
        (UNRESECTABLE | {"lesion_count": 6, "both_lobes": False}, "not_covered"),
        ({"extrahepatic_disease": ExtrahepaticDisease.SIGNIFICANT}, "significant_extrahepatic"),
    ],
)
def test_cloyd__row(changes, row):
    of_source = [p for i, p in found(changes).items() if i.startswith("cloyd2020")]

    (pathway,) = of_source
    assert (pathway.id, pathway.verdict) == (f"cloyd2020.{row}", Verdict.MET)
    assert pathway.missing == ()


def test_cloyd__every_row_unknown_without_facts():
    listed = pathways(Facts())

    assert len(listed) == sum(len(table.rows) for table in PATHWAY_TABLES)
    assert {pathway.verdict for pathway in listed} == {Verdict.UNKNOWN}


@pytest.mark.parametrize(
    ("targets", "verdict"),
    [
        ((target(0.8),), Verdict.MET),
        ((target(0.7),), Verdict.UNKNOWN),
        ((target(0.7, Verdict.UNKNOWN),), Verdict.UNKNOWN),
        ((target(0.7, Verdict.NOT_MET), target(0.9, Verdict.NOT_MET)), None),
        ((target(0.8, Verdict.NOT_MET),), Verdict.UNKNOWN),
        ((target(0.7, Verdict.NOT_MET, largest=300.0),), Verdict.UNKNOWN),
    ],
)
def test_cloyd__resectable_from_targets_where_no_share_is_known(targets, verdict):
    unknown = {"debulkable_fraction": Quantity.absent(Reason(Cause.NO_PLAN))}

    pathway = found(unknown, targets=targets).get("cloyd2020.resectable")

    assert (None if pathway is None else pathway.verdict) is verdict


def test_cloyd__stages_leave_open_what_one_stage_cannot():
    short = (target(0.7, Verdict.NOT_MET, largest=300.0),)

    listed = found(UNRESECTABLE, targets=short)

    assert listed["cloyd2020.resectable"].verdict is Verdict.UNKNOWN
    assert listed["cloyd2020.oligometastatic"].verdict is Verdict.UNKNOWN


EMBOLISATION = {"Chemoembolisation (TACE)", "Embolisation (TAE)"}
OF_THE_PRIMARY = {"Resection of the primary", "Resection of the primary, then PRRT"}
RADIOLIGAND = {
    "Radioligand therapy (PRRT)",
    "Resection of the primary, then PRRT",
    "PRRT with radioembolisation",
}
RESECTION_RULED_OUT = EMBOLISATION | {
    "Radioembolisation (RE)",
    "PRRT with radioembolisation",
    "Liver transplantation (OLT)",
}
PANCREATIC = {"Chemotherapy", "Sunitinib", "Resection of the primary, then PRRT"}


@pytest.mark.parametrize(
    ("changes", "excluded"),
    [
        ({"portal_vein_thrombosis": True}, EMBOLISATION),
        ({"hepatic_insufficiency": True}, EMBOLISATION),
        ({"bilioenteric_anastomosis": True}, EMBOLISATION),
        ({"sstr_positive": False}, RADIOLIGAND),
        ({"judged_unresectable": None, "clearance_feasible": True}, RESECTION_RULED_OUT),
        ({"adequate_kidneys_and_marrow": False}, RADIOLIGAND),
        ({"primary_site": PrimarySite.LUNG}, PANCREATIC | {"Everolimus"}),
        ({"primary_status": PrimaryStatus.RESECTED}, OF_THE_PRIMARY),
        ({"pancreatoduodenectomy": True}, set()),
    ],
)
def test_contraindications__turn_exactly_their_options_in_the_diffuse_row(changes, excluded):
    row = "machairas2021.diffuse"
    before = verdicts(JUDGED, FrillingType.III, row=row)
    after = verdicts(JUDGED | changes, FrillingType.III, row=row)

    turned = {n for n, v in after.items() if v is Verdict.NOT_MET and before[n] is Verdict.MET}
    assert turned == excluded


@pytest.mark.parametrize(
    ("changes", "unknown"),
    [
        ({"portal_vein_thrombosis": None}, EMBOLISATION),
        ({"sstr_positive": None}, RADIOLIGAND),
        ({"on_transplant_list": False}, {"Liver transplantation (OLT)"}),
    ],
)
def test_unknown_facts__leave_exactly_their_options_open(changes, unknown):
    row = "machairas2021.diffuse"

    listed = options(JUDGED | changes, FrillingType.III, row=row)

    assert {n for n, o in listed.items() if o.verdict is Verdict.UNKNOWN} == unknown
    assert all(listed[name].missing for name in unknown)
    assert not any(o.missing for n, o in listed.items() if n not in unknown)


def test_site__small_intestine_opens_what_the_pancreas_closes():
    row = "machairas2021.diffuse"
    bowel = verdicts({"primary_site": PrimarySite.SMALL_BOWEL}, FrillingType.III, row=row)
    pancreas = verdicts(kind=FrillingType.III, row=row)

    assert {n for n in bowel if bowel[n] is not pancreas[n]} == PANCREATIC | {
        "Interferon alpha",
        "Immunotherapy",
    }
    assert bowel["Interferon alpha"] is bowel["Everolimus"] is Verdict.MET


def test_rows__hold_what_the_source_prints_for_them():
    names = {row.id: {r.name for r in (*row.first, *row.otherwise)} for _, row in rows()[:3]}
    resections = [{n for n in listed if n.startswith("Surgical")} for listed in names.values()]

    assert [len(found) for found in resections] == [1, 2, 0]
    assert "Everolimus" not in names["limited"]
    assert names["complex"] - names["diffuse"] >= {"Cytoreduction by ablation", "Ablation"}
    assert not any(name.startswith("Cytoreduction") for name in names["limited"])


def test_alternatives__are_those_where_resection_is_contraindicated():
    listed = options(row="machairas2021.limited")

    assert not listed["Surgical resection"].otherwise
    assert listed["Somatostatin analogue"].otherwise


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.MET),
        ({"comorbidity_prohibitive": True}, Verdict.NOT_MET),
        ({"comorbidity_prohibitive": None}, Verdict.UNKNOWN),
        ({"judged_unresectable": True}, Verdict.NOT_MET),
        ({"clearance_feasible": False}, Verdict.NOT_MET),
        ({"flr_by_machairas": False}, Verdict.NOT_MET),
        ({"flr_by_machairas": None}, Verdict.UNKNOWN),
    ],
)
def test_resection__what_its_own_list_asks_comorbidity_and_team(changes, verdict):
    """``machairas2021``: resectable, at least 30 % would remain, no prohibitive comorbidity."""
    known = {"clearance_feasible": True, "flr_by_machairas": True, **changes}

    assert verdicts(known, row="machairas2021.limited")["Surgical resection"] is verdict


def test_whipple__closes_ablation_and_keeps_the_note_on_lobar_tace():
    row = "machairas2021.limited"
    after, before = (options({"pancreatoduodenectomy": d}, row=row) for d in (True, False))

    assert after["Ablation"].verdict is Verdict.NOT_MET
    assert after["Ablation"].failed == ("pathway.whipple",)
    tace = "Chemoembolisation (TACE)"
    (note,) = set(after[tace].notes) - set(before[tace].notes)
    (rule,) = {r for r in option_rules() if (r.name, r.source) == (tace, after[tace].source)}
    assert rule.notes[note].unless_no is inputs.PANCREATODUODENECTOMY
    assert before["Ablation"].verdict is Verdict.MET


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.MET),
        ({"symptoms_refractory": False}, Verdict.NOT_MET),
        ({"symptoms_refractory": None}, Verdict.UNKNOWN),
        ({"functional": False, "stable_months": 6.0, "symptoms_from_burden": True}, Verdict.MET),
        (
            {"functional": False, "stable_months": 5.9, "symptoms_from_burden": True},
            Verdict.NOT_MET,
        ),
        ({"functional": False, "stable_months": 8.0}, Verdict.UNKNOWN),
    ],
)
def test_cytoreduction__whom_it_is_for(changes, verdict):
    listed = verdicts(changes, FrillingType.II, row="machairas2021.complex")

    assert listed["Cytoreduction by resection, with or without ablation"] is verdict
    assert listed["Cytoreduction by ablation"] is verdict


@pytest.mark.parametrize(
    ("size_mm", "verdict"),
    [
        (49.9, Verdict.MET),
        (50.0, Verdict.NOT_MET),
        (90.0, Verdict.NOT_MET),
        (None, Verdict.UNKNOWN),
    ],
)
def test_ablation__below_five_centimetres_as_machairas_prints(size_mm, verdict):
    changes = {"largest_lesion_mm": size_mm}

    assert verdicts(changes, row="machairas2021.limited")["Ablation"] is verdict


def test_ablation__names_the_limit_that_lies_between_the_diameters():
    between = Diameter(axial_mm=Quantity(48.0), corrected_3d_mm=52.0)
    beyond = Diameter(axial_mm=Quantity(52.0), corrected_3d_mm=55.0)
    row = "machairas2021.limited"

    ablation = options({"largest_lesion_mm": between}, row=row)["Ablation"]

    assert (ablation.verdict, ablation.uncertain) == (
        Verdict.UNCERTAIN,
        ("pathway.ablation.size",),
    )
    refused = options({"largest_lesion_mm": beyond}, row=row)["Ablation"]
    assert (refused.failed, refused.uncertain) == (("pathway.ablation.size",), ())


def test_row__whose_share_the_error_decides_names_that_condition():
    doubtful = {"debulkable_in_stages_fraction": Doubt.UNCERTAIN}
    facts = facts_of(COVERED).extended(Facts.named(doubtful).values)

    listed = {pathway.id: pathway for pathway in pathways(facts)}

    resectable = listed["cloyd2020.resectable"]
    assert (resectable.verdict, resectable.missing) == (Verdict.UNCERTAIN, ())
    assert resectable.uncertain == ("pathway.cloyd2020.debulkable",)


@pytest.mark.parametrize(
    ("size_mm", "count", "verdict"),
    [
        (34.9, 3.0, Verdict.MET),
        (35.0, 3.0, Verdict.NOT_MET),
        (40.0, 1.0, Verdict.NOT_MET),
        (20.0, 4.0, Verdict.NOT_MET),
        (None, 1.0, Verdict.UNKNOWN),
    ],
)
def test_percutaneous_ablation__one_to_three_below_35_mm_as_cloyd_prints(size_mm, count, verdict):
    changes = JUDGED | {"largest_lesion_mm": size_mm, "lesion_count": Quantity(count)}

    assert verdicts(changes, row="cloyd2020.oligometastatic")["Percutaneous ablation"] is verdict


@pytest.mark.parametrize("name", sorted(EMBOLISATION | {"Radioembolisation (RE)"}))
@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.NOT_MET),
        ({"judged_unresectable": None}, Verdict.NOT_MET),
        ({"judged_unresectable": None, "clearance_feasible": None}, Verdict.UNKNOWN),
        ({"judged_unresectable": None, "clearance_feasible": False}, Verdict.MET),
        (JUDGED, Verdict.MET),
        ({"comorbidity_prohibitive": True}, Verdict.MET),
    ],
)
def test_through_the_artery__not_for_a_single_resectable_lesion(name, changes, verdict):
    """M: multiple unresectable metastases; its figure: where resection is contraindicated."""
    single = {"lesion_count": Quantity(1.0), "both_lobes": False}

    option = options(single | changes, row="machairas2021.limited")[name]

    assert option.verdict is verdict
    assert option.cautions == (() if name.startswith("Radio") else ("pathway.multiple",))


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ("machairas2021.diffuse", "Radioembolisation (RE)"),
        ("machairas2021.diffuse", "PRRT with radioembolisation"),
        ("cloyd2020.multifocal_bilobar", "Radioembolisation (TARE)"),
    ],
)
def test_radioembolisation__warns_of_what_rules_out_embolisation(row, name):
    """M's section on treatment through the artery gives these contraindications (item 7)."""
    many = {"lesion_count": Quantity(7.0)} if "multifocal" in row else {}
    ill = JUDGED | many | {"portal_vein_thrombosis": True, "hepatic_insufficiency": True}

    option = options(ill, FrillingType.III, row=row)[name]

    assert option.verdict is Verdict.MET
    assert option.cautions == (
        "pathway.portal_vein_thrombosis.caution",
        "pathway.hepatic_insufficiency.caution",
    )
    assert options(JUDGED | many, FrillingType.III, row=row)[name].cautions == ()


def test_two_stages__need_an_open_portal_vein():
    short = (target(0.7, Verdict.NOT_MET, largest=300.0),)
    row = "machairas2021.complex"
    closed, open_ = (
        {o.id: o for o in found({"portal_vein_thrombosis": t}, FrillingType.II, short)[row].options}
        for t in (True, False)
    )

    assert closed["resection_two_stages"].failed == ("pathway.open_portal_vein",)
    assert open_["resection_two_stages"].verdict is Verdict.MET


def test_rows__of_the_figure_begin_with_the_primary():
    """M: "with or without resection of the primary" heads every row of its figure."""
    tables = [row for table, row in rows() if table.source == "machairas2021"]
    heads = {row.id: row.first[0].id for row in tables}

    assert heads.pop("not_covered") == "resection_high_grade"
    assert set(heads.values()) == {"primary_resection"}


@pytest.mark.parametrize(
    ("source", "treatment", "listed_in"),
    [
        ("machairas2021", "down_staging", {"complex"}),
        ("machairas2021", "prrt_with_radioembolisation", {"complex", "diffuse"}),
        ("machairas2021", "dual_tracer", {"not_covered"}),
        ("gepnetlm_review", "observation", {"complex", "resectable"}),
        ("cloyd2020", "neoadjuvant", {"resectable", "multifocal_bilobar"}),
        ("cloyd2020", "proton_beam", {"oligometastatic"}),
    ],
)
def test_rows__hold_what_the_texts_name_beside_the_figures(source, treatment, listed_in):
    """SEEDS, second reading: options that the sources name in their text."""
    found_in = {
        row.id
        for _, row in rows()
        for rule in (*row.first, *row.otherwise)
        if (rule.source, rule.id) == (source, treatment)
    }

    assert found_in == listed_in


@pytest.mark.parametrize(
    ("ki67", "captem", "platinum", "resection"),
    [
        (20.0, Verdict.NOT_MET, Verdict.NOT_MET, Verdict.MET),
        (54.9, Verdict.MET, Verdict.NOT_MET, Verdict.MET),
        (55.0, Verdict.NOT_MET, Verdict.NOT_MET, Verdict.NOT_MET),
        (55.1, Verdict.NOT_MET, Verdict.MET, Verdict.NOT_MET),
        (None, Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.UNKNOWN),
    ],
)
def test_high_grade__split_at_55_percent_as_printed(ki67, captem, platinum, resection):
    changes = {"grade": Grade.G3, "ki67_percent": ki67}

    listed = verdicts(changes, row="machairas2021.not_covered")

    assert listed["Capecitabine and temozolomide in G3"] is captem
    assert listed["Platinum and etoposide in G3"] is platinum
    assert listed["Surgical resection in high grade"] is resection
    assert listed["Platinum-based chemotherapy"] is Verdict.NOT_MET


def test_carcinoma__platinum_and_no_resection():
    changes = {"grade": Grade.NEC, "differentiation": Differentiation.POOR, "ki67_percent": 40.0}

    listed = verdicts(changes, row="machairas2021.not_covered")

    assert {n for n, v in listed.items() if v is Verdict.MET} == {
        "Platinum-based chemotherapy",
        "FDG-PET/CT beside receptor imaging",
    }


@pytest.mark.parametrize(
    ("count", "size_mm", "verdict"),
    [
        (1.0, 30.01, Verdict.MET),
        (1.0, 30.0, Verdict.NOT_MET),
        (2.0, 40.0, Verdict.NOT_MET),
    ],
)
def test_sbrt__solitary_above_three_centimetres(count, size_mm, verdict):
    changes = UNRESECTABLE | {
        "lesion_count": Quantity(count),
        "largest_lesion_mm": Quantity(size_mm),
    }

    listed = verdicts(changes, row="cloyd2020.oligometastatic")

    assert listed["Stereotactic body radiotherapy (SBRT)"] is verdict


def test_hormones__treated_first_and_valves_repaired_only_where_they_are_there():
    row = "cloyd2020.resectable"
    ill, well = (
        verdicts({"functional": f, "severe_valve_disease": f}, row=row) for f in (True, False)
    )
    named = {
        "Treatment of hormone excess before surgery",
        "Valve repair before liver surgery",
    }

    assert {ill[name] for name in named} == {Verdict.MET}
    assert {well[name] for name in named} == {Verdict.NOT_MET}
    assert ill["Peri-operative octreotide"] is well["Peri-operative octreotide"] is Verdict.MET


@pytest.mark.parametrize(
    ("count", "size_mm", "load", "group"),
    [
        (6, 40.0, 0.9, "ablation"),
        (7, 40.0, 0.75, "embolisation"),
        (6, 40.1, 0.5, "embolisation"),
        (6, 50.0, 0.5, "embolisation"),
        (6, 50.1, 0.75, "y90"),
        (7, 20.0, 0.76, None),
        (None, 20.0, 0.5, None),
        (7, None, 0.5, None),
    ],
)
def test_trial__names_the_group_by_the_printed_limits_where_it_is_sure(count, size_mm, load, group):
    measured = {"lesion_count": count, "largest_lesion_mm": size_mm, "burden_fraction": load}
    names = (f"pathway.trial.{group}",) if group else ()

    assert ongoing_trial(Facts.named(measured)) == reason(Cause.ONGOING_TRIAL, *names)


@pytest.mark.parametrize(
    ("count", "axial_mm", "in_3d_mm", "group"),
    [
        (6, 39.0, 41.0, None),
        (6, 38.0, 39.5, "ablation"),
        (7, 39.0, 41.0, "embolisation"),
        (7, 48.0, 52.0, None),
        (7, 51.0, 60.0, "y90"),
    ],
)
def test_trial__names_no_group_where_a_limit_lies_between_the_diameters(
    count, axial_mm, in_3d_mm, group
):
    """Up to 4 cm ablation, up to 5 cm embolisation, above 5 cm Y-90 (Machairas 2021)."""
    measured = {
        "lesion_count": Quantity(float(count)),
        "largest_lesion_mm": Diameter(axial_mm=Quantity(axial_mm), corrected_3d_mm=in_3d_mm),
        "burden_fraction": Quantity(0.5),
    }
    names = (f"pathway.trial.{group}",) if group else ()
    assert ongoing_trial(Facts.named(measured)) == reason(Cause.ONGOING_TRIAL, *names)


@pytest.mark.parametrize(
    ("axial_mm", "in_3d_mm", "verdict"),
    [
        (29.0, 29.5, Verdict.NOT_MET),
        (29.0, 32.6, Verdict.UNCERTAIN),
        (30.0, 30.0, Verdict.NOT_MET),
        (31.0, 33.0, Verdict.MET),
    ],
)
def test_above_3_cm__by_the_axial_diameter(axial_mm, in_3d_mm, verdict):
    """SBRT of solitary tumours larger than 3 cm (Cloyd 2020)."""
    largest = Diameter(axial_mm=Quantity(axial_mm), corrected_3d_mm=in_3d_mm)
    found = judge(ABOVE_3_CM, Facts.named({"largest_lesion_mm": largest}))
    assert found.verdict is verdict
    assert found.value == axial_mm


def test_trial__is_a_note_of_the_rows_for_g1_and_g2_and_no_option():
    """M: the trial that allots by load is a pilot without randomisation (SEEDS, second reading)."""
    measured = {"lesion_count": Quantity(2.0), "largest_lesion_mm": Quantity(55.0)}
    listed = found({"grade": None, **measured}, FrillingType.III)

    assert listed["machairas2021.diffuse"].notes == (
        reason(Cause.ONGOING_TRIAL, "pathway.trial.y90"),
    )
    assert listed["machairas2021.not_covered"].notes == ()
    assert not [o.id for p in listed.values() for o in p.options if "trial" in o.id]


@pytest.mark.parametrize("count", [0, Quantity(0.0)])
def test_no_lesion__no_pathway(count):
    assert pathways(Facts.named({"lesion_count": count})) == ()


def test_no_lesion_in_a_cut_liver__all_rows_may_apply():
    count = Quantity(0.0, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT))

    assert len(pathways(Facts.named({"lesion_count": count}))) > 0


FACTS = {
    "grade": st.none() | st.sampled_from(Grade),
    "differentiation": st.none() | st.sampled_from(Differentiation),
    "ki67_percent": st.none() | st.floats(0.0, 100.0),
    "lesion_count": st.none()
    | st.integers(0, 40)
    | st.builds(
        Quantity,
        st.integers(0, 40).map(float),
        bound=st.none() | st.sampled_from(Bound),
        reasons=st.just(Reason(Cause.LIVER_CUT)),
    ),
    "both_lobes": st.none() | st.booleans(),
    "burden_fraction": st.none() | st.builds(Quantity, st.floats(0.0, 1.0)),
    "largest_lesion_mm": st.none() | st.floats(1.0, 200.0),
    "debulkable_fraction": st.none() | st.builds(Quantity, st.floats(0.0, 1.0)),
    "extrahepatic_disease": st.none() | st.sampled_from(ExtrahepaticDisease),
    "primary_site": st.none() | st.sampled_from(PrimarySite),
    "primary_status": st.none() | st.sampled_from(PrimaryStatus),
    "stable_months": st.none() | st.floats(0.0, 60.0),
    **dict.fromkeys(
        (
            "functional",
            "judged_unresectable",
            "portal_vein_thrombosis",
            "pancreatoduodenectomy",
            "sstr_positive",
            "on_transplant_list",
        ),
        st.none() | st.booleans(),
    ),
}


@settings(max_examples=80)
@given(
    known=st.fixed_dictionaries({}, optional=FACTS),
    kind=st.none() | st.sampled_from(FrillingType),
    verdict=st.sampled_from((Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN)),
)
def test_pathways__never_raise_and_are_bounded_by_the_tables(known, kind, verdict):
    listed = pathways(facts_of(known, kind, (target(0.9, verdict),)))

    assert len({p.id for p in listed}) == len(listed) <= len(rows())
    assert all((p.verdict is Verdict.NOT_MET) == bool(p.failed) for p in listed)
    ruled_out = {*(one.id for one in CONTRAINDICATIONS), "pathway.cloyd2020.grade"}
    assert all(set(p.failed) <= ruled_out for p in listed)
    for table in PATHWAY_TABLES:
        certain = [p for p in listed if p.source == table.source and p.verdict is Verdict.MET]
        assert len(certain) <= 1
    for one in (*listed, *(o for p in listed for o in p.options)):
        assert (one.verdict is Verdict.UNKNOWN) == bool(one.missing)
    treatments = [o for p in listed for o in p.options]
    assert all((o.verdict is Verdict.NOT_MET) == bool(o.failed) for o in treatments)


def test_team__that_told_nothing_leaves_open_what_is_resectable():
    listed = found({"judged_unresectable": None})

    assert listed["cloyd2020.resectable"].verdict is Verdict.UNKNOWN
    assert listed["cloyd2020.resectable"].missing == ("judged_unresectable",)
    assert listed["cloyd2020.oligometastatic"].verdict is Verdict.UNKNOWN
    assert listed["cloyd2020.oligometastatic"].missing == ("judged_unresectable",)
    unreachable = found(UNRESECTABLE | {"judged_unresectable": None})
    assert unreachable["cloyd2020.oligometastatic"].verdict is Verdict.MET


def test_share__both_ends_decide_the_row():
    below = ShareRange(least=0.5, most=0.7, below=True, reasons=())
    above = ShareRange(least=0.71, most=0.8, reasons=())
    across = ShareRange(least=0.6, most=0.8, reasons=())
    rows = {s: found({"debulkable_fraction": s}) for s in (below, above, across)}

    assert rows[below]["cloyd2020.oligometastatic"].verdict is Verdict.MET
    assert rows[above]["cloyd2020.resectable"].verdict is Verdict.MET
    assert rows[across]["cloyd2020.resectable"].verdict is Verdict.UNKNOWN


def test_chosen_limits__make_nothing_unresectable_and_are_named():
    absent = {"debulkable_fraction": None}
    missed = (target(0.7, Verdict.NOT_MET),)

    free = found(absent, targets=missed)["cloyd2020.oligometastatic"]
    locked = found(absent, targets=missed, limits=NO_WEDGE)

    assert free.verdict is Verdict.MET
    assert locked["cloyd2020.oligometastatic"].verdict is Verdict.UNKNOWN
    for row in ("oligometastatic", "resectable"):
        assert locked[f"cloyd2020.{row}"].reasons == NO_WEDGE
        assert IN_STAGES in locked[f"cloyd2020.{row}"].missing
    assert locked["machairas2021.limited"].reasons == ()
    reached = found({"judged_unresectable": None}, limits=NO_WEDGE)
    assert reached["cloyd2020.oligometastatic"].verdict is Verdict.UNKNOWN
    assert reached["cloyd2020.oligometastatic"].reasons == ()


ESTIMATED = Reason(Cause.SEGMENTS_ESTIMATED)


def test_review__marks_rows_and_treatments_that_rest_on_segments():
    changes = {"grade": None, "extrahepatic_disease": None}
    listed = found(changes, kind=FrillingType.II, targets=(target(),), segments_estimated=True)
    marked = {i for i, p in listed.items() if p.reasons.count(ESTIMATED) == 1}

    assert marked == {"machairas2021.complex", "cloyd2020.resectable"}
    assert set(listed) - marked == {
        "machairas2021.not_covered",
        "cloyd2020.significant_extrahepatic",
    }
    treatments = listed["machairas2021.complex"].options
    rests = [o.name for o in treatments if ESTIMATED in o.reasons]
    by_plans = {
        rule.name
        for rule in option_rules()
        if rule.source == "machairas2021" and rests_on_segments(rule.conditions)
    }
    assert set(rests) == by_plans & {option.name for option in treatments}
    assert [n for n in rests if n.startswith("Surgical")] == [
        "Surgical resection in one stage, with or without ablation",
        "Surgical resection in two stages",
    ]


def test_review__is_silent_where_segments_are_not_estimated():
    listed = found(targets=(target(),)).values()

    assert [p for p in listed if ESTIMATED in p.reasons] == []
    assert [o for p in listed for o in p.options if ESTIMATED in o.reasons] == []


def test_options__each_id_is_a_treatment_of_its_source():
    known = {(rule.source, rule.id): rule.name for rule in option_rules()}

    for pathway in found(kind=FrillingType.II, targets=(target(),)).values():
        assert all(known[o.source, o.id] == o.name for o in pathway.options)
