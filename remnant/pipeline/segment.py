"""The segment stage: a study, existing masks, or both, to one case's maps."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from remnant.core.drawn_boxes import ReaderBox
from remnant.core.errors import InputError
from remnant.core.mr import BiasCorrection
from remnant.core.progress import Progress, silent
from remnant.core.reasons import Cause, reason
from remnant.core.settings import SegmentationSettings
from remnant.core.volumes import ImageVolume
from remnant.io.masks import Masks, Part
from remnant.pictures.preview import make_preview
from remnant.pipeline.boxes import drawn_liver, require_prompted
from remnant.pipeline.confirm import NOTHING_TO_CONFIRM
from remnant.pipeline.confluent import with_split_lesions
from remnant.pipeline.contrast import with_seen_phase
from remnant.pipeline.divide import with_segments
from remnant.pipeline.fit import require_placeable
from remnant.pipeline.given import (
    case_of_masks,
    has_liver,
    placed_masks,
    with_given_masks,
)
from remnant.pipeline.mr_scans import (
    bias_corrected,
    require_nothing_to_correct,
    with_mr_checks,
)
from remnant.pipeline.phases import case_of_phases, require_phases_alone
from remnant.pipeline.quality_light import with_light
from remnant.pipeline.references import drawn_on_scan
from remnant.pipeline.requests import SegmentRequest, require_source
from remnant.pipeline.review import apply_review
from remnant.pipeline.segment_sources import read_given
from remnant.pipeline.segmented import Division, SegmentedCase, maps_of
from remnant.pipeline.timing import READ, SEGMENT, Stopwatch
from remnant.pipeline.vessels import with_computed_vessels, with_given_roots
from segmentation.boxes.outlining import liver_in_box
from segmentation.port import (
    LesionSegmenter,
    Segmentation,
    SegmentDivider,
    Segmenter,
    with_liver,
)
from volumetry.lesions.intensity import lesion_intensities

if TYPE_CHECKING:
    from remnant.io.source import LoadedStudy


def segment_case(
    request: SegmentRequest,
    *,
    segmenter: Segmenter,
    divider: SegmentDivider | None = None,
    progress: Progress = silent,
) -> SegmentedCase:
    """Make the maps of one case.

    Masks that are given are taken as they are; networks run only for what is missing. Without a
    ``divider`` the segments are unknown where nothing was given to divide the liver by.

    Raises
    ------
    InputError
        Nothing, or contradicting things, were given; a file cannot be used; there would be no
        segments to confirm.
    GeometryMismatchError
        A given map lies on another grid than the image: told before any network runs.
    SegmentationFailedError
        No liver was found in the image.
    """
    if request.source is None:
        require_nothing_to_correct(request)
        return case_from_masks(request, divider=divider, progress=progress)
    require_source(request.source)
    watch = Stopwatch()
    with watch.measure(READ):
        require_phases_alone(request)
        _require_liver_box_alone(request, segmenter)
        images = _load(request.source, request, progress)
        loaded = next(images)
        grid = loaded.image.geometry
        masks, segments = read_given(request, liver_known=True, reference=grid, scanned=True)
        if request.confirm_segments is not None and divider is None and not segments.sources:
            raise InputError(NOTHING_TO_CONFIRM)
        masks, segments = drawn_on_scan(masks, segments, loaded.origin)
        require_placeable(segments, loaded.image.geometry)
    with watch.measure(SEGMENT):
        if request.phases is not None:
            case, loaded = case_of_phases(
                chain((loaded,), images), request.phases, segmenter=segmenter, progress=progress
            )
        elif request.liver_box is not None:
            case = _boxed(loaded, request.liver_box, masks, segmenter, progress)
        else:
            case = _maps(loaded, masks, segmenter, progress)
        if request.split_confluent and (request.phases is None or case.maps.lesions is not None):
            case = with_split_lesions(case, masks)
        case = seen_in_scan(case, loaded)
    record = loaded.record if request.keep_record else None
    settings = _settings(request)
    case = replace(case, settings=settings, seconds=watch.seconds, source_record=record)
    reviewed = apply_review(case, request.review)
    return with_segments(reviewed, segments, divider=divider, progress=progress)


def seen_in_scan(case: SegmentedCase, loaded: "LoadedStudy") -> SegmentedCase:
    """Return a case with what its scan says of it, and the vessels that the scan shows."""
    seen = with_seen_phase(with_image(case, loaded.image), loaded)
    checked = with_light(with_mr_checks(seen, loaded), loaded.image)
    return with_computed_vessels(checked, loaded.image)[0]


def case_from_masks(
    request: SegmentRequest,
    *,
    divider: SegmentDivider | None = None,
    progress: Progress = silent,
) -> SegmentedCase:
    """Make a case from existing label maps alone; no network runs but the ``divider``'s.

    Raises
    ------
    InputError
        No, or contradicting, label maps were given; a file cannot be used.
    """
    masks, segments = read_given(request)
    if masks is None:
        raise InputError("nothing to work on: give a scan, or label maps with --masks role=FILE")
    case = case_of_masks(None, masks)
    if request.split_confluent:
        case = with_split_lesions(case, masks)
    case = with_given_roots(case)
    settings = replace(_settings(request), file_may_end=masks.file_may_end)
    reviewed = apply_review(replace(case, settings=settings), request.review)
    # last: only then is it known whether the map is said to hold the whole liver
    return with_light(with_segments(reviewed, segments, divider=divider, progress=progress))


def case_from_image(
    loaded: "LoadedStudy", *, segmenter: Segmenter, progress: Progress = silent
) -> SegmentedCase:
    """Run the networks on a loaded study."""
    return _case_of(loaded, segmenter.segment(loaded.image, progress=progress))


def with_image(case: SegmentedCase, image: ImageVolume) -> SegmentedCase:
    """Return a case with what is kept of its scan: a small preview, and lesion intensities."""
    liver = case.maps.structures
    known = (
        {}
        if case.maps.lesions is None
        else lesion_intensities(image, case.maps.lesions, liver=liver)
    )
    return replace(case, preview=make_preview(image, liver), intensities=known)


def _settings(request: SegmentRequest) -> SegmentationSettings:
    reading, phases = request.reading, request.phases
    return SegmentationSettings(
        masks=tuple(sorted(request.masks)),
        masks_preset=request.preset.value if request.masks else None,
        split_confluent=request.split_confluent,
        threshold=reading.threshold,
        lesion_codes=tuple(sorted(reading.lesion_codes)),
        geometry_from=None if reading.geometry_from is None else reading.geometry_from.value,
        intensity_offset_hu=reading.intensity_offset_hu,
        bias_correction=_said(request.bias_correction),
        liver_from=None if phases is None else phases.liver_from,
        lesions_from=() if phases is None else phases.lesions_from,
        alignment=None if phases is None else phases.alignment.value,
        boxes=() if request.liver_box is None else (drawn_liver(request.liver_box),),
    )


def _said(correction: BiasCorrection) -> str | None:
    return None if correction is BiasCorrection.NONE else correction.value


def _load(source: Path, request: SegmentRequest, progress: Progress) -> "Iterator[LoadedStudy]":
    """Read the image, or one after the other those of the phases asked for, the liver's first."""
    from remnant.io.source import load_phases, load_study

    if request.phases is None:
        images = iter((load_study(source, choice=request.reading, progress=progress),))
    else:
        named = request.phases.all_from
        images = load_phases(source, named, choice=request.reading, progress=progress)
    for loaded in images:
        yield bias_corrected(loaded, request.bias_correction, progress)


def _maps(
    loaded: "LoadedStudy", masks: Masks | None, segmenter: Segmenter, progress: Progress
) -> SegmentedCase:
    if masks is None:
        return case_from_image(loaded, segmenter=segmenter, progress=progress)
    masks = placed_masks(masks, loaded.image.geometry)
    if not has_liver(masks):
        case = case_from_image(loaded, segmenter=segmenter, progress=progress)
    elif masks.lesions is None and isinstance(segmenter, LesionSegmenter):
        found = segmenter.segment_lesions(loaded.image, masks.liver, progress=progress)
        case = _case_of(loaded, found)
    else:
        return case_of_masks(loaded, masks)
    return with_given_masks(case, masks)


def _case_of(loaded: "LoadedStudy", found: Segmentation) -> SegmentedCase:
    return SegmentedCase(
        study=loaded.study,
        maps=replace(maps_of(found), lesions_core=found.core),
        division=Division(reasons=(reason(Cause.NO_SEGMENTS_GIVEN),)),
        quality=loaded.quality + found.quality,
        models=found.models,
        device=found.device,
        inputs_sha256={"image": loaded.input_sha256},
    )


def _require_liver_box_alone(request: SegmentRequest, segmenter: Segmenter) -> None:
    if request.liver_box is None:
        return
    if request.phases is not None:
        raise InputError("--liver-box is on one image: leave --liver-from out, name a --series")
    if Part.LIVER in request.masks:
        raise InputError("--liver-box and a liver map: leave one of them out")
    require_prompted(segmenter)


def _boxed(
    loaded: "LoadedStudy",
    box: ReaderBox,
    masks: Masks | None,
    segmenter: Segmenter,
    progress: Progress,
) -> SegmentedCase:
    """Outline the liver in a reader's box, and look for lesions in it unless these were given."""
    liver = liver_in_box(loaded.image, box, require_prompted(segmenter), progress=progress)
    found = liver
    if isinstance(segmenter, LesionSegmenter) and (masks is None or masks.lesions is None):
        lesions = segmenter.segment_lesions(loaded.image, liver.structures, progress=progress)
        found = with_liver(lesions, liver)
    case = _case_of(loaded, found)
    if masks is None:
        return case
    return with_given_masks(case, placed_masks(masks, loaded.image.geometry))
