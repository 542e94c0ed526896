"""Stability against shares that follow from the normal distribution, and against single reports."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.reports import EXAMPLE_ERRORS, example_lesion
from planning.distribution import stability as module
from planning.distribution.frilling import ANSWERS, classify, classify_cases
from planning.distribution.stability import (
    PERTURBATIONS,
    STABLE_SHARE,
    stability,
    stability_finding,
)
from remnant.core.distribution import Frilling, FrillingType, Stability
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, INSTANCE_SCHEME, CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.uncertainty import Boundaries, SegmentPlane
from remnant.core.volumes import LabelMap
from remnant.wording.class_causes import PERTURBED
from volumetry.liver_maps import liver_maps
from volumetry.measure import measure

NO_MAPS = (reason(Cause.BORDER_WITHOUT_MAPS),)
NO_SEGMENTS = (reason(Cause.BORDER_WITHOUT_SEGMENTS),)
NO_BORDER = (reason(Cause.LOBES_APART),)
NO_PARENCHYMA = (reason(Cause.NO_CASE_HAS_A_TYPE),)
CUT_LIVER = (reason(Cause.SPREAD_BEYOND_SCAN_UNKNOWN),)


I, II, III, UNCLASSIFIABLE = FrillingType  # noqa: E741
STEADY = replace(
    EXAMPLE_ERRORS,
    liver_boundary_mm=0.0,
    lesion_boundary_mm=0.0,
    lesion_common_share=1.0,
    liver_common_share=1.0,
    segment_border_mm=0.0,
)
NO_SURFACE = Boundaries(liver_surface_mm2=0.0, tumour_at_surface_mm2=0.0, grid_mm4=0.0)


def about(share):
    """Match a share of independent cases within three standard deviations."""
    return pytest.approx(share, abs=3 * (share * (1 - share) / PERTURBATIONS) ** 0.5)


def below(limit):
    """Share of a standard normal below a limit."""
    return NormalDist().cdf(limit)


def round_lesion(identifier, radius_mm, shares):
    lesion = example_lesion(identifier, 4 / 3 * np.pi * radius_mm**3 / 1000)
    assert lesion.longest_axial_mm == pytest.approx(2 * radius_mm)
    return replace(lesion, segment_fractions={CouinaudSegment(c): s for c, s in shares.items()})


@pytest.fixture(scope="session")
def steady(make_report):
    """A report whose surfaces and borders stand still unless the error model is given."""

    def build(lesions, *, boundaries=NO_SURFACE, **errors):
        report = make_report(lesions)
        return replace(report, boundaries=boundaries, error_model=replace(STEADY, **errors))

    return build


def with_bulk(*, radius_mm=30.0, deposit_mm=8.0):
    """Bulk in the right lobe, one deposit in the left: type II."""
    return [round_lesion(1, radius_mm, {7: 1.0}), round_lesion(2, deposit_mm, {3: 1.0})]


def test_no_lesion__no_stability(make_report, make_lesion):
    assert stability(make_report(), maps=None) is None
    rejected = make_lesion(1, confirmation=Confirmation.REJECTED)
    assert stability(make_report([rejected]), maps=None) is None


def test_nothing_moves__every_case_is_the_same(steady):
    found = stability(steady(with_bulk()), maps=None)
    assert (PERTURBATIONS, 1.0, {II: 1.0}, NO_MAPS) == (
        found.perturbations,
        found.same_share,
        found.type_shares,
        found.reasons,
    )
    assert {"segmentation": 1.0, "dropped_below_5_mm": 1.0, "dropped_below_10_mm": 1.0} == (
        found.by_cause
    )


def test_same_report__gives_the_same(steady):
    report = steady(with_bulk(radius_mm=25.1), lesion_boundary_mm=0.3)
    assert stability(report, maps=None) == stability(report, maps=None)
    other = replace(report, error_model=replace(report.error_model, seed=7))
    assert stability(report, maps=None) != stability(other, maps=None)


@pytest.mark.parametrize("above_mm", [0.0, 0.2, 0.6, -0.4])
def test_segmentation__bulk_near_its_diameter(steady, above_mm):
    # the diameter changes by twice the displacement: it is a bulk while 50 + 2 (a + d) >= 50
    report = steady(with_bulk(radius_mm=25.0 + above_mm + 1e-9), lesion_boundary_mm=0.5)
    is_bulk = below(above_mm / 0.5)
    expected = is_bulk if above_mm >= 0.0 else 1.0 - is_bulk
    assert about(expected) == stability(report, maps=None).by_cause["segmentation"]


def test_segmentation__opposite_errors_come_in_pairs(steady):
    report = steady(with_bulk(radius_mm=25.0 + 1e-9), lesion_boundary_mm=0.5)
    assert stability(report, maps=None).by_cause["segmentation"] == 0.5


@pytest.mark.parametrize("radius_mm", [0.9, 2.2])
def test_segmentation__lesions_move_alone_or_together(steady, radius_mm):
    # two balls: each vanishes when its surface moves inwards by its radius
    lesions = [round_lesion(1, radius_mm, {7: 1.0}), round_lesion(2, radius_mm, {3: 1.0})]
    report = steady(lesions, lesion_boundary_mm=1.0, lesion_common_share=0.0)
    stays = 1.0 - below(-radius_mm)
    found = stability(report, maps=None)
    assert about(stays**2) == found.by_cause["segmentation"]
    together = replace(report, error_model=replace(report.error_model, lesion_common_share=1.0))
    found = stability(together, maps=None)
    assert about(stays) == found.by_cause["segmentation"]


def test_segmentation__surface_that_is_not_free_does_not_move(steady):
    lesions = [replace(lesion, free_surface_mm2=0.0) for lesion in with_bulk(radius_mm=25.0)]
    report = steady(lesions, lesion_boundary_mm=2.0)
    assert stability(report, maps=None).by_cause["segmentation"] == 1.0


def test_segmentation__grid_error_of_a_small_lesion(steady):
    lesions = [round_lesion(1, 0.5, {7: 1.0}), round_lesion(2, 20.0, {3: 1.0})]
    area_mm2 = np.pi * 1.0**2
    grid = Boundaries(liver_surface_mm2=0.0, tumour_at_surface_mm2=0.0, grid_mm4=0.25 * area_mm2)
    found = stability(steady(lesions, boundaries=grid), maps=None)
    gone = below(-0.5 / 0.5)  # the displacement's SD is the root of grid / area
    assert about(1.0 - gone) == found.by_cause["segmentation"]


@pytest.mark.parametrize("common", [0.0, 1.0])
def test_segmentation__parenchyma_near_its_limit_follows_the_liver_surface(steady, common):
    # 798 of 800 mL are too much from 800 / 0.8 on: I while the liver grows to 997.5 mL or more
    surface = Boundaries(liver_surface_mm2=20_000.0, tumour_at_surface_mm2=0.0, grid_mm4=0.0)
    lesion = replace(example_lesion(1, 798.0), longest_axial_mm=120.0)
    report = replace(
        steady(
            [lesion],
            boundaries=surface,
            liver_boundary_mm=0.5,
            liver_common_share=common,
            liver_patch_mm2=5_000.0,
        ),
        tlv_ml=Quantity(1000.0),
        burden_fraction=Quantity(0.798),
    )
    sd_ml = 0.5 * 20.0 * (1.0 if common else 0.5)  # a quarter of the surface in one patch: half
    found = stability(report, maps=None)
    assert found.reasons == ()
    assert about(below(2.5 / sd_ml)) == found.by_cause["segmentation"]
    assert {I, III} == set(found.type_shares)


def test_parenchyma__liver_that_shrinks_leaves_less(steady):
    # 40 % tumour leave below 20 % only in a liver of half the volume: 1.25 of 0.4 SDs away
    grid = Boundaries(liver_surface_mm2=10_000.0, tumour_at_surface_mm2=0.0, grid_mm4=1.6e7)
    report = replace(
        steady([replace(example_lesion(1, 400.0), free_surface_mm2=0.0)], boundaries=grid),
        tlv_ml=Quantity(1000.0),
        burden_fraction=Quantity(0.4),
    )
    assert about(1.0 - below(-1.25)) == stability(report, maps=None).by_cause["segmentation"]


def test_parenchyma__overlooked_tumour_counts_as_liver(steady):
    # 85 % tumour in both lobes: III; the flat one of 9 mm holds half of it
    lesions = [
        replace(
            example_lesion(n, ml), longest_axial_mm=mm, segment_fractions={CouinaudSegment(c): 1.0}
        )
        for n, ml, mm, c in ((1, 340.0, 9.0, 7), (2, 170.0, 40.0, 7), (3, 170.0, 40.0, 3))
    ]
    report = replace(steady(lesions), burden_fraction=Quantity(0.85))
    assert III is classify(report).type
    found = stability(report, maps=None)
    assert (1.0, 0.0) == (
        found.by_cause["dropped_below_5_mm"],
        found.by_cause["dropped_below_10_mm"],
    )
    assert {III: pytest.approx(2 / 3), UNCLASSIFIABLE: pytest.approx(1 / 3)} == found.type_shares


def test_lesion__without_a_volume_stays(steady):
    lesions = with_bulk()
    lesions[1] = replace(lesions[1], volume_ml=Quantity.absent(Reason(Cause.SEGMENTS_UNKNOWN)))
    found = stability(steady([lesions[0]], lesion_boundary_mm=0.1), maps=None)
    assert {I: 1.0} == found.type_shares
    report = replace(steady([lesions[0]], lesion_boundary_mm=0.1), lesions=tuple(lesions))
    assert {II: 1.0} == stability(report, maps=None).type_shares


def test_parenchyma__follows_the_tumour(steady):
    # a ball of 798 mL in 1000 mL passes 800 mL at an outward displacement of r ((800/798)^1/3 - 1)
    lesion = example_lesion(1, 798.0)
    report = replace(
        steady([lesion], lesion_boundary_mm=0.1),
        tlv_ml=Quantity(1000.0),
        burden_fraction=Quantity(0.798),
    )
    limit_mm = lesion.longest_axial_mm / 2 * ((800 / 798) ** (1 / 3) - 1)
    found = stability(report, maps=None).by_cause["segmentation"]
    assert about(below(limit_mm / 0.1)) == found


@pytest.mark.parametrize(
    ("radii_mm", "below_5", "below_10", "joint"),
    [
        ((3.0, 6.0), 1.0, 0.0, 2 / 3),  # 6 and 12 mm: one is overlooked below 10 mm, type I
        ((2.4, 6.0), 0.0, 0.0, 1 / 3),  # 4.8 mm
        ((2.5, 5.0), 1.0, 0.0, 2 / 3),  # exactly 5 and 10 mm are not below
        ((5.0, 6.0), 1.0, 1.0, 1.0),
        ((2.0, 2.4), 0.0, 0.0, 1 / 3),  # nothing is left
    ],
)
def test_overlooked__lesions_below_a_diameter(steady, radii_mm, below_5, below_10, joint):
    lesions = [
        replace(round_lesion(n, r, {code: 1.0}), longest_axial_mm=2 * r)
        for n, (r, code) in enumerate(zip(radii_mm, (7, 3), strict=True), 1)
    ]
    found = stability(steady(lesions), maps=None)
    assert (below_5, below_10) == (
        found.by_cause["dropped_below_5_mm"],
        found.by_cause["dropped_below_10_mm"],
    )
    assert joint == pytest.approx(found.same_share)
    assert found.type_shares[UNCLASSIFIABLE] == found.same_share


def test_all_overlooked__leaves_the_shares_short_of_one(steady):
    lesions = [round_lesion(n, 2.0, {code: 1.0}) for n, code in ((1, 7), (2, 3))]
    found = stability(steady(lesions), maps=None)
    assert {UNCLASSIFIABLE: pytest.approx(1 / 3)} == found.type_shares
    assert {"unclassifiable": pytest.approx(1 / 3), "none": pytest.approx(2 / 3)} == {
        one.names[0]: one.amounts[0]
        for one in stability_finding(found).reasons
        if one.cause is Cause.SHARE_OF_ANSWER
    }


SHAPE = (60, 40, 32)
FIRST_RIGHT = 25


def block_maps(lesions, *, first_right=FIRST_RIGHT, liver=None):
    """Liver as a block of 2 mm voxels, segment III left and VII right of a plane across axis 0."""
    geometry = Geometry(SHAPE, np.diag([2.0, 2.0, 2.0, 1.0]))
    segments = np.full(SHAPE, 3, np.uint8)
    segments[first_right:] = 7
    codes = np.ones(SHAPE, np.uint8) if liver is None else liver
    return (
        LabelMap(codes, geometry, BINARY_SCHEME),
        LabelMap(lesions, geometry, INSTANCE_SCHEME),
        LabelMap(segments, geometry, COUINAUD_SCHEME),
    )


def near_the_border():
    """A bulk of 52 mm in the right lobe; a deposit beside the border, 10 layers thick.

    A tenth of the deposit, its first layer, lies 3 mm beyond the border between the lobes.
    """
    lesions = np.zeros(SHAPE, np.uint16)
    lesions[34:56, 9:27, 5:21] = 1
    lesions[FIRST_RIGHT + 1 : FIRST_RIGHT + 11, 34:38, 24:28] = 2
    return lesions


def measured(maps, **errors):
    model = replace(STEADY, **errors)
    report = measure(
        maps[0],
        maps[1],
        couinaud=maps[2],
        patient=Patient(),
        whole_liver=True,
        error_model=model,
    )
    return replace(report, boundaries=replace(report.boundaries, grid_mm4=0.0))


@pytest.mark.parametrize(
    "errors",
    [
        {"segment_border_mm": 3.0},
        {"segment_border_mm": 9.0, "segment_plane_mm": {SegmentPlane.MAIN: 3.0}},
    ],
)
def test_lobe_border__a_deposit_changes_its_lobe(errors):
    maps = block_maps(near_the_border())
    report = measured(maps, **errors)
    unconfirmed, one_lobe = (Cause.LESIONS_UNCONFIRMED, 2, 2), (Cause.ONE_LOBE_ONLY, 2, "right")
    expected = (reason(*one_lobe), reason(*unconfirmed))
    assert Frilling(type=UNCLASSIFIABLE, reasons=expected) == classify(report)
    found = stability(report, maps=liver_maps(*maps))
    stays = below(3.0 / 3.0)  # while the border moves by less than 3 mm of 3 mm SD to that side
    assert about(stays) == found.by_cause["lobe_border"]
    assert about(stays) == found.same_share
    assert {UNCLASSIFIABLE: found.same_share, II: pytest.approx(1.0 - found.same_share)} == (
        found.type_shares
    )
    assert () == found.reasons
    assert found.by_cause["segmentation"] == 1.0


def test_lobe_border__that_stands_still_changes_nothing():
    maps = block_maps(near_the_border())
    assert stability(measured(maps), maps=liver_maps(*maps)).by_cause["lobe_border"] == 1.0


def test_lobe_border__a_lone_lesion_does_not_care(steady):
    found = stability(steady([round_lesion(1, 30.0, {7: 1.0})]), maps=None)
    assert (1.0, ()) == (found.by_cause["lobe_border"], found.reasons)


def test_lobe_border__what_cannot_be_moved_is_said(steady):
    maps = block_maps(near_the_border())
    apart = np.ones(SHAPE, np.uint8)
    apart[FIRST_RIGHT] = 0
    for given_maps, expected in (
        (block_maps(near_the_border(), liver=apart), NO_BORDER),
        ((maps[0], maps[1], None), NO_SEGMENTS),
    ):
        found = stability(measured(given_maps), maps=liver_maps(*given_maps))
        assert expected == found.reasons
        assert "lobe_border" not in found.by_cause
    unknown = measured((maps[0], maps[1], None))
    assert NO_SEGMENTS == stability(unknown, maps=liver_maps(*maps)).reasons


def test_unknown_parenchyma__is_said(make_report, make_lesion):
    report = replace(
        make_report([make_lesion()]), burden_fraction=Quantity.absent(Reason(Cause.ALL_TUMOUR))
    )
    found = stability(report, maps=None)
    assert (1.0, {UNCLASSIFIABLE: 1.0}) == (found.same_share, found.type_shares)
    assert found.reasons == NO_PARENCHYMA


def test_cut_liver__is_said(make_report, make_lesion):
    lesions = [make_lesion(n, 1.0, {7: 1.0}) for n in (1, 2)]
    found = stability(make_report(lesions, tlv_bound=Bound.LOWER), maps=None)
    assert (1.0, (*NO_MAPS, *CUT_LIVER)) == (found.same_share, found.reasons)
    assert Verdict.UNKNOWN is stability_finding(found).verdict


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), cut=st.booleans())
def test_every_joint_case__is_what_classify_says_of_its_report(make_report, seed, cut):
    rng = np.random.default_rng(seed)
    lesions = [
        round_lesion(n, radius, {int(code): 1.0})
        for n, (radius, code) in enumerate(
            zip(rng.choice([0.6, 2.4, 4.9, 25.0], 11), rng.integers(1, 9, 11), strict=True), 1
        )
    ]
    report = make_report(lesions, tlv_bound=Bound.LOWER if cut else None)
    seen = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "classify_cases", lambda c: seen.append(c) or classify_cases(c))
        found = stability(report, maps=None)
    joint = max(seen, key=lambda cases: (len(cases.present), (~cases.present).sum()))
    types = [
        classify(_rebuilt(report, lesions, joint, row)).type for row in range(len(joint.present))
    ]
    assert types == [ANSWERS[answer] for answer in classify_cases(joint)]
    base = classify(report).type
    assert found.same_share == pytest.approx(types.count(base) / PERTURBATIONS)


def _rebuilt(report, lesions, cases, row):
    burden = report.burden_fraction
    return replace(
        report,
        lesions=tuple(
            replace(
                lesion,
                volume_ml=Quantity(cases.volumes_ml[row, n]),
                longest_axial_mm=cases.diameters_mm[row, n],
            )
            for n, lesion in enumerate(lesions)
            if cases.present[row, n]
        ),
        burden_fraction=replace(burden, value=float(cases.burden_fraction[row])),
    )


def stable(same, *, reasons=(), by_cause=None):
    shares = {III: same, UNCLASSIFIABLE: 1.0 - same} if same < 1.0 else {III: 1.0}
    return Stability(
        perturbations=300,
        same_share=same,
        type_shares=shares,
        by_cause=by_cause or {"segmentation": 1.0, "lobe_border": same},
        reasons=reasons,
    )


@pytest.mark.parametrize(
    ("same", "reasons", "verdict"),
    [
        (1.0, (), Verdict.MET),
        (STABLE_SHARE, (), Verdict.MET),
        (0.89, (), Verdict.NOT_MET),
        (0.95, NO_MAPS, Verdict.UNKNOWN),
        (0.5, NO_MAPS, Verdict.NOT_MET),
    ],
)
def test_finding__verdict(same, reasons, verdict):
    found = stability_finding(stable(same, reasons=reasons))
    assert (verdict, same, STABLE_SHARE, "frilling.stability", SourceStatus.PROJECT) == (
        found.verdict,
        found.value,
        found.limit,
        found.id,
        found.status,
    )


def test_finding__holds_every_answer_and_the_least_stable():
    found = stability_finding(stable(0.84)).reasons
    assert [
        reason(Cause.PERTURBATIONS, 300),
        reason(Cause.SHARE_OF_ANSWER, 0.84, "III"),
        reason(Cause.SHARE_OF_ANSWER, 1.0 - 0.84, "unclassifiable"),
        reason(Cause.LEAST_STABLE, 0.84, "lobe_border"),
    ] == list(found)
    at_limit = stable(STABLE_SHARE, by_cause={"segmentation": STABLE_SHARE})
    assert Cause.LEAST_STABLE not in [one.cause for one in stability_finding(at_limit).reasons]
    without_maps = stability_finding(stable(1.0, reasons=NO_MAPS)).reasons
    assert (reason(Cause.PERTURBATIONS, 300), *NO_MAPS) == without_maps


def test_causes__all_have_words(steady):
    maps = block_maps(near_the_border())
    found = stability(measured(maps), maps=liver_maps(*maps))
    assert set(PERTURBED) == set(found.by_cause)
