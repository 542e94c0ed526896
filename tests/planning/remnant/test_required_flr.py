from dataclasses import replace

import pytest

from planning.facts.decompensation import Compensation
from planning.remnant.minima import remnant_findings
from planning.remnant.required_flr import least_flr_ml, rule_set_named
from planning.rules.remnant import REMNANT_RULE_SETS
from remnant.core.clinical import NOTHING_SAID, ClinicalFacts
from remnant.core.errors import InputError
from remnant.core.findings import Verdict
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan import Remnant
from remnant.core.quantity import Bound, Interval, Quantity, UncertaintyPart
from remnant.core.reasons import Cause, Reason, reason

IDS = [rule_set.id for rule_set in REMNANT_RULE_SETS]
WEEKS = (None, 4.0, 12.0, 13.0)


@pytest.fixture(scope="session")
def report(make_report, make_lesion):
    """TLV 800 mL with 100 mL of tumour: functional 700 mL; standardised 1000 mL."""
    return make_report([make_lesion(1, 100.0, {5: 1.0})])


def least(report, rule_set, background, weeks=None):
    facts = ClinicalFacts(chemotherapy_weeks=weeks)
    patient = Patient(background=LiverBackground(background))
    return least_flr_ml(rule_set, report=report, patient=patient, facts=facts)


@pytest.mark.parametrize(
    ("rule_set", "background", "weeks", "millilitres"),
    [
        ("gepnetlm_review", "normal", None, 200.0),
        ("gepnetlm_review", "steatosis", None, 300.0),
        ("gepnetlm_review", "cirrhosis", None, 400.0),
        ("gepnetlm_review", "unknown", None, 400.0),
        ("primary_papers", "normal", None, 200.0),
        ("primary_papers", "normal", 12.0, 200.0),
        ("primary_papers", "normal", 12.1, 300.0),
        ("primary_papers", "chemotherapy", None, 300.0),
        ("primary_papers", "chemotherapy", 12.1, 300.0),
        ("primary_papers", "fibrosis", None, 280.0),
        ("primary_papers", "unknown", None, 400.0),
        ("cloyd2020", "cirrhosis", None, 200.0),
        ("cloyd2020", "unknown", None, 400.0),
        ("machairas2021_30", "normal", None, 300.0),
    ],
)
def test_least_flr__is_share_times_the_larger_denominator(
    report, rule_set, background, weeks, millilitres
):
    assert millilitres == pytest.approx(least(report, rule_set, background, weeks).value)


def judged(report, flr_ml, background, weeks):
    remnant = Remnant(
        flr_ml=Quantity(flr_ml),
        flr_measured_fraction=Quantity(flr_ml / 700.0),
        sflr=Quantity(flr_ml / 1000.0),
        flr_body_weight_percent=Quantity(0.5),
        flr_ml_per_m2=Quantity(250.0),
    )
    findings = remnant_findings(
        remnant,
        patient=Patient(background=background),
        standardised=report.standardised,
        chemotherapy_weeks=weeks,
        compensation=Compensation(decompensated=False),
    )
    return {f.id.removeprefix("flr."): f.verdict for f in findings}


@pytest.mark.parametrize("weeks", WEEKS)
@pytest.mark.parametrize("background", LiverBackground)
@pytest.mark.parametrize("rule_set", IDS)
def test_least_flr__is_where_the_finding_turns(report, rule_set, background, weeks):
    minimum = least(report, rule_set, background, weeks)
    if minimum.value is None:
        assert minimum.reasons == (reason(Cause.NO_MINIMUM, rule_set, background.value),)
        assert judged(report, 500.0, background, weeks)[rule_set] is Verdict.NO_EVIDENCE
        return
    assert judged(report, minimum.value, background, weeks)[rule_set] is Verdict.MET
    assert judged(report, minimum.value - 0.01, background, weeks)[rule_set] is not Verdict.MET


def test_least_flr__short_chemotherapy_has_no_evidence(report):
    for background, weeks in (("chemotherapy", 12.0), ("steatosis", None)):
        minimum = least(report, "primary_papers", background, weeks)
        assert minimum.value is None
        assert minimum.reasons == (reason(Cause.NO_MINIMUM, "primary_papers", background),)


@pytest.mark.parametrize("background", LiverBackground)
@pytest.mark.parametrize("rule_set", IDS)
def test_least_flr__a_decompensated_liver_has_none(report, rule_set, background):
    facts = ClinicalFacts(hepatic_insufficiency=True)
    patient = Patient(background=background)
    minimum = least_flr_ml(rule_set, report=report, patient=patient, facts=facts)
    assert minimum == Quantity.absent(reason(Cause.DECOMPENSATED, "hepatic_insufficiency"))


def test_least_flr__missing_denominator_is_absent(make_report):
    report = make_report(stlv_ml=None)
    minimum = least(report, "machairas2021_30", "normal")
    assert minimum.value is None
    missing = report.standardised.stlv_ml.reasons
    assert minimum.reasons == (reason(Cause.STANDARDISED_UNKNOWN, because=missing),)
    assert least(report, "primary_papers", "fibrosis").value == pytest.approx(320.0)


def with_volumes(report, functional, standardised):
    size = replace(report.standardised, stlv_ml=standardised)
    return replace(report, functional_tlv_ml=functional, standardised=size)


LOWER, UPPER = Bound
INDICATIVE = {"indicative": True, "reasons": Reason(Cause.LESIONS_UNKNOWN)}


@pytest.mark.parametrize(
    ("functional", "expected"),
    [
        (Quantity(2000.0, bound=LOWER), (600.0, LOWER, False)),
        (Quantity(900.0, bound=LOWER, reasons=Reason(Cause.LIVER_CUT)), (300.0, LOWER, False)),
        (Quantity(900.0, bound=UPPER), (300.0, None, False)),
        (Quantity(2000.0, bound=UPPER), (600.0, UPPER, False)),
        (Quantity(900.0, **INDICATIVE), (300.0, None, True)),
        (Quantity(2000.0, **INDICATIVE), (600.0, None, True)),
    ],
)
def test_least_flr__is_as_exact_as_its_denominators(report, functional, expected):
    both = with_volumes(report, functional, Quantity(1000.0))
    minimum = least(both, "machairas2021_30", "normal")
    assert expected == (pytest.approx(minimum.value), minimum.bound, minimum.indicative)


@pytest.mark.parametrize("median", [None, 1000.0])
def test_least_flr__carries_the_interval_of_the_denominator(report, median):
    sds = {UncertaintyPart.FORMULA: 50.0}
    interval = Interval(900.0, 1100.0, median=median, sds=sds, quantiles=(800.0, 1200.0))
    one = with_volumes(report, Quantity(700.0), Quantity(1000.0, interval=interval))
    found = least(one, "cloyd2020", "normal").interval
    assert (found.low, found.high) == pytest.approx((180.0, 220.0))
    assert found.median == (None if median is None else pytest.approx(200.0))
    assert found.sds == {UncertaintyPart.FORMULA: pytest.approx(10.0)}
    assert found.quantiles == pytest.approx((160.0, 240.0))


def test_rule_set__of_no_such_name_is_refused(report):
    with pytest.raises(InputError, match="'thirty'; allowed is one of gepnetlm_review, primary"):
        least_flr_ml("thirty", report=report, patient=Patient(), facts=NOTHING_SAID)
    assert rule_set_named("cloyd2020").title == "Cloyd 2020"
