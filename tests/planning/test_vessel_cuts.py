"""What removed segments cut of computed vessels: known anatomies, and what holds for any."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.computed_vessels import (
    HEPATIC,
    LEFT_FROM_RIGHT,
    MIDDLE_IN_IV,
    PORTAL,
    by_segment,
    computed,
    stem,
    way,
)
from examples.debulking import NORMAL, coarse_phantom, measured
from examples.plans import example_plan
from planning.case import Case
from planning.planner import plan
from planning.vessel_cuts import LOST_SHARE, cuts_of, of_plan
from remnant.core.clinical import ClinicalFacts
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import PlanChoice
from remnant.core.reasons import Cause, Reason
from remnant.core.recipe import Recipe
from remnant.core.vessel_cuts import Flow
from remnant.core.vessels import LEAST_SEEN_ML, THROUGH_MM, ComputedVessels, VesselName, VesselTree

ALL = frozenset(CouinaudSegment)
NAMES = tuple(VesselName)
MIRROR = dict(
    zip(
        ("I", "II", "III", "IV", "V", "VI", "VII", "VIII"),
        ("I", "VII", "VI", "V", "IV", "III", "II", "VIII"),
        strict=True,
    )
)
MIRRORED_NAMES = {
    VesselName.RIGHT_HEPATIC_VEIN: VesselName.LEFT_HEPATIC_VEIN,
    VesselName.LEFT_HEPATIC_VEIN: VesselName.RIGHT_HEPATIC_VEIN,
}
COMPUTED = {Cause.COMPUTED_FLOW, Cause.COMPUTED_AGAINST_STATED, Cause.COMPUTED_OF_PLAN}


def some(*names):
    return frozenset(CouinaudSegment[name] for name in names)


LEFT, RIGHT = some("II", "III", "IV"), some("V", "VI", "VII", "VIII")


def cutting(removed, vessels):
    return cuts_of(removed, ALL - removed, vessels)


def names_of(cuts):
    return [vessel.name.value for vessel in cuts.divided]


shares = st.floats(0.0, 1.0)
segments = st.sampled_from(list(CouinaudSegment))
removals = st.frozensets(segments)
lengths = st.dictionaries(st.sampled_from([s.name for s in CouinaudSegment]), st.floats(0.0, 60.0))
served = st.dictionaries(st.sampled_from([s.name for s in CouinaudSegment]), shares)
stems = st.builds(stem, st.sampled_from(NAMES), lengths, served)


@st.composite
def ways_of_a_segment(draw):
    """Ways that do not overlap: each has its own share of the whole."""
    tree, segment = draw(st.sampled_from(VesselTree)), draw(segments)
    others = st.frozensets(segments.filter(lambda one: one is not segment), min_size=1)
    through = draw(st.lists(others, max_size=3, unique=True))
    return [
        way(tree, segment.name, " ".join(one.name for one in sorted(names)), share)
        for names in through
        for share in [draw(st.floats(0.0, 1 / 3))]
    ]


@st.composite
def trees(draw):
    named = draw(st.lists(stems, max_size=5, unique_by=lambda one: one.name))
    seen = {
        tree: draw(st.dictionaries(segments, st.floats(0.0, 2.0), min_size=4))
        for tree in VesselTree
    }
    kept = draw(
        st.lists(ways_of_a_segment(), max_size=4).filter(
            lambda all_: (
                len({(w[0].tree, w[0].segment) for w in all_ if w}) == sum(1 for w in all_ if w)
            )
        )
    )
    found = computed(*named, *(one for ways in kept for one in ways))
    return replace(found, seen_ml_by_segment=seen)


def mirrored(vessels):
    def turned(values):
        return by_segment({MIRROR[s.name]: value for s, value in values.items()})

    return ComputedVessels(
        named=tuple(
            replace(
                one,
                name=MIRRORED_NAMES.get(one.name, one.name),
                stem_mm_by_segment=turned(one.stem_mm_by_segment),
                deep_mm_by_segment=turned(one.deep_mm_by_segment),
                share_by_segment=turned(one.share_by_segment),
            )
            for one in vessels.named
        ),
        ways=tuple(
            way(
                one.tree,
                MIRROR[one.segment.name],
                " ".join(MIRROR[name.name] for name in one.through),
                one.share,
            )
            for one in vessels.ways
        ),
        seen_ml_by_segment={t: turned(ml) for t, ml in vessels.seen_ml_by_segment.items()},
    )


# What holds for any vessels


@given(trees())
def test_cuts__removing_nothing_cuts_nothing(vessels):
    cuts = cutting(frozenset(), vessels)
    assert cuts.divided == ()
    assert {*cuts.inflow_lost_shares.values(), *cuts.outflow_lost_shares.values()} <= {0.0, None}
    assert Flow.LOST not in (cuts.inflow, cuts.outflow)


@given(trees())
def test_cuts__removing_everything_leaves_nothing_to_cut_off(vessels):
    cuts = cutting(ALL, vessels)
    assert (cuts.divided, cuts.inflow_lost_shares, cuts.outflow_lost_shares) == ((), {}, {})
    assert {cuts.inflow, cuts.outflow} == {Flow.NOT_SEEN}


@given(trees(), removals, removals)
def test_cuts__more_removed_never_lessens_what_is_lost(vessels, removed, further):
    less, more = cutting(removed, vessels), cutting(removed | further, vessels)
    for fewer, many in (
        (less.inflow_lost_shares, more.inflow_lost_shares),
        (less.outflow_lost_shares, more.outflow_lost_shares),
    ):
        for segment, share in many.items():
            assert (share is None) == (fewer[segment] is None)
            assert share is None or 0.0 <= fewer[segment] <= share <= 1.0


@given(trees(), removals)
def test_cuts__of_a_mirrored_liver_are_mirrored(vessels, removed):
    def turned(segments):
        return frozenset(CouinaudSegment[MIRROR[s.name]] for s in segments)

    one, other = cutting(removed, vessels), cutting(turned(removed), mirrored(vessels))
    for before, after in (
        (one.inflow_lost_shares, other.inflow_lost_shares),
        (one.outflow_lost_shares, other.outflow_lost_shares),
    ):
        expected = {CouinaudSegment[MIRROR[s.name]]: share for s, share in before.items()}
        assert after == pytest.approx(expected)
    assert (one.inflow, one.outflow) == (other.inflow, other.outflow)
    assert {v.removed_mm for v in one.divided} == {v.removed_mm for v in other.divided}


@given(trees(), removals)
def test_cuts__divided_stems_serve_what_stays(vessels, removed):
    cuts = cutting(removed, vessels)
    served = {one.name: one.share_by_segment.keys() for one in vessels.named}
    for vessel in cuts.divided:
        assert vessel.removed_mm >= THROUGH_MM
    for name in (*names_of(cuts), *cuts.along):
        assert served[VesselName(name)] - removed - some("I")
    assert not set(cuts.along) & set(names_of(cuts))


# Known anatomies


def test_left_hemihepatectomy__divides_a_middle_vein_that_runs_in_segment_4():
    cuts = cutting(LEFT, MIDDLE_IN_IV)
    assert names_of(cuts) == ["middle_hepatic_vein"]
    # a left branch along the border of IV serves II and III alone, and they go too
    assert cuts.along == ()
    assert cuts.outflow_lost_shares == by_segment(
        {"I": 0.0, "V": 0.6, "VI": 0.0, "VII": 0.0, "VIII": 0.4}
    )
    assert (cuts.inflow, cuts.outflow) == (Flow.INTACT_AS_FAR_AS_SEEN, Flow.LOST)


def test_right_hemihepatectomy__leaves_a_middle_vein_that_runs_in_segment_4():
    cuts = cutting(RIGHT, MIDDLE_IN_IV)
    assert names_of(cuts) == []
    assert set(cuts.outflow_lost_shares.values()) == {0.0}
    assert cuts.outflow is Flow.INTACT_AS_FAR_AS_SEEN


def test_right_hemihepatectomy__cuts_off_a_left_branch_from_the_right_anterior_one():
    cuts = cutting(RIGHT, LEFT_FROM_RIGHT)
    assert names_of(cuts) == ["left_portal_vein"]
    assert cuts.inflow_lost_shares == by_segment({"I": 0.0, "II": 0.9, "III": 0.9, "IV": 0.8})
    assert (cuts.inflow, cuts.outflow) == (Flow.LOST, Flow.INTACT_AS_FAR_AS_SEEN)


@pytest.mark.parametrize(("in_iv_mm", "divided"), [(9.99, 0), (10.0, 1)])
def test_a_stem__counts_from_10_mm_on_over_all_removed_segments(in_iv_mm, divided):
    vein = stem(VesselName.MIDDLE_HEPATIC_VEIN, {"IV": in_iv_mm / 2, "II": in_iv_mm / 2}, {"V": 1})
    assert len(cutting(LEFT, computed(vein)).divided) == divided


def test_right_trisectionectomy__leaves_a_left_branch_along_the_border_of_segment_4():
    cuts = cutting(RIGHT | some("IV"), MIDDLE_IN_IV)
    assert names_of(cuts) == []
    assert cuts.along == (VesselName.LEFT_PORTAL_VEIN,)
    assert set(cuts.inflow_lost_shares.values()) == {0.0}


def test_the_caudate_lobe__carries_no_vessels_of_its_neighbours():
    left = stem(VesselName.LEFT_PORTAL_VEIN, {"I": 30.0, "IV": 9.0}, {"II": 1.0, "III": 1.0})
    vessels = computed(left, way(HEPATIC, "IV", "I", 1.0))
    cuts = cutting(some("I", "V", "VI", "VII", "VIII"), vessels)
    assert names_of(cuts) == []
    assert Flow.LOST not in (cuts.inflow, cuts.outflow)


def test_the_caudate_lobe__makes_no_vein_of_its_neighbours_one_that_serves_what_stays():
    left = stem(VesselName.LEFT_HEPATIC_VEIN, {"II": 40.0}, {"I": 1.0, "II": 1.0, "III": 1.0})
    assert names_of(cutting(some("II", "III", "IV"), computed(left))) == []


def test_ways__add_up_and_count_once_however_much_of_them_is_removed():
    vessels = computed(way(PORTAL, "VI", "V VIII", 0.4), way(PORTAL, "VI", "V", 0.3))
    for removed, lost in ((("VIII",), 0.4), (("V",), 0.7), (("V", "VIII"), 0.7)):
        cuts = cutting(some(*removed), vessels)
        assert cuts.inflow_lost_shares[CouinaudSegment.VI] == pytest.approx(lost)


def test_ways__of_the_other_tree_or_through_what_stays_say_nothing():
    vessels = computed(way(PORTAL, "V", "VIII", 0.9), way(HEPATIC, "VI", "VII", 0.8))
    cuts = cutting(some("VII"), vessels)
    assert cuts.inflow_lost_shares[CouinaudSegment.V] == 0.0
    assert cuts.inflow_lost_shares[CouinaudSegment.VI] == 0.0
    assert cuts.outflow_lost_shares[CouinaudSegment.VI] == 0.8


def test_what_is_not_seen__is_not_intact():
    vessels = computed(way(HEPATIC, "V", "IV", 0.9), unseen="V VI VII VIII I")
    cuts = cutting(LEFT, vessels)
    assert set(cuts.outflow_lost_shares.values()) == {None}
    assert cuts.outflow is Flow.NOT_SEEN
    nothing = replace(vessels, seen_ml_by_segment={})
    assert cutting(LEFT, nothing).inflow is Flow.NOT_SEEN


@pytest.mark.parametrize(
    ("share", "flow"), [(LOST_SHARE, Flow.LOST), (0.49, Flow.INTACT_AS_FAR_AS_SEEN)]
)
def test_flow__is_lost_where_a_segment_loses_half(share, flow):
    assert cutting(some("IV"), computed(way(HEPATIC, "V", "IV", share))).outflow is flow


def test_seen__counts_from_the_least_on():
    vessels = computed()
    least = {HEPATIC: {CouinaudSegment.V: LEAST_SEEN_ML}}
    cuts = cutting(LEFT, replace(vessels, seen_ml_by_segment=least))
    assert cuts.outflow_lost_shares[CouinaudSegment.V] == 0.0
    assert cuts.outflow_lost_shares[CouinaudSegment.VI] is None


# In the planner


ODD = some("IV", "VI", "VIII")
OWN = (Recipe(segments=tuple(sorted(LEFT))), Recipe(segments=tuple(sorted(ODD))), Recipe())


@pytest.fixture(scope="module")
def case():
    phantom = coarse_phantom(2)
    return measured(phantom.structures, phantom.lesions, phantom.couinaud)


def planned(case, vessels, *, told=None, intact=()):
    report, maps = case
    choice = PlanChoice(
        targets=(0.7,), recipes=OWN, vessels_intact=intact, named_only=True, most_wedges=0
    )
    return plan(
        Case(
            report=replace(report, vessels=vessels),
            patient=NORMAL,
            maps=maps,
            choice=choice,
            facts=ClinicalFacts(remnant_vessels=told),
        )
    )


@pytest.fixture(scope="module")
def without(case):
    return planned(case, None)


@pytest.fixture(scope="module")
def with_vessels(case):
    return planned(case, MIDDLE_IN_IV)


def bare(finding):
    """Return a finding without what computed vessels add."""
    kept = tuple(one for one in finding.reasons if one.cause not in COMPUTED)
    return replace(finding, reasons=kept)


def stripped(part):
    return replace(part, vessel_cuts=None, findings=tuple(map(bare, part.findings)))


def added(findings):
    found = {f.id: [r for r in f.reasons if r.cause in COMPUTED] for f in findings}
    return {name: reasons for name, reasons in found.items() if reasons}


def own(report, segments):
    return next(p for p in report.plans if p.recipe.segments == tuple(sorted(segments)))


def test_planner__computed_vessels_change_no_verdict_and_no_figure(without, with_vessels):
    report = replace(
        with_vessels,
        plans=tuple(map(stripped, with_vessels.plans)),
        resections=tuple(map(stripped, with_vessels.resections)),
        staged=tuple(map(stripped, with_vessels.staged)),
        resectability=tuple(
            replace(one, findings=tuple(map(bare, one.findings)))
            for one in with_vessels.resectability
        ),
        vessel_cuts_reasons=without.vessel_cuts_reasons,
    )
    assert report == without


def test_planner__every_plan_and_resection_has_its_cuts(with_vessels):
    for part in (*with_vessels.plans, *with_vessels.resections):
        segments = getattr(part, "segments", None) or getattr(part, "recipe", part).segments
        assert part.vessel_cuts == cutting(frozenset(segments), MIDDLE_IN_IV)
    cuts = {plan.id: plan.vessel_cuts for plan in with_vessels.plans}
    assert with_vessels.staged
    assert {s.vessel_cuts == cuts[s.plan] for s in with_vessels.staged} == {True}
    assert with_vessels.vessel_cuts_reasons == ()


def test_planner__says_why_there_are_no_cuts(without, case):
    assert without.vessel_cuts_reasons == (Reason(Cause.NO_COMPUTED_VESSELS),)
    assert {p.vessel_cuts for p in (*without.plans, *without.resections, *without.staged)} == {None}
    report, _ = case
    missing = Reason(Cause.NO_COUINAUD_MAP)
    unknown = replace(report, segments=None, segments_reasons=(missing,), vessels=computed())
    undivided = plan(Case(report=unknown, patient=NORMAL))
    assert undivided.vessel_cuts_reasons == (missing,)
    assert {one.vessel_cuts for one in undivided.resections} == {None}


def test_findings__get_what_is_computed_where_nobody_said_it(with_vessels):
    left = added(own(with_vessels, LEFT).findings)
    assert left == {
        "flr.cloyd2020.contiguous_segments": [
            Reason(Cause.COMPUTED_FLOW, names=("inflow", "intact_as_far_as_seen")),
            Reason(Cause.COMPUTED_FLOW, (0.6,), ("outflow", "lost", "V")),
        ]
    }
    assert set(added(own(with_vessels, ODD).findings)) == {
        "flr.cloyd2020.contiguous_segments",
        "vascular_feasibility",
    }
    assert added(own(with_vessels, ()).findings) == {}
    listed = next(x for x in with_vessels.resectability if x.id == "resectability.cloyd2020")
    first = with_vessels.plans[0]
    shown = added(listed.findings)
    assert set(shown) <= {"resectability.cloyd2020.vessels"}
    assert bool(shown) == bool(first.recipe.segments)


def test_findings__where_a_person_found_all_intact_only_a_contradiction_is_added(case):
    told = planned(case, MIDDLE_IN_IV, told=True)
    against = Reason(Cause.COMPUTED_AGAINST_STATED, (0.6,), ("outflow", "lost", "V"))
    assert added(own(told, LEFT).findings) == {"flr.cloyd2020.contiguous_segments": [against]}
    stated = planned(case, MIDDLE_IN_IV, intact=(ODD,))
    reasons = added(own(stated, ODD).findings)["vascular_feasibility"]
    assert {one.cause for one in reasons} == {Cause.COMPUTED_AGAINST_STATED}


@pytest.mark.parametrize(
    ("told", "intact", "causes"),
    [
        (None, False, [Cause.COMPUTED_FLOW, Cause.COMPUTED_FLOW]),
        (None, True, [Cause.COMPUTED_AGAINST_STATED]),
        (True, False, [Cause.COMPUTED_AGAINST_STATED]),
        (False, False, []),
        (False, True, []),
    ],
)
def test_lists__speak_of_the_plan_that_a_person_spoke_of_else_the_first(told, intact, causes):
    nothing = example_plan(1, recipe=Recipe(), vessel_cuts=cutting(frozenset(), MIDDLE_IN_IV))
    left = example_plan(
        2,
        recipe=OWN[0],
        vessel_cuts=cutting(LEFT, MIDDLE_IN_IV),
        vessels_intact=intact,
    )
    found = of_plan((left, nothing), told=told)
    assert [one.cause for one in found] == ([Cause.COMPUTED_OF_PLAN] if causes else [])
    assert [inner.cause for one in found for inner in one.because] == causes
    other = of_plan((nothing, left), told=told)
    assert [one.names for one in other] == ([("plan_2",)] if intact and told is None else [])
    assert of_plan((), told=told) == ()
