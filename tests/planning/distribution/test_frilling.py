from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.case import Case
from planning.distribution.frilling import OPERATIONAL_RULE, classify, frilling_finding
from planning.planner import plan
from remnant.core.distribution import Frilling, FrillingType
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason

I, II, III, UNCLASSIFIABLE = FrillingType  # noqa: E741
PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "frilling.md"


@pytest.fixture(scope="session")
def spread(make_lesion):
    """Equal lesions, one after the other in the given segments."""

    def build(codes, *, volume_ml=1.0, diameter_mm=12.0, first=1, **kwargs):
        return [
            make_lesion(first + n, volume_ml, {code: 1.0}, diameter_mm=diameter_mm, **kwargs)
            for n, code in enumerate(codes)
        ]

    return build


@pytest.fixture(scope="session")
def bulk(make_lesion):
    def build(volume_ml=80.0, shares=None, diameter_mm=60.0):
        return make_lesion(99, volume_ml, shares or {7: 1.0}, diameter_mm=diameter_mm)

    return build


def causes(found):
    return [one.cause for one in found.reasons]


def test_no_lesion__no_type(make_report):
    nothing = reason(Cause.NO_LESION_TO_CLASSIFY, 0)
    assert Frilling(type=None, reasons=(nothing,)) == classify(make_report())


def test_no_lesion__in_a_cut_liver_says_so(make_report):
    expected = (reason(Cause.NO_LESION_TO_CLASSIFY, 0), reason(Cause.SCANNED_PART_ONLY))
    found = classify(make_report(tlv_bound=Bound.LOWER))
    assert Frilling(type=None, reasons=expected) == found


def test_rejected_lesions__do_not_count(make_report, spread):
    rejected = spread([2, 5, 6], confirmation=Confirmation.REJECTED)
    nothing = reason(Cause.NO_LESION_TO_CLASSIFY, 3)
    assert Frilling(type=None, reasons=(nothing,)) == classify(make_report(rejected))
    one = classify(make_report([*rejected, *spread([4], first=9)]))
    assert I is one.type


@pytest.mark.parametrize("volume_ml", [0.5, 300.0, 640.0])
def test_single_lesion__is_type_one_of_any_size(make_report, make_lesion, volume_ml):
    lesion = make_lesion(1, volume_ml, None, diameter_mm=90.0)
    found = classify(make_report([lesion], with_segments=False))
    assert Frilling(type=I, reasons=(reason(Cause.SINGLE_LESION),)) == found


@pytest.mark.parametrize(
    ("volume_ml", "expected"), [(639.9, I), (640.0, I), (640.1, III), (799.0, III)]
)
def test_single_lesion__virtually_no_parenchyma_is_type_three(
    make_report, make_lesion, volume_ml, expected
):
    lesion = make_lesion(1, volume_ml, None, diameter_mm=90.0)
    found = classify(make_report([lesion], with_segments=False))
    assert expected is found.type
    little = Cause.SINGLE_LITTLE_PARENCHYMA
    assert [little if expected is III else Cause.SINGLE_LESION] == causes(found)
    if expected is III:
        share = pytest.approx(1.0 - volume_ml / 800.0)
        assert found.reasons[0].amounts == (share, OPERATIONAL_RULE.parenchyma_share)


def test_single_lesion__in_a_cut_liver_is_unclassifiable(make_report, make_lesion):
    found = classify(make_report([make_lesion()], tlv_bound=Bound.LOWER))
    expected = (reason(Cause.SINGLE_IN_CUT_LIVER),)
    assert Frilling(type=UNCLASSIFIABLE, reasons=expected) == found


def test_single_lesion__without_parenchyma_in_a_cut_liver_is_unclassifiable(
    make_report, make_lesion
):
    found = classify(make_report([make_lesion(1, 790.0)], tlv_bound=Bound.LOWER))
    expected = (reason(Cause.SINGLE_IN_CUT_LIVER),)
    assert Frilling(type=UNCLASSIFIABLE, reasons=expected) == found


CUT_BY = {
    "tlv": {"tlv_ml": Quantity(800.0, bound=Bound.LOWER)},
    "indicative": {
        "burden_fraction": Quantity(0.1, indicative=True, reasons=Reason(Cause.LIVER_CUT))
    },
    "bound": {"burden_fraction": Quantity(0.1, bound=Bound.LOWER)},
}


@pytest.mark.parametrize("fields", CUT_BY.values(), ids=CUT_BY)
@pytest.mark.parametrize(
    ("lesions", "expected", "pattern"),
    [
        ((True, [2, 3]), II, reason(Cause.BULK_WITH_DEPOSITS, 3)),
        ((False, [2, 3, 4, 5, 6] * 2), III, reason(Cause.DISSEMINATED, 10, 5)),
        ((True, [2, 3, 4, 5, 6] * 2), UNCLASSIFIABLE, reason(Cause.BULK_AND_DISSEMINATED, 11)),
        ((True, [5, 6]), UNCLASSIFIABLE, reason(Cause.ONE_LOBE_ONLY, 3, "right")),
    ],
)
def test_several_lesions__in_a_cut_liver_have_the_type_of_the_scanned_part(
    make_report, spread, bulk, fields, lesions, expected, pattern
):
    with_bulk, codes = lesions
    lesions = [*([bulk()] if with_bulk else []), *spread(codes)]
    found = classify(replace(make_report(lesions), **fields))
    within = reason(Cause.TYPE_WITHIN_SCAN, expected.value)
    assert Frilling(type=expected, reasons=(pattern, within)) == found


@pytest.mark.parametrize(
    ("codes", "volume_ml", "expected", "cause", "amounts"),
    [
        ([2, 6], 330.0, UNCLASSIFIABLE, Cause.LITTLE_PARENCHYMA_IN_CUT_LIVER, (2, 0.175, 0.2)),
        ([2, 3, 4, 5, 6] * 2, 66.0, III, Cause.DISSEMINATED, (10, 5)),
    ],
)
def test_both_lobes_without_parenchyma__in_a_cut_liver_do_not_decide(
    make_report, spread, codes, volume_ml, expected, cause, amounts
):
    lesions = spread(codes, volume_ml=volume_ml)
    found = classify(make_report(lesions, tlv_bound=Bound.LOWER))
    assert expected is found.type
    assert [cause, Cause.TYPE_WITHIN_SCAN] == causes(found)
    assert pytest.approx(amounts) == found.reasons[0].amounts
    assert III is classify(make_report(lesions)).type


def test_a_whole_liver__needs_no_caution_on_the_scan(make_report, spread, bulk):
    for lesions in ([bulk(), *spread([2, 3])], spread([2, 3, 4, 5, 6] * 2), spread([5, 6])):
        found = causes(classify(make_report(lesions)))
        assert not {Cause.TYPE_WITHIN_SCAN, Cause.SCANNED_PART_ONLY} & set(found)


@pytest.mark.parametrize("codes", [[2, 3], [2, 3, 4, 5, 6] * 2])
def test_plan__the_type_of_a_cut_liver_is_not_certain(make_report, spread, bulk, codes):
    lesions = spread(codes) if len(codes) > 2 else [bulk(), *spread(codes)]
    verdicts = {
        bound: next(
            f.verdict
            for f in plan(
                Case(report=make_report(lesions, tlv_bound=bound), patient=Patient())
            ).findings
            if f.id == "frilling.type"
        )
        for bound in (None, Bound.LOWER)
    }
    assert verdicts == {None: Verdict.MET, Bound.LOWER: Verdict.UNKNOWN}


def test_burden_unknown__is_unclassifiable(make_report, make_lesion):
    report = replace(
        make_report([make_lesion()]),
        burden_fraction=Quantity.absent(Reason(Cause.ALL_TUMOUR)),
        burden_class=None,
    )
    expected = (reason(Cause.PARENCHYMA_UNKNOWN),)
    assert Frilling(type=UNCLASSIFIABLE, reasons=expected) == classify(report)


def test_several_lesions__need_segments(make_report, make_lesion):
    lesions = [make_lesion(n, shares=None) for n in (1, 2)]
    expected = (reason(Cause.LOBES_UNKNOWN, 2), reason(Cause.NO_COUINAUD_MAP))
    found = classify(make_report(lesions, with_segments=False))
    assert Frilling(type=UNCLASSIFIABLE, reasons=expected) == found


@pytest.mark.parametrize(
    ("codes", "where"),
    [
        ([5, 6], reason(Cause.ONE_LOBE_ONLY, 2, "right")),
        ([2, 4], reason(Cause.ONE_LOBE_ONLY, 2, "left")),
        ([1, 1], reason(Cause.NEITHER_LOBE, 2)),
        ([1, 8], reason(Cause.ONE_LOBE_ONLY, 2, "right")),
    ],
)
def test_unilobar__fits_no_type(make_report, spread, codes, where):
    found = classify(make_report(spread(codes)))
    assert Frilling(type=UNCLASSIFIABLE, reasons=(where,)) == found


def test_two_equal_lesions_in_two_lobes__fit_no_type(make_report, spread):
    found = classify(make_report(spread([2, 6], volume_ml=40.0, diameter_mm=55.0)))
    expected = (reason(Cause.NEITHER_PATTERN, 2),)
    assert Frilling(type=UNCLASSIFIABLE, reasons=expected) == found


@pytest.mark.parametrize(
    ("diameter_mm", "bulk_ml", "deposits", "expected"),
    [
        (50.0, 80.0, [(2, 40.0), (3, 40.0)], II),
        (49.9, 80.0, [(2, 40.0), (3, 40.0)], UNCLASSIFIABLE),
        (60.0, 80.0, [(2, 40.1)], UNCLASSIFIABLE),
        (60.0, 80.0, [(2, 40.0), (3, 40.0), (6, 0.1)], UNCLASSIFIABLE),
        (60.0, 80.0, [(5, 10.0)], UNCLASSIFIABLE),
        (60.0, 80.0, [(1, 10.0)], UNCLASSIFIABLE),
        (60.0, 80.0, [(4, 0.1)], II),
    ],
)
def test_bulk__each_number_at_its_limit(
    make_report, make_lesion, bulk, diameter_mm, bulk_ml, deposits, expected
):
    others = [make_lesion(n, ml, {code: 1.0}) for n, (code, ml) in enumerate(deposits, 1)]
    found = classify(make_report([*others, bulk(bulk_ml, diameter_mm=diameter_mm)]))
    assert expected is found.type


@pytest.mark.parametrize(("share", "expected"), [(0.1, II), (0.099, UNCLASSIFIABLE)])
def test_involvement__share_of_one_lesion_reaches_the_other_lobe(
    make_report, spread, bulk, share, expected
):
    crossing = bulk(shares={8: 1.0 - share, 4: share})
    found = classify(make_report([crossing, *spread([5])]))
    assert expected is found.type


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([2, 3, 4, 5, 6] * 2, III),
        ([2, 3, 4, 5, 6, 2, 3, 4, 5], UNCLASSIFIABLE),
        ([2, 4, 5, 6] * 3, UNCLASSIFIABLE),
        ([1, 2, 3, 5, 6] * 2, III),
    ],
)
def test_disseminated__each_number_at_its_limit(make_report, spread, codes, expected):
    found = classify(make_report(spread(codes)))
    assert expected is found.type
    spread_over_five = reason(Cause.DISSEMINATED, len(codes), 5)
    assert (spread_over_five in found.reasons) == (expected is III)


@pytest.mark.parametrize(("share", "expected"), [(0.1, III), (0.099, UNCLASSIFIABLE)])
def test_disseminated__a_segment_counts_from_the_share_of_involvement_on(
    make_report, make_lesion, spread, share, expected
):
    crossing = make_lesion(99, 1.0, {6: 1.0 - share, 7: share})
    found = classify(make_report([crossing, *spread([2, 3, 6] * 3), *spread([8], first=50)]))
    assert expected is found.type


def test_bulk_among_disseminated_lesions__fits_two_types(make_report, spread, bulk):
    found = classify(make_report([bulk(), *spread([2, 3, 4, 5, 6] * 2)]))
    expected = (reason(Cause.BULK_AND_DISSEMINATED, 11),)
    assert Frilling(type=UNCLASSIFIABLE, reasons=expected) == found


def test_both_lobes_without_parenchyma__is_type_three(make_report, spread):
    found = classify(make_report(spread([2, 6], volume_ml=330.0, diameter_mm=99.0)))
    assert III is found.type
    assert [Cause.LITTLE_PARENCHYMA] == causes(found)
    assert pytest.approx((2, 0.175, OPERATIONAL_RULE.parenchyma_share)) == found.reasons[0].amounts


@pytest.mark.parametrize("automatic", [0, 1, 2])
def test_reasons__hold_unconfirmed_lesions(make_report, spread, automatic):
    lesions = [
        *spread([2] * automatic, confirmation=Confirmation.AUTOMATIC),
        *spread([6] * (3 - automatic), first=7),
    ]
    found = classify(make_report(lesions)).reasons
    expected = [reason(Cause.LESIONS_UNCONFIRMED, automatic, 3)] if automatic else []
    assert expected == [one for one in found if one.cause is Cause.LESIONS_UNCONFIRMED]


@given(st.lists(st.tuples(st.integers(1, 8), st.floats(0.1, 60)), max_size=12), st.randoms())
def test_order_and_scale__do_not_matter(make_report, make_lesion, drawn, random):
    lesions = [
        make_lesion(n, ml, {code: 1.0}, diameter_mm=12.4 * ml ** (1 / 3))
        for n, (code, ml) in enumerate(drawn, 1)
    ]
    shuffled = random.sample(lesions, len(lesions))
    assert classify(make_report(lesions)).type == classify(make_report(shuffled)).type


@given(st.lists(st.tuples(st.integers(1, 8), st.floats(0.1, 20)), min_size=2, max_size=14))
def test_types_two_and_three__always_involve_both_lobes(make_report, make_lesion, drawn):
    lesions = [
        make_lesion(n, ml, {code: 1.0}, diameter_mm=60.0) for n, (code, ml) in enumerate(drawn, 1)
    ]
    codes = {code for code, _ in drawn}
    bilobar = bool(codes & {5, 6, 7, 8}) and bool(codes & {2, 3, 4})
    found = classify(make_report(lesions)).type
    assert found in {II, III, UNCLASSIFIABLE}
    assert bilobar or found is UNCLASSIFIABLE


@pytest.mark.parametrize(
    ("codes", "verdict", "name"),
    [
        ([], Verdict.UNKNOWN, "none"),
        ([6], Verdict.MET, "I"),
        ([6, 7], Verdict.UNKNOWN, "unclassifiable"),
        ([2, 3, 4, 5, 6] * 2, Verdict.MET, "III"),
    ],
)
def test_finding__is_the_projects_rule(make_report, spread, codes, verdict, name):
    frilling = classify(make_report(spread(codes)))
    found = frilling_finding(frilling, cut=False)
    assert (verdict, "frilling.type", "remnant_rules", SourceStatus.PROJECT) == (
        found.verdict,
        found.id,
        found.source,
        found.status,
    )
    assert (reason(Cause.CLASS_FOUND, name), *frilling.reasons) == found.reasons


def test_page__has_the_numbers_of_the_rule():
    page = PAGE.read_text(encoding="utf-8")
    for field in fields(OPERATIONAL_RULE):
        value = getattr(OPERATIONAL_RULE, field.name)
        share = field.name.endswith("share")
        unit = " %" if share else " mm" if field.name.endswith("_mm") else ""
        shown = 100 * value if share else value
        assert f"`{field.name}` = {shown:g}{unit} |" in page


PAGE_EXAMPLES = {
    "VII 640 mL, 110 mm": ([(7, 640.0, 110.0)], I),
    "VII 641 mL, 110 mm": ([(7, 641.0, 110.0)], III),
    "VII 80 mL, 60 mm; III 5 mL, 21 mm; IV 5 mL, 21 mm": (
        [(7, 80.0, 60.0), (3, 5.0, 21.0), (4, 5.0, 21.0)],
        II,
    ),
    "VII 80 mL, 60 mm; III 41 mL, 43 mm": ([(7, 80.0, 60.0), (3, 41.0, 43.0)], UNCLASSIFIABLE),
    "VII 80 mL, 60 mm; V 5 mL, 21 mm": ([(7, 80.0, 60.0), (5, 5.0, 21.0)], UNCLASSIFIABLE),
    "VII 80 mL, 60 mm; I 5 mL, 21 mm": ([(7, 80.0, 60.0), (1, 5.0, 21.0)], UNCLASSIFIABLE),
    "ten of 1 mL, 12 mm, two in each of II, III, IV, V and VI": (
        [(code, 1.0, 12.0) for code in (2, 3, 4, 5, 6) * 2],
        III,
    ),
    "nine of 1 mL, 12 mm in II, III, IV, V, VI, VII, VIII, II and III": (
        [(code, 1.0, 12.0) for code in (2, 3, 4, 5, 6, 7, 8, 2, 3)],
        UNCLASSIFIABLE,
    ),
}


@pytest.mark.parametrize("words", PAGE_EXAMPLES)
def test_page__examples_are_what_the_rule_says(make_report, make_lesion, words):
    facts, expected = PAGE_EXAMPLES[words]
    assert f"| {words} | {expected} |" in PAGE.read_text(encoding="utf-8")
    lesions = [
        make_lesion(n, ml, {code: 1.0}, diameter_mm=diameter_mm)
        for n, (code, ml, diameter_mm) in enumerate(facts, 1)
    ]
    assert expected is classify(make_report(lesions)).type


@pytest.mark.parametrize(
    ("volumes_ml", "expected"),
    [([0.7, 0.1, 0.3, 0.3], II), ([0.7, 0.1, 0.3, 0.3001], UNCLASSIFIABLE)],
)
def test_bulk__half_of_the_tumour_is_a_half_whatever_the_rounding(
    make_report, make_lesion, volumes_ml, expected
):
    lesions = [
        make_lesion(n, ml, {code: 1.0}, diameter_mm=55.0)
        for n, (code, ml) in enumerate(zip((7, 2, 3, 4), volumes_ml, strict=True), 1)
    ]
    assert expected is classify(make_report(lesions)).type
