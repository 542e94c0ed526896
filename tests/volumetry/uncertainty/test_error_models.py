from dataclasses import asdict

import pytest

from remnant.core.errors import InputError
from remnant.core.uncertainty import ErrorChoice
from remnant.core.volumetry_report import SegmentSource
from volumetry.uncertainty.error_models import GIVEN_MAPS, NETWORK_MAPS, error_model


def test_error_model__by_origin():
    assert error_model(networks=False, segment_source=None) == GIVEN_MAPS
    assert error_model(networks=True, segment_source=SegmentSource.GIVEN) == NETWORK_MAPS
    assert GIVEN_MAPS.lesion_boundary_mm < NETWORK_MAPS.lesion_boundary_mm
    planes = error_model(networks=False, segment_source=SegmentSource.LANDMARKS)
    assert planes.segment_border_mm > GIVEN_MAPS.segment_border_mm


def test_choice__replaces_figures_and_says_so():
    chosen = error_model(
        networks=True, segment_source=None, choice=ErrorChoice(lesion_boundary_mm=0.0, seed=3)
    )
    changed = {k for k, v in asdict(chosen).items() if v != getattr(NETWORK_MAPS, k)}
    assert {"origin", "lesion_boundary_mm", "seed"} == changed
    assert chosen.origin == "network maps, changed by the user"


def test_choice__another_seed_is_the_same_model():
    assert (
        error_model(networks=False, segment_source=None, choice=ErrorChoice(seed=3)).origin
        == GIVEN_MAPS.origin
    )


def test_choice__refused_out_of_range():
    with pytest.raises(InputError, match="segment_border_mm is 99"):
        error_model(networks=False, segment_source=None, choice=ErrorChoice(segment_border_mm=99))


# The presets of the error model, figure by figure, and what they are derived from


FIGURES = {
    "origin": "given maps",
    "liver_boundary_mm": 0.6,
    "liver_common_share": 0.5,
    "liver_patch_mm2": 2500.0,
    "lesion_boundary_mm": 0.5,
    "lesion_common_share": 0.5,
    "segment_border_mm": 3.0,
    "formula_residual_fraction": 0.15,
}


def test_presets__are_the_figures_that_were_chosen():
    """Every interval rests on them: one that changes must be changed here too, and explained."""
    assert {**asdict(GIVEN_MAPS), **FIGURES} == asdict(GIVEN_MAPS)
    changed = {"origin": "network maps", "liver_boundary_mm": 0.7, "lesion_boundary_mm": 1.0}
    assert {**asdict(GIVEN_MAPS), **changed} == asdict(NETWORK_MAPS)
    planes = error_model(networks=True, segment_source=SegmentSource.LANDMARKS)
    assert {**asdict(NETWORK_MAPS), "segment_border_mm": 5.0} == asdict(planes)


@pytest.mark.parametrize(("model", "share"), [(GIVEN_MAPS, 0.15), (NETWORK_MAPS, 0.30)])
def test_presets__of_lesions_are_the_published_share_of_one_of_20_mm(model, share):
    assert share == pytest.approx(3 * model.lesion_boundary_mm / 10.0)
