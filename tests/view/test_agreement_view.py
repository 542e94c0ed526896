"""What is shown of an agreement, before any medium."""

from dataclasses import replace

import numpy as np
import pytest

from remnant.core.agreement import Agreement, CaseAgreement, EvaluationSettings
from remnant.core.geometry import Geometry
from remnant.view.agreement_view import MOST_ROWS, view_agreement
from volumetry.agreement.of_case import compare_masks
from volumetry.agreement.of_cohort import bland_altman_of, summarise

GRID = Geometry((7, 8, 9), np.diag([1.5, 2.0, 2.5, 1.0]))
SETTINGS = EvaluationSettings(
    tolerance_mm=2.0, match_iou=0.5, prediction_coding="binary", truth_coding="binary"
)


@pytest.fixture(name="agreement", scope="module")
def agreement_fixture():
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[2:5, 2:6, 2:7] = True
    names = [f"label_{n}" for n in range(MOST_ROWS + 2)]
    case = CaseAgreement(
        name="a",
        prediction_sha256="a" * 64,
        truth_sha256="b" * 64,
        structures=tuple(
            compare_masks(mask, mask, GRID, structure=name, tolerance_mm=2.0) for name in names
        ),
        lesions=None,
        burden=None,
    )
    return Agreement(
        settings=SETTINGS,
        cases=(case,),
        summary=summarise([case]),
        detection=None,
        detection_by_size=None,
        burden=None,
        bland_altman=bland_altman_of([case]),
        without_truth=("x",),
    )


def test_view__rows_beyond_the_most_are_counted(agreement):
    view = view_agreement(agreement)
    assert "1 case(s), NSD at 2 mm" == view.heading
    assert ("label_0", "1.000", "1.000", "0.0", "+0.0", "+0.0") == view.structures[0]
    assert (MOST_ROWS, 2, 1) == (len(view.structures), view.more, view.left_out)
    assert ("", ()) == (view.matched, view.detection)


def test_view__several_cases_say_how_they_are_summed_up(agreement):
    twice = replace(agreement, cases=agreement.cases * 2)
    assert view_agreement(twice).heading.endswith("; mean±SD, (cases that have the figure)")
