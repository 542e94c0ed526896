"""Every kind of input that was tried, and what happens: the reference page is made of what is so.

``REMNANT_WRITE_DOCS=1`` writes the page anew; it needs the shared cases' data for all of its rows.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pydicom.data
import pytest
from given_inputs import inputs

from remnant.cli.app import run_command
from remnant.core.errors import RemnantError
from remnant.core.findings import Verdict
from remnant.documents.report_document import REPORT
from remnant.io.inspect import inspect_path
from remnant.io.reading import ReadingChoice
from remnant.io.source import load_study
from remnant.wording.findings import text_of
from remnant.wording.report_remedies import with_remedy

PAGE = Path("docs/reference/inputs.md")
WRITE = "REMNANT_WRITE_DOCS"
HEAD = """# Inputs: what was tried, and what happens

Made by `REMNANT_WRITE_DOCS=1 pytest tests/integration/test_inputs.py`, which makes every input,
gives it to the program and holds this page against what comes out. **Read** means that nothing was
to be said; **read, said** means that the case stores what is quoted; **refused** means exit code 2,
one line and nothing written. Figures in brackets are what was measured.
"""
USUAL = {"lesions_unconfirmed", "contrast_phase", "scan_coverage", "slice_spacing", "lesions_known",
         "voxel_anisotropy", "liver_mask_volume_plausible", "burden_plausible", "series_chosen",
         "dicom_copies", "quality_light", "lesion_outlines_refined",
         "vessels_computed"}  # fmt: skip
"""Checks that say nothing about how the input was read."""
OWN = Path(pydicom.data.__file__).parent


@pytest.fixture(scope="module", autouse=True)
def _coarse(coarse_pictures):
    """Draw pictures with few pixels."""


def told(findings):
    """Texts of what was noticed about an input."""
    kept = [f for f in findings if f.id not in USUAL and f.verdict is not Verdict.MET]
    texts = (with_remedy(text_of(finding), finding) for finding in kept)
    return list(dict.fromkeys(" ".join(text.split()) for text in texts))


def outcome(words, texts, figures):
    if words:
        return f"refused: {words}"
    said = f"read, said: {' '.join(texts)}" if texts else "read"
    return f"{said} [{figures}]" if figures else said


def plain(text, folder):
    """Return a text without the folder, and on one line."""
    return " ".join(re.sub(rf"{re.escape(str(folder))}/?", "", text).replace("|", "/").split())


def options(words):
    pairs = dict(zip(words[::2], words[1::2], strict=True))
    offset = pairs.get("--intensity-offset")
    return ReadingChoice(intensity_offset_hu=None if offset is None else float(offset))


def of_scan(path, more):
    try:
        loaded = load_study(Path(path), choice=options(more))
    except RemnantError as fault:
        return outcome(str(fault), [], "")
    shape = " x ".join(str(n) for n in loaded.image.geometry.shape)
    values = loaded.image.voxels
    figures = f"{shape} voxels, {values.min():g} to {values.max():g}"
    return outcome("", told(loaded.quality), figures)


def of_maps(words, folder, capsys):
    case = folder / "case"
    code = run_command([*words, "-o", str(case)])
    printed = capsys.readouterr()
    if code:
        assert not case.exists()
        return outcome(printed.err.removeprefix("remnant: error: "), [], "")
    report = REPORT.read(case / "report.json")
    volumes = report.volumetry
    figures = f"liver {volumes.tlv_ml.value:.1f} mL"
    if volumes.tumour_ml.value is not None:
        lesions = len(volumes.lesions)
        figures += f", {volumes.tumour_ml.value:.2f} mL in {lesions} lesion(s)"
    return outcome("", told((*report.quality, *volumes.quality)), figures)


def rows(tmp_path, capsys):
    for number, one in enumerate(inputs()):
        folder = tmp_path / str(number)
        folder.mkdir()
        words = one.make(folder)
        is_scan = words[0] == "scan"
        found = of_scan(words[1], words[2:]) if is_scan else of_maps(words, folder, capsys)
        yield one.group, one.condition, plain(found, folder)


def looked_at(path):
    """Return what `inspect` finds in a file of another program."""
    try:
        found = inspect_path(path)
    except RemnantError as fault:
        return f"refused: {fault}"
    if found.maps:
        one = found.maps[0]
        return one.against[0] if not one.usable else f"{one.kind} of {len(one.segments)} segment(s)"
    if not found.series:
        return "left out: " + (", ".join(found.skipped) or "nothing is in it")
    against = [text if isinstance(text, str) else text_of(text) for text in found.series[0].against]
    return "image; " + (against[0] if against else "nothing against it")


def foreign(shared):
    files = sorted(path for path in OWN.rglob("*.dcm") if path.is_file())
    yield from (("pydicom's own test files", path.name, described(path)) for path in files)
    if shared is not None:
        files = sorted((shared / "data" / "dcmqi").glob("*.*"))
        kept = [path for path in files if path.suffix in {".dcm", ".nrrd"}]
        yield from (("Files of dcmqi", path.name, described(path)) for path in kept)


def described(path):
    return plain(looked_at(path), path.parent)


def of_sample(published):
    """Files of the published sample study: a CT as NIfTI and DICOM, an MR, a map of organs."""
    for path in (published.ct, published.dicom, published.mr):
        yield "The sample study", path.name, plain(of_scan(path, ()), path.parent)


CASES = (
    "interpolated_mask", "multipart_lesion", "semantic_lesion_map", "lits_as_lesions",
    "sform_pixdim", "spacing_rounding", "seg_nrrd_cropped", "parenchyma_only", "paths",
    "no_pixel_instance", "raw_ct_padding", "padding_zero", "dicom_batch",
)  # fmt: skip
"""Those whose commands run no network."""
COMMAND = re.compile(r"^\$ remnant (.*?)$(.*?)^rc (\d)$", re.DOTALL | re.MULTILINE)
RIGHT = re.compile(r"^.*\bright\b.*$", re.MULTILINE)
FIGURE = re.compile(r"^(total liver volume|tumour volume) +(.*?) +(?:\(|in |$)", re.MULTILINE)
SAID = re.compile(r"^! (.*?)(?=^[!A-Z]|^$|\Z)", re.DOTALL | re.MULTILINE)


def shared_cases(folder, work):
    """Yield each command of the shared cases and what came of it, beside the right value."""
    remnant = work / "remnant"
    remnant.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m remnant "$@"\n')
    remnant.chmod(0o755)
    environment = {**os.environ, "CASES_WORK": str(work), "REMNANT": str(remnant)}
    for case in ("base.py", *(f"{name}/case.py" for name in CASES)):
        done = subprocess.run(
            [sys.executable, folder / "cases" / case],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        right = " ".join(RIGHT.findall(done.stdout))
        for words, printed, code in COMMAND.findall(done.stdout):
            command = plain(words, work).replace(str(folder), "").strip()
            yield (
                f"Cases of public reports: {case.partition('/')[0]}",
                f"`{command}`",
                plain(
                    f"{_came_of(printed, code)} (right: {right})"
                    if right
                    else _came_of(printed, code),
                    work,
                ),
            )


def _came_of(printed, code):
    if code != "0":
        return f"refused: {printed.partition('remnant: error: ')[2]}"
    figures = ", ".join(f"{name} {value}" for name, value in FIGURE.findall(printed))
    said = [" ".join(text.split()) for text in SAID.findall(printed)]
    kept = [text for text in said if "unconfirmed" not in text and "above 5 mm" not in text]
    return "; ".join(filter(None, (figures or "read", *kept)))


def table(found):
    lines, group = [], None
    for title, condition, what in found:
        if title != group:
            lines += ["", f"## {title}", "", "| input | what happens |", "|---|---|"]
            group = title
        lines.append(f"| {condition} | {plain(what, '/nowhere')} |")
    return lines


def test_inputs__page_says_what_happens(tmp_path, capsys, repository):
    folder = Path(os.environ.get("REMNANT_SHARED", repository.parent / "shared"))
    shared = folder if folder.is_dir() else None
    lines = table([*rows(tmp_path, capsys), *foreign(shared)])
    page = repository / PAGE
    if os.environ.get(WRITE):
        page.write_text("\n".join([HEAD.rstrip(), *lines, ""]))
    stored = page.read_text().splitlines()
    missing = [line for line in lines if line not in stored]
    assert not missing, "\n".join(missing)


def test_inputs__page_says_what_happens_to_the_sample_study(published, repository):
    lines = table(of_sample(published))
    page = repository / PAGE
    stored = page.read_text()
    if os.environ.get(WRITE) and lines[1] not in stored:
        page.write_text("\n".join([stored.rstrip(), *lines, ""]))
    missing = [line for line in lines if line not in page.read_text().splitlines()]
    assert not missing, "\n".join(missing)


@pytest.mark.skipif("REMNANT_SHARED_CASES" not in os.environ, reason="takes minutes: opt in")
def test_inputs__page_says_what_happens_to_the_shared_cases(shared, tmp_path, repository):
    lines = table(shared_cases(shared, tmp_path))
    page = repository / PAGE
    if os.environ.get(WRITE):
        kept = page.read_text().partition("\n## Cases of public reports")[0].rstrip()
        page.write_text("\n".join([kept, *lines, ""]))
    stored = page.read_text().splitlines()
    missing = [line for line in lines if line not in stored]
    assert not missing, "\n".join(missing)


def test_inputs__page_names_nothing_else(repository):
    stored = (repository / PAGE).read_text()
    assert all(f"| {one.condition} |" in stored for one in inputs())
