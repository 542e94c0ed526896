"""Contrast phase by the user, the description, the times and the image."""

import pytest

from remnant.core.findings import Verdict
from remnant.core.volumes import Modality, Phase
from remnant.io.dicom_phase import contrast_delay_s, phase_from_delay
from remnant.io.dicom_series import catalogue
from remnant.io.dicom_slices import SeriesTags
from remnant.io.phase_evidence import PhaseEvidence, phase_findings
from remnant.io.reading import ReadingChoice
from remnant.io.source import load_study
from remnant.wording.findings import text_of


def found(**sources):
    return {finding.id: finding for finding in phase_findings(PhaseEvidence(**sources))}


@pytest.mark.parametrize(
    ("sources", "verdict", "words"),
    [
        ({}, Verdict.UNKNOWN, "does not say the contrast phase."),
        (
            {"seen": (Phase.PORTAL,)},
            Verdict.UNKNOWN,
            "the contrast phase. The image looks portal by its aorta",
        ),
        ({"told": Phase.PORTAL}, Verdict.MET, "Contrast phase by the user: portal."),
        (
            {"described": Phase.ARTERIAL},
            Verdict.MET,
            "Contrast phase by the series description: arterial.",
        ),
        (
            {"timed": Phase.PORTAL, "delay_s": 70.0},
            Verdict.MET,
            "Contrast phase by the time since the injection, 70 s: portal.",
        ),
        ({"described": Phase.UNENHANCED}, Verdict.NOT_MET, "made without contrast"),
    ],
)
def test_contrast_phase__by_each_source(sources, verdict, words):
    finding = found(**sources)["contrast_phase"]
    assert finding.verdict is verdict
    assert words in text_of(finding)


@pytest.mark.parametrize(
    ("sources", "contradicted"),
    [
        ({"described": Phase.PORTAL, "seen": (Phase.UNENHANCED,)}, True),
        ({"described": Phase.PORTAL, "seen": (Phase.ARTERIAL,)}, True),
        ({"described": Phase.UNENHANCED, "seen": (Phase.PORTAL,)}, True),
        ({"described": Phase.PORTAL, "seen": (Phase.PORTAL, Phase.DELAYED)}, False),
        ({"described": Phase.ARTERIAL, "seen": (Phase.PORTAL, Phase.DELAYED)}, True),
        ({"described": Phase.PORTAL, "seen": (Phase.PORTAL,)}, False),
        ({"described": Phase.PORTAL, "timed": Phase.ARTERIAL}, True),
        ({"told": Phase.PORTAL, "described": Phase.ARTERIAL}, True),
        ({"seen": (Phase.UNENHANCED,)}, False),
        ({}, False),
    ],
)
def test_phase_contradicted__only_where_sources_disagree(sources, contradicted):
    assert ("phase_contradicted" in found(**sources)) is contradicted


def test_phase_contradicted__names_all_and_the_first_holds():
    evidence = PhaseEvidence(told=Phase.PORTAL, described=Phase.ARTERIAL, seen=(Phase.UNENHANCED,))
    assert evidence.phase is Phase.PORTAL
    text = text_of(phase_findings(evidence)[1])
    places = [text.index(words) for words in ("by the user: portal", "description: arterial",
                                              "looks unenhanced")]  # fmt: skip
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("start", "acquired", "delay"),
    [
        ("101500", "101610.500000", 70.5),
        ("10:15:00", "101535", 35.0),
        ("235930", "000040", 70.0),
        ("101500", "101400", None),
        ("", "101400", None),
        ("101500", "", None),
        ("991500", "101400", None),
        ("later", "101400", None),
    ],
)
def test_delay__seconds_from_injection_to_acquisition(start, acquired, delay):
    found = contrast_delay_s(SeriesTags(contrast_start=start, acquired=acquired))
    assert found == (None if delay is None else pytest.approx(delay))


def test_delay__of_an_acquisition_with_its_date():
    tags = SeriesTags(contrast_start="101500", acquired_at="20240131101610.25")
    assert contrast_delay_s(tags) == pytest.approx(70.25)


@pytest.mark.parametrize(
    ("delay_s", "modality", "agent", "phase"),
    [
        (35.0, Modality.CT, "", Phase.ARTERIAL),
        (50.0, Modality.CT, "", Phase.UNKNOWN),
        (70.0, Modality.CT, "", Phase.PORTAL),
        (180.0, Modality.CT, "", Phase.DELAYED),
        (3600.0, Modality.CT, "", Phase.UNKNOWN),
        (1200.0, Modality.MR, "Primovist", Phase.HEPATOBILIARY),
        (1200.0, Modality.MR, "Dotarem", Phase.UNKNOWN),
        (1200.0, Modality.CT, "Primovist", Phase.UNKNOWN),
    ],
)
def test_phase_from_delay(delay_s, modality, agent, phase):
    assert phase_from_delay(delay_s, modality=modality, agent=agent) is phase


def test_series__timing_where_the_description_is_silent(phantom, tmp_path):
    facts = {"ContrastBolusStartTime": "101500", "AcquisitionTime": "101612.0"}
    made = phantom(extra={"SeriesDescription": "Abd 3.0", **facts})
    listed = catalogue(made.write(tmp_path)).series[0]
    assert listed.phase is Phase.PORTAL
    assert listed.phase_evidence.delay_s == pytest.approx(72.0)
    quality = {f.id: f for f in load_study(tmp_path).quality}
    assert "72 s: portal" in text_of(quality["contrast_phase"])


def test_series__description_and_timing_disagree(phantom, tmp_path):
    facts = {"ContrastBolusStartTime": "101500", "AcquisitionTime": "101530.0"}
    made = phantom(extra={"SeriesDescription": "Abd portal", **facts})
    loaded = load_study(made.write(tmp_path))
    assert loaded.image.phase is Phase.PORTAL
    assert "phase_contradicted" in {f.id for f in loaded.quality}


def test_nifti__takes_the_phase_that_the_user_names(phantom, nifti):
    path = nifti(phantom().pixels.astype("int16").transpose(2, 1, 0) - 1024)
    loaded = load_study(path, choice=ReadingChoice(phase=Phase.ARTERIAL))
    assert loaded.image.phase is Phase.ARTERIAL
    assert "by the user: arterial" in text_of(
        next(f for f in loaded.quality if f.id == "contrast_phase")
    )
