"""The page of a case folder."""

from pathlib import Path

from remnant.core.case import CaseReport
from remnant.io.atomic import atomic_path
from remnant.page.html import render_html
from remnant.pipeline.case_files import REPORT_HTML
from remnant.pipeline.plan_maps import pictured_plans
from remnant.pipeline.segmented import SegmentedCase


def write_html(case: SegmentedCase, report: CaseReport, folder: Path) -> None:
    """Write ``report.html``, with pictures of the plans that it shows."""
    page = render_html(
        report,
        structures=case.maps.structures,
        lesions=case.maps.lesions,
        couinaud=case.division.couinaud,
        preview=case.preview,
        plan_maps=pictured_plans(case, report),
    )
    with atomic_path(folder / REPORT_HTML) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")
