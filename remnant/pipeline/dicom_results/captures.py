"""Key images of a case with its figures burned in, and its volumes as a table."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.codes import present_codes
from remnant.core.volumes import LabelMap
from remnant.io.dicom_results.captures import capture
from remnant.io.dicom_results.heads import ResultKind
from remnant.io.dicom_results.references import DicomObject
from remnant.pictures.drawing import Picture
from remnant.pictures.figures import Scene, draw_plane, make_scene
from remnant.pictures.key_image import EDGE, SIZE, Stamp, Table, dots_for, framed, tables
from remnant.pictures.plan_pictures import PLAN_LOOKS, draw_plan_planes
from remnant.pictures.planes import View
from remnant.pipeline.dicom_results.result_source import ResultSource
from remnant.view.header_view import alerts_of
from remnant.view.lesion_view import view_lesions
from remnant.view.parts import Figure, figure, mark
from remnant.view.subject import Subject
from remnant.view.volume_view import view_volumes
from remnant.wording import dicom
from remnant.wording.language import english
from remnant.wording.plans import plan_title

Lines = tuple[tuple[str, Figure], ...]
HIGH: Final = 740
LESION_CELLS: Final = 3
NO_HEADINGS: Final = ("", "", "")
FIGURE_WIDTHS: Final = (0.5, 0.22, 0.28)
LESION_WIDTHS: Final = (0.06, 0.14, 0.2, 0.36, 0.24)


@english
def captures(source: ResultSource) -> tuple[tuple[ResultKind, int, DicomObject], ...]:
    """Return the secondary captures of a case, in English.

    Two planes through the largest lesion with outlines, two planes of the plan where there is
    one, and tables of volumes and of the largest lesions; each with what asks for care, as at the
    head of the report.

    Parameters
    ----------
    source
        The measured case, with its maps.

    Returns
    -------
    tuple
        The kind, the number in its series, and the object of each.

    Raises
    ------
    EmptyStructureError
        The structures hold no liver.
    """
    return tuple(
        (
            ResultKind.CAPTURES,
            number,
            capture(
                pixels, number=number, title=title, record=source.record, results=source.results
            ),
        )
        for number, (title, pixels) in enumerate(_images(source), start=1)
    )


def _images(source: ResultSource) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    scene, subject = _scene(source), Subject.of(source.report)
    of_liver, of_plan = liver_lines(subject), plan_lines(source, subject)
    lines = tuple((name, _in_brief(shown)) for name, shown in of_liver)
    for view, title in _titles(scene):
        picture = draw_plane(scene, view, dots_per_inch=_dots(scene, view, SIZE - 2 * EDGE))
        yield title, framed(picture, _stamp(source, title), lines)
    if source.plan is not None and source.plan_map is not None:
        title = dicom.plan_caption(plan_title(source.plan))
        said = tuple((name, _in_brief(shown)) for name, shown in of_plan)
        key = _key(source.plan_map)
        for picture in _plan_pictures(scene, source.plan_map):
            named = f"{picture.title}. {title}"
            yield named, framed(picture, _stamp(source, named), said, key)
    shown = _tables(subject, of_liver, source, of_plan)
    yield dicom.TABLE_TITLE, tables(_stamp(source, dicom.TABLE_TITLE), tuple(shown))


def liver_lines(subject: Subject) -> Lines:
    """Return the key volumes of a case by their titles, as its report shows them."""
    counted = len(subject.case.volumetry.counted_lesions)
    return tuple((one.title, one.figure) for one in view_volumes(subject, counted).figures)


def plan_lines(source: ResultSource, subject: Subject) -> Lines:
    """Return what the plan would leave and take, as the report shows it; empty without one."""
    if source.plan is None:
        return ()
    result = source.plan.result
    return (
        (dicom.REMNANT_NAME, figure(result.remnant.flr_ml, "mL")),
        (dicom.OF_MEASURED_NAME, subject.ratio(result.remnant.flr_measured_fraction)),
        (dicom.STANDARDISED_NAME, subject.ratio(result.remnant.sflr)),
        (dicom.DEBULKED_NAME, subject.share(result.debulked_fraction)),
        (dicom.ACCEPTED_NAME, Figure(mark(source.plan.feasible).words)),
    )


def _scene(source: ResultSource) -> Scene:
    case = source.case
    return make_scene(
        source.report.volumetry.lesions,
        structures=case.maps.structures,
        lesion_codes=case.maps.lesions,
        couinaud=case.division.couinaud,
        preview=case.preview,
        segments_need_review=source.report.volumetry.segments_need_review,
    )


def _titles(scene: Scene) -> tuple[tuple[View, str], ...]:
    if scene.centred_on is None:
        return (
            (View.AXIAL, dicom.LIVER_AXIAL_TITLE),
            (View.CORONAL, dicom.LIVER_CORONAL_TITLE),
        )
    return (View.AXIAL, dicom.AXIAL_TITLE), (View.CORONAL, dicom.CORONAL_TITLE)


def _dots(scene: Scene, view: View, width: int) -> int:
    return dots_for(scene.plane(view), width=width, height=HIGH)


def _plan_pictures(scene: Scene, plan_map: LabelMap) -> tuple[Picture, ...]:
    dots = min(_dots(scene, view, SIZE - 2 * EDGE) for view in (View.AXIAL, View.CORONAL))
    return tuple(draw_plan_planes(scene, plan_map, dots_per_inch=dots))


def _key(plan_map: LabelMap) -> tuple[tuple[str, str], ...]:
    """Return what the map's codes mean, with their colours."""
    present = present_codes(plan_map.codes)
    return tuple((look.said, look.colour) for code, look in PLAN_LOOKS.items() if code in present)


def _stamp(source: ResultSource, title: str) -> Stamp:
    results = source.results
    return Stamp(
        title=title,
        subject=source.report.study.pseudonym,
        foot=dicom.capture_foot(results.software, f"{results.made:%Y-%m-%d}"),
        care=tuple(alert.words for alert in alerts_of(source.report)),
    )


def _in_brief(shown: Figure) -> str:
    """Write a figure with its interval in brackets, where it is that of the whole truth."""
    if not shown.known:
        return dicom.NOT_KNOWN
    whole = shown.interval and not shown.partial
    return f"{shown.written} ({shown.interval})" if whole else shown.written


def _tables(
    subject: Subject, of_liver: Lines, source: ResultSource, of_plan: Lines
) -> Iterator[Table]:
    yield _figures(dicom.LIVER_TITLE, of_liver, dicom.FIGURE_HEADINGS)
    if source.plan is not None:
        yield _figures(dicom.plan_caption(plan_title(source.plan)), of_plan)
    yield _lesions(subject)


def _figures(title: str, lines: Lines, headings: tuple[str, ...] = NO_HEADINGS) -> Table:
    rows = tuple(
        (name, shown.written, shown.spread if shown.known else dicom.NOT_KNOWN)
        for name, shown in lines
    )
    return Table(title, headings, rows, FIGURE_WIDTHS, numeric=frozenset((1, 2)))


def _lesions(subject: Subject) -> Table:
    lesions = view_lesions(subject)
    rows = tuple(
        (f"{number}", *(cell.number for cell in cells[:LESION_CELLS]), cells[-1].number)
        for number, cells in lesions.front.rows
    )
    return Table(
        dicom.LESIONS_TITLE,
        dicom.LESION_HEADINGS if rows else (),
        rows,
        LESION_WIDTHS,
        numeric=frozenset((1, 2)),
        note=dicom.lesions_note(
            len(rows),
            lesions.left_out,
            known=subject.case.volumetry.tumour_ml.value is not None,
        ),
    )
