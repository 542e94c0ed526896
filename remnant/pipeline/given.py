"""Cases from label maps that another program or a human made."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.findings import quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import Structure
from remnant.core.reasons import Cause, reason
from remnant.core.study import Study
from remnant.core.volumes import LabelMap, Phase
from remnant.io.masks import Masks, Part
from remnant.io.placement import placement_of
from remnant.io.pseudonym import pseudonym
from remnant.pipeline.segmented import CaseMaps, Division, SegmentedCase, maps_of, merged_findings
from segmentation.postprocess import Reconciled, reconcile, reconcile_instances
from segmentation.quality import check_liver

if TYPE_CHECKING:
    from remnant.io.source import LoadedStudy

IMPLIED_LIVER: Final = "liver_from_couinaud"


def has_liver(masks: Masks) -> bool:
    """Tell whether the liver itself was given, not only implied by a Couinaud map."""
    return Part.LIVER in masks.inputs_sha256


def placed_masks(masks: Masks, grid: Geometry) -> Masks:
    """Return the masks on the image's grid: other orders of axes and cropped maps fit it too.

    Raises
    ------
    GeometryMismatchError
        Their voxels are not the image's.
    """
    maps = {field.name: getattr(masks, field.name) for field in fields(masks)}
    placed = {
        name: placement_of(grid, labels, "masks", what="the masks", on="the image")
        for name, labels in maps.items()
        if isinstance(labels, LabelMap)
    }
    # all of them lie on one grid: what is found of one is found of all
    noticed = dict.fromkeys(f for _, found in placed.values() for f in found)
    quality = merged_findings(masks.quality, tuple(noticed))
    on_grid: dict[str, Any] = {name: labels for name, (labels, _) in placed.items()}
    return replace(masks, **on_grid, geometry=grid, quality=quality)


def case_of_masks(loaded: "LoadedStudy | None", masks: Masks) -> SegmentedCase:
    """Make a case from label maps; ``loaded`` is the scan that they were drawn on, if given."""
    liver = masks.liver.mask()
    fitted = _reconciled(liver, masks.lesions, masks)
    inputs = _inputs(masks)
    if not has_liver(masks):
        # it stays the liver's source when another map divides the liver later
        inputs[Part.LIVER] = inputs[Part.COUINAUD]
    quality = (
        masks.quality + check_liver(fitted.structures) + fitted.quality + _vessel_findings(masks)
    )
    if loaded is not None:
        inputs["image"] = loaded.input_sha256
        quality = merged_findings(masks.quality, loaded.quality) + quality[len(masks.quality) :]
    return SegmentedCase(
        study=_study_of_masks(masks) if loaded is None else loaded.study,
        maps=maps_of(fitted) if masks.lesions is not None else _without_lesions(fitted),
        division=Division(reasons=(reason(Cause.NO_SEGMENTS_GIVEN),)),
        quality=quality,
        inputs_sha256=inputs,
    )


def with_given_masks(case: SegmentedCase, masks: Masks) -> SegmentedCase:
    """Put given lesions and vessels in place of what the networks found.

    The networks' liver stays, without what it held only because a network's lesion lay there.
    """
    given = tuple(f for f in masks.quality if f.id != IMPLIED_LIVER) + _vessel_findings(masks)
    case = replace(
        case,
        inputs_sha256={**case.inputs_sha256, **_inputs(masks)},
        quality=merged_findings(given, case.quality),
    )
    if masks.lesions is None and not _vessels(masks):
        return case
    liver = case.maps.structures.mask()
    if case.maps.exophytic is not None:
        liver = liver & ~case.maps.exophytic.mask()
    given_lesions = masks.lesions is not None
    fitted = _reconciled(liver, masks.lesions if given_lesions else case.maps.lesions, masks)
    core = None if given_lesions else case.maps.lesions_core
    return replace(
        case,
        maps=replace(maps_of(fitted), lesions_core=core),
        quality=merged_findings(case.quality, fitted.quality),
    )


def _inputs(masks: Masks) -> dict[str, str]:
    """Return the digests of the masks by their roles; that of lesions within another's file too."""
    inputs = dict(masks.inputs_sha256)
    holders = (role for role in (Part.LIVER, Part.VESSELS) if role in inputs)
    if masks.lesions is not None and (holder := next(holders, None)):
        inputs.setdefault(Part.LESIONS.value, inputs[holder])
    return inputs


def _without_lesions(fitted: Reconciled) -> CaseMaps:
    """Return maps of which nobody said anything about lesions."""
    return replace(maps_of(fitted), lesions=None)


def _reconciled(liver: NDArray[np.bool_], lesions: LabelMap | None, masks: Masks) -> Reconciled:
    vessels = _vessels(masks)
    geometry, whole = masks.geometry, masks.lesions is not None
    if lesions is None:
        none = np.zeros(geometry.shape, dtype=bool, order="F")
        return reconcile(liver, none, geometry, vessels=vessels)
    if int(lesions.codes.max()) > 1:
        return reconcile_instances(
            liver, lesions.codes, geometry, vessels=vessels, whole_components=whole
        )
    return reconcile(liver, lesions.mask(), geometry, vessels=vessels, whole_components=whole)


def _vessels(masks: Masks) -> Mapping[Structure, NDArray[Any]]:
    given = {
        Structure.PORTAL_VEIN: masks.portal_vein,
        Structure.HEPATIC_VEINS: masks.hepatic_veins,
    }
    return {code: labels.mask() for code, labels in given.items() if labels is not None}


def _vessel_findings(masks: Masks) -> tuple[Any, ...]:
    if masks.vessels is None or Part.VESSELS not in masks.inputs_sha256:
        return ()
    return (quality_finding("vessels_used", passed=False),)


def _study_of_masks(masks: Masks) -> Study:
    geometry = masks.geometry
    return Study(
        pseudonym=pseudonym(*sorted(masks.inputs_sha256.values())),
        source="masks",
        modality=None,
        phase=Phase.UNKNOWN,
        shape=geometry.shape,
        spacing_mm=geometry.spacing_mm,
        orientation="".join(geometry.axcodes),
    )
