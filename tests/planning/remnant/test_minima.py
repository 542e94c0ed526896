from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.facts.decompensation import Compensation
from planning.remnant.minima import FOR_BACKGROUNDS, remnant_finding, remnant_findings
from planning.rules.remnant import (
    CLOYD,
    GEPNETLM_REVIEW,
    MACHAIRAS,
    PRIMARY_PAPERS,
    REMNANT_RULE_SETS,
)
from remnant.core.findings import Basis, SourceStatus, Verdict, verdict_of_chance
from remnant.core.patient import LiverBackground, Patient
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, Reason, first, reason

MET, NOT_MET, UNCERTAIN, UNKNOWN, NO_EVIDENCE = Verdict
RANK = {NOT_MET: 0, UNKNOWN: 1, MET: 2}
KNOWN = tuple(b for b in LiverBackground if b is not LiverBackground.UNKNOWN)
COMPENSATED = Compensation(decompensated=False)
FAILED = Compensation(decompensated=True, by=("ascites", "hepatic_insufficiency"))
IDS = ("flr.gepnetlm_review", "flr.primary_papers", "flr.cloyd2020", "flr.machairas2021_30")
PERMILLE = (0, 100, 199, 200, 201, 299, 300, 301, 399, 400, 401, 600, 1000)


@pytest.fixture(scope="session")
def by_size(make_report):
    return make_report().standardised


def both(standardised, measured, minimum):
    """Judge on two denominators in whole per mille: only agreement counts."""
    if standardised >= minimum and measured >= minimum:
        return MET
    return NOT_MET if standardised < minimum and measured < minimum else UNKNOWN


def one(value, minimum):
    return MET if value >= minimum else NOT_MET


def expected_review(background, s, m):
    if background == "normal":
        return one(s, 200)
    if background == "cirrhosis":
        return both(s, m, 400)
    if background != "unknown":
        return both(s, m, 300)
    if s >= 400 and m >= 400:
        return MET
    return NOT_MET if s < 200 and m < 300 else UNKNOWN


def expected_papers(background, s, m):
    if background == "steatosis":
        return NO_EVIDENCE
    if background in ("fibrosis", "cirrhosis"):
        return one(m, 400)
    if background != "unknown":
        return one(s, {"normal": 200, "chemotherapy": 300}[background])
    if s >= 400 and m >= 400:
        return MET
    return NOT_MET if s < 200 and m < 400 else UNKNOWN


def expected_cloyd(background, s, m):
    if background == "unknown" and 200 <= s < 400:
        return UNKNOWN
    return one(s, 200)


def expected_machairas(background, s, m):
    verdict = both(s, m, 300)
    if background == "unknown" and verdict is MET and min(s, m) < 400:
        return UNKNOWN
    return verdict


ORACLE = {
    "gepnetlm_review": expected_review,
    "primary_papers": expected_papers,
    "cloyd2020": expected_cloyd,
    "machairas2021_30": expected_machairas,
}


@pytest.mark.parametrize("background", LiverBackground)
@pytest.mark.parametrize("rule_set", REMNANT_RULE_SETS, ids=lambda r: r.id)
def test_verdicts__equal_the_oracle_on_the_whole_grid(rule_set, background, make_remnant):
    for s, m in product(PERMILLE, PERMILLE):
        remnant = make_remnant(s / 1000, m / 1000)
        found = remnant_finding(rule_set, remnant, background=background, compensation=COMPENSATED)
        assert (ORACLE[rule_set.id](background.value, s, m), s, m) == (found.verdict, s, m)


@pytest.mark.parametrize("background", LiverBackground)
@pytest.mark.parametrize("rule_set", REMNANT_RULE_SETS, ids=lambda r: r.id)
@pytest.mark.parametrize("share", [0.1, 0.403, 0.9])
def test_decompensated__no_source_has_a_minimum(rule_set, background, share, make_remnant):
    """G prints its 40 % for well-compensated cirrhosis; no review has one for a failing liver."""
    found = remnant_finding(
        rule_set, make_remnant(share, share), background=background, compensation=FAILED
    )
    assert (found.verdict, found.value, found.limit) == (NO_EVIDENCE, None, None)
    assert found.reasons == (reason(Cause.DECOMPENSATED, "ascites", "hepatic_insufficiency"),)


def test_decompensated__every_finding_reads_that_fact_alone(by_size, make_remnant):
    found = remnant_findings(
        make_remnant(), patient=Patient(), standardised=by_size, compensation=FAILED
    )
    assert {f.verdict for f in found} == {NO_EVIDENCE}
    assert {(f.inputs, f.missing) for f in found} == {(("decompensated",), ())}


@pytest.mark.parametrize(
    ("share", "told", "untold"), [(0.41, MET, UNKNOWN), (0.39, NOT_MET, NOT_MET)]
)
def test_cirrhosis__the_review_speaks_of_a_well_compensated_one(share, told, untold, make_remnant):
    """G: 40 % with well-compensated cirrhosis (SEEDS, resectability)."""
    cirrhosis, remnant = LiverBackground.CIRRHOSIS, make_remnant(share, share)
    sure = remnant_finding(GEPNETLM_REVIEW, remnant, background=cirrhosis, compensation=COMPENSATED)
    open_ = remnant_finding(GEPNETLM_REVIEW, remnant, background=cirrhosis)
    assert (sure.verdict, open_.verdict) == (told, untold)
    assert open_.missing == (("decompensated",) if untold is UNKNOWN else ())
    for rule_set in (PRIMARY_PAPERS, CLOYD, MACHAIRAS):
        assert remnant_finding(rule_set, remnant, background=cirrhosis).missing == ()


@pytest.mark.parametrize("rule_set", REMNANT_RULE_SETS, ids=lambda r: r.id)
@given(sflr=st.floats(0, 1.5), measured=st.floats(0, 1))
def test_unknown_background__is_never_met_below_forty_percent(
    rule_set, make_remnant, sflr, measured
):
    found = remnant_finding(
        rule_set, make_remnant(sflr, measured), background=LiverBackground.UNKNOWN
    )
    if found.verdict is MET:
        assert round(found.value, 9) >= 0.4
    if round(min(sflr, measured), 9) >= 0.4:
        assert found.verdict is MET


@pytest.mark.parametrize("rule_set", REMNANT_RULE_SETS, ids=lambda r: r.id)
@pytest.mark.parametrize("background", LiverBackground)
@given(data=st.data())
def test_verdicts__never_worsen_with_a_larger_remnant(rule_set, background, make_remnant, data):
    low = data.draw(st.tuples(*[st.floats(0, 1)] * 2))
    more = data.draw(st.tuples(*[st.floats(0, 0.5)] * 2))
    small = remnant_finding(rule_set, make_remnant(*low), background=background).verdict
    large = remnant_finding(
        rule_set,
        make_remnant(*(a + b for a, b in zip(low, more, strict=True))),
        background=background,
    ).verdict
    if small is NO_EVIDENCE:
        assert large is NO_EVIDENCE
    else:
        assert RANK[small] <= RANK[large]


@pytest.mark.parametrize("rule_set", REMNANT_RULE_SETS, ids=lambda r: r.id)
@pytest.mark.parametrize("background", LiverBackground)
@given(sflr=st.floats(0, 1), measured=st.floats(0, 1), factor=st.floats(0.1, 1, exclude_max=True))
def test_verdicts__lower_minima_never_turn_met_to_not_met(
    rule_set, background, make_remnant, sflr, measured, factor
):
    lenient = replace(
        rule_set,
        minima={
            b: replace(m, threshold=replace(m.threshold, value=factor * m.threshold.value))
            for b, m in rule_set.minima.items()
        },
    )
    remnant = make_remnant(sflr, measured)
    strict = remnant_finding(rule_set, remnant, background=background).verdict
    found = remnant_finding(lenient, remnant, background=background).verdict
    assert strict is NO_EVIDENCE or RANK[strict] <= RANK[found]


@pytest.mark.parametrize("background", KNOWN)
@pytest.mark.parametrize("rule_set", REMNANT_RULE_SETS, ids=lambda r: r.id)
@pytest.mark.parametrize(("step", "verdict"), [(-1e-6, NOT_MET), (0.0, MET), (1e-6, MET)])
def test_each_minimum__at_just_below_and_just_above(
    rule_set, background, step, verdict, make_remnant
):
    minimum = rule_set.minima.get(background)
    if minimum is None:
        found = remnant_finding(rule_set, make_remnant(), background=background)
        assert (found.verdict, found.value, found.limit) == (NO_EVIDENCE, None, None)
        return
    value = minimum.threshold.value + step
    found = remnant_finding(
        rule_set, make_remnant(value, value), background=background, compensation=COMPENSATED
    )
    assert verdict is found.verdict
    assert found.value == pytest.approx(value, abs=1e-12)
    assert minimum.threshold.value == found.limit


def facts_read(make_report, held, *, weeks=None, formula="vauthey2002_bsa", **known):
    patient = Patient(**known)
    found = remnant_findings(
        held,
        patient=patient,
        standardised=replace(make_report().standardised, formula=formula),
        chemotherapy_weeks=weeks,
    )
    return {f.id.removeprefix("flr."): (f.inputs, f.missing) for f in found}


def test_facts__which_a_verdict_read_and_which_are_wanting(make_remnant, make_report):
    size, background = ("height_cm", "weight_kg"), ("background",)
    nobody = facts_read(make_report, make_remnant(None, 0.35))
    assert (background + size, background + size) == nobody["cloyd2020"]
    known = {"height_cm": 170.0, "weight_kg": 70.0}
    unknown = facts_read(make_report, make_remnant(0.35, 0.35), **known)
    assert (background + size, background) == unknown["gepnetlm_review"]
    decided = facts_read(make_report, make_remnant(0.5, 0.5), **known)
    assert (background + size, ()) == decided["gepnetlm_review"]


def test_facts__chemotherapy_where_it_is_asked_and_what_the_formula_needs(
    make_remnant, make_report
):
    chemo = {"background": LiverBackground.CHEMOTHERAPY, "weight_kg": 70.0}
    size = ("height_cm", "weight_kg")
    held = make_remnant(None, 0.35)
    found = facts_read(make_report, held, **chemo)
    assert (("background", "chemotherapy_weeks", *size), ("height_cm",)) == found["primary_papers"]
    assert (("background", *size), ("height_cm",)) == found["gepnetlm_review"]
    none = facts_read(make_report, held, weeks=6.0, **chemo)["primary_papers"]
    assert (("background", "chemotherapy_weeks", *size), ()) == none  # no evidence: nothing open
    cirrhosis = {"background": LiverBackground.CIRRHOSIS}
    measured = facts_read(make_report, held, **cirrhosis)["primary_papers"]
    assert (("background",), ()) == measured
    by_sex = facts_read(make_report, held, formula="chan2006", **cirrhosis)["cloyd2020"]
    assert (("background", "weight_kg", "sex"), ("weight_kg", "sex")) == by_sex
    foreign = facts_read(make_report, held, formula="x", **cirrhosis)["cloyd2020"]
    assert (("background",), ()) == foreign


@pytest.mark.parametrize("noise", [-1e-15, 1e-15])
def test_float_noise__does_not_decide(noise, make_remnant):
    found = remnant_finding(
        CLOYD, make_remnant(0.2 + noise, 0.5), background=LiverBackground.NORMAL
    )
    assert (found.verdict, found.value) == (MET, pytest.approx(0.2))


def test_a_lower_bound_meets_but_never_fails(make_remnant):
    for value, verdict in ((0.35, MET), (0.25, UNKNOWN)):
        remnant = make_remnant(value, value, bound=Bound.LOWER)
        found = remnant_finding(MACHAIRAS, remnant, background=LiverBackground.NORMAL)
        assert verdict is found.verdict
        assert {Bound.LOWER} == {quantity.bound for quantity in found.quantities}


def test_an_upper_bound_fails_but_never_meets(make_remnant):
    for value, verdict in ((0.35, UNKNOWN), (0.25, NOT_MET)):
        remnant = make_remnant(value, value, bound=Bound.UPPER)
        found = remnant_finding(MACHAIRAS, remnant, background=LiverBackground.NORMAL)
        assert verdict is found.verdict


def test_unspecified_denominator__the_more_cautious_value(make_remnant):
    found = remnant_finding(MACHAIRAS, make_remnant(0.28, 0.34), background=LiverBackground.NORMAL)
    assert (found.verdict, found.value, found.basis) == (UNKNOWN, 0.28, Basis.UNSPECIFIED)
    assert found.quantities == (Quantity(0.28), Quantity(0.34))


@pytest.mark.parametrize("measured", [0.1, 0.9])
def test_unspecified_denominator__one_missing_decides_nothing(measured, make_remnant):
    found = remnant_finding(
        MACHAIRAS, make_remnant(None, measured), background=LiverBackground.NORMAL
    )
    assert (UNKNOWN, measured) == (found.verdict, found.value)
    assert [quantity.value for quantity in found.quantities] == [None, measured]


@pytest.mark.parametrize("background", LiverBackground)
def test_absent_remnant__is_unknown_with_the_reason(background, make_remnant, by_size):
    patient = Patient(background=background)
    findings = remnant_findings(make_remnant(None, None), patient=patient, standardised=by_size)
    for found in findings:
        assert found.value is None
        if found.verdict is not NO_EVIDENCE:
            assert found.verdict is UNKNOWN
            assert found.quantity.reasons == (Reason(Cause.SEGMENTS_UNKNOWN),)


def test_findings__ids_in_order(make_remnant, by_size):
    found = remnant_findings(make_remnant(), patient=Patient(), standardised=by_size)
    assert [f.id for f in found] == [*IDS]


ON_BODY_SIZE = {
    "normal": {*IDS},
    "chemotherapy": {*IDS},
    "steatosis": {*IDS} - {"flr.primary_papers"},
    "fibrosis": {*IDS} - {"flr.primary_papers"},
    "cirrhosis": {*IDS} - {"flr.primary_papers"},
    "unknown": {*IDS},
}


@pytest.mark.parametrize("background", LiverBackground)
@pytest.mark.parametrize(
    "found",
    [
        reason(Cause.BODY_SIZE_ASSUMED),
        reason(Cause.STANDARDISED_BY, "vauthey2002_bsa", "mosteller1987"),
    ],
    ids=lambda found: found.cause.value,
)
def test_findings_on_body_size__name_formula_and_assumption(
    make_remnant, by_size, background, found
):
    patient = Patient(background=background, body_size_assumed=True)
    findings = remnant_findings(make_remnant(), patient=patient, standardised=by_size)
    assert ON_BODY_SIZE[background.value] == {f.id for f in findings if found in f.reasons}


def test_findings_on_body_size__formula_without_body_surface(make_remnant, by_size):
    formula = replace(by_size, formula="chan2006", bsa_formula=None)
    found = remnant_findings(make_remnant(), patient=Patient(), standardised=formula)
    assert all(reason(Cause.STANDARDISED_BY, "chan2006") in f.reasons for f in found)
    assert not any(first(f.reasons, Cause.BODY_SIZE_ASSUMED) for f in found)


def test_findings_on_body_size__no_formula_where_it_gave_nothing(make_remnant, by_size):
    nothing = replace(by_size, stlv_ml=Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE)))
    found = remnant_findings(make_remnant(None), patient=Patient(), standardised=nothing)
    assert not any(first(f.reasons, Cause.STANDARDISED_BY) for f in found)


def test_chemotherapy__of_unknown_duration_is_the_projects_reading(make_remnant):
    found = remnant_finding(PRIMARY_PAPERS, make_remnant(), background=LiverBackground.CHEMOTHERAPY)
    assert found.reasons == (reason(Cause.BACKGROUND, "chemotherapy"),)
    assert found.status is SourceStatus.PROJECT


def test_indicative_remnant__decides_nothing(make_remnant):
    removed, kept = (Reason(Cause.REMOVED_SEGMENTS_CUT),), (Reason(Cause.KEPT_SEGMENTS_CUT),)
    either = reason(Cause.EITHER_WAY, because=(*removed, *kept))
    indicative = Quantity(0.794, indicative=True, reasons=either)
    remnant = replace(
        make_remnant(),
        flr_measured_fraction=indicative,
        sflr=Quantity(0.35, bound=Bound.LOWER, reasons=Reason(Cause.KEPT_SEGMENTS_CUT)),
    )
    found = remnant_finding(MACHAIRAS, remnant, background=LiverBackground.NORMAL)
    assert UNKNOWN is found.verdict
    assert [q.indicative for q in found.quantities] == [False, True]


def test_readings__are_marked_as_the_projects(make_remnant):
    for background in KNOWN:
        found = remnant_finding(GEPNETLM_REVIEW, make_remnant(), background=background)
        reading = background.value in ("chemotherapy", "steatosis", "fibrosis")
        assert reading == (found.status is SourceStatus.PROJECT)


def test_no_evidence__names_the_kind_of_liver(make_remnant):
    found = remnant_finding(PRIMARY_PAPERS, make_remnant(), background=LiverBackground.STEATOSIS)
    assert found.reasons == (reason(Cause.BACKGROUND, "steatosis"),)
    assert found.source == "pmc6422720"


@pytest.mark.parametrize(
    ("rule_set", "sflr", "measured", "kinds", "threshold", "source"),
    [
        (GEPNETLM_REVIEW, 0.25, 0.25, (1, 4, 0, 0), 0.4, "gepnetlm_review"),
        (PRIMARY_PAPERS, 0.35, 0.45, (4, 0, 0, 0), 0.4, "azoulay2000"),
        (PRIMARY_PAPERS, 0.45, 0.45, (4, 0, 0, 0), 0.4, "azoulay2000"),
        (PRIMARY_PAPERS, 0.15, 0.15, (0, 4, 0, 0), 0.2, "kishi2009"),
        (PRIMARY_PAPERS, None, 0.35, (0, 2, 0, 2), 0.4, "azoulay2000"),
        (GEPNETLM_REVIEW, None, 0.35, (0, 0, 0, 5), 0.4, "gepnetlm_review"),
        (CLOYD, 0.35, 0.35, (5, 0, 0, 0), 0.2, "cloyd2020"),
        (MACHAIRAS, 0.25, 0.25, (0, 5, 0, 0), 0.3, "machairas2021"),
    ],
)
def test_unknown_background__counts_the_kinds_of_liver_on_each_side(
    rule_set, sflr, measured, kinds, threshold, source, make_remnant
):
    remnant = make_remnant(sflr, measured)
    found = remnant_finding(rule_set, remnant, background=LiverBackground.UNKNOWN)
    of_each = (first(found.reasons, cause) for cause in FOR_BACKGROUNDS.values())
    assert kinds == tuple(len(one.names) if one else 0 for one in of_each)
    assert first(found.reasons, Cause.BACKGROUND_UNKNOWN) is not None
    assert (threshold, source) == (found.limit, found.source)


@pytest.mark.parametrize(
    ("background", "weeks", "expected"),
    [
        ("chemotherapy", 12.0, (NO_EVIDENCE, None, SourceStatus.VERIFIED)),
        ("chemotherapy", 12.5, (NOT_MET, 0.3, SourceStatus.VERIFIED)),
        ("chemotherapy", None, (NOT_MET, 0.3, SourceStatus.PROJECT)),
        ("normal", 12.0, (MET, 0.2, SourceStatus.VERIFIED)),
        ("normal", 12.5, (NOT_MET, 0.3, SourceStatus.VERIFIED)),
        ("fibrosis", 12.5, (NOT_MET, 0.4, SourceStatus.VERIFIED)),
    ],
)
def test_chemotherapy__once_its_length_is_known_nothing_is_read(
    make_remnant, background, weeks, expected
):
    found = remnant_finding(
        PRIMARY_PAPERS,
        make_remnant(0.25, 0.25),
        background=LiverBackground(background),
        chemotherapy_weeks=weeks,
    )
    assert expected == (found.verdict, found.limit, found.status)
    known = () if weeks is None else (weeks,)
    assert found.reasons == (reason(Cause.BACKGROUND, background, *known),)


def evenly(low, high):
    quantiles = tuple(low + (high - low) * step / 1000 for step in range(1001))
    return Quantity((low + high) / 2, interval=Interval(low, high, quantiles=quantiles))


def evenly_remnant(make_remnant, sflr, measured):
    """Both ratios lie evenly within 10 points of their value."""
    return replace(
        make_remnant(),
        sflr=evenly(sflr - 0.1, sflr + 0.1),
        flr_measured_fraction=evenly(measured - 0.1, measured + 0.1),
        smaller_fraction=evenly(min(sflr, measured) - 0.1, min(sflr, measured) + 0.1),
    )


CHANCES = (0.16, 0.19, 0.2, 0.21, 0.25, 0.29, 0.3, 0.31, 0.39, 0.45, 0.55)


def by_chance(value, minimum, certainty):
    """Verdict by the share of the draws above a minimum, counted by hand."""
    chance = min(max((value + 0.1 - minimum) / 0.2, 0.0), 1.0)
    return verdict_of_chance(chance, certainty=certainty)


def of_both(one_verdict, other):
    """Both have to agree; what is met on one and uncertain on the other is uncertain."""
    if one_verdict is other:
        return one_verdict
    return UNCERTAIN if {one_verdict, other} == {MET, UNCERTAIN} else UNKNOWN


@pytest.mark.parametrize("certainty", [0.5, 0.7, 0.9, 0.99])
def test_verdicts__by_the_share_of_the_draws(make_remnant, certainty):
    for sflr, measured in product(CHANCES, CHANCES):
        remnant = evenly_remnant(make_remnant, sflr, measured)
        alone = by_chance(sflr, 0.2, certainty)
        both_at_30 = of_both(by_chance(sflr, 0.3, certainty), by_chance(measured, 0.3, certainty))
        for rule_set, expected in (
            (GEPNETLM_REVIEW, alone),
            (PRIMARY_PAPERS, alone),
            (CLOYD, alone),
            (MACHAIRAS, both_at_30),
        ):
            found = remnant_finding(
                rule_set, remnant, background=LiverBackground.NORMAL, certainty=certainty
            )
            assert (expected, sflr, measured) == (found.verdict, sflr, measured), rule_set.id


def test_verdicts__a_coin_toss_is_uncertain_and_keeps_its_chance(make_remnant):
    """57 of 100 draws reach 20 %: no tick."""
    remnant = evenly_remnant(make_remnant, 0.214, 0.5)
    found = remnant_finding(CLOYD, remnant, background=LiverBackground.NORMAL)
    assert found.verdict is UNCERTAIN
    assert pytest.approx(0.57, abs=0.001) == found.probability


@pytest.mark.parametrize(
    ("sflr", "measured", "expected", "chance"),
    [
        (0.55, 0.55, MET, 1.0),
        (0.45, 0.55, UNCERTAIN, 0.75),  # a quarter lies below the strictest minimum
        (0.45, 0.45, UNCERTAIN, 0.75),
        (0.25, 0.55, UNKNOWN, None),  # cirrhosis would miss 40 %
        (0.05, 0.05, NOT_MET, 0.0),
    ],
)
def test_unknown_background__uncertain_where_no_kind_of_liver_surely_misses(
    make_remnant, sflr, measured, expected, chance
):
    remnant = evenly_remnant(make_remnant, sflr, measured)
    found = remnant_finding(GEPNETLM_REVIEW, remnant, background=LiverBackground.UNKNOWN)
    assert found.verdict is expected
    if chance is None:
        assert found.probability is None
    else:
        assert pytest.approx(chance, abs=0.01) == found.probability


def test_unknown_background__names_the_kinds_that_are_uncertain(make_remnant):
    remnant = evenly_remnant(make_remnant, 0.45, 0.45)
    found = remnant_finding(GEPNETLM_REVIEW, remnant, background=LiverBackground.UNKNOWN)
    met, uncertain = (
        first(found.reasons, cause)
        for cause in (Cause.MET_FOR_BACKGROUNDS, Cause.UNCERTAIN_FOR_BACKGROUNDS)
    )
    assert set(met.names) == {"normal", "chemotherapy", "steatosis", "fibrosis"}
    assert uncertain.names == ("cirrhosis",)


def test_findings__hand_on_how_sure_they_have_to_be(make_remnant, by_size):
    remnant = evenly_remnant(make_remnant, 0.23, 0.5)
    patient = Patient(background=LiverBackground.NORMAL)
    for certainty, expected in ((0.9, UNCERTAIN), (0.6, MET)):
        found = remnant_findings(
            remnant, patient=patient, standardised=by_size, certainty=certainty
        )
        by_id = {finding.id: finding.verdict for finding in found}
        assert by_id["flr.cloyd2020"] is by_id["flr.primary_papers"] is expected


def test_unspecified__both_fractions_are_reached_at_once_or_it_is_uncertain(make_remnant):
    """Each reaches 30 % in 95 of 100 draws, both together only in 85."""
    quantiles = tuple(0.285 + 0.001 * n for n in range(101))
    both = Quantity(0.335, interval=Interval(0.29, 0.38, quantiles=quantiles))
    remnant = replace(make_remnant(0.36, 0.36), smaller_fraction=both)
    found = remnant_finding(MACHAIRAS, remnant, background=LiverBackground.NORMAL)
    assert (UNCERTAIN, 0.85) == (found.verdict, round(found.probability, 2))
