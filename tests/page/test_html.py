"""The page: complete, self-contained, honest, readable."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from markupsafe import escape

from planning.case import Case
from planning.literature import load_literature
from planning.planner import plan
from remnant.core.distribution import Frilling
from remnant.core.errors import GeometryMismatchError
from remnant.core.findings import Finding, Verdict, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import CouinaudSegment, SegmentIvPart
from remnant.core.lesions import Confirmation, IntensityStatistics
from remnant.core.planning_report import PlanningReport
from remnant.core.quality_light import QUALITY_LIGHT, VERDICTS, Light
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.uncertainty import SegmentPlane
from remnant.core.vessels import ComputedVessels, NamedVessel, VesselName, VesselTree
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import (
    BurdenClass,
    PartVolumes,
    SegmentsConfirmation,
    SegmentSource,
)
from remnant.page.html import render_html, render_page
from remnant.pictures.preview import make_preview
from remnant.view.certainty import of_hundred
from remnant.wording.classes import frilling_reason
from remnant.wording.findings import text_of
from remnant.wording.numbers import ends
from remnant.wording.reasons import why
from remnant.wording.resection_titles import resection_title

VOID = {"meta", "img", "br", "line", "rect", "link", "hr", "input"}
LARGEST_PAGE_BYTES = 3_000_000


class Page(HTMLParser):
    """Elements in order, text by section, and whether every tag is closed."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.stack, self.words = [], [], []
        self.feed(source)
        assert [] == self.stack

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert tag == self.stack.pop()
        if tag in ("td", "th"):
            self.words.append(" ")

    def handle_data(self, data):
        if "style" not in self.stack:
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"[ \n]+", " ", "".join(self.words))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def source(made):
    phantom = made.phantom
    return render_html(
        made.case,
        structures=phantom.structures,
        lesions=phantom.lesions,
        couinaud=phantom.couinaud,
        preview=make_preview(phantom.image, phantom.structures),
    )


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def bare(case) -> Page:
    return Page(render_page(case))


def part(source, heading):
    """The text of the section with this heading, of those within it too."""
    start = re.search(f'<section[^>]*aria-labelledby="{heading}"', source).start()
    end = re.search(
        '<section[^>]*aria-labelledby="(?!' + heading + ")|</main>", source[start + 9 :]
    )
    inner = source[start : start + 9 + end.start()]
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", "", inner.replace("<t", " <t"))))


def section(case, heading):
    return part(render_page(case), heading)


def with_volumetry(case, **changes):
    return replace(case, volumetry=replace(case.volumetry, **changes))


def test_page__loads_nothing_from_anywhere(source, page):
    assert not {"script", "link", "iframe", "object", "embed", "base"} & {
        t for t, _ in page.elements
    }
    for _, attributes in page.elements:
        assert attributes.get("src", "data:").startswith("data:image/png;base64,") or (
            "src" not in attributes
        )
        target = attributes.get("href", "#")
        assert target.startswith(("#", "https://doi.org/"))
        assert "srcset" not in attributes
    assert "@import" not in source
    assert "url(" not in source
    assert len(source.encode()) < LARGEST_PAGE_BYTES


def test_page__is_accessible(page):
    assert "en-GB" == page.all("html")[0]["lang"]
    assert 8 == len(page.all("img"))
    assert all(len(image["alt"]) > 20 for image in page.all("img"))
    assert all(header.get("scope") in ("col", "row", "rowgroup") for header in page.all("th"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert 1 == levels.count(1)
    identifiers = [a["id"] for _, a in page.elements if "id" in a]
    assert len(set(identifiers)) == len(identifiers)
    linked = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    assert linked <= set(identifiers)
    assert all("labelledby" in "".join(s) or "aria-label" in s for s in page.all("section"))


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_page__contrast_is_at_least_4_5_in_light_and_dark(source):
    schemes = re.findall(r":root \{([^}]*)\}", source)
    assert 2 == len(schemes)
    pairs = [
        (front, back)
        for front in ("ink", "soft", "accent", "warn", "bad", "good")
        for back in ("paper", "wash")
    ] + [(front, f"{tone}-wash") for tone in ("warn", "bad", "accent") for front in ("ink", tone)]
    for scheme in schemes:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", scheme))
        for front, back in pairs:
            light = sorted((luminance(colours[front]), luminance(colours[back])))
            assert (light[1] + 0.05) / (light[0] + 0.05) >= 4.5, (front, back)


def test_page__says_research_use_first_and_last(page):
    sentence = "Research use only. Not a medical device."
    assert 2 == page.text.count(sentence)
    assert page.text.index(sentence) < page.text.index("Impression")
    assert page.text.strip().endswith(sentence)


def test_page__the_story_comes_first_then_lesions_then_the_appendix(source):
    headings = [
        'id="impression">Impression', "<img ", 'id="operations">What would remain',
        'id="summary">Lesions and volumes', 'id="missing">', 'id="read">',
        "Numbers as in the pictures", 'id="pictures">Pictures', 'id="appendix">Appendix',
        'id="key">Key figures',
        'id="segments">Couinaud segments', "What would remain, as four",
        'id="findings">Findings and their sources', "<h3>References", 'id="method">',
        "<h3>Limits",
    ]  # fmt: skip
    places = [source.index(heading) for heading in headings]
    assert sorted(places) == places


def test_page__shows_the_measured_figures(made, page):
    volumetry = made.case.volumetry
    assert f"{volumetry.tlv_ml.value:.0f} mL" in page.text
    assert f"{100 * volumetry.burden_fraction.value:.1f} %" in page.text
    for resection in made.case.planning.resections:
        assert resection_title(resection) in page.text
        assert resection.new_world in page.text
    assert frilling_reason(made.case.planning.frilling) in page.text
    assert "within reach" in page.text


def test_page__failed_checks_are_announced_at_the_head_and_escaped(source, page):
    assert "The couinaud file names &lt;are&gt; uneven but holds" in source
    head = page.text[: page.text.index("Impression")]
    assert re.search(r"\d+ quality checks? failed", head)
    assert "The couinaud file names <are> uneven but holds" in part(source, "h-notices")


def test_page__nothing_is_phrased_as_an_order(page):
    orders = r"(?i)\b(should|must|recommended|resect the|perform|proceed|we advise|is indicated)\b"
    ours = page.text[: page.text.index("References")]
    # What a source recommends may be told as the source's word, among its lists only.
    lists = ours.index("What the sources ask"), ours.index("One hepatectomy alone")
    of_sources = (
        ours[lists[0] : lists[1]].replace("recommended there", "").replace("2020: recommended", "")
    )
    assert [] == re.findall(orders, ours[: lists[0]] + of_sources + ours[lists[1] :])


def test_page__unconfirmed_lesions_are_marked_wherever_the_burden_shows(made, page, source):
    assert "unconfirmed lesions" in part(source, "summary")
    assert "2 of 3 lesions not confirmed" in page.text
    for label in ("Tumour volume", "Tumour burden", "Functional liver volume", "Frilling type"):
        after = part(source, "key").split(label, 1)[1][:90]
        assert "unconfirmed lesions" in after, label
    states = ("? not confirmed", "✓ confirmed", "✗ rejected")
    assert all(state in page.text for state in states)


def test_page__confirmed_lesions_carry_no_such_mark(made):
    lesions = tuple(
        replace(lesion, confirmation=Confirmation.CONFIRMED)
        for lesion in made.case.volumetry.lesions
    )
    text = bare(with_volumetry(made.case, lesions=lesions)).text
    assert "unconfirmed lesions" not in text


def test_page__assumed_body_size_and_planted_lesions_are_named(made, page):
    assert "Body size is assumed for the demo" in page.text
    assert "Standardised volume" in page.text.split("assumed for the demo", 1)[1]
    assert "synthetic" in page.text[: page.text.index("Key figures")]
    row = page.text.split("Centre R, A, S mm", 1)[1][:60]
    assert "planted 1 8.50 7.25 85.3 1, 2, 3" in re.sub(r"\s+", " ", row)
    patient = replace(made.case.patient, body_size_assumed=False)
    text = bare(replace(made.case, patient=patient, planted=())).text
    assert "for the demo" not in text
    assert "planted" not in text.lower()


def test_page__what_is_to_be_known_of_the_demos_liver_stands_alone(made):
    origin = quality_finding("sample_origin", passed=None)
    box = quality_finding("sample_box", passed=None, value=0.02)
    text = bare(replace(made.case, quality=(origin, box))).text
    assert "Demo: published liver" in text[: text.index("Key figures")]
    notice = text.split("Demo: a real liver with tumour", 1)[1]
    about = notice[: notice.index("Body size is assumed")]
    assert "case 117" in about
    assert "About 2 % of the liver" in about
    assert "could not be made" not in text
    assert "Demo: a real liver" not in bare(made.case).text


def test_page__absent_values_are_a_dash_with_their_reason(made):
    absent = Quantity.absent(Reason(Cause.LESIONS_UNKNOWN))
    case = with_volumetry(made.case, tumour_ml=absent, burden_fraction=absent, burden_class=None)
    for heading in ("summary", "key"):
        for label in ("Tumour volume", "Tumour burden"):
            after = section(case, heading).split(label, 1)[1].strip()
            assert after.startswith("–")
            assert "no lesion map was given" in after.lower()[:200]


def test_page__bounds_are_shown_as_such(made):
    cut = Quantity(1200.0, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT))
    text = bare(with_volumetry(made.case, tlv_ml=cut)).text
    assert "≥\u202f1200 mL" in text
    assert "the liver reaches the edge of the scan: what lies beyond it is not counted" in text


def test_page__zero_is_a_measurement(made):
    text = bare(
        with_volumetry(
            made.case, lesions=(), tumour_ml=Quantity(0.0), burden_fraction=Quantity(0.0)
        )
    ).text
    assert re.search(r"Tumour volume\s+0 mL", text)
    assert re.search(r"Tumour burden\s+0\.0 %", text)
    assert "No lesion was found or given." in text


def test_page__without_segments_one_sentence_says_why_nothing_remains(made_without_segments):
    phantom, case = made_without_segments.phantom, made_without_segments.case
    source = render_html(
        case, structures=phantom.structures, lesions=phantom.lesions, couinaud=None, preview=None
    )
    text = re.sub(r"\s+", " ", Page(source).text)
    reason = why(case.planning.resections[0].remnant.flr_ml)
    assert "no Couinaud map, no labelled branches and no landmarks were given" in reason
    assert 1 == text.count(f"No remnant: {reason}.")
    assert 2 == text.count("No remnant is known: why.")
    assert "Hepatectomy, segments removed" not in text
    assert "No rule on what would remain or be removed could be applied." in text
    lists = sum(part(source, name).count("?") for name in ("sources", "source-lists"))
    assert text.count("?") - lists < 10
    for key in re.findall(r'id="(ref-\d+)"', source):
        assert f'href="#{key}"' in source


def test_page__without_plan_says_so(made):
    text = bare(replace(made.case, planning=None)).text
    assert "Resections were not planned for this case." in text


def test_page__empty_plan_and_missing_facts(made):
    empty = PlanningReport(
        frilling=Frilling(type=None, reasons=(Reason(Cause.NO_LESION_TO_CLASSIFY),)), resections=()
    )
    study = replace(made.case.study, modality=None)
    provenance = replace(
        made.case.provenance, models=(), device=None, seed=None, inputs_sha256={}, seconds={}
    )
    case = replace(
        made.case, planning=empty, study=study, provenance=provenance, quality=(), planted=()
    )
    text = bare(with_volumetry(case, quality=())).text
    assert "Masks only" in text
    assert "none: the masks were given" in text
    assert "Planning made no statement on debulking." in text
    assert "No check was made." in text


def test_page__verdicts_stand_in_words_beside_their_signs(page):
    for sign, word in (("✓", "met"), ("✗", "not met")):
        assert f"{sign}{word}" in page.text


def test_page__cites_every_source_in_full(made, page):
    keys = {f.source for r in made.case.planning.resections for f in r.findings if f.source}
    references = page.text.split("References", 1)[1]
    assert len(keys) >= 4
    for key in keys:
        assert load_literature()[key].citation in references


def test_page__unknown_source_keys_are_shown_as_they_are(made):
    odd = Finding(id="vascular_feasibility", verdict=Verdict.UNKNOWN, source="nobody2099")
    planning = replace(made.case.planning, findings=(odd,))
    text = bare(replace(made.case, planning=planning)).text
    assert "nobody2099 (not in this version’s literature)" in text


def test_page__checks_that_were_not_made_are_warned_of(made):
    check = quality_finding("contrast_phase", passed=None)
    text = bare(replace(made.case, quality=(check,))).text
    assert 2 == text.count("The source does not say the contrast phase.")
    care = section(replace(made.case, quality=(check,)), "h-notices")
    assert "could not be made The source does not say the contrast phase." in care


def test_page__shows_where_it_came_from(page):
    for word in (
        "remnant 0.1.0",
        "kul-liver 1",
        "abababababab",
        "formula = vauthey2002_bsa",
        "case-1f",
    ):
        assert word in page.text


def test_render__refuses_maps_on_another_grid(made):
    phantom = made.phantom
    moved = phantom.geometry.affine_ras.copy()
    moved[0, 3] += 5.0
    shifted = LabelMap(
        phantom.lesions.codes, Geometry(phantom.geometry.shape, moved), phantom.lesions.scheme
    )
    with pytest.raises(GeometryMismatchError):
        render_html(
            made.case, structures=phantom.structures, lesions=shifted, couinaud=None, preview=None
        )


def with_remnants(case, **changes):
    """Return the case with the same changed figures in every remnant."""
    planning = replace(
        case.planning,
        resections=tuple(
            replace(r, remnant=replace(r.remnant, **changes)) for r in case.planning.resections
        ),
    )
    return replace(case, planning=planning)


def test_page__every_key_figure_shows_its_interval(made, page):
    volumetry = made.case.volumetry
    for quantity in (volumetry.tlv_ml, volumetry.functional_tlv_ml, volumetry.standardised.stlv_ml):
        known = quantity.interval
        assert f"{quantity.value:.0f} mL {known.low:.0f}–{known.high:.0f} mL" in page.text


def test_page__every_remnant_shows_its_interval(made, page):
    for resection in made.case.planning.resections:
        flr, sflr = resection.remnant.flr_ml, resection.remnant.sflr
        assert f"({ends(flr.interval)})" in page.text
        assert f"({ends(sflr.interval, fraction=True)})" in page.text


def test_page__sureness_is_a_count_of_draws_and_never_a_second_percentage(made, page):
    sure = {
        f"{of_hundred(f.probability)} in 100"
        for r in made.case.planning.resections
        for f in r.findings
        if f.probability is not None
    }
    assert len(sure) > 3
    assert all(words in page.text for words in sure)
    assert "not how safe an operation would be" in page.text
    assert not re.search(r"\d % (likely|probable|sure|chance)", page.text)


def test_page__says_what_a_range_comes_from(page, source):
    after = part(source, "key").split("Standardised volume", 1)[1]
    assert "mostly from body-size formula" in after[:80]
    labels = [s["aria-label"] for s in page.all("span") if "bar" in s.get("class", "")]
    assert len(labels) >= 5
    assert all(label.startswith("Share of the variance: ") for label in labels)


def test_page__interval_of_a_bound_is_that_within_the_scan(made):
    cut = Quantity(
        1200.0,
        interval=Interval(1150.0, 1250.0),
        bound=Bound.LOWER,
        reasons=Reason(Cause.LIVER_CUT),
    )
    about = Quantity(
        0.31, interval=Interval(0.3, 0.32), indicative=True, reasons=Reason(Cause.SHARE_WITHIN_SCAN)
    )
    case = with_remnants(with_volumetry(made.case, tlv_ml=cut), flr_measured_fraction=about)
    text = bare(case).text
    assert "1150–1250 mL as measured" in text
    assert "(30.0–32.0)as measured" in text


def test_page__an_interval_without_width_is_not_shown(made):
    nothing = Quantity(0.0, interval=Interval(0.0, 0.0))
    text = bare(with_volumetry(made.case, burden_fraction=nothing)).text
    case = with_remnants(made.case, flr_measured_fraction=nothing)
    assert "()" not in text
    assert "()" not in bare(case).text


def test_page__burden_classes_that_compete_are_counted(made):
    shares = {BurdenClass.UP_TO_10: 0.71, BurdenClass.OVER_10_TO_25: 0.29}
    text = bare(with_volumetry(made.case, burden_class_probabilities=shares)).text
    assert "of 100 draws of the measurement error: 71 up to 10 %, 29 over 10 to 25 %" in text
    sure = bare(with_volumetry(made.case, burden_class_probabilities={BurdenClass.UP_TO_10: 1.0}))
    assert "by measurement error alone: sure" in sure.text


def test_page__other_formulas_and_the_minima_that_they_cross(made):
    sflr = Quantity(0.25, interval=Interval(0.2, 0.3))
    case = with_remnants(made.case, sflr=sflr)
    spread = {"urata1995": 0.31, "chouker2004": 0.19}
    planning = replace(
        case.planning,
        resections=tuple(replace(r, sflr_by_formula=spread) for r in case.planning.resections),
    )
    text = bare(replace(case, planning=planning)).text
    assert "by formula 19.0–31.0" in text
    row = text.split("Minima that only some formulas reach", 1)[1][:120]
    assert "25.0 19.0 chouker2004 31.0 urata1995 20 %, 30 %" in re.sub(r"\s+", " ", row)
    cut = with_remnants(replace(case, planning=planning), sflr=replace(sflr, bound=Bound.LOWER))
    assert "by formula ≥\u202f19.0–31.0" in bare(cut).text


def test_page__body_size_that_was_not_given(made):
    def shown(**known):
        patient = replace(made.case.patient, body_size_assumed=False, **known)
        return bare(replace(made.case, patient=patient)).text

    assert "Body size not given" in shown(height_cm=None, weight_kg=None)
    assert "height not given, 70 kg" in shown(height_cm=None, weight_kg=70.0)
    assert "170 cm, weight not given" in shown(height_cm=170.0, weight_kg=None)


def test_page__error_model_is_stated_with_its_figures(made, page):
    model = made.case.volumetry.error_model
    stated = page.text.split("Measurement error", 1)[1]
    for word in (
        model.origin,
        f"seed {model.seed}",
        f"{model.draws} joint draws",
        f"{model.liver_boundary_mm:g} mm",
        f"{model.lesion_boundary_mm:g} mm",
        f"{model.segment_border_mm:g} mm",
        f"{100 * model.formula_residual_fraction:g} % of the standardised volume",
    ):
        assert word in stated, word


def test_page__lesions_show_both_diameters_distances_and_intensities(made):
    statistics = IntensityStatistics(mean=61.4, sd=8.8, minimum=12.0, median=62.0, maximum=99.0)
    first = replace(
        made.case.volumetry.lesions[0],
        longest_axial_mm=21.04,
        perpendicular_axial_mm=15.56,
        surface_distance_mm=Quantity(
            3.25, bound=Bound.UPPER, reasons=Reason(Cause.SCAN_EDGE_NEARER)
        ),
        portal_vein_distance_mm=Quantity.absent(Reason(Cause.NO_PORTAL_VEIN)),
        intensity=statistics,
    )
    text = bare(with_volumetry(made.case, lesions=(first,))).text
    assert "21.0 × 15.6" in text
    assert "≤\u202f3.25" in text
    assert "The portal vein is not in the liver map" in text
    assert "61 ± 9" in text
    assert "12 to 99" in text
    assert "Hounsfield" in text
    without = bare(with_volumetry(made.case, lesions=(replace(first, intensity=None),))).text
    assert "Hounsfield" not in without
    assert "Mean ± SD" not in without


def test_page__full_text_of_a_rule_waits_in_a_details_element(made, source):
    finding = made.case.planning.resections[0].findings[0]
    opened = '<details class="more text"><summary>Full text</summary><p>'
    assert opened + str(escape(text_of(finding))) in source


def test_page__marks_estimated_segments_once_for_each_part(estimated):
    assert 3 > estimated.count("Segments estimated from liver shape: review. ")
    assert estimated.count("segments estimated from liver shape: review") > 5


def test_page__parts_of_uncertainty_stand_out_in_light_and_dark(source):
    for scheme in re.findall(r":root \{([^}]*)\}", source):
        colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", scheme))
        for part in ("p1", "p2", "p3", "p4"):
            light = sorted((luminance(colours[part]), luminance(colours["paper"])))
            assert (light[1] + 0.05) / (light[0] + 0.05) >= 3.0, part


MARK = "segments estimated from liver shape: review"
READER = SegmentsConfirmation(name="Dr McReader <x>", date="2026-11-22")


def divided(case, source, confirmation=None, **changes):
    changed = with_volumetry(
        case, segment_source=source, segments_confirmation=confirmation, **changes
    )
    return replace(changed, planning=plan(Case(report=changed.volumetry, patient=case.patient)))


@pytest.fixture(scope="module")
def estimated(made):
    case = divided(made.case, SegmentSource.MODEL)
    phantom = made.phantom
    return render_html(
        case,
        structures=phantom.structures,
        lesions=phantom.lesions,
        couinaud=phantom.couinaud,
        preview=None,
    )


def test_page__estimated_segments_are_marked_at_every_table_that_rests_on_them(estimated):
    page = Page(estimated)
    lower = page.text.lower()
    assert MARK in lower[: lower.index("from volumes and what")]
    assert MARK in part(estimated, "key").lower()
    assert "--couinaud-from" not in lower[: lower.index("for the operator") - 200]
    for command in ("--couinaud-from FILE", "--confirm-segments NAME"):
        assert command in part(estimated, "operator")
    resting = [
        caption
        for caption in re.findall(r"<caption>(.*?)</caption>", estimated, re.DOTALL)
        if not re.match(r"\s*(Lobes by|Planted|What decides)", caption)
    ]
    assert len(resting) >= 7
    assert [] == [caption for caption in resting if MARK not in caption.lower()]
    after_heading = lower[lower.index("as four separate figures") :][:300]
    assert MARK in after_heading
    for reach in re.findall(r"<dd><span class=\"big words v .*?</dd>", estimated, re.DOTALL):
        assert 1 == reach.lower().count(MARK)


def test_page__estimated_segments_are_marked_in_the_pictures_captions(estimated):
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", estimated)
    borders = [c for c in captions if "height of" in c or "many segments" in c]
    assert 3 == len(borders)
    said = re.search(r'aria-labelledby="borders">(.*?)</section>', estimated, re.DOTALL).group(1)
    assert 1 == said.count("Segments estimated from liver shape: review.")
    assert "segment border, not reviewed" in estimated


@pytest.mark.parametrize(
    ("source", "confirmation", "words"),
    [
        (
            SegmentSource.MODEL,
            READER,
            "Segments estimated from liver shape, confirmed by Dr McReader <x> on 2026-11-22.",
        ),
        (SegmentSource.GIVEN, None, "Segments: given map."),
        (SegmentSource.TERRITORIES, None, "Segments: territories of labelled branches."),
        (SegmentSource.LANDMARKS, None, "Segments: planes through landmarks."),
    ],
)
def test_page__other_sources_are_named_and_carry_no_mark(made, source, confirmation, words):
    text = bare(divided(made.case, source, confirmation)).text
    assert MARK not in text.lower()
    assert words in text
    assert "--couinaud-from" not in text


def test_page__confirmation_stands_where_the_banner_would(made):
    text = bare(divided(made.case, SegmentSource.MODEL, READER)).text
    words = "confirmed by Dr McReader <x> on 2026-11-22."
    assert text.index(words) < text.index("Debulking within reach")
    assert words in text.split("as four separate figures")[1][:400]


def test_page__errors_of_the_planes_are_listed(made):
    errors = replace(
        made.case.volumetry.error_model,
        segment_plane_mm={SegmentPlane.MAIN: 4.2268, SegmentPlane.UMBILICAL: 0.0},
    )
    text = bare(divided(made.case, SegmentSource.MODEL, error_model=errors)).text
    stated = text.split("Segment borders", 1)[1].split("Body-size formula")[0]
    assert "Cantlie’s plane (IV from V and VIII): 4.2 mm" in stated
    assert "umbilical fissure (II and III from IV): none assumed" in stated
    assert f"left transverse (II from III): {errors.segment_border_mm:g} mm" in stated


def test_page__parts_of_segment_iv_stand_below_it(made):
    whole = made.case.volumetry.segments[CouinaudSegment.IV]
    parts = {
        SegmentIvPart.IVb: PartVolumes(total_ml=71.3, functional_ml=61.2),
        SegmentIvPart.IVa: PartVolumes(total_ml=91.7, functional_ml=81.6),
    }
    case = with_volumetry(made.case, segment_iv=parts)
    table = bare(case).text.split("Of the total liver volume %", 1)[1]
    rows = re.sub(r"\s+", " ", table)
    assert re.search(rf" IV {whole.total_ml:.0f}\(.*? IVa 91.7 81.6 .*? IVb 71.3 61.2 .*? V ", rows)
    assert "IVa" not in bare(made.case).text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (SegmentSource.MODEL, "The Couinaud segments are from a network's estimate"),
        (SegmentSource.LANDMARKS, "The Couinaud segments are from planes through landmarks"),
    ],
)
def test_page__an_undecided_source_is_no_check_that_could_not_be_made(made, source, words):
    given = (reason(Cause.SEGMENTS_FROM, source),)
    check = quality_finding("segments_source", passed=None, reasons=given)
    text = bare(replace(divided(made.case, source), quality=(check,))).text
    care = section(replace(divided(made.case, source), quality=(check,)), "h-notices")
    assert words in care
    assert "could not be made" not in care
    assert "to review · " + words in text


def test_page__failed_checks_of_the_division_stand_in_the_banner(made):
    words = "The liver's shape is unlike those that the segment model learned from"
    limit = (reason(Cause.CHECK_LIMIT, 0.7),)
    failed = quality_finding("couinaud_shape_familiar", passed=False, value=2.0, reasons=limit)
    passed = quality_finding("couinaud_model_certain", passed=True, value=0.9, reasons=limit)

    def banner(source):
        return section(replace(divided(made.case, source), quality=(failed, passed)), "key")

    assert words in banner(SegmentSource.MODEL)
    assert "The segment model is on average" not in banner(SegmentSource.MODEL)
    assert words not in banner(SegmentSource.LANDMARKS)


def test_page__networks_maps_of_mr_say_so_at_its_head(made):
    failed = quality_finding("mr_not_validated", passed=False)
    before = "Read with care"

    def head(*quality):
        text = bare(replace(made.case, quality=quality)).text
        return text[: text.index(before)]

    assert "Not validated on MR" in head(failed)
    assert "Not validated on MR" not in head()


@pytest.mark.parametrize("colour", Light)
def test_page__head_carries_the_light(made, colour):
    figure = (reason(Cause.UNUSUAL_FIGURE, "loose", 0.2, 0.01),)
    told = () if colour is Light.GREEN else figure
    light = Finding(id=QUALITY_LIGHT, verdict=VERDICTS[colour], reasons=told)
    text = bare(replace(made.case, quality=(light,))).text
    head = text[: text.index("Impression")]
    assert f"Quality light {colour.value}" in head
    assert 1 == head.count("Quality light")
    assert ("usually at most 1.0 %" in text) == (colour is not Light.GREEN)


def test_named_vessels__have_a_table_that_says_computed(made):
    vessel = NamedVessel(
        name=VesselName.MIDDLE_HEPATIC_VEIN,
        tree=VesselTree.HEPATIC,
        volume_ml=6.0,
        length_mm=81.6,
        diameter_mm=7.4,
        direction_ras=(0.45, 0.85, -0.27),
        confidence=0.86,
        stem_mm_by_segment={},
        deep_mm_by_segment={},
        share_by_segment={CouinaudSegment.IV: 0.6, CouinaudSegment.VIII: 0.75},
    )
    vessels = ComputedVessels(named=(vessel,), ways=(), seen_ml_by_segment={})
    found = quality_finding(
        "vessels_computed",
        passed=None,
        value=20.0,
        reasons=(reason(Cause.VESSELS_FOUND, 12.0, 8.0, 1.0, 40.0, 10.0, 0.8),),
    )
    case = with_volumetry(made.case, vessels=vessels)
    row = "middle hepatic vein 7 82 front, right 0.86 VIII 75 %, IV 60 %"
    assert row in bare(case).text
    assert "Measured in the vessel map that was given" in bare(case).text
    told = bare(replace(case, quality=(*case.quality, found)))
    assert "Computed from the scan and named by where they run, to be confirmed" in told.text
    none = bare(with_volumetry(case, vessels=replace(vessels, named=())))
    assert "no branch is clear enough for a name" in none.text
    assert "Named vessels" not in bare(made.case).text
