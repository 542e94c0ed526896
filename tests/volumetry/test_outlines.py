"""Refined outlines: the interval holds the core until a human confirmed the lesion."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.reasons import Cause
from remnant.core.uncertainty import ErrorModel
from remnant.core.volumes import LabelMap
from volumetry.measure import measure
from volumetry.uncertainty.error_models import NETWORK_MAPS
from volumetry.uncertainty.intervals import lesion_interval
from volumetry.uncertainty.joint_draws import joint_draws, swollen_ml
from volumetry.uncertainty.outlines import displacement_mm3, outline_change

SHAPE = (40, 30, 30)
GRID = Geometry(SHAPE, np.diag([3.0, 3.0, 3.0, 1.0]))
CERTAIN = replace(NETWORK_MAPS, liver_boundary_mm=0.0, lesion_boundary_mm=0.0)


def maps(*, refined=((5, 15), (22, 30)), core=((7, 13), (22, 30))):
    """Return a liver with two lesions, boxes of 10 x 10 voxels along the first axis, and cores."""
    liver = np.zeros(SHAPE, np.uint8)
    liver[2:38, 2:28, 2:28] = 1
    lesions, cores = np.zeros_like(liver), np.zeros_like(liver)
    for number, ((low, high), (core_low, core_high)) in enumerate(
        zip(refined, core, strict=True), start=1
    ):
        lesions[low:high, 5:15, 5:15] = number
        cores[core_low:core_high, 5:15, 5:15] = 1
    return (
        LabelMap(liver, GRID, BINARY_SCHEME),
        LabelMap(lesions, GRID, INSTANCE_SCHEME),
        LabelMap(cores, GRID, BINARY_SCHEME),
    )


def measured(*, model=NETWORK_MAPS, with_core=True, confirmations=None, **boxes):
    liver, lesions, core = maps(**boxes)
    return measure(
        liver,
        lesions,
        couinaud=None,
        patient=Patient(),
        lesions_core=core if with_core else None,
        confirmations=confirmations,
        error_model=model,
    )


def test_core_volumes_are_counted_by_lesion():
    first, second = measured().lesions
    assert (first.core_ml, second.core_ml) == pytest.approx((6 * 2.7, 8 * 2.7))
    assert (first.volume_ml.value, second.volume_ml.value) == pytest.approx((27.0, 21.6))
    assert measured(with_core=False).lesions[0].core_ml is None


def test_core_beyond_the_refined_outline_belongs_to_what_it_touches():
    first, second = measured(refined=((8, 12), (22, 30)), core=((5, 15), (24, 26))).lesions
    assert (first.core_ml, second.core_ml) == pytest.approx((27.0, 5.4))


def test_a_core_that_touches_no_lesion_counts_for_none():
    liver, lesions, core = maps()
    codes = core.codes.copy()
    codes[30:36, 20:26, 20:26] = 1
    report = measure(
        liver, lesions, couinaud=None, patient=Patient(), error_model=NETWORK_MAPS,
        lesions_core=LabelMap(codes, GRID, BINARY_SCHEME),
    )  # fmt: skip
    assert [one.core_ml for one in report.lesions] == pytest.approx([6 * 2.7, 8 * 2.7])


def test_intervals_hold_core_and_refined_outline():
    report = measured(model=CERTAIN)
    first, second = report.lesions
    tumour, burden = report.tumour_ml, report.burden_fraction
    assert first.core_ml in first.volume_ml.interval
    assert 2 * 27.0 - 16.2 in first.volume_ml.interval
    assert tumour.interval.low <= 14 * 2.7 <= tumour.interval.high
    assert tumour.interval.low == pytest.approx(14 * 2.7, rel=0.02)
    assert burden.interval.low == pytest.approx(14 * 2.7 / report.tlv_ml.value, rel=0.02)
    assert tumour.interval.median == pytest.approx(tumour.value, rel=1e-3)
    # nothing was refined there: what remains is the grid alone
    assert second.volume_ml.interval.low == pytest.approx(21.6, rel=0.05)


def test_a_confirmed_lesion_is_what_it_is():
    confirmed = {1: Confirmation.CONFIRMED, 2: Confirmation.CONFIRMED}
    with_core, without = (
        measured(confirmations=confirmed, with_core=known) for known in (True, False)
    )
    assert with_core.tumour_ml == without.tumour_ml
    assert with_core.lesions[0].volume_ml == without.lesions[0].volume_ml
    assert with_core.lesions[0].core_ml == pytest.approx(16.2)
    assert not [f for f in with_core.quality if f.id == "lesion_outlines_agree"]


def test_a_finding_names_what_changed_much():
    (finding,) = (f for f in measured().quality if f.id == "lesion_outlines_agree")
    assert finding.verdict.value == "not_met"
    assert finding.value == 1
    (named,) = (r for r in finding.reasons if r.cause is Cause.OUTLINES_DIFFER)
    assert named.names == ("1",)
    (volumes,) = (r for r in finding.reasons if r.cause is Cause.OUTLINES_REFINED)
    assert volumes.amounts == pytest.approx((37.8, 48.6, 2))


def test_the_finding_is_met_where_little_changed():
    report = measured(core=((6, 15), (22, 30)))
    (finding,) = (f for f in report.quality if f.id == "lesion_outlines_agree")
    assert finding.verdict.value == "met"


def test_without_segmentation_errors_acting_outlines_hold_still():
    from remnant.core.quantity import UncertaintyPart

    drawn = joint_draws(measured(model=CERTAIN), parts=(UncertaintyPart.FORMULA,))
    assert np.ptp(drawn.all_tumour_ml) == 0.0


VOLUMES = st.floats(0.05, 2000.0)


@given(volume=VOLUMES, change=st.floats(-0.99, 5.0))
def test_displacement_gives_back_the_change(volume, change):
    moved = displacement_mm3(np.array([volume]), np.array([change]))
    assert swollen_ml(np.array([volume]), moved)[0] == pytest.approx((1 + change) * volume)


@given(volume=VOLUMES, core=st.floats(0.0, 3000.0), boundary=st.floats(0.0, 3.0))
def test_the_interval_of_a_lesion_holds_its_core(volume, core, boundary):
    model: ErrorModel = replace(NETWORK_MAPS, lesion_boundary_mm=boundary)
    surface = 4.836 * (1000 * volume) ** (2 / 3)
    plain = lesion_interval(volume, surface, 0.1, model)
    wide = lesion_interval(volume, surface, 0.1, model, core_ml=core)
    # beyond twice the refined volume the other side of the way would be below nothing
    assert wide.low <= min(core, plain.low) + 1e-9
    assert wide.high >= max(core, plain.high) - 1e-6
    assert outline_change(volume, core) >= 0.0
    assert outline_change(volume, None) == 0.0
