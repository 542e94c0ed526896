"""The maps that plans are made from, and the plans drawn on them."""

from collections.abc import Iterator
from pathlib import Path

from remnant.core.case import CaseReport
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME, STRUCTURE_SCHEME
from remnant.core.plan_choice import PlanChoice
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_labels
from remnant.pipeline.folder import COUINAUD, LESIONS, STATE, STRUCTURES, is_case
from remnant.pipeline.segmented import SegmentedCase
from remnant.pipeline.state import read_state
from volumetry.liver_maps import LiverMaps, liver_maps


def case_maps(case: SegmentedCase) -> LiverMaps:
    """Return a segmented case's maps, cut to the liver."""
    return liver_maps(case.structures, case.lesions, case.couinaud)


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
    divided = known["segment_source"] is not None
    return liver_maps(
        read_labels(folder / STRUCTURES, STRUCTURE_SCHEME),
        read_labels(folder / LESIONS, INSTANCE_SCHEME) if known["lesions_known"] else None,
        read_labels(folder / COUINAUD, COUINAUD_SCHEME) if divided else None,
    )


def drawn_plans(
    report: CaseReport, maps: LiverMaps | None, choice: PlanChoice
) -> Iterator[tuple[str, LabelMap]]:
    """Draw each plan of a report, one after the other: its id and its map.

    ``choice`` is what the report was planned with. Codes: 1 stays, 2 removed with segments, 3
    wedge, 4 ablated, 5 lesion that stays.
    """
    planning = report.planning
    if planning is None or maps is None or not planning.plans:
        return
    from volumetry.atoms import build_atoms
    from volumetry.virtual_resection import plan_map

    counted = tuple(lesion.id for lesion in report.volumetry.lesions if lesion.counts)
    zones = build_atoms(maps, lesion_ids=counted, choice=choice)
    for plan in planning.plans:
        yield plan.id, plan_map(maps, zones, plan.recipe)
