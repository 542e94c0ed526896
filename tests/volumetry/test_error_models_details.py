"""The presets of the error model, figure by figure, and what they are derived from."""

from dataclasses import asdict

import pytest

from remnant.core.volumetry_report import SegmentSource
from volumetry.error_models import GIVEN_MAPS, NETWORK_MAPS, error_model

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
