"""What results show of themselves in a notebook."""

import re
import sys
from dataclasses import replace
from functools import partial

import pytest

from examples.plans import example_planning
from remnant.api import Case, open_case
from remnant.core.errors import InputError, UnreadableFileError
from remnant.core.lesions import LesionTable
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.showing import ShowsItself
from remnant.page.notebook_viewer import viewer
from remnant.view.notebook_view import MOST_LESIONS, MOST_PLANS
from remnant.wording.notebook import NO_LESIONS, lesions_left_out, plans_left_out
from remnant.wording.numbers import shown


@pytest.fixture(name="planned_case")
def planned_case_fixture(made):
    return replace(made.case, planning=example_planning())


def cells(html):
    return [re.sub(r"<[^>]+>|\s+", " ", cell).strip() for cell in re.findall(r"<td.*?</td>", html)]


def test_case__shows_volumes_segments_lesions_and_plans(planned_case):
    case = planned_case
    html = case._repr_html_()

    assert shown(case.volumetry.tlv_ml) in html
    assert all(f">{segment.name}</th>" in html for segment in case.volumetry.segments)
    assert all(f">{plan.id}</th>" in html for plan in case.planning.plans[:MOST_PLANS])
    assert html.count("<table>") == html.count("</table>") == 4


def test_volumes__of_an_absent_figure_say_why(planned_case):
    volumetry = replace(
        planned_case.volumetry,
        tumour_ml=Quantity(value=None, reasons=(Reason(Cause.LESIONS_UNKNOWN),)),
        segments=None,
        lesions=(),
    )
    html = volumetry._repr_html_()

    assert any(re.fullmatch(r"– .*lesion.*", cell) for cell in cells(html))
    assert NO_LESIONS in html
    assert "without tumour mL" not in html


def test_many__are_counted_and_all_stand_in_their_table(planned_case):
    case = planned_case
    one = case.volumetry.lesions[0]
    many = tuple(replace(one, id=number) for number in range(1, MOST_LESIONS + 4))
    plans = (case.planning.plans[0],) * (MOST_PLANS + 2)

    assert lesions_left_out(3) in replace(case.volumetry, lesions=many)._repr_html_()
    assert f">{len(many)}</th>" in LesionTable(many)._repr_html_()
    assert plans_left_out(2) in replace(case.planning, plans=plans)._repr_html_()


def test_planning__without_plans_says_why(planned_case):
    planning = replace(
        planned_case.planning, plans=(), plans_reasons=(Reason(Cause.SEGMENTS_UNKNOWN),)
    )

    assert "segments" in planning._repr_html_()


def test_unknown_type__shows_nothing_of_itself():
    assert ShowsItself()._repr_html_() is None


def test_open_case__of_no_case_is_refused(tmp_path):
    with pytest.raises((InputError, UnreadableFileError)):
        open_case(tmp_path)


def test_viewer__without_image_or_package_says_so(planned_case, tmp_path, monkeypatch):
    case = Case(folder=tmp_path, report=planned_case)
    with pytest.raises(InputError, match="no image"):
        case.viewer()
    monkeypatch.setitem(sys.modules, "ipyniivue", None)
    shown_with = partial(viewer, tmp_path, couinaud=None, lesions=None, lesion_ids=())
    with pytest.raises(InputError, match=r"remnant\[notebook\]"):
        shown_with()
