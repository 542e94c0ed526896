"""One case for another program: 3D Slicer, ITK-SNAP, or surfaces for whatever shows them.

Data sets of many cases are made by `remnant.pipeline.training_set`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from remnant.core.boxes import bounding_box, box_geometry
from remnant.core.codes import present_codes
from remnant.core.errors import InputError
from remnant.core.labels import COUINAUD_SCHEME, SEGMENT_IV_SCHEME, STRUCTURE_SCHEME
from remnant.core.map_description import MapDescription
from remnant.core.progress import Progress, silent
from remnant.core.volumes import LabelMap
from remnant.io.atomic import write_text
from remnant.io.named_segments import LESION_MAP
from remnant.io.nifti import write_image, write_labels
from remnant.io.seg_nrrd_writing import filled_piece
from remnant.io.surface_files import DISPLAY_ONLY, Surface, write_glb, write_stl
from remnant.pipeline.case_files import (
    COLOUR_TABLE,
    COUINAUD,
    COUINAUD_IV,
    ITKSNAP_LABELS,
    LESIONS,
    REPORT_JSON,
    SEGMENTATION,
    SIDECAR,
    STRUCTURES,
    VOLUME,
)
from remnant.pipeline.descriptions import describe, describe_plan
from remnant.pipeline.export_folder import published_export, replaced_export
from remnant.pipeline.export_scan import scan_of
from remnant.pipeline.exporting import ExportRequest, Target
from remnant.pipeline.folder import read_measured, read_stored, require_as_measured, volumes_of
from remnant.pipeline.map_files import write_described
from remnant.pipeline.plan_maps import pictured_plans
from remnant.pipeline.segmented import SegmentedCase
from remnant.pipeline.surfaces import label_surfaces, surface_of
from remnant.wording.exports import HOW_TO_OPEN, SURFACES_NOTE
from remnant.wording.research_use import RESEARCH_USE
from volumetry.virtual_resection.resection import PLAN_SCHEME, STAYS

README: Final = "README.txt"
SCAN: Final = "scan.nii.gz"
STEP: Final = "exporting"
EXPORTED: Final = (STRUCTURES, LESIONS, COUINAUD, COUINAUD_IV)
FAINT: Final = 0.35
"""Opacity of what lies around the rest: the liver, its segments, and what a plan leaves."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DrawnMap:
    """A label map of a case, or of one of its plans, and what it shows."""

    name: str
    labels: LabelMap
    description: MapDescription


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written where, how to open it, what it took the place of and what is not there.

    ``care`` says what is to be read with care; empty for nothing.
    """

    folder: Path
    files: tuple[str, ...]
    opening: str
    replaced: str | None = None
    left_out: tuple[str, ...] = ()
    care: str = ""


def export_case(request: ExportRequest, *, progress: Progress = silent) -> Exported:
    """Write one case for another program; the folder appears whole or not at all.

    Raises
    ------
    InputError
        Several cases or scans, a folder of something else, or a map that was changed since the
        case was measured.
    UnreadableFileError
        The folder holds no case, or the scan cannot be read.
    GeometryMismatchError
        The scan lies on another grid.
    """
    folder = _only(request)
    require_as_measured(folder)
    opening = HOW_TO_OPEN[request.target]
    progress(STEP, 0, 3)
    case = read_stored(folder).case
    facts: dict[str, Any] = {"target": request.target.value, "study": case.study.pseudonym}
    replaced = replaced_export(request.output, facts)
    with published_export(request.output, facts) as staging:
        scans = (
            scan_of(case, folder, image, modality=request.modality, progress=progress)
            for image in request.images
        )
        for scan in scans:
            write_image(scan, staging / SCAN)
        progress(STEP, 1, 3)
        drawn = tuple(_drawn(folder, case))
        progress(STEP, 2, 3)
        facts |= WRITERS[request.target](drawn, staging)
        write_text(staging / README, f"{opening}\n\n{RESEARCH_USE}\n")
        files = tuple(sorted(path.name for path in staging.iterdir()))
        progress(STEP, 3, 3)
    return Exported(folder=request.output, files=files, opening=opening, replaced=replaced)


def _only(request: ExportRequest) -> Path:
    if len(request.cases) != 1 or len(request.images) > 1:
        raise InputError(
            f"--to {request.target} takes one case and at most one --image, got "
            f"{len(request.cases)} and {len(request.images)}; several cases are for --to nnunet"
        )
    return request.cases[0]


def _drawn(folder: Path, case: SegmentedCase) -> Iterator[DrawnMap]:
    """Return the maps of a case, and of the plans that its page shows where it was planned."""
    volumes = volumes_of(case)
    for name in EXPORTED:
        labels = volumes[name]
        if isinstance(labels, LabelMap):
            codes = sorted(present_codes(labels.codes) - {0}) if name == LESIONS else ()
            stem = name.removesuffix(VOLUME)
            yield DrawnMap(name=stem, labels=labels, description=describe(case, name, codes))
    if (folder / REPORT_JSON).is_file():
        plan = describe_plan()
        for name, labels in pictured_plans(case, read_measured(folder)).items():
            yield DrawnMap(name=name, labels=labels, description=plan)


def _write_for_slicer(drawn: Sequence[DrawnMap], folder: Path) -> Mapping[str, object]:
    return _write_maps(drawn, folder, (SEGMENTATION, COLOUR_TABLE, SIDECAR))


def _write_for_itksnap(drawn: Sequence[DrawnMap], folder: Path) -> Mapping[str, object]:
    for one in drawn:
        write_labels(one.labels, folder / f"{one.name}{VOLUME}")
    return _write_maps(drawn, folder, (ITKSNAP_LABELS, SIDECAR))


def _write_maps(
    drawn: Sequence[DrawnMap], folder: Path, endings: Sequence[str]
) -> Mapping[str, object]:
    for one in drawn:
        path = folder / f"{one.name}{VOLUME}"
        write_described(filled_piece(one.labels), one.description, path, endings=endings)
    return {}


def _write_stl(drawn: Sequence[DrawnMap], folder: Path) -> Mapping[str, object]:
    listed = []
    for one in drawn:
        for surface in _surfaces(one):
            own = surface.label.name
            file = f"{_file_name(f'{one.name} {own}' if _is_plan(one) else own)}.stl"
            write_stl(surface, folder / file)
            listed.append({"file": file, **_facts(surface)})
    return {"use": DISPLAY_ONLY, "frame": "LPS", "unit": "mm", "surfaces": listed}


def _write_glb(drawn: Sequence[DrawnMap], folder: Path) -> Mapping[str, object]:
    """Write a file for each map; the lesions are in all of them, in plans as what they become."""
    lesions = tuple(s for one in drawn if one.description.map == LESION_MAP for s in _surfaces(one))
    listed = []
    for one in drawn:
        if one.description.map == LESION_MAP:
            continue
        shown = (*(() if _is_plan(one) else lesions), *_surfaces(one))
        file = "liver.glb" if one.description.map == STRUCTURE_SCHEME.name else f"{one.name}.glb"
        write_glb(shown, folder / file, facts={"note": SURFACES_NOTE})
        listed += [{"file": file, **_facts(surface)} for surface in shown]
    return {"use": DISPLAY_ONLY, "frame": "LPS mm below the root node", "surfaces": listed}


def _facts(surface: Surface) -> Mapping[str, object]:
    label = surface.label
    return {"name": label.name, "colour": label.colour, "origin": label.origin.value}


def _is_plan(one: DrawnMap) -> bool:
    return one.description.map == PLAN_SCHEME.name


def _surfaces(one: DrawnMap) -> tuple[Surface, ...]:
    """Return the surfaces of a map; of the structures that of the liver as a whole."""
    if one.description.map == STRUCTURE_SCHEME.name:
        return _structures(one)
    every = frozenset(label.code for label in one.description.labels)
    around = {
        COUINAUD_SCHEME.name: every,
        SEGMENT_IV_SCHEME.name: every,
        PLAN_SCHEME.name: frozenset((STAYS,)),
    }.get(one.description.map, frozenset())
    found = label_surfaces(one.labels, one.description)
    return tuple(replace(s, opacity=FAINT) if s.label.code in around else s for s in found)


def _structures(one: DrawnMap) -> tuple[Surface, ...]:
    """Return the vessels and, last, the liver around them; lesions have surfaces of their own."""
    parenchyma, _, *vessels = one.description.labels
    box = bounding_box(one.labels.codes, what="the liver")
    liver = surface_of(
        one.labels.codes[box] > 0,
        box_geometry(one.labels.geometry, box),
        replace(parenchyma, name="liver"),
        opacity=FAINT,
    )
    inside = replace(one.description, labels=tuple(vessels))
    return (*label_surfaces(one.labels, inside), liver)


def _file_name(name: str) -> str:
    """Return a name without blanks and signs.

    Examples
    --------
    >>> _file_name("lesion 3 (rejected)")
    'lesion_3_rejected'
    """
    return re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")


WRITERS: Final[Mapping[Target, Callable[[Sequence[DrawnMap], Path], Mapping[str, object]]]] = {
    Target.SLICER: _write_for_slicer,
    Target.ITKSNAP: _write_for_itksnap,
    Target.STL: _write_stl,
    Target.GLB: _write_glb,
}
"""Another program is a writer and its words in `remnant.wording.exports`."""
