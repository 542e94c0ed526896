"""plans.csv: one row for each plan."""

import csv
from dataclasses import replace

from examples.computed_vessels import MIDDLE_IN_IV
from planning.vessel_cuts import cuts_of
from remnant.core.debulking import DebulkingPlan, Fate, PlanOrigin, VirtualResection
from remnant.core.findings import Finding, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan import Remnant
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.recipe import Recipe
from remnant.documents.plan_table import COLUMNS, plan_row, write_plans_csv

ABSENT = Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE))


def finding(identifier, probability):
    return Finding(id=identifier, verdict=Verdict.MET, probability=probability)


PLAN = DebulkingPlan(
    id="plan_2",
    origin=PlanOrigin.USER,
    targets=(0.7, 0.925),
    recipe=Recipe(segments=(CouinaudSegment.VI, CouinaudSegment.VII), wedges=(3,)),
    result=VirtualResection(
        fates={3: Fate.WEDGE},
        remnant=Remnant(
            flr_ml=Quantity(812.3456789, interval=Interval(780.0, 840.5)),
            flr_measured_fraction=Quantity(0.625, interval=Interval(0.6, 0.65)),
            sflr=ABSENT,
            flr_body_weight_percent=Quantity(1.1),
            flr_ml_per_m2=ABSENT,
        ),
        debulked_fraction=Quantity(0.93, interval=Interval(0.88, 0.97), bound=Bound.UPPER),
        removed_ml=Quantity(200.0),
        ablated_ml=Quantity(0.0),
        margin_ml=7.5,
        residual_tumour_ml=Quantity(3.25, indicative=True, reasons=Reason(Cause.LIVER_CUT)),
        ablation_zones=0,
        interventions=2,
    ),
    named=False,
    new_world="H67",
    rule_set="gepnetlm_review",
    feasible=Verdict.UNKNOWN,
    proven=None,
    gap_ml=None,
    on_front=True,
    flips=(),
    findings=(finding("flr.one", 0.975), finding("cut", None), finding("debulking.90", 1.0)),
)


def test_row__figures_in_the_units_of_their_columns():
    row = plan_row(PLAN)
    assert set(COLUMNS) == set(row)
    expected = {
        "id": "plan_2",
        "targets_percent": "70;92.5",
        "recipe": "VI,VII; wedge 3",
        "debulked_percent": "93",
        "debulked_percent_low": "88",
        "debulked_percent_high": "97",
        "debulked_percent_bound": "upper",
        "residual_tumour_ml_bound": "indicative",
        "flr_ml_bound": "",
        "flr_ml": "812.346",
        "flr_ml_low": "780",
        "flr_ml_high": "840.5",
        "flr_measured_percent": "62.5",
        "flr_measured_percent_low": "60",
        "sflr_percent": "",
        "sflr_percent_low": "",
        "flr_body_weight_percent": "1.1",
        "ablated_ml": "0",
        "residual_tumour_ml": "3.25",
        "margin_ml": "7.5",
        "interventions": "2",
        "ablation_zones": "0",
        "probabilities": "flr.one=0.975; debulking.90=1",
        "feasible": "unknown",
        "named": "no",
        "proven": "",
        "gap_ml": "",
        "on_front": "yes",
        "origin": "user",
    }
    assert expected == {name: row[name] for name in expected}


def test_table__is_read_back_by_a_spreadsheet(tmp_path):
    path = tmp_path / "plans.csv"
    write_plans_csv([PLAN, PLAN], path)
    content = path.read_bytes()
    assert 3 == content.count(b"\r\n")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [plan_row(PLAN)] * 2 == rows
    assert list(COLUMNS) == list(rows[0])


def test_table__without_plans_is_its_header(tmp_path):
    write_plans_csv([], tmp_path / "plans.csv")
    assert ",".join(COLUMNS) + "\r\n" == (tmp_path / "plans.csv").read_bytes().decode()


def test_row__says_what_would_be_cut_of_computed_vessels():
    assert plan_row(PLAN)["computed_vessels"] == ""
    removed = frozenset(PLAN.recipe.segments)
    cuts = cuts_of(removed, frozenset(CouinaudSegment) - removed, MIDDLE_IN_IV)
    assert plan_row(replace(PLAN, vessel_cuts=cuts))["computed_vessels"] == (
        "Computed vessels, to be confirmed: nothing of what stays is cut off as far as seen."
    )
