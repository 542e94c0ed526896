"""The report leads with its story, loses nothing, and holds commands in one place alone."""

import re
from dataclasses import fields, is_dataclass, replace
from html import unescape

import pytest

from examples.html_pages import ReadPage
from examples.printed_cases import with_lesions
from examples.reports import example_lesion
from remnant.core.patient import Patient
from remnant.core.quantity import Quantity
from remnant.core.readings import LesionReading
from remnant.core.reasons import Cause, Reason
from remnant.core.volumetry_report import SegmentSource
from remnant.page.contents import contents
from remnant.page.html import css_string, render_html, render_page
from remnant.page.placing import Pictures, placed
from remnant.pictures.drawing import Picture
from remnant.view.case_view import view_case
from remnant.view.parts import Figure
from remnant.view.subject import Statement
from remnant.wording.report_parts import PART_TITLES
from remnant.wording.report_remedies import (
    ESTIMATE_SEGMENTS,
    FINDINGS,
    remedy_of_reason,
)

COMMAND = re.compile(r"\bremnant (run|plan|measure|segment|report|cohort)\b|(?<![-\w])--[a-z]")


def plain(source):
    body = source.split("</style>", 1)[1]
    spaced = re.sub(r"<(/?)([tdap])", r" <\1\2", body)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", spaced)))


@pytest.fixture(scope="module")
def case(made):
    volumetry = replace(made.case.volumetry, segment_source=SegmentSource.MODEL)
    return with_lesions(replace(made.case, volumetry=volumetry), 8)


@pytest.fixture(scope="module")
def source(case):
    return render_page(case)


def story(source):
    """What stands on the first sheet."""
    return plain(source.split('<section class="sheet second"')[0])


def test_story__holds_impression_remnants_lesions_gaps_readers_and_scan(case, source):
    text, view = story(source), view_case(case)
    for line in view.sheet.impression:
        assert line in text
    for row in view.sheet.operations:
        for figure in (row.flr, row.measured, row.sflr):
            assert f"{figure.number} ({figure.interval})" in text, row.title
    names = [row.title for row in view.sheet.operations if not row.kind]
    assert names == [
        "Right hemihepatectomy",
        "Left hemihepatectomy",
        "Right trisectionectomy",
        "Left trisectionectomy",
    ]
    assert "Own plan Left lateral sectionectomy" in text
    assert "Lesions counted 8" in text
    assert "50.0 mm axial: no. 1, V and VIII" in text
    assert all(words in text for words in view.sheet.missing)
    assert "8 of 8 lesions confirmed by a reader" in text
    assert "Scan date not kept" in text
    assert "phase portal" in text
    assert "Research use only" in text


def test_story__says_why_there_is_no_remnant(made_without_segments):
    text = story(render_page(made_without_segments.case))
    assert "No remnant: the Couinaud segments are unknown" in text
    assert "Right hemihepatectomy" not in text


def test_story__of_a_case_without_a_plan(made):
    text = story(render_page(replace(made.case, planning=None)))
    assert "Resections were not planned for this case." in text
    assert "Nothing that a list or a verdict asks for." not in text
    assert "no rule, no list and no contraindication was looked at" in text


def test_story__rejected_and_unread_lesions_are_counted(made):
    volumetry = made.case.volumetry
    text = story(render_page(made.case))
    rejected = len(volumetry.lesions) - len(volumetry.counted_lesions)
    assert rejected == 1
    assert f"Lesions counted {len(volumetry.counted_lesions)}, and 1 rejected" in text
    assert f"1 of {len(volumetry.counted_lesions)} lesions confirmed by a reader" in text


def test_story__names_who_confirmed_and_rejected_lesions(made):
    first, rejected = made.case.volumetry.counted_lesions[0].id, 3
    reading = LesionReading(
        by="A. <Reader>", date="2026-11-29", confirmed=(first,), rejected=(rejected,)
    )
    page = render_page(replace(made.case, readings=(reading,)))

    said = f"confirmed lesion {first}; rejected lesion {rejected}"
    assert f"A. &lt;Reader&gt;, 2026-11-29: {said}" in page


def shown_words(part, seen):
    """Every figure and finding within a part of a view."""
    if isinstance(part, Figure):
        yield part.number
        yield part.interval
    elif isinstance(part, Statement):
        yield part.text
    if is_dataclass(part) and id(part) not in seen:
        seen.add(id(part))
        # what is drawn of a plan has its words below the pictures, which this case lacks
        for field in (f for f in fields(part) if f.name != "pictured"):
            yield from shown_words(getattr(part, field.name), seen)
    elif isinstance(part, tuple):
        for one in part:
            yield from shown_words(one, seen)


def test_page__holds_every_figure_and_finding_of_the_view(case, source):
    text, view = plain(source), view_case(case)
    words = set(shown_words(view, set()))
    assert len(words) > 200
    text = re.sub(r"\s+", " ", text)
    assert [] == [one for one in words if re.sub(r"\s+", " ", one).strip() not in text]
    for check in view.checks.every:
        assert check.text in text
    for lesion in case.volumetry.lesions:
        assert f"{lesion.longest_axial_mm:.1f} × " in text


def test_lesions__many_are_cut_in_front_and_all_stand_in_the_appendix(made):
    lesions = tuple(example_lesion(n, volume_ml=100.0 / n) for n in range(1, 31))
    volumetry = replace(made.case.volumetry, lesions=lesions)
    source = render_page(replace(made.case, volumetry=volumetry))
    front, rest = source.split('<h2 id="appendix">')
    table = front.split('aria-labelledby="lesions"')[1].split("</table>")[0]
    assert [str(n) for n in range(1, 13)] == re.findall(r'<th scope="row">(\d+)</th>', table)
    assert "18 more and all together in the appendix" in plain("</style>" + front)
    every = rest.split('id="lesion-details"')[1].split("</table>")[0]
    assert 30 == every.count('<th scope="row">')


def test_lesions__few_stand_once(case, source):
    del case
    assert 1 == source.count("Axial diameters mm")


def test_commands__stand_in_the_operators_box_alone(source):
    before, box = source.split('<section class="operator"')
    assert [] == [match.group(0) for match in COMMAND.finditer(plain(before))]
    assert "<code>" not in before
    assert "remnant run CASE --couinaud-from FILE" in box
    assert "remnant plan CASE --facts FILE" in box


def test_commands__a_missing_body_size_is_one(case):
    missing = Reason(Cause.BODY_FACTS_MISSING, names=("mosteller1987", "height_cm", "weight_kg"))
    standardised = replace(case.volumetry.standardised, stlv_ml=Quantity.absent(missing))
    volumetry = replace(case.volumetry, standardised=standardised)
    source = render_page(replace(case, volumetry=volumetry, patient=Patient()))
    before, box = source.split('<section class="operator"')
    assert not COMMAND.search(plain(before))
    assert "remnant run CASE --height-cm … --weight-kg …" in box


def test_remedies__of_segments_that_nobody_gave():
    assert ESTIMATE_SEGMENTS == remedy_of_reason(Reason(Cause.NO_SEGMENTS_GIVEN))
    assert remedy_of_reason(Reason(Cause.NO_LESION)) is None
    assert len(FINDINGS) > 5


def test_contents__lists_every_part_and_its_links_resolve(source):
    page = ReadPage(source)
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = [a["href"][1:] for a in page.all("a") if a["href"].startswith("#")]
    assert set(links) <= ids
    listed = source.split('<nav class="contents"')[1].split("</nav>")[0]
    targets = re.findall(r'href="#([a-z-]+)"', listed)
    titles = dict(re.findall(r'<h2 id="(?:h-)?([a-z-]+)">(.*?)</h2>', source))
    own = {"operations", "summary", "missing", "read", "appendix", "contraindications"}
    assert set(titles) - own == set(targets)
    assert all(PART_TITLES[name] == titles[name] for name in targets)


def test_contents__leaves_out_what_a_case_has_not(made):
    bare = replace(made.case, planning=None)
    found = [name for name, _ in contents(view_case(bare), borders=False)]
    assert {"plans", "sources", "plan-details", "vessels", "borders"}.isdisjoint(found)
    assert {"impression", "lesions", "key", "method", "operator"} <= set(found)


def picture(name, width=200):
    return Picture(name, f"data:image/png;base64,{name}", width, 100, f"Picture {name} of a liver.")


def test_pictures__stand_once_and_the_first_plans_surface_leads(case):
    planes = tuple(map(picture, ("ax", "co", "sa")))
    drawn = Pictures(
        planes=planes,
        borders=(picture("bo"),),
        surfaces=(picture("s1"), picture("s2")),
        of_plans={
            name: tuple(picture(f"{name}-{n}") for n in range(3)) for name in ("plan_1", "plan_2")
        },
    )
    source = render_page(case, drawn)
    alts = [image["alt"].split()[1] for image in ReadPage(source).all("img")]
    assert len(set(alts)) == len(alts) == 12
    assert ["ax", "co", "plan_1-2", "sa", "s1", "s2", "plan_1-0", "plan_1-1"] == alts[:8]
    rows = placed(replace(drawn, of_plans={}), view_case(case))
    assert ["ax", "co", "s1"] == [one.title for one in rows.story.pictures]
    assert "2.000fr 2.000fr 2.000fr" == rows.story.columns
    assert not rows.story_of_plan


def test_page__is_the_same_each_time_and_says_its_language(made):
    phantom = made.phantom
    first, second = (
        render_html(
            made.case,
            structures=phantom.structures,
            lesions=phantom.lesions,
            couinaud=phantom.couinaud,
            preview=None,
        )
        for _ in range(2)
    )
    assert first == second
    assert '<html lang="en-GB">' in first


def test_css_string__nothing_leaves_the_string():
    assert r'"a\000022\00003b\00003c\00002fstyle"' == css_string('a";</style')
    assert r'"case\00002d1f"' == css_string("case-1f")
