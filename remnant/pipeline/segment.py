"""The segment stage: a study, existing masks, or both, to one case's maps."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from remnant.core.errors import InputError
from remnant.core.findings import Finding
from remnant.core.labels import Structure
from remnant.core.landmarks import Landmarks
from remnant.core.progress import Progress, silent
from remnant.core.study import Study
from remnant.core.volumes import LabelMap, Modality, Phase
from remnant.core.volumetry_report import SegmentSource
from remnant.io.landmarks import read_landmarks
from remnant.io.masks import Masks, MasksPreset, Part, read_masks
from remnant.io.pseudonym import pseudonym
from remnant.pipeline.segmented import SegmentedCase
from remnant.pipeline.timing import Stopwatch
from remnant.reporting.preview import make_preview
from segmentation.couinaud import couinaud_from_landmarks
from segmentation.port import LesionSegmenter, Segmentation, Segmenter
from segmentation.postprocess import Reconciled, reconcile, reconcile_instances
from segmentation.quality import check_liver, check_segments

if TYPE_CHECKING:
    from remnant.io.source import LoadedStudy

NO_SEGMENTS = (
    "the Couinaud segments are unknown: no Couinaud map and no landmarks were given, so the "
    "remnant of a resection cannot be measured"
)
WHOLE_LIVER = "whole_liver"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRequest:
    """What to segment.

    Parameters
    ----------
    source
        NIfTI file or DICOM folder; ``None`` when only masks are given.
    modality, series
        As the user said; ``None`` leaves them to the data.
    masks, preset
        Existing label maps by role, and how they are coded.
    landmarks
        File with the points that divide the liver; ``None`` without.
    whole_liver
        The user says that the maps, cropped to the liver, hold all of it.
    """

    source: Path | None = None
    modality: Modality | None = None
    series: str | None = None
    masks: Mapping[str, Path] = field(default_factory=dict)
    preset: MasksPreset = MasksPreset.BINARY
    landmarks: Path | None = None
    whole_liver: bool = False


def segment_case(
    request: SegmentRequest, *, segmenter: Segmenter, progress: Progress = silent
) -> SegmentedCase:
    """Make the maps of one case.

    Masks that are given are taken as they are; networks run only for what is missing.

    Raises
    ------
    InputError
        Nothing, or contradicting things, were given; a file cannot be used.
    SegmentationFailedError
        No liver was found in the image.
    """
    if request.source is None:
        return case_from_masks(request)
    _require_sense(request)
    watch = Stopwatch()
    with watch.measure("read"):
        segments = read_segments(request)
        loaded = _load(request.source, request, progress)
    with watch.measure("segment"):
        case = _maps(loaded, segments.masks, segmenter, progress)
    with watch.measure("divide"):
        case = with_segments(case, segments)
        case = replace(case, preview=make_preview(loaded.image, case.structures))
    settings = {**_settings(request), **case.configuration}
    return replace(case, configuration=settings, seconds=watch.seconds)


def case_from_masks(request: SegmentRequest) -> SegmentedCase:
    """Make a case from existing label maps alone; no network runs.

    Raises
    ------
    InputError
        No, or contradicting, label maps were given; a file cannot be used.
    """
    _require_sense(request)
    segments = read_segments(request)
    if segments.masks is None:
        raise InputError("nothing to work on: give a scan, or label maps with --masks role=FILE")
    case = with_segments(_case_from_masks(None, segments.masks), segments)
    return replace(case, configuration={**_settings(request), **case.configuration})


def case_from_image(
    loaded: "LoadedStudy", *, segmenter: Segmenter, progress: Progress = silent
) -> SegmentedCase:
    """Run the networks on a loaded study."""
    found = segmenter.segment(loaded.image, progress=progress)
    return _case_of(loaded, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSegments:
    """Masks and landmarks as read from their files; ``None`` where none was given."""

    masks: Masks | None
    landmarks: Landmarks | None
    whole_liver: bool = False


def read_segments(request: SegmentRequest) -> GivenSegments:
    """Read the masks and landmarks that a request names."""
    masks = read_masks(request.masks, preset=request.preset) if request.masks else None
    landmarks = None if request.landmarks is None else read_landmarks(request.landmarks)
    return GivenSegments(masks=masks, landmarks=landmarks, whole_liver=request.whole_liver)


def require_redivision(folder: Path, request: SegmentRequest) -> None:
    """Raise unless a request asks no more of a stored case than to divide its liver anew.

    Raises
    ------
    InputError
        Masks other than a Couinaud map, a modality or a series were given.
    """
    if set(request.masks) - {Part.COUINAUD} or request.modality or request.series:
        raise InputError(
            f"{folder} is a stored case: it takes a new couinaud map or landmarks, nothing else; "
            f"give its scan or its masks to segment again"
        )


def with_segments(case: SegmentedCase, segments: GivenSegments) -> SegmentedCase:
    """Divide a case's liver by a given Couinaud map or by landmarks; without them leave it as is.

    That the maps hold the whole liver is noted too, where the user said so.

    Raises
    ------
    GeometryMismatchError
        The Couinaud map lies on another grid than the case.
    """
    if segments.whole_liver:
        case = replace(case, configuration={**case.configuration, WHOLE_LIVER: True})
    if segments.landmarks is not None:
        couinaud = couinaud_from_landmarks(case.structures, segments.landmarks)
        return _divided(case, couinaud, SegmentSource.LANDMARKS)
    masks = segments.masks
    if masks is None or masks.couinaud is None:
        return case
    case.structures.geometry.require_same_grid(
        masks.couinaud.geometry, what="the Couinaud map", reference="the case"
    )
    case = replace(case, inputs_sha256={**case.inputs_sha256, **masks.inputs_sha256})
    return _divided(case, masks.couinaud, SegmentSource.GIVEN)


def _divided(case: SegmentedCase, couinaud: LabelMap, source: SegmentSource) -> SegmentedCase:
    checks = check_segments(couinaud)
    replaced = {finding.id for finding in checks}
    kept = tuple(finding for finding in case.quality if finding.id not in replaced)
    return replace(
        case,
        couinaud=couinaud,
        segment_source=source,
        segments_reason=None,
        quality=kept + checks,
    )


def _settings(request: SegmentRequest) -> dict[str, str | float | int | bool | None]:
    return {
        "masks": ",".join(sorted(request.masks)) or None,
        "masks_preset": request.preset.value if request.masks else None,
        "landmarks": request.landmarks is not None,
    }


def _require_sense(request: SegmentRequest) -> None:
    if request.landmarks is not None and "couinaud" in request.masks:
        raise InputError("a Couinaud map and landmarks were given; choose one of the two")
    if request.source is not None and not request.source.exists():
        raise InputError(f"{request.source} does not exist; give a NIfTI file or a DICOM folder")


def _load(source: Path, request: SegmentRequest, progress: Progress) -> "LoadedStudy":
    from remnant.io.source import load_study

    return load_study(source, modality=request.modality, series=request.series, progress=progress)


def _maps(
    loaded: "LoadedStudy", masks: Masks | None, segmenter: Segmenter, progress: Progress
) -> SegmentedCase:
    if masks is None or not _has_liver(masks):
        return case_from_image(loaded, segmenter=segmenter, progress=progress)
    loaded.image.geometry.require_same_grid(masks.geometry, what="the masks", reference="the image")
    if masks.lesions is None and isinstance(segmenter, LesionSegmenter):
        found = segmenter.segment_lesions(loaded.image, masks.liver, progress=progress)
        case = _case_of(loaded, found)
        inputs = {**case.inputs_sha256, **masks.inputs_sha256}
        return replace(case, inputs_sha256=inputs, quality=masks.quality + case.quality)
    return _case_from_masks(loaded, masks)


def _has_liver(masks: Masks) -> bool:
    """Tell whether the liver itself was given, not only implied by a Couinaud map."""
    return "liver" in masks.inputs_sha256


def _case_of(loaded: "LoadedStudy", found: Segmentation) -> SegmentedCase:
    return SegmentedCase(
        study=loaded.study,
        structures=found.structures,
        lesions=found.lesions,
        segments_reason=NO_SEGMENTS,
        quality=loaded.quality + found.quality,
        models=found.models,
        device=found.device,
        inputs_sha256={"image": loaded.input_sha256},
    )


def _case_from_masks(loaded: "LoadedStudy | None", masks: Masks) -> SegmentedCase:
    reconciled = _reconciled(masks)
    inputs = dict(masks.inputs_sha256)
    quality: tuple[Finding, ...] = masks.quality + check_liver(masks.liver) + reconciled.quality
    study = _study_of_masks(masks)
    if loaded is not None:
        inputs["image"] = loaded.input_sha256
        quality = loaded.quality + quality
        study = loaded.study
    return SegmentedCase(
        study=study,
        structures=reconciled.structures,
        lesions=None if masks.lesions is None else reconciled.lesions,
        segments_reason=NO_SEGMENTS,
        quality=quality,
        inputs_sha256=inputs,
    )


def _reconciled(masks: Masks) -> Reconciled:
    vessels = {
        code: labels.mask()
        for code, labels in (
            (Structure.PORTAL_VEIN, masks.portal_vein),
            (Structure.HEPATIC_VEINS, masks.hepatic_veins),
        )
        if labels is not None
    }
    liver = masks.liver.mask()
    if masks.lesions is None:
        return reconcile(liver, ~(liver | ~liver), masks.geometry, vessels=vessels)
    if int(masks.lesions.codes.max()) > 1:
        return reconcile_instances(liver, masks.lesions.codes, masks.geometry, vessels=vessels)
    return reconcile(liver, masks.lesions.mask(), masks.geometry, vessels=vessels)


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
