from dataclasses import replace

import pytest

from examples.reports import EXAMPLE_ERRORS
from remnant.core.errors import InputError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("liver_boundary_mm", -0.1),
        ("lesion_boundary_mm", 10.1),
        ("segment_border_mm", 31.0),
        ("formula_residual_fraction", 0.51),
        ("liver_common_share", 1.1),
        ("lesion_common_share", -0.1),
        ("liver_patch_mm2", -1.0),
        ("seed", -1),
        ("draws", 99),
        ("draws", 100_001),
        ("liver_boundary_mm", float("nan")),
    ],
)
def test_error_model__refuses_what_is_out_of_range(name, value):
    with pytest.raises(InputError, match=name):
        replace(EXAMPLE_ERRORS, **{name: value})


@pytest.mark.parametrize("name", ["liver_boundary_mm", "segment_border_mm", "seed"])
def test_error_model__zero_assumes_no_such_error(name):
    assert getattr(replace(EXAMPLE_ERRORS, **{name: 0}), name) == 0
