"""Words of enumerations: one for each member; what a rule demands."""

import pytest

from examples.findings import example_finding
from remnant.core.findings import Basis, Verdict
from remnant.wording.words import demand


@pytest.mark.parametrize(
    ("threshold", "basis", "inclusive", "expected"),
    [
        (0.3, Basis.STANDARDISED_TLV, True, "≥ 30 % of standardised volume"),
        (0.7, Basis.TUMOUR_VOLUME, False, "> 70 % of tumour volume"),
        (0.5, Basis.BODY_WEIGHT, True, "≥ 0.5 % of body weight"),
        (250.0, Basis.BODY_SURFACE_AREA, True, "≥ 250 mL/m² of body surface"),
        (None, None, None, ""),
    ],
)
def test_demand__names_sign_and_denominator(threshold, basis, inclusive, expected):
    finding = example_finding(
        identifier="x",
        verdict=Verdict.MET,
        limit=threshold,
        basis=basis,
        inclusive=bool(inclusive),
    )
    assert expected == demand(finding)
