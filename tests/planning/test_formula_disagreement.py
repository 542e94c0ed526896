"""One remnant under every formula: 350 mL in one man are 20.2 to 31.0 % of his standard volume."""

from dataclasses import replace

import pytest

from examples.findings import example_finding
from planning.case import Case
from planning.planner import plan
from planning.remnant.formula_sensitivity import sflr_by_formula, with_disagreement
from planning.remnant.minima import remnant_findings
from remnant.core.findings import Basis, SourceStatus, Verdict
from remnant.core.patient import LiverBackground, Patient, Sex
from remnant.core.plan import Remnant
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, first, reason
from volumetry.standardised.expected_volume import FORMULAS, standardised_volume

MAN = Patient(
    height_cm=170.0,
    weight_kg=70.0,
    age_years=60.0,
    sex=Sex.MALE,
    background=LiverBackground.NORMAL,
)
CHOSEN = standardised_volume(MAN)
SMALL = Quantity(350.0)


def ratios_of(flr_ml=SMALL, patient=MAN, chosen=CHOSEN):
    return sflr_by_formula(flr_ml, patient, chosen)


def remnant_of(flr_ml, *, chosen=CHOSEN, measured=0.5, **marks):
    sflr = Quantity(flr_ml / chosen.stlv_ml.value, **marks)
    other = Quantity(measured)
    return Remnant(
        flr_ml=Quantity(flr_ml, **marks),
        flr_measured_fraction=other,
        sflr=sflr,
        flr_body_weight_percent=other,
        flr_ml_per_m2=other,
    )


def disagreed(remnant, *, patient=MAN):
    """Ids of the rules about whose minimum formulas disagree."""
    findings = remnant_findings(remnant, patient=patient, standardised=CHOSEN)
    found = (with_disagreement(f, remnant, ratios_of(remnant.flr_ml)) for f in findings)
    return {f.id for f in found if first(f.reasons, Cause.FORMULAS_DISAGREE)}


def finding(threshold=0.30, basis=Basis.STANDARDISED_TLV):
    return example_finding(
        identifier="flr.some",
        verdict=Verdict.NOT_MET,
        value=0.23,
        limit=threshold,
        basis=basis,
        inclusive=True,
        source="cloyd2020",
        status=SourceStatus.VERIFIED,
    )


def test_ratios__published_spread():
    ratios = ratios_of()
    named = ("chouker2004", "vauthey2002_bsa", "urata1995", "chan2006")
    expected = [0.202, 0.232, 0.273, 0.310]
    assert expected == pytest.approx([ratios[name] for name in named], abs=6e-4)
    assert ratios["chouker2004"] == min(ratios.values())
    assert ratios["chan2006"] == max(ratios.values())


def test_ratios__are_those_of_every_applicable_verified_formula_in_order():
    verified = [n for n, f in FORMULAS.items() if f.status is SourceStatus.VERIFIED]
    assert sorted(set(verified) - {"kokudo2015"}) == list(ratios_of())


def test_ratios__chosen_formula_keeps_the_volume_in_use():
    chosen = standardised_volume(MAN, bsa_formula="dubois1916")
    assert 350 / chosen.stlv_ml.value == ratios_of(chosen=chosen)["vauthey2002_bsa"]
    assert ratios_of(chosen=chosen)["vauthey2002_bsa"] != ratios_of()["vauthey2002_bsa"]


def test_ratios__chosen_formula_with_facts_of_the_scan_is_among_them():
    chosen = standardised_volume(MAN, formula="kokudo2015", thoracic_width_cm=30.0, asian=False)
    assert ratios_of(chosen=chosen)["kokudo2015"] == pytest.approx(350 / 1747.7)


def test_ratios__an_unverified_choice_is_not_among_them():
    chosen = standardised_volume(MAN, formula="johnson2005")
    assert "johnson2005" not in ratios_of(chosen=chosen)
    assert "vauthey2002_bsa" in ratios_of(chosen=chosen)


def test_ratios__chosen_formula_without_value_leaves_the_others():
    chosen = standardised_volume(MAN, formula="kokudo2015")
    assert "kokudo2015" not in ratios_of(chosen=chosen)
    assert "tu2007" in ratios_of(chosen=chosen)


def test_ratios__nothing_without_remnant_or_body_size():
    assert ratios_of(flr_ml=Quantity.absent(Reason(Cause.NO_COUINAUD_MAP))) == {}
    assert ratios_of(patient=Patient(), chosen=standardised_volume(Patient())) == {}


def test_ratios__nothing_left_is_zero_of_everything():
    assert set(ratios_of(flr_ml=Quantity(0.0)).values()) == {0.0}


def test_disagreement__formulas_on_both_sides_of_the_minimum():
    ratios = ratios_of()
    added = with_disagreement(finding(0.30), remnant_of(350.0), ratios)
    ends = (ratios["chouker2004"], ratios["chan2006"])
    apart = reason(Cause.FORMULAS_DISAGREE, *ends, "chouker2004", "chan2006")
    assert added == replace(finding(0.30), reasons=(apart,))


def test_disagreement__none_where_all_formulas_are_on_one_side():
    for minimum in (0.20, 0.32):
        same = finding(minimum)
        assert same == with_disagreement(same, remnant_of(350.0), ratios_of())


def test_disagreement__a_rounding_error_is_none():
    ratios = {"tu2007": 0.1 + 0.2, "yu2004": 0.7 - 0.4}
    assert min(ratios.values()) < 0.30
    assert finding(0.30) == with_disagreement(finding(0.30), remnant_of(350.0), ratios)


@pytest.mark.parametrize("basis", [Basis.MEASURED_FUNCTIONAL_TLV, Basis.TUMOUR_VOLUME, None])
def test_disagreement__says_nothing_on_another_denominator(basis):
    other = finding(0.30, basis)
    assert other == with_disagreement(other, remnant_of(350.0), ratios_of())


def test_disagreement__of_both_denominators_the_standardised_one_is_said():
    unspecified = finding(0.30, Basis.UNSPECIFIED)
    added = with_disagreement(unspecified, remnant_of(350.0), ratios_of())
    assert first(added.reasons, Cause.FORMULAS_DISAGREE) is not None


@pytest.mark.parametrize(
    "marks",
    [
        {"bound": Bound.LOWER, "reasons": Reason(Cause.LIVER_CUT)},
        {"bound": Bound.UPPER, "reasons": Reason(Cause.LESIONS_UNKNOWN)},
        {"indicative": True, "reasons": Reason(Cause.LIVER_CUT)},
    ],
)
def test_disagreement__a_bound_cannot_be_on_both_sides(marks):
    same = finding(0.30)
    assert same == with_disagreement(same, remnant_of(350.0, **marks), ratios_of())


def test_disagreement__nothing_without_minimum_ratios_or_chosen_volume():
    remnant = remnant_of(350.0)
    for bare in (finding(None), replace(finding(), threshold=None)):
        assert bare == with_disagreement(bare, remnant, ratios_of())
    assert finding() == with_disagreement(finding(), remnant, {})
    absent = replace(remnant, sflr=Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE)))
    assert finding() == with_disagreement(finding(), absent, ratios_of())


def test_rules__disagreement_is_said_where_a_rule_rests_on_the_standardised_volume():
    found = disagreed(remnant_of(350.0))
    assert {"flr.machairas2021_30"} == found
    cirrhotic = disagreed(
        remnant_of(500.0), patient=replace(MAN, background=LiverBackground.CIRRHOSIS)
    )
    assert {"flr.gepnetlm_review", "flr.machairas2021_30"} == cirrhotic


def test_plan__every_resection_has_its_ratios(make_report):
    patient = Patient(height_cm=170.0, weight_kg=70.0)
    for resection in plan(Case(report=make_report(), patient=patient)).resections:
        flr_ml = resection.remnant.flr_ml.value
        assert resection.sflr_by_formula["vauthey2002_bsa"] == resection.remnant.sflr.value
        assert resection.sflr_by_formula["tu2007"] == pytest.approx(flr_ml / 1276.05)
        assert "chan2006" not in resection.sflr_by_formula


def test_plan__no_ratios_without_segments(make_report):
    for resection in plan(Case(report=make_report(with_segments=False), patient=MAN)).resections:
        assert resection.sflr_by_formula == {}


def test_plan__disagreement_is_in_the_findings(make_report):
    found = plan(Case(report=make_report(segment_ml=50.0, stlv_ml=1500.0), patient=MAN))
    right = next(r for r in found.resections if r.name == "caudate_resection")
    apart = [f.id for f in right.findings if first(f.reasons, Cause.FORMULAS_DISAGREE)]
    assert apart == ["flr.machairas2021_30"]
