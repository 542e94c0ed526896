"""Verdicts on what would remain, in words."""

from dataclasses import replace

import pytest

from examples.findings import example_finding
from planning.remnant.contiguity import contiguity_finding
from planning.remnant.formula_sensitivity import (
    sensitivity_finding,
    sflr_by_formula,
    with_disagreement,
)
from planning.remnant.further_minima import further_remnant_findings
from planning.remnant.minima import remnant_finding, remnant_findings
from planning.remnant.required_flr import least_flr_ml
from planning.rules.remnant import (
    CLOYD,
    GEPNETLM_REVIEW,
    MACHAIRAS,
    PRIMARY_PAPERS,
    REMNANT_RULE_SETS,
)
from remnant.core.clinical import ClinicalFacts
from remnant.core.findings import Basis, SourceStatus, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.patient import LiverBackground, Patient, Sex
from remnant.core.plan import Remnant
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.wording.findings import text_of
from remnant.wording.reasons import why
from remnant.wording.remnants import applied_minimum, formulas_apart
from volumetry.standardised.expected_volume import standardised_volume

UNKNOWN = LiverBackground.UNKNOWN
KNOWN = tuple(b for b in LiverBackground if b is not UNKNOWN)
MAN = Patient(
    height_cm=170.0,
    weight_kg=70.0,
    age_years=60.0,
    sex=Sex.MALE,
    background=LiverBackground.NORMAL,
)
CHOSEN = standardised_volume(MAN)
KEPT = "segments that stay are cut by the edge of the scan or file"
CUT = "the liver reaches the edge of the scan: what lies beyond it is not counted"
VESSELS = " Their vessels and bile ducts were not assessed."
JUDGED = [(rule_set, b) for rule_set in REMNANT_RULE_SETS for b in rule_set.minima]


def exactly(value):
    return Quantity.absent(Reason(Cause.SEGMENTS_UNKNOWN)) if value is None else Quantity(value)


def remnant(sflr=0.5, measured=0.5, *, weight=0.7, surface=250.0):
    return Remnant(
        flr_ml=Quantity(500.0),
        flr_measured_fraction=exactly(measured),
        sflr=exactly(sflr),
        flr_body_weight_percent=exactly(weight),
        flr_ml_per_m2=exactly(surface),
    )


def text(rule_set, held, background=LiverBackground.NORMAL, weeks=None):
    return text_of(remnant_finding(rule_set, held, background=background, chemotherapy_weeks=weeks))


def further(held, patient=MAN, chosen=CHOSEN):
    found = further_remnant_findings(held, patient=patient, standardised=chosen)
    return {f.id.removeprefix("flr.further."): text_of(f) for f in found}


@pytest.mark.parametrize(("rule_set", "background"), JUDGED)
def test_minimum__demand_as_its_source_prints_it(rule_set, background):
    minimum = rule_set.minima[background]
    found = remnant_finding(rule_set, remnant(), background=background)
    assert f"at least {100 * minimum.threshold.value:g} %" in text_of(found)
    assert applied_minimum(found) == minimum


def test_minimum__both_denominators_that_disagree():
    assert text(MACHAIRAS, remnant(0.28, 0.34)) == (
        "Machairas 2021: at least 30 % of the liver volume, whatever the kind of liver. Of which "
        "liver volume is not said, so both are judged. Estimated to remain: 28.0 % of the "
        "standardised volume and 34.0 % of the measured functional volume. The two disagree."
    )
    assert "disagree" not in text(MACHAIRAS, remnant(0.28, 0.29))


def test_minimum__one_denominator_missing():
    found = text(MACHAIRAS, remnant(None, 0.9))
    assert "of the standardised volume not known (the segments are unknown)" in found


@pytest.mark.parametrize("background", LiverBackground)
def test_minimum__absent_remnant_with_its_reason(background):
    for found in remnant_findings(
        remnant(None, None), patient=Patient(background=background), standardised=CHOSEN
    ):
        if found.verdict is not Verdict.NO_EVIDENCE:
            assert "It cannot be judged: the segments are unknown." in text_of(found)


def test_minimum__a_lower_bound():
    cut = replace(remnant(), sflr=Quantity(0.35, bound=Bound.LOWER))
    assert "at least 35.0 % of the standardised" in text(MACHAIRAS, cut)


def test_minimum__an_indicative_remnant_says_why():
    removed, kept = (Reason(Cause.REMOVED_SEGMENTS_CUT),), (Reason(Cause.KEPT_SEGMENTS_CUT),)
    either = reason(Cause.EITHER_WAY, because=(*removed, *kept))
    held = replace(
        remnant(),
        flr_measured_fraction=Quantity(0.794, indicative=True, reasons=either),
        sflr=Quantity(0.35, bound=Bound.LOWER, reasons=kept),
    )
    found = text(MACHAIRAS, held)
    words = "at least 35.0 % of the standardised volume and about 79.4 % (may be larger or smaller)"
    assert words in found
    assert (
        f"functional volume. Not exact: {KEPT}; removed segments are cut by the edge of the "
        "scan or file." in found
    )


def test_minimum__remark_formula_and_assumed_body_follow_in_order():
    (cloyd,) = (
        f
        for f in remnant_findings(
            remnant(0.31), patient=replace(MAN, body_size_assumed=True), standardised=CHOSEN
        )
        if f.id == "flr.cloyd2020"
    )
    assert text_of(cloyd) == (
        "Cloyd 2020: at least 20 % of the standardised volume, whatever the kind of liver. "
        "Estimated to remain: 31.0 % of the standardised volume. The same source also asks for two "
        "contiguous segments with vessels and bile drainage. Standardised volume by "
        "vauthey2002_bsa with mosteller1987. The body size is assumed."
    )


def test_minimum__assumed_body_is_said_once():
    reasons = (*(Reason(Cause.KEPT_SEGMENTS_CUT),), reason(Cause.BODY_SIZE_ASSUMED))
    held = replace(remnant(), sflr=Quantity(0.35, bound=Bound.LOWER, reasons=reasons))
    patient = replace(MAN, body_size_assumed=True)
    for found in remnant_findings(held, patient=patient, standardised=CHOSEN):
        assert text_of(found).count("body size is assumed") == 1
        assert f"Not exact: {KEPT}." in text_of(found)


def test_minimum__an_unverified_formula_is_named_so():
    chosen = standardised_volume(MAN, formula="lin1998")
    found = remnant_findings(remnant(0.3), patient=MAN, standardised=chosen)
    on_it = [text_of(f) for f in found if f.basis is Basis.STANDARDISED_TLV]
    assert on_it
    assert all("Standardised volume by lin1998 (unverified)." in one for one in on_it)


@pytest.mark.parametrize("background", KNOWN)
def test_minimum__readings_are_marked_as_the_projects(background):
    reading = background.value in ("chemotherapy", "steatosis", "fibrosis")
    assert reading == ("this project's reading" in text(GEPNETLM_REVIEW, remnant(), background))


@pytest.mark.parametrize(
    ("weeks", "words"),
    [
        (None, "this project's reading; how long chemotherapy lasted was not asked."),
        (12.5, "for chemotherapy over more than 12 weeks. Estimated"),
        (12.0, "no numeric minimum for chemotherapy of at most 12 weeks was found in these papers"),
    ],
)
def test_minimum__chemotherapy_by_its_length(weeks, words):
    assert words in text(PRIMARY_PAPERS, remnant(), LiverBackground.CHEMOTHERAPY, weeks)


def test_minimum__normal_liver_after_long_chemotherapy_is_of_that_population():
    found = text(PRIMARY_PAPERS, remnant(), LiverBackground.NORMAL, 20.0)
    assert "for chemotherapy over more than 12 weeks. Estimated" in found


def test_minimum__no_evidence():
    assert text(PRIMARY_PAPERS, remnant(), LiverBackground.STEATOSIS) == (
        "Primary papers (Kishi, Shindoh, Azoulay): no numeric minimum for steatosis was found in "
        "these papers."
    )


@pytest.mark.parametrize("rule_set", REMNANT_RULE_SETS, ids=lambda r: r.id)
def test_minimum__flat_rule_sets_name_no_kind_of_liver(rule_set):
    found = text(rule_set, remnant(), LiverBackground.CIRRHOSIS)
    assert rule_set.flat == ("whatever the kind of liver" in found)
    assert rule_set.flat != ("for " in found.partition(".")[0])


@pytest.mark.parametrize(
    ("rule_set", "sflr", "measured", "words"),
    [
        (
            GEPNETLM_REVIEW,
            0.25,
            0.25,
            "met for a normal liver; not met for significant underlying liver disease and well-",
        ),
        (
            PRIMARY_PAPERS,
            None,
            0.35,
            "not known: not met for a fibrotic or cirrhotic liver; undecided for a normal liver",
        ),
        (
            PRIMARY_PAPERS,
            0.35,
            0.45,
            "Liver background not known: without it nothing below 40 % passes.",
        ),
        (CLOYD, 0.35, 0.35, "Liver background not known: without it nothing below 40 % passes."),
        (
            PRIMARY_PAPERS,
            0.45,
            0.45,
            "The liver background is not known; here it would change nothing.",
        ),
        (
            PRIMARY_PAPERS,
            0.15,
            0.15,
            "The liver background is not known; here it would change nothing.",
        ),
        (MACHAIRAS, 0.25, 0.25, "The liver background is not known; here it would change nothing."),
        (GEPNETLM_REVIEW, None, 0.35, "The liver background is not known."),
    ],
)
def test_minimum__unknown_background_names_what_would_decide(rule_set, sflr, measured, words):
    assert words in text(rule_set, remnant(sflr, measured), UNKNOWN)


@pytest.mark.parametrize(
    ("ratios", "words"),
    [
        ({"chouker2004": 0.202, "chan2006": 0.31}, "20.2 % (chouker2004) to 31.0 % (chan2006)."),
        ({"tu2007": 0.29996, "yu2004": 0.30}, "29.996 % (tu2007) to 30.0 % (yu2004)."),
    ],
)
def test_formulas_apart__ends_do_not_round_onto_the_minimum(ratios, words):
    found = example_finding(limit=0.30, basis=Basis.STANDARDISED_TLV)
    found = with_disagreement(found, remnant(0.23), ratios)
    assert formulas_apart(found) == f"Verified formulas disagree about this minimum: {words}"


def test_formulas_apart__stand_at_the_end_of_the_minimum():
    held = remnant(350.0 / CHOSEN.stlv_ml.value, 0.25)
    found = remnant_findings(held, patient=MAN, standardised=CHOSEN)[-1]
    ratios = sflr_by_formula(Quantity(350.0), MAN, CHOSEN)
    assert text_of(with_disagreement(found, held, ratios)).endswith(
        "Verified formulas disagree about this minimum: 20.2 % (chouker2004) to 31.0 % (chan2006)."
    )


def test_further__limit_population_and_measure():
    found = further(remnant(0.3, 0.3, weight=0.5499, surface=299.96))
    assert found["pmc7002877"] == (
        "Right hepatectomy for liver cancer: at least 0.55 % of body weight. Found in: right "
        "hepatectomy for hepatocellular carcinoma. Estimated to remain: 0.5499 % of body weight. "
        "Below it the hazard was 25.6 times as high."
    )
    assert "more than 25 % of the standardised volume." in found["vauthey2000"]
    assert "Estimated to remain: 300.0 mL" not in found["pmc7893452"]
    assert "299.96 mL/m²" in found["pmc7893452"]


def test_further__bounds_and_doubt():
    low = Quantity(0.5, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT))
    bounded = further(replace(remnant(), flr_body_weight_percent=low))["pmc7002877"]
    words = f"Estimated to remain: at least 0.50 % of body weight. Not exact: {CUT}."
    assert words in bounded
    about = Quantity(0.7, indicative=True, reasons=Reason(Cause.LIVER_CUT))
    loose = further(replace(remnant(), flr_body_weight_percent=about))["pmc7002877"]
    assert "about 0.70 % of body weight" in loose


def test_further__unknown_background():
    unknown = replace(MAN, background=UNKNOWN)
    found = further(remnant(0.1, 0.1, weight=0.1, surface=100.0), unknown)
    assert found["shirabe1999"].endswith("The liver background is not known.")
    assert "liver background" not in found["pmc7002877"]


def test_sensitivity__ends_and_the_chosen_formula():
    assert text_of(sensitivity_finding(MAN, CHOSEN)) == (
        "Standardised volume by other verified formulas: 1130 to 1734 mL (chan2006, chouker2004); "
        "the chosen vauthey2002_bsa gives 1510 mL, so the same remnant would read 0.87 to 1.34 "
        "times its share of the standardised volume."
    )


def test_sensitivity__an_unverified_choice_and_an_assumed_body():
    assumed = replace(MAN, body_size_assumed=True)
    chosen = standardised_volume(assumed, formula="lin1998")
    found = text_of(sensitivity_finding(assumed, chosen))
    assert "the chosen lin1998 (unverified) gives 1520 mL" in found
    assert found.endswith("The body size is assumed.")


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ((), "Segments that would stay: none; no two of them border on each other."),
        ((6, 3), "Segments that would stay: III, VI; no two of them border on each other."),
        (
            (7, 6),
            "Segments that would stay: VI, VII; two or more of them border on each other."
            + VESSELS,
        ),
    ],
)
def test_contiguity__names_what_would_stay(kept, words):
    found = text_of(contiguity_finding(frozenset(map(CouinaudSegment, kept))))
    assert found == (
        "Cloyd 2020: at least two contiguous segments with venous outflow, arterial and portal "
        f"inflow and biliary drainage. {words}"
    )


def least(report, rule_set, background):
    return least_flr_ml(
        rule_set, report=report, patient=Patient(background=background), facts=ClinicalFacts()
    )


def test_least__without_denominator_or_minimum(made):
    report = made.case.volumetry
    nobody = replace(report.standardised, stlv_ml=Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE)))
    minimum = least(
        replace(report, standardised=nobody), "machairas2021_30", LiverBackground.NORMAL
    )
    assert why(minimum) == "the standardised volume is not known (height and weight not given)"
    none = least(report, "primary_papers", LiverBackground.STEATOSIS)
    assert why(none) == "Primary papers (Kishi, Shindoh, Azoulay) has no minimum for steatosis"


def test_status__of_a_reading_is_the_projects():
    found = remnant_finding(PRIMARY_PAPERS, remnant(), background=LiverBackground.CHEMOTHERAPY)
    assert found.status is SourceStatus.PROJECT
    assert applied_minimum(found).reading
