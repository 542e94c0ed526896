"""The terminal's tables: every figure with its interval, no probability that reads as a volume."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from planning.case import Case
from planning.planner import plan
from remnant.core.case import CaseReport
from remnant.core.findings import Finding, quality_finding
from remnant.core.patient import LiverBackground, Patient
from remnant.core.provenance import Provenance
from remnant.core.quality_light import QUALITY_LIGHT, VERDICTS, Light
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.study import Study
from remnant.core.volumes import Phase
from remnant.core.volumetry_report import BurdenClass, SegmentsConfirmation, SegmentSource
from remnant.terminal.case_summary import amount, print_plan, print_volumes
from remnant.testing.phantoms import body_grid, liver_phantom
from remnant.view.certainty import formula_span, of_hundred
from remnant.view.parts import figure
from remnant.wording.numbers import ends
from remnant.wording.reasons import why
from remnant.wording.resection_titles import resection_title
from volumetry.measure import measure
from volumetry.standardised.expected_volume import standardised_volume


@pytest.fixture(scope="module")
def case() -> CaseReport:
    phantom = liver_phantom(body_grid(spacing_mm=(4.0, 4.5, 5.0)), metastases=3, seed=5)
    patient = Patient(height_cm=170.0, weight_kg=70.0, background=LiverBackground.NORMAL)
    volumetry = measure(
        phantom.structures,
        phantom.lesions,
        couinaud=phantom.couinaud,
        patient=patient,
        segment_source=SegmentSource.GIVEN,
        segments_reasons=(),
    )
    grid = phantom.geometry
    return CaseReport(
        study=Study(
            pseudonym="case-2a",
            source="nifti",
            modality=None,
            phase=Phase.UNKNOWN,
            shape=grid.shape,
            spacing_mm=grid.spacing_mm,
            orientation="".join(grid.axcodes),
        ),
        patient=patient,
        volumetry=volumetry,
        planning=plan(Case(report=volumetry, patient=patient)),
        quality=(),
        provenance=Provenance(
            software={},
            models=(),
            configuration_sha256="",
            inputs_sha256={},
            device=None,
            seed=None,
            created_utc="",
            seconds={},
        ),
    )


def printed(function, case, *, width=80) -> str:
    console = Console(file=io.StringIO(), width=width)
    function(case, console=console)
    return re.sub(r"\s+", " ", console.file.getvalue())


def test_volumes__stand_with_their_intervals(case):
    text = printed(print_volumes, case)
    for quantity in (case.volumetry.tlv_ml, case.volumetry.standardised.stlv_ml):
        assert f"{quantity.value:.0f} mL ({ends(quantity.interval)})" in text
    assert "90 % intervals" in text


def test_volumes__competing_classes_are_counted(case):
    shares = {BurdenClass.UP_TO_10: 0.6, BurdenClass.OVER_10_TO_25: 0.4}
    doubtful = replace(case.volumetry, burden_class_probabilities=shares)
    text = printed(print_volumes, replace(case, volumetry=doubtful), width=200)
    assert "of 100 draws 60 up to 10 %, 40 over 10 to 25 %" in text
    assert "of 100 draws" not in printed(print_volumes, case)


def test_amount__interval_of_a_bound_is_within_the_scan():
    cut = Quantity(
        900.0, interval=Interval(880.0, 920.0), bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT)
    )
    assert "≥\u202f900 mL (880–920 as measured)" == amount(figure(cut, "mL"))
    assert "900 mL" == amount(figure(Quantity(900.0), "mL"))
    assert "– (no Couinaud map was given)" == amount(
        figure(Quantity.absent(Reason(Cause.NO_COUINAUD_MAP)), "mL")
    )


def test_plan__figures_and_draws_stand_below_figures_and_verdicts(case):
    text = printed(print_plan, case, width=200)
    first = case.planning.resections[0]
    assert ends(first.remnant.flr_ml.interval) in text
    assert ends(first.remnant.sflr.interval, fraction=True) in text
    assert "in 25 of 100 draws of the measurement error the true value reaches" in text
    for resection in case.planning.resections:
        for rule, minimum in (("cloyd2020", "20 %"), ("machairas2021_30", "30 %*")):
            known = [f.probability for f in resection.findings if f.id == f"flr.{rule}"]
            count = of_hundred(known[0]).replace(" ", "")
            assert f"{minimum}: {count} " in text
    assert "*: its source does not say of which volume" in text


def test_plan__no_line_is_wider_than_the_terminal(case):
    console = Console(file=io.StringIO(), width=80)
    print_plan(case, console=console)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)
    assert sum("20 %: " in line for line in lines) >= len(case.planning.resections)


@pytest.mark.parametrize("function", [print_volumes, print_plan])
def test_caution__of_an_unverified_formula_is_printed(case, function):
    stlv = standardised_volume(case.patient, formula="lin1998").stlv_ml
    assert "unverified" in why(stlv)
    known = replace(case.volumetry.standardised, formula="lin1998", stlv_ml=stlv)
    text = printed(
        function, replace(case, volumetry=replace(case.volumetry, standardised=known)), width=400
    )
    assert f"! standardised liver volume by lin1998: {why(stlv)}" in text
    assert "! standardised" not in printed(function, case)


def test_plan__names_remnants_that_another_formula_carries_across_a_minimum(case):
    chosen = case.volumetry.standardised.formula
    text = printed(print_plan, case, width=400)
    after = text.split("sFLR by the choice of formula alone: ")[1].split(". ")[0]
    spans = {resection_title(r): formula_span(r, chosen) for r in case.planning.resections}
    assert {title for title, span in spans.items() if span.crossed} == {
        part.split(" 1")[0].split(" 2")[0].split(" 3")[0] for part in after.split("; ")
    }


def test_plan__without_segments_says_why(case):
    unknown = replace(
        case.volumetry, segments=None, segments_reasons=(Reason(Cause.NO_COUINAUD_MAP),)
    )
    planned = plan(Case(report=unknown, patient=case.patient))
    text = printed(print_plan, replace(case, volumetry=unknown, planning=planned))
    assert "No remnant: " in text
    assert "no Couinaud map was given" in text


def divided(case, source, confirmation=None, quality=()):
    volumetry = replace(case.volumetry, segment_source=source, segments_confirmation=confirmation)
    planned = plan(Case(report=volumetry, patient=case.patient))
    return replace(case, volumetry=volumetry, planning=planned, quality=quality)


def test_plan__estimated_segments_are_marked_above_the_figures_and_at_what_is_in_reach(case):
    text = printed(print_plan, divided(case, SegmentSource.MODEL))
    mark = "Segments estimated from liver shape: review"
    figures = text.split(f"! {mark}", 1)[1]
    assert figures.index("Frilling type") < figures.index("Right hemihepatectomy")
    of_lists = ("facts missing.", "instead of below.", "hormonal syndromes (Cloyd 2020).")
    marked = ("tumour load, with enough liver left", *(f"{end} {mark}" for end in of_lists))
    assert 1 + sum(text.count(words) for words in marked) == text.count(mark)


@pytest.mark.parametrize(
    ("source", "confirmation", "words"),
    [
        (SegmentSource.GIVEN, None, "Segments: given map"),
        (SegmentSource.TERRITORIES, None, "Segments: territories of labelled branches"),
        (SegmentSource.LANDMARKS, None, "Segments: planes through landmarks"),
        (
            SegmentSource.MODEL,
            SegmentsConfirmation(name="[bold]A. Reader", date="2026-11-22"),
            "Segments estimated from liver shape, confirmed by [bold]A. Reader on 2026-11-22",
        ),
    ],
)
def test_plan__names_the_source_of_segments_and_who_confirmed_them(
    case, source, confirmation, words
):
    text = printed(print_plan, divided(case, source, confirmation))
    assert words in text
    assert ": review" not in text


def test_plan__says_what_the_segments_replaced(case):
    source = reason(Cause.SEGMENTS_FROM, SegmentSource.LANDMARKS)
    given = (source, reason(Cause.SEGMENTS_REPLACED, SegmentSource.GIVEN))
    check = quality_finding("segments_source", passed=None, reasons=given)
    text = printed(print_plan, divided(case, SegmentSource.LANDMARKS, quality=(check,)), width=200)
    assert "! They replace the earlier ones, from the given Couinaud map (couinaud)." in text
    plain = quality_finding(
        "segments_source", passed=None, reasons=(reason(Cause.SEGMENTS_FROM, SegmentSource.MODEL),)
    )
    assert "network" not in printed(
        print_plan, divided(case, SegmentSource.MODEL, quality=(plain,))
    )


@pytest.mark.parametrize("width", [60, 80, 100])
def test_plan__of_estimated_segments_fits_narrow_terminals(case, width):
    console = Console(file=io.StringIO(), width=width)
    print_plan(divided(case, SegmentSource.MODEL), console=console)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width


def lit(colour):
    figure = reason(Cause.UNUSUAL_FIGURE, "loose", 0.2, 0.01)
    reasons = () if colour is Light.GREEN else (figure,)
    return Finding(id=QUALITY_LIGHT, verdict=VERDICTS[colour], reasons=reasons)


@pytest.mark.parametrize("colour", Light)
def test_light__stands_above_all_figures_once(case, colour):
    text = printed(print_volumes, replace(case, quality=(lit(colour),)))
    assert text.startswith(f"Quality light {colour.value}")
    assert 1 == text.count("Quality light")
    assert ("loose pieces" in text) == (colour is not Light.GREEN)
    assert "Quality light" not in printed(print_volumes, replace(case, quality=()))
