"""How sure figures are: counts of draws, parts of uncertainty, other formulas."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.findings import example_finding
from remnant.core.findings import Basis, Finding, Verdict
from remnant.core.plan import Remnant, Resection
from remnant.core.quantity import Bound, Interval, Quantity, UncertaintyPart
from remnant.core.reasons import Cause, Reason
from remnant.view.certainty import (
    FormulaSpan,
    formula_span,
    judged,
    minima,
    of_hundred,
    origin,
    origins,
    shares,
    short_demand,
    spread,
)

SDS = st.dictionaries(st.sampled_from(UncertaintyPart), st.floats(1e-3, 1e3), min_size=1)
CUT = Quantity(0.25, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT))


def finding(
    identifier, *, threshold=0.3, basis=Basis.STANDARDISED_TLV, inclusive=True, **changes
) -> Finding:
    made = example_finding(
        identifier=identifier,
        verdict=Verdict.MET,
        limit=threshold,
        basis=basis,
        inclusive=inclusive,
    )
    return replace(made, **changes)


def resection(*findings, sflr=0.25, measured=0.35, by_formula=None) -> Resection:
    as_quantity = {
        name: value if isinstance(value, Quantity) else Quantity(value)
        for name, value in (("sflr", sflr), ("flr_measured_fraction", measured))
    }
    return Resection(
        name="x",
        segments=(),
        named=True,
        new_world="H",
        remnant=Remnant(
            flr_ml=Quantity(400.0),
            flr_body_weight_percent=Quantity(0.8),
            flr_ml_per_m2=Quantity(260.0),
            **as_quantity,
        ),
        debulked_fraction=Quantity(0.9),
        findings=findings,
        sflr_by_formula=by_formula or {},
    )


@pytest.mark.parametrize(
    ("probability", "expected"),
    [
        (None, ""),
        (0.0, "< 1"),
        (0.005, "< 1"),
        (0.0051, "1"),
        (0.714, "71"),
        (0.9949, "99"),
        (0.995, "> 99"),
        (1.0, "> 99"),
    ],
)
def test_of_hundred__never_certain(probability, expected):
    assert expected == of_hundred(probability)


@given(probability=st.floats(0.0, 1.0))
def test_of_hundred__never_reads_none_or_all(probability):
    assert of_hundred(probability) not in ("0", "100")


@given(sds=SDS)
def test_shares__add_up_and_fall(sds):
    found = shares(Interval(0.0, 1.0, sds=sds))
    fractions = [share.fraction for share in found]
    assert pytest.approx(1.0) == sum(fractions)
    assert sorted(fractions, reverse=True) == fractions
    assert set(sds) == {share.part for share in found}


@given(sds=SDS)
def test_origin__names_the_largest_part(sds):
    known = Interval(0.0, 1.0, sds=sds)
    assert shares(known)[0].words in origin(known)


def test_origin__one_part_two_parts_none():
    segmentation, borders = UncertaintyPart.SEGMENTATION, UncertaintyPart.SEGMENT_BORDERS
    mostly = Interval(0.0, 1.0, sds={segmentation: 2.0, borders: 1.0})
    both = Interval(0.0, 1.0, sds={segmentation: 1.0, borders: 0.9})
    assert "mostly from outlines" == origin(mostly)
    assert "from outlines and segment borders" == origin(both)
    assert "" == origin(Interval(0.0, 1.0)) == origin(None)
    turned = Interval(0.0, 1.0, sds={segmentation: 0.9, borders: 1.0})
    assert "from segment borders and outlines" == origin(turned)
    assert "from outlines and segment borders" == origins([both, turned, turned])
    spread_out = dict.fromkeys(UncertaintyPart, 0.14**0.5) | {segmentation: 0.58**0.5}
    assert "mostly from outlines" == origin(Interval(0.0, 1.0, sds=spread_out))
    assert "mostly from outlines, some from outlines and segment borders" == origins(
        [both, mostly, None, mostly]
    )


def test_spread__names_the_scan_beside_bounds():
    known = Interval(0.2, 0.3)
    assert "20.0–30.0" == spread(Quantity(0.25, interval=known), fraction=True)
    assert "20.0–30.0 as measured" == spread(replace(CUT, interval=known), fraction=True)
    assert "" == spread(CUT)


def test_judged__shows_the_figure_of_the_rules_own_denominator():
    findings = (
        finding("flr.a"),
        finding("flr.b", basis=Basis.MEASURED_FUNCTIONAL_TLV),
        finding("flr.c", basis=Basis.UNSPECIFIED),
        finding("flr.d", basis=Basis.BODY_WEIGHT, threshold=0.5),
        finding("flr.e", basis=Basis.BODY_SURFACE_AREA, threshold=250.0),
        finding("debulking.f", basis=Basis.TUMOUR_VOLUME),
        finding("flr.g", basis=None, threshold=2.0),
    )
    numbers = [j.number for j in judged(resection(*findings)).values()]
    assert ["25.0 %", "35.0 %", "25.0 %", "0.80 %", "260 mL/m²", "90.0 %", ""] == numbers
    absent = resection(finding("flr.a"), sflr=Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE)))
    assert "" == judged(absent)["flr.a"].number
    assert "≥\u202f25.0 %" == judged(resection(finding("flr.a"), sflr=CUT))["flr.a"].number


def test_judged__doubtful_where_the_error_could_turn_the_verdict():
    doubts = [
        judged(resection(finding("flr.a", verdict=verdict)))["flr.a"].doubtful
        for verdict in Verdict
    ]
    assert [verdict is Verdict.UNCERTAIN for verdict in Verdict] == doubts


def test_minima__each_once_lowest_first():
    findings = (
        finding("flr.a", threshold=0.4),
        finding("flr.b", threshold=0.2),
        finding("flr.c", threshold=0.4),
        finding("flr.d", threshold=0.4, verdict=Verdict.UNKNOWN),
        finding("flr.e", threshold=None),
        finding("flr.f", threshold=2.0, basis=None),
        finding("debulking.x", basis=Basis.TUMOUR_VOLUME),
    )
    found = [j.finding.id for j in minima(resection(*findings))]
    assert "flr.b" == found[0]
    assert {"flr.a", "flr.b", "flr.d"} == set(found)


def test_short_demand__sign_and_unit():
    assert "≥ 30 %" == short_demand(finding("x"))
    assert "> 30 %" == short_demand(finding("x", inclusive=False))
    assert "≥ 250" == short_demand(finding("x", threshold=250.0, basis=Basis.BODY_SURFACE_AREA))
    assert "" == short_demand(finding("x", threshold=None))


def test_formula_span__ends_and_the_minima_between_them():
    rules = (
        finding("flr.a", threshold=0.2),
        finding("flr.b", threshold=0.25),
        finding("flr.c", threshold=0.3, basis=Basis.UNSPECIFIED),
        finding("flr.d", threshold=0.22, basis=Basis.MEASURED_FUNCTIONAL_TLV),
    )
    low_high = {"low2000": 0.2, "high2001": 0.3}
    made = resection(*rules, by_formula=low_high)
    assert FormulaSpan(0.2, "low2000", 0.3, "high2001", (0.25, 0.3), False) == formula_span(
        made, "own1999"
    )
    cut = resection(*rules, sflr=CUT, by_formula=low_high)
    assert FormulaSpan(0.2, "low2000", 0.3, "high2001", (), True) == formula_span(cut, "own1999")


def test_formula_span__more_than_is_crossed_from_its_own_value():
    rule = finding("flr.a", threshold=0.2, inclusive=False)
    made = resection(rule, by_formula={"low2000": 0.2})
    assert (0.2,) == formula_span(made, "own1999").crossed


def test_formula_span__none_without_other_formulas_or_ratio():
    assert formula_span(resection(), "own1999") is None
    absent = resection(
        sflr=Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE)), by_formula={"low2000": 0.2}
    )
    assert formula_span(absent, "own1999") is None
