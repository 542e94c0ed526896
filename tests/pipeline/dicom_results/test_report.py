"""The report as Encapsulated PDF: the same document comes out, and nothing is silent."""

import sys
from dataclasses import replace

import pytest

from examples.dicom_checkers import output_of, program, saved, validator_errors
from remnant.io.dicom_results.encapsulated_report import encapsulated_pdf
from remnant.page import pdf
from remnant.pipeline.dicom_results.report import report

PRINTED = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture(name="printed")
def printed_fixture(monkeypatch):
    """Print nothing: what the page looks like has tests of its own."""
    monkeypatch.setattr(pdf, "require_weasyprint", lambda: None)
    monkeypatch.setattr(pdf, "render_pdf", lambda page: PRINTED + page[-8:].encode())
    monkeypatch.setattr(
        "remnant.pipeline.dicom_results.report.page_of", lambda case, folder: "<html></html>\n"
    )


def test_report__holds_the_page_as_it_was_printed(example_source, printed, tmp_path):
    ((_, number, document),) = report(example_source, left_out=pytest.fail)
    assert number == 1
    assert document.EncapsulatedDocument[: document.EncapsulatedDocumentLength] == (
        PRINTED + b"</html>\n"
    )
    assert document.DocumentTitle.endswith(example_source.report.study.pseudonym)
    assert validator_errors(saved(document, tmp_path / "report.dcm")) == []


@pytest.mark.parametrize("length", [14, 15])
def test_object__bytes_come_back_by_dcmtk_odd_and_even(example_source, tmp_path, length):
    document = encapsulated_pdf(
        PRINTED.ljust(length, b"\n")[:length],
        title="t", record=example_source.record, results=example_source.results,
    )  # fmt: skip
    assert len(document.EncapsulatedDocument) % 2 == 0
    path = saved(document, tmp_path / "report.dcm")
    output_of(program("dcm2pdf"), path, tmp_path / "out.pdf")
    assert (tmp_path / "out.pdf").read_bytes()[:length] == PRINTED.ljust(length, b"\n")[:length]


def test_object__names_its_images_and_says_that_it_identifies_nobody(example_source):
    document = encapsulated_pdf(
        PRINTED, title="t", record=example_source.record, results=example_source.results
    )
    named = [one.ReferencedSOPInstanceUID for one in document.SourceInstanceSequence]
    assert named == [plane.sop_instance_uid for plane in example_source.record.planes]
    assert (document.BurnedInAnnotation, document.Modality) == ("NO", "DOC")
    assert document.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert document.PatientName == example_source.record.dataset.PatientName


def test_object__is_another_one_for_another_set(example_source):
    made = [
        encapsulated_pdf(PRINTED, title="t", record=example_source.record, results=results)
        for results in (
            example_source.results,
            example_source.results,
            replace(example_source.results, digest="cd" * 32),
        )
    ]
    first, again, other = (one.SOPInstanceUID for one in made)
    assert first == again != other
    assert made[0].file_meta.MediaStorageSOPInstanceUID == first


def test_report__without_weasyprint_is_left_out_and_said(example_source, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    said = []
    assert report(example_source, left_out=said.append) == ()
    (sentence,) = said
    assert sentence.startswith("no report as DICOM PDF: a PDF needs")
