"""Dividing a case's liver into Couinaud segments: by a given map or by landmarks."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from remnant.core.errors import InputError
from remnant.core.findings import Finding
from remnant.core.landmarks import Landmarks
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from remnant.io.atomic import digest_file
from remnant.io.landmarks import read_landmarks
from remnant.io.masks import Masks, Part, in_order_of, read_masks
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segmented import SegmentedCase
from segmentation.couinaud import couinaud_from_landmarks
from segmentation.quality import check_segments

WHOLE_LIVER: Final = "whole_liver"
LANDMARKS: Final = "landmarks"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSegments:
    """Masks and landmarks as read from their files; ``None`` where none was given."""

    masks: Masks | None
    landmarks: Landmarks | None
    landmarks_sha256: str | None = None
    whole_liver: bool | None = None


def read_segments(request: SegmentRequest) -> GivenSegments:
    """Read the masks and landmarks that a request names.

    Raises
    ------
    InputError
        Both a Couinaud map and landmarks were given, or a file cannot be used.
    """
    if request.landmarks is not None and Part.COUINAUD in request.masks:
        raise InputError("a Couinaud map and landmarks were given; choose one of the two")
    masks = read_masks(request.masks, preset=request.preset) if request.masks else None
    if request.landmarks is None:
        return GivenSegments(masks=masks, landmarks=None, whole_liver=request.whole_liver)
    return GivenSegments(
        masks=masks,
        landmarks=read_landmarks(request.landmarks),
        landmarks_sha256=digest_file(request.landmarks),
        whole_liver=request.whole_liver,
    )


def require_redivision(folder: Path, request: SegmentRequest) -> None:
    """Raise unless a request asks no more of a stored case than to divide its liver anew.

    Raises
    ------
    InputError
        Masks other than a Couinaud map, a modality, a series or a split of lesions was given.
    """
    if request.split_confluent:
        raise InputError(
            f"--split-confluent is for new masks or scans: {folder} is a stored case, and its "
            f"lesions keep their numbers; give its masks or scan anew, or edit them by --lesions"
        )
    if set(request.masks) - {Part.COUINAUD} or request.modality or request.series:
        raise InputError(
            f"{folder} is a stored case: of maps it takes a new couinaud map or landmarks, and "
            f"edited lesions with --lesions; give its scan or its masks to segment again"
        )


def with_segments(case: SegmentedCase, segments: GivenSegments) -> SegmentedCase:
    """Divide a case's liver by a given Couinaud map or by landmarks; without them leave it as is.

    That the maps hold the whole liver is noted too, where the user said so.

    Raises
    ------
    GeometryMismatchError
        The Couinaud map lies on another grid than the case.
    InputError
        It was said of a scan that it holds the whole liver.
    """
    if segments.whole_liver is not None:
        if case.study.source != "masks":
            raise InputError("--whole-liver is for label maps alone: the scan's edge is its edge")
        vouched = {**case.configuration, WHOLE_LIVER: segments.whole_liver}
        case = replace(case, configuration=vouched)
    if segments.landmarks is not None:
        couinaud = couinaud_from_landmarks(case.structures, segments.landmarks)
        return _divided(case, couinaud, SegmentSource.LANDMARKS, segments.landmarks_sha256)
    masks = segments.masks
    if masks is None or masks.couinaud is None:
        return case
    grid = case.structures.geometry
    couinaud = in_order_of(grid, masks.couinaud)
    grid.require_same_grid(couinaud.geometry, what="the Couinaud map", reference="the case")
    digest = masks.inputs_sha256[Part.COUINAUD]
    return _divided(case, couinaud, SegmentSource.GIVEN, digest)


def merged_findings(
    earlier: tuple[Finding, ...], later: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """Return both, a later check in place of an earlier one of the same name."""
    replaced = {finding.id for finding in later}
    return tuple(finding for finding in earlier if finding.id not in replaced) + later


def _divided(
    case: SegmentedCase, couinaud: LabelMap, source: SegmentSource, digest: str | None
) -> SegmentedCase:
    """Return the divided case; the digest of an earlier division's input goes with it."""
    role = LANDMARKS if source is SegmentSource.LANDMARKS else Part.COUINAUD.value
    inputs = {k: v for k, v in case.inputs_sha256.items() if k not in {LANDMARKS, Part.COUINAUD}}
    if digest is not None:
        inputs[role] = digest
    return replace(
        case,
        couinaud=couinaud,
        segment_source=source,
        segments_reason=None,
        inputs_sha256=inputs,
        configuration={**case.configuration, LANDMARKS: source is SegmentSource.LANDMARKS},
        quality=merged_findings(case.quality, check_segments(couinaud)),
    )
