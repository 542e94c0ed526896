"""The report of a case as PDF, in a DICOM object."""

from collections.abc import Callable

from remnant.core.errors import InputError
from remnant.io.dicom_results.encapsulated_report import encapsulated_pdf
from remnant.io.dicom_results.heads import ResultKind
from remnant.io.dicom_results.references import DicomObject
from remnant.pipeline.dicom_results.result_source import ResultSource
from remnant.pipeline.reporting import page_of
from remnant.wording.dicom import no_pdf_words, report_title


def report(
    source: ResultSource, *, left_out: Callable[[str], None]
) -> tuple[tuple[ResultKind, int, DicomObject], ...]:
    """Return the report of a case as Encapsulated PDF, in the current language.

    Parameters
    ----------
    source
        The measured case, with its maps in its folder.
    left_out
        Is told why there is no PDF, where none can be printed here.

    Returns
    -------
    tuple
        The kind, the number in its series, and the object; empty without a PDF.

    Raises
    ------
    UnreadableFileError
        A map is missing or damaged.
    """
    from remnant.page.pdf import render_pdf, require_weasyprint

    try:
        require_weasyprint()
    except InputError as fault:
        left_out(no_pdf_words(str(fault)))
        return ()
    document = encapsulated_pdf(
        render_pdf(page_of(source.report, source.folder)),
        title=report_title(source.report.study.pseudonym),
        record=source.record,
        results=source.results,
    )
    return ((ResultKind.REPORT, 1, document),)
