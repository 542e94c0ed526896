from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.case import Case
from planning.distribution.frilling import OPERATIONAL_RULE, classify, frilling_finding
from planning.planner import plan
from remnant.core.distribution import FrillingType
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason

I, II, III, UNCLASSIFIABLE = FrillingType  # noqa: E741
PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "frilling.md"


@pytest.fixture(scope="session")
def spread(make_lesion):
    """Equal lesions, one after the other in the given segments."""

    def build(codes, *, volume_ml=1.0, feret_mm=12.0, first=1, **kwargs):
        return [
            make_lesion(first + n, volume_ml, {code: 1.0}, feret_mm=feret_mm, **kwargs)
            for n, code in enumerate(codes)
        ]

    return build


@pytest.fixture(scope="session")
def bulk(make_lesion):
    def build(volume_ml=80.0, shares=None, feret_mm=60.0):
        return make_lesion(99, volume_ml, shares or {7: 1.0}, feret_mm=feret_mm)

    return build


def test_no_lesion__no_type(make_report):
    found = classify(make_report())
    assert (found.type, found.reason) == (None, "No lesion to classify.")


def test_no_lesion__in_a_cut_liver_says_so(make_report):
    found = classify(make_report(tlv_bound=Bound.LOWER))
    assert found.type is None
    assert "in the part of the liver that was scanned" in found.reason


def test_rejected_lesions__do_not_count(make_report, spread):
    rejected = spread([2, 5, 6], confirmation=Confirmation.REJECTED)
    found = classify(make_report(rejected))
    assert (found.type, found.reason) == (None, "No lesion to classify (3 lesions rejected).")
    one = classify(make_report([*rejected, *spread([4], first=9)]))
    assert I is one.type


@pytest.mark.parametrize("volume_ml", [0.5, 300.0, 640.0])
def test_single_lesion__is_type_one_of_any_size(make_report, make_lesion, volume_ml):
    lesion = make_lesion(1, volume_ml, None, feret_mm=90.0)
    found = classify(make_report([lesion], with_segments=False))
    assert (found.type, found.reason) == (I, "A single lesion.")


@pytest.mark.parametrize(
    ("volume_ml", "expected"), [(639.9, I), (640.0, I), (640.1, III), (799.0, III)]
)
def test_single_lesion__virtually_no_parenchyma_is_type_three(
    make_report, make_lesion, volume_ml, expected
):
    lesion = make_lesion(1, volume_ml, None, feret_mm=90.0)
    found = classify(make_report([lesion], with_segments=False))
    assert expected is found.type
    assert ("virtually no normal parenchyma" in found.reason) == (expected is III)


def test_single_lesion__in_a_cut_liver_is_unclassifiable(make_report, make_lesion):
    found = classify(make_report([make_lesion()], tlv_bound=Bound.LOWER))
    assert UNCLASSIFIABLE is found.type
    assert "more may lie outside" in found.reason


def test_single_lesion__without_parenchyma_in_a_cut_liver_is_unclassifiable(
    make_report, make_lesion
):
    found = classify(make_report([make_lesion(1, 790.0)], tlv_bound=Bound.LOWER))
    assert UNCLASSIFIABLE is found.type
    assert "more may lie outside" in found.reason


CUT_BY = {
    "tlv": {"tlv_ml": Quantity(800.0, bound=Bound.LOWER)},
    "indicative": {
        "burden_fraction": Quantity(0.1, indicative=True, reasons=Reason(Cause.LIVER_CUT))
    },
    "bound": {"burden_fraction": Quantity(0.1, bound=Bound.LOWER)},
}


@pytest.mark.parametrize("fields", CUT_BY.values(), ids=CUT_BY)
@pytest.mark.parametrize(
    ("lesions", "expected", "words"),
    [
        ((True, [2, 3]), II, "could make the spread disseminated"),
        ((False, [2, 3, 4, 5, 6] * 2), III, "cannot undo the spread, only add a bulk"),
        ((True, [2, 3, 4, 5, 6] * 2), UNCLASSIFIABLE, "fits types II and III"),
        ((True, [5, 6]), UNCLASSIFIABLE, "only the right lobe"),
    ],
)
def test_several_lesions__in_a_cut_liver_have_the_type_of_the_scanned_part(
    make_report, spread, bulk, fields, lesions, expected, words
):
    with_bulk, codes = lesions
    lesions = [*([bulk()] if with_bulk else []), *spread(codes)]
    found = classify(replace(make_report(lesions), **fields))
    assert expected is found.type
    assert words in found.reason
    assert "This holds within the scanned part; the scan cuts the liver" in found.reason


@pytest.mark.parametrize(
    ("codes", "volume_ml", "expected", "words"),
    [
        ([2, 6], 330.0, UNCLASSIFIABLE, "how much lies beyond the scan is not known"),
        ([2, 3, 4, 5, 6] * 2, 66.0, III, "disseminated over 5 segments"),
    ],
)
def test_both_lobes_without_parenchyma__in_a_cut_liver_do_not_decide(
    make_report, spread, codes, volume_ml, expected, words
):
    lesions = spread(codes, volume_ml=volume_ml)
    found = classify(make_report(lesions, tlv_bound=Bound.LOWER))
    assert expected is found.type
    assert words in found.reason
    assert III is classify(make_report(lesions)).type


def test_a_whole_liver__needs_no_caution_on_the_scan(make_report, spread, bulk):
    for lesions in ([bulk(), *spread([2, 3])], spread([2, 3, 4, 5, 6] * 2), spread([5, 6])):
        assert "scanned part" not in classify(make_report(lesions)).reason


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
    found = classify(report)
    assert UNCLASSIFIABLE is found.type
    assert "normal parenchyma is not known" in found.reason


def test_several_lesions__need_segments(make_report, make_lesion):
    lesions = [make_lesion(n, shares=None) for n in (1, 2)]
    found = classify(make_report(lesions, with_segments=False))
    assert UNCLASSIFIABLE is found.type
    assert "2 lesions, but which lobes" in found.reason
    assert "no Couinaud map was given" in found.reason


@pytest.mark.parametrize(
    ("codes", "where"),
    [([5, 6], "right lobe"), ([2, 4], "left lobe"), ([1, 1], "neither"), ([1, 8], "right lobe")],
)
def test_unilobar__fits_no_type(make_report, spread, codes, where):
    found = classify(make_report(spread(codes)))
    assert UNCLASSIFIABLE is found.type
    assert where in found.reason


def test_two_equal_lesions_in_two_lobes__fit_no_type(make_report, spread):
    found = classify(make_report(spread([2, 6], volume_ml=40.0, feret_mm=55.0)))
    assert UNCLASSIFIABLE is found.type
    assert "neither one bulk with smaller deposits nor disseminated" in found.reason


@pytest.mark.parametrize(
    ("feret_mm", "bulk_ml", "deposits", "expected"),
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
    make_report, make_lesion, bulk, feret_mm, bulk_ml, deposits, expected
):
    others = [make_lesion(n, ml, {code: 1.0}) for n, (code, ml) in enumerate(deposits, 1)]
    found = classify(make_report([*others, bulk(bulk_ml, feret_mm=feret_mm)]))
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
    assert ("disseminated over 5 segments" in found.reason) == (expected is III)


@pytest.mark.parametrize(("share", "expected"), [(0.1, III), (0.099, UNCLASSIFIABLE)])
def test_disseminated__a_segment_counts_from_the_share_of_involvement_on(
    make_report, make_lesion, spread, share, expected
):
    crossing = make_lesion(99, 1.0, {6: 1.0 - share, 7: share})
    found = classify(make_report([crossing, *spread([2, 3, 6] * 3), *spread([8], first=50)]))
    assert expected is found.type


def test_bulk_among_disseminated_lesions__fits_two_types(make_report, spread, bulk):
    found = classify(make_report([bulk(), *spread([2, 3, 4, 5, 6] * 2)]))
    assert UNCLASSIFIABLE is found.type
    assert "fits types II and III" in found.reason


def test_both_lobes_without_parenchyma__is_type_three(make_report, spread):
    found = classify(make_report(spread([2, 6], volume_ml=330.0, feret_mm=99.0)))
    assert III is found.type
    assert "2 lesions in both lobes with virtually no normal parenchyma" in found.reason


@pytest.mark.parametrize(
    ("automatic", "words"),
    [(0, ""), (1, "by a reader: 1 of 3 lesions."), (2, "by a reader: 2 of 3 lesions.")],
)
def test_reason__mentions_unconfirmed_lesions(make_report, spread, automatic, words):
    lesions = [
        *spread([2] * automatic, confirmation=Confirmation.AUTOMATIC),
        *spread([6] * (3 - automatic), first=7),
    ]
    reason = classify(make_report(lesions)).reason
    assert words in reason
    assert ("Not confirmed" in reason) == (automatic > 0)


@given(st.lists(st.tuples(st.integers(1, 8), st.floats(0.1, 60)), max_size=12), st.randoms())
def test_order_and_scale__do_not_matter(make_report, make_lesion, drawn, random):
    lesions = [
        make_lesion(n, ml, {code: 1.0}, feret_mm=12.4 * ml ** (1 / 3))
        for n, (code, ml) in enumerate(drawn, 1)
    ]
    shuffled = random.sample(lesions, len(lesions))
    assert classify(make_report(lesions)).type == classify(make_report(shuffled)).type


@given(st.lists(st.tuples(st.integers(1, 8), st.floats(0.1, 20)), min_size=2, max_size=14))
def test_types_two_and_three__always_involve_both_lobes(make_report, make_lesion, drawn):
    lesions = [
        make_lesion(n, ml, {code: 1.0}, feret_mm=60.0) for n, (code, ml) in enumerate(drawn, 1)
    ]
    codes = {code for code, _ in drawn}
    bilobar = bool(codes & {5, 6, 7, 8}) and bool(codes & {2, 3, 4})
    found = classify(make_report(lesions)).type
    assert found in {II, III, UNCLASSIFIABLE}
    assert bilobar or found is UNCLASSIFIABLE


@pytest.mark.parametrize(
    ("codes", "verdict", "words"),
    [
        ([], Verdict.UNKNOWN, "no lesion"),
        ([6], Verdict.MET, "type I."),
        ([6, 7], Verdict.UNKNOWN, "unclassifiable"),
        ([2, 3, 4, 5, 6] * 2, Verdict.MET, "type III."),
    ],
)
def test_finding__is_the_projects_rule(make_report, spread, codes, verdict, words):
    frilling = classify(make_report(spread(codes)))
    found = frilling_finding(frilling, cut=False)
    assert (verdict, "frilling.type", "remnant_rules", SourceStatus.PROJECT) == (
        found.verdict,
        found.id,
        found.source,
        found.status,
    )
    assert words in found.text
    assert frilling.reason in found.text


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
        make_lesion(n, ml, {code: 1.0}, feret_mm=feret_mm)
        for n, (code, ml, feret_mm) in enumerate(facts, 1)
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
        make_lesion(n, ml, {code: 1.0}, feret_mm=55.0)
        for n, (code, ml) in enumerate(zip((7, 2, 3, 4), volumes_ml, strict=True), 1)
    ]
    assert expected is classify(make_report(lesions)).type
