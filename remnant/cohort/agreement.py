"""How far a case of a cohort agrees with the references that its manifest names."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from remnant.core.agreement import (
    BurdenAgreement,
    EvaluationSettings,
    MaskAgreement,
)
from remnant.core.errors import InputError
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.reference_agreement import ReferenceAgreement
from remnant.io.codings import PRESETS, MasksPreset
from remnant.io.lesion_maps import lesion_map
from remnant.io.placement import grid_offset
from remnant.io.role_maps import read_role
from remnant.io.roles import Part
from remnant.pipeline.evaluation import compare_case
from remnant.pipeline.evaluation_sources import CaseMaps, SideCoding, read_case_maps
from volumetry.agreement.of_cohort import BURDEN
from volumetry.agreement.of_regions import Region, code_boxes

SETTINGS: Final = EvaluationSettings(
    tolerance_mm=2.0,
    match_iou=0.5,
    prediction_coding="case",
    truth_coding="references",
)
"""As ``remnant evaluate`` takes them where nothing is said."""
WHOLE: Final = (slice(None), slice(None), slice(None))
PARTS: Final = (Part.LIVER, Part.LESIONS)
"""What a reference may be of."""


def reference_agreement(
    case_folder: Path, references: Mapping[str, Path], *, preset: MasksPreset = MasksPreset.AUTO
) -> tuple[ReferenceAgreement, ...]:
    """Hold a measured case against its references, structure by structure.

    Parameters
    ----------
    case_folder
        Folder of the case.
    references
        Label maps by ``liver`` and ``lesions``.
    preset
        What their codes mean; where nothing is said, a lesion map's are told by their shapes.

    Returns
    -------
    tuple of ReferenceAgreement
        Of a liver and lesions together also the burden. Rejected lesions of the case do not count.
        Empty without references.

    Raises
    ------
    UnreadableFileError
        The case has no maps, or a file cannot be read.
    GeometryMismatchError
        A reference lies on another grid than the case.
    InputError
        A reference is of something else, or its codes mean something else.
    """
    strangers = sorted(set(references) - set(PARTS))
    if strangers:
        raise InputError(
            f"a reference of {strangers[0]} is given; allowed are {' and '.join(PARTS)}"
        )
    if not references:
        return ()
    measured = read_case_maps(case_folder, SideCoding())
    truth = _truth(measured, references, preset)
    found = compare_case(case_folder.name, measured, truth, SETTINGS)
    burden = () if found.burden is None else (_of_burden(found.burden),)
    return (*map(_of_structure, found.structures), *burden)


def agreement_rows(
    case_folder: Path, references: Mapping[str, Path], *, preset: MasksPreset = MasksPreset.AUTO
) -> tuple[dict[str, object], ...]:
    """Return the same as rows of the table ``agreement``; the folder's name is the case's.

    Raises what `reference_agreement` does.
    """
    found = reference_agreement(case_folder, references, preset=preset)
    return tuple({"case": case_folder.name, **asdict(one)} for one in found)


def _truth(measured: CaseMaps, references: Mapping[str, Path], preset: MasksPreset) -> CaseMaps:
    """Put the references together as one side, on the grid of the first."""
    sides = [
        _lesions(references[part], measured, preset)
        if part is Part.LESIONS and PRESETS[preset][part].instances
        else read_case_maps(references[part], SideCoding(preset=preset, role=part))
        for part in PARTS
        if part in references
    ]
    names = [part for part in PARTS if part in references]
    regions = {name.value: side.regions[name] for name, side in zip(names, sides, strict=True)}
    offsets = [
        grid_offset(sides[0].geometry, side.geometry, what="one reference", on="the other")
        for side in sides
    ]
    return replace(sides[0], regions=regions, grid_offset_mm=max(offsets))


def _lesions(path: Path, measured: CaseMaps, preset: MasksPreset) -> CaseMaps:
    """Read lesions whose codes are told by their shapes: a map of the liver is refused."""
    given = read_role(path, Part.LESIONS)
    labels = given.labels
    grid_offset(measured.geometry, labels.geometry, what="the reference", on="the case")
    liver = measured.regions[Part.LIVER].mask(WHOLE)
    found = lesion_map(labels, preset=preset, liver=liver).labels
    boxes = code_boxes(found)
    codes = frozenset(code for code, box in enumerate(boxes, start=1) if box is not None)
    region = Region(found, boxes, codes, instances=found.scheme is INSTANCE_SCHEME)
    return CaseMaps(
        regions={Part.LESIONS.value: region},
        geometry=found.geometry,
        sha256=given.sha256,
        by_code=False,
    )


def _of_structure(found: MaskAgreement) -> ReferenceAgreement:
    return ReferenceAgreement(
        structure=found.structure,
        measured_ml=found.prediction_ml.value,
        reference_ml=found.truth_ml.value,
        difference_ml=found.volume_difference_ml.value,
        dice=found.dice.value,
        nsd=found.nsd.value,
        hd95_mm=found.hd95_mm.value,
        assd_mm=found.assd_mm.value,
    )


def _of_burden(found: BurdenAgreement) -> ReferenceAgreement:
    return ReferenceAgreement(
        structure=BURDEN,
        measured_fraction=found.prediction_fraction.value,
        reference_fraction=found.truth_fraction.value,
    )
