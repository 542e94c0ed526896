"""The maps that plans and pictures are made from, and the plans drawn on them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypedDict

from remnant.core.boxes import Box, bounding_box, box_geometry
from remnant.core.case import CaseReport
from remnant.core.debulking import DebulkingPlan
from remnant.core.errors import UnreadableFileError
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME, STRUCTURE_SCHEME
from remnant.core.plan_choice import DEFAULT_CHOICE, PlanChoice
from remnant.core.progress import Progress, silent
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.io.map_boxes import read_box, read_filled_box
from remnant.io.nifti import read_own_labels
from remnant.io.placement import placed_on
from remnant.pipeline.case_files import (
    COUINAUD,
    LESIONS,
    REPORT_JSON,
    SCHEMES,
    STATE,
    STRUCTURES,
    is_case,
)
from remnant.pipeline.map_files import read_preview
from remnant.pipeline.segmented import SegmentedCase
from remnant.pipeline.state import read_state
from volumetry.liver_maps import LiverMaps, liver_maps

DRAWING: Final = "drawing plans"


def case_maps(case: SegmentedCase) -> LiverMaps:
    """Return a segmented case's maps, cut to the liver."""
    return liver_maps(case.maps.structures, case.maps.lesions, case.division.couinaud)


def stored_maps(folder: Path) -> LiverMaps | None:
    """Read the three maps that plans are made from; ``None`` where only a report is stored.

    Raises
    ------
    UnreadableFileError
        A map is missing or damaged.
    GeometryMismatchError
        The maps no longer lie on one grid.
    """
    if not is_case(folder):
        return None
    known = read_state(folder / STATE)
    divided = known.segment_source is not None
    return liver_maps(
        read_own_labels(folder / STRUCTURES, STRUCTURE_SCHEME),
        read_own_labels(folder / LESIONS, INSTANCE_SCHEME) if known.lesions_known else None,
        read_own_labels(folder / COUINAUD, COUINAUD_SCHEME) if divided else None,
    )


def drawn_plans(
    report: CaseReport,
    maps: LiverMaps | None,
    choice: PlanChoice,
    *,
    progress: Progress = silent,
) -> Iterator[tuple[str, LabelMap]]:
    """Draw the plans of a report, one after the other: each one's id and its map.

    ``choice`` is what the report was planned with; ``progress`` is told of each plan. Codes:
    1 stays, 2 removed with segments, 3 wedge, 4 ablated, 5 lesion that stays.
    """
    plans = () if report.planning is None else report.planning.plans
    if maps is None or not plans:
        return
    from volumetry.virtual_resection.atoms import build_atoms
    from volumetry.virtual_resection.resection import plan_map

    counted = tuple(lesion.id for lesion in report.volumetry.counted_lesions)
    zones = build_atoms(maps, lesion_ids=counted, choice=choice)
    for number, plan in enumerate(plans):
        progress(DRAWING, number, len(plans))
        yield plan.id, plan_map(maps, zones, plan.recipe)
    progress(DRAWING, len(plans), len(plans))


class PageMaps(TypedDict):
    """What the pictures of a page are drawn from, see `remnant.page.html.render_html`."""

    structures: LabelMap
    lesions: LabelMap | None
    couinaud: LabelMap | None
    preview: ImageVolume | None
    plan_maps: Mapping[str, LabelMap]


def page_maps(case: SegmentedCase, report: CaseReport) -> PageMaps:
    """Return the maps that the page shows, cut to the liver, with those of the plans.

    Raises
    ------
    EmptyStructureError
        The structures hold no liver.
    """
    maps = case.maps
    box = bounding_box(maps.structures.codes, what="the liver mask")
    return _page_maps(
        report,
        structures=_cut(maps.structures, box),
        lesions=None if maps.lesions is None else _cut(maps.lesions, box),
        couinaud=None if case.division.couinaud is None else _cut(case.division.couinaud, box),
        preview=case.preview,
    )


def stored_page_maps(folder: Path, report: CaseReport) -> PageMaps:
    """Return the same of a case folder: no more of its maps than the liver's box is held.

    Raises
    ------
    UnreadableFileError
        The folder holds no maps, or one is missing or damaged.
    GeometryMismatchError
        The maps no longer lie on one grid.
    EmptyStructureError
        The structures hold no liver.
    """
    if not is_case(folder):
        raise UnreadableFileError(
            f"{folder} holds {REPORT_JSON} without the maps that pictures are drawn from; "
            f"run `remnant measure --masks … -o {folder}`"
        )
    known = read_state(folder / STATE)
    structures, box = read_filled_box(folder / STRUCTURES, STRUCTURE_SCHEME, what="the liver mask")

    def other(name: str) -> LabelMap:
        there = read_box(folder / name, SCHEMES[name], box)
        return placed_on(structures.geometry, there, what=name, on=STRUCTURES)

    return _page_maps(
        report,
        structures=structures,
        lesions=other(LESIONS) if known.lesions_known else None,
        couinaud=other(COUINAUD) if known.segment_source is not None else None,
        preview=read_preview(folder),
    )


def _page_maps(
    report: CaseReport,
    *,
    structures: LabelMap,
    lesions: LabelMap | None,
    couinaud: LabelMap | None,
    preview: ImageVolume | None,
) -> PageMaps:
    maps = liver_maps(structures, lesions, couinaud)
    return PageMaps(
        structures=structures,
        lesions=lesions,
        couinaud=couinaud,
        preview=preview,
        plan_maps=_pictured(maps, report),
    )


def _cut(labels: LabelMap, box: Box) -> LabelMap:
    return LabelMap(labels.codes[box], box_geometry(labels.geometry, box), labels.scheme)


def pictured_plans(case: SegmentedCase, report: CaseReport) -> dict[str, LabelMap]:
    """Draw the few plans that the page shows, by their ids, on the case's grid.

    Margins and the form of the zones are those that the report keeps in its provenance.

    Raises
    ------
    InputError
        What it keeps is damaged.
    """
    return _pictured(case_maps(case), report)


def drawn_plan(case: SegmentedCase, report: CaseReport, plan: DebulkingPlan) -> LabelMap:
    """Draw one plan of a report on the case's grid, see `pictured_plans`."""
    return _drawn(case_maps(case), report, (plan,))[plan.id]


def _pictured(maps: LiverMaps, report: CaseReport) -> dict[str, LabelMap]:
    from remnant.view.plan_view import pictured

    planning = report.planning
    return _drawn(maps, report, () if planning is None else pictured(planning))


def _drawn(
    maps: LiverMaps, report: CaseReport, plans: Sequence[DebulkingPlan]
) -> dict[str, LabelMap]:
    """Draw plans on the grid of the maps; zones are built once for all."""
    from volumetry.virtual_resection.atoms import treated_zones
    from volumetry.virtual_resection.resection import treated_map

    if not plans:
        return {}
    settings = report.settings.planning
    choice = DEFAULT_CHOICE if settings is None else settings.choice
    zones = treated_zones(maps, [plan.result.fates for plan in plans], choice=choice)
    return {plan.id: treated_map(maps, zones, plan.recipe, plan.result.fates) for plan in plans}
