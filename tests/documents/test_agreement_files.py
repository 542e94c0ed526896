"""Tables, document and plot of an agreement say what it holds, absences included."""

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from matplotlib.figure import Figure
from PIL import Image

import remnant
from remnant.core.agreement import (
    METRICS,
    Agreement,
    CaseAgreement,
    EvaluationSettings,
    LesionMatch,
    Outcome,
)
from remnant.core.geometry import Geometry
from remnant.documents.agreement_document import AGREEMENT, write_agreement_json
from remnant.documents.agreement_tables import (
    write_cases_csv,
    write_matches_csv,
    write_summary_csv,
)
from remnant.documents.schemas import committed_schema
from remnant.pictures.bland_altman import chosen, draw_panel, signed, write_bland_altman
from volumetry.agreement.of_case import compare_masks, not_compared
from volumetry.agreement.of_cohort import (
    bland_altman_of,
    burden_errors,
    compare_burden,
    summarise,
)
from volumetry.agreement.of_lesions import detection_by_size, detection_score

SHAPE = (7, 8, 9)
GRID = Geometry(SHAPE, np.diag([1.0, 2.0, 3.0, 1.0]))
SETTINGS = EvaluationSettings(
    tolerance_mm=2.0, match_iou=0.5, prediction_coding="lits:liver", truth_coding="lits:liver"
)


def first(n):
    return (np.arange(504) < n).reshape(SHAPE)


def match(outcome, *, diameter_mm, iou=None):
    true, found = outcome is not Outcome.FALSE_POSITIVE, outcome is not Outcome.FALSE_NEGATIVE
    return LesionMatch(
        outcome=outcome,
        truth_id=1 if true else None,
        prediction_id=2 if found else None,
        truth_ml=0.5 if true else None,
        prediction_ml=0.25 if found else None,
        diameter_mm=diameter_mm,
        iou=iou,
    )


def case(name, predicted, true, lesions=()):
    masks = first(predicted), first(true)
    return CaseAgreement(
        name=name,
        prediction_sha256="a" * 64,
        truth_sha256="b" * 64,
        structures=(
            compare_masks(*masks, GRID, structure="liver", tolerance_mm=2.0),
            not_compared("portal_vein"),
        ),
        lesions=tuple(lesions),
        burden=compare_burden((masks[0], first(predicted // 10)), (masks[1], first(true // 5))),
    )


def together(*cases):
    lesions = [match for case in cases for match in case.lesions]
    return Agreement(
        settings=SETTINGS,
        cases=cases,
        summary=summarise(cases),
        detection=detection_score(lesions),
        detection_by_size=detection_by_size(lesions),
        burden=burden_errors([case.burden for case in cases]),
        bland_altman=bland_altman_of(cases),
        without_truth=("x",),
    )


@pytest.fixture(name="agreement")
def agreement_fixture():
    return together(
        case("a", 300, 320, [match(Outcome.TRUE_POSITIVE, diameter_mm=12.5, iou=0.75)]),
        case("b", 0, 200, [match(Outcome.FALSE_NEGATIVE, diameter_mm=30.0)]),
        case("=1+1", 150, 100, [match(Outcome.FALSE_POSITIVE, diameter_mm=3.0)]),
    )


def rows(write, agreement, path):
    write(agreement, path)
    text = path.read_bytes().decode("utf-8")
    assert "nan" not in text.lower()
    assert text.count("\r\n") == text.count("\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_cases_csv__one_row_a_structure_and_one_for_the_burden(agreement, tmp_path):
    table = rows(write_cases_csv, agreement, tmp_path / "cases.csv")

    assert ["liver", "portal_vein", "burden"] * 3 == [row["structure"] for row in table]
    assert 1.8 == float(table[0]["prediction_ml"])
    assert "0.967742" == table[0]["dice"]
    assert "" == table[0]["reason"]
    assert all("" == table[1][name] for name in METRICS)
    assert "no map" in table[1]["reason"]
    assert "predicted mask is empty" in table[3]["reason"]
    assert "'=1+1" == table[6]["case"]


def test_cases_csv__burden_stands_in_its_own_columns(agreement, tmp_path):
    table = rows(write_cases_csv, agreement, tmp_path / "cases.csv")

    assert 0.1 == float(table[2]["burden_prediction_fraction"])
    assert 0.2 == float(table[2]["burden_truth_fraction"])
    assert -0.1 == float(table[2]["burden_error_fraction"])
    assert "" == table[2]["dice"] == table[0]["burden_error_fraction"]
    assert ("", "prediction holds no liver") == (
        table[5]["burden_error_fraction"],
        re.search("prediction holds no liver", table[5]["reason"]).group(),
    )


def test_lesions_csv__no_partner_is_empty_not_zero(agreement, tmp_path):
    found, missed, false = rows(write_matches_csv, agreement, tmp_path / "lesions.csv")

    assert ("true_positive", "10-20", "0.75") == (
        found["outcome"], found["size_class"], found["iou"],
    )  # fmt: skip
    assert ("1", "", "0.5", "", "") == tuple(
        missed[n] for n in ("truth_id", "prediction_id", "truth_ml", "prediction_ml", "iou")
    )
    assert ("", "2", "", "0.25", "<10") == tuple(
        false[n] for n in ("truth_id", "prediction_id", "truth_ml", "prediction_ml", "size_class")
    )


def test_summary_csv__holds_every_statistic_or_its_reason(agreement, tmp_path):
    table = rows(write_summary_csv, agreement, tmp_path / "summary.csv")
    by_key = {(r["subject"], r["measure"], r["statistic"]): r for r in table}

    assert len(table) == len(by_key)
    assert all(bool(row["value"]) != bool(row["reason"]) for row in table)
    assert "2" == by_key["liver", "hd_mm", "mean"]["n"]
    assert "absent in every case" == by_key["portal_vein", "dice", "mean"]["reason"]
    assert "1" == by_key["lesion_detection", "all", "true_positives"]["value"]
    assert 0.5 == float(by_key["lesion_detection", "all", "f1"]["value"])
    assert by_key["lesion_detection", "<10 mm", "recall"]["reason"]
    assert 0.1 == float(by_key["burden", "error_fraction", "max_fraction"]["value"])
    limits = agreement.bland_altman[0]
    low = by_key["liver", "bland_altman (mL)", "lower_limit_ci_low"]["value"]
    assert limits.lower_limit.low == pytest.approx(float(low), rel=1e-5)
    assert "-5.64373" == low


def test_document__is_valid_and_has_no_absence_without_reason(agreement, tmp_path):
    write_agreement_json(agreement, tmp_path / "agreement.json")
    document = json.loads((tmp_path / "agreement.json").read_text(encoding="utf-8"))
    Draft202012Validator(committed_schema(AGREEMENT)).validate(document)

    vein = document["cases"][0]["structures"][1]
    assert vein["dice"]["value"] is None
    assert all(document["reasons"][str(n)]["words"] for n in vein["dice"]["reasons"])
    assert ["x"] == document["without_truth"]
    assert {"<10", "10-20", ">20"} == set(document["detection_by_size"])
    assert {"value": 0.5} == document["detection"]["f1"]
    assert "10-20" == document["cases"][0]["lesions"][0]["size_class"]
    assert 3 == len(document["bland_altman"][0]["points"])
    assert {"name": "remnant", "version": remnant.__version__} == document["software"]


def drawn(limits):
    axes = Figure().subplots()
    draw_panel(axes, limits)
    return axes


def test_plot__shows_every_case_bias_and_limits(agreement):
    limits = agreement.bland_altman[0]
    axes = drawn(limits)
    heights = {round(float(line.get_ydata()[0]), 9) for line in axes.lines}
    low, high = axes.get_ylim()

    assert [[p.mean, p.difference] for p in limits.points] == axes.collections[
        0
    ].get_offsets().tolist()
    assert {0.0} | {
        round(e.value, 9) for e in (limits.bias, limits.lower_limit, limits.upper_limit)
    } == heights
    assert low < limits.lower_limit.low < limits.upper_limit.high < high
    assert "Liver volume (n = 3)" == axes.get_title()
    assert "difference (mL)" == axes.get_ylabel()


def test_plot__of_one_case_says_why_there_are_no_limits():
    axes = drawn(together(case("a", 300, 320)).bland_altman[0])

    assert ["limits of agreement need at least two cases that have both values"] == [
        text.get_text() for text in axes.texts
    ]


def test_plot__liver_tumour_burden_first_and_nine_at_most(agreement):
    entry = agreement.bland_altman[0]
    names = [f"label_{n}" for n in range(1, 9)] + ["burden", "lesions", "liver"]
    shown = chosen([replace(entry, measure=name) for name in names])

    assert ["liver", "lesions", "burden", *(f"label_{n}" for n in range(1, 7))] == [
        e.measure for e in shown
    ]


@pytest.mark.parametrize("cases", [1, 3])
def test_plot__is_a_picture_of_its_kind(agreement, cases, tmp_path):
    some = together(*agreement.cases[:cases])
    write_bland_altman(some, tmp_path / "plot.png")
    write_bland_altman(some, tmp_path / "plot.svg")
    text = (tmp_path / "plot.svg").read_text(encoding="utf-8")

    with Image.open(tmp_path / "plot.png") as picture:
        assert picture.width > picture.height > 400
    assert "<svg" in text
    assert "<dc:date>" not in text


@pytest.mark.parametrize(
    ("value", "expected"),
    [(12.345, "+12.3"), (-0.00123, "−0.00123"), (1234.5, "+1234"), (-98765.4, "−98765"), (0, "+0")],
)
def test_signed__three_digits_and_a_true_minus(value, expected):
    assert expected == signed(value)
