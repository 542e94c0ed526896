"""Dividing a case's liver into Couinaud segments: the one place that decides by what.

Of the sources that a command gives the best is used: a given map, then territories of labelled
branches, then planes through landmarks. Where it gives none, a case keeps the segments that it
has, and one without segments gets a network's estimate where a divider is at hand. A source that
is given for a stored case replaces what is stored, whatever that was: the user asks for it now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from remnant.core.errors import InputError
from remnant.core.findings import Finding
from remnant.core.landmarks import Landmarks
from remnant.core.progress import Progress, silent
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from remnant.io.atomic import digest_file
from remnant.io.landmarks import read_landmarks
from remnant.io.masks import GivenMap, Masks, Part, read_masks, read_segment_map
from remnant.io.placement import placed_on
from remnant.pipeline.confirm import require_name, with_confirmation
from remnant.pipeline.coverage import (
    SEGMENTS_EXTENDED,
    liver_has_changed,
    widest_liver,
    with_liver_covered,
)
from remnant.pipeline.division import (
    BRANCHES,
    COUINAUD,
    LANDMARKS,
    ROLES,
    SEGMENTS_SOURCE,
    Division,
    by_branches,
    by_landmarks,
    by_model,
    outranks,
    source_finding,
)
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segmented import SegmentedCase
from remnant.pipeline.timing import Stopwatch
from segmentation import couinaud as planes
from segmentation.port import SegmentDivider
from segmentation.quality import check_segments

WHOLE_LIVER: Final = "whole_liver"
SPLIT_IV: Final = "split_iv"
NEEDS_LANDMARKS: Final = (
    "--split-iv needs --landmarks in the same command: the level of the portal bifurcation parts "
    "IVa from IVb"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSegments:
    """What a command says about the segments; ``None`` where nothing was given.

    Parameters
    ----------
    masks
        Label maps of the liver, its lesions and vessels.
    couinaud, branches
        Maps to divide it by, on grids of their own.
    landmarks, landmarks_sha256
        Points, and the digest of their file.
    whole_liver
        Whether the maps hold the whole liver, see `SegmentRequest`.
    split_iv
        Whether segment IV is divided into IVa and IVb, by the landmarks.
    confirmed_by
        Who confirms the segments.
    """

    masks: Masks | None = None
    couinaud: GivenMap | None = None
    branches: GivenMap | None = None
    landmarks: Landmarks | None = None
    landmarks_sha256: str | None = None
    whole_liver: bool | None = None
    split_iv: bool = False
    confirmed_by: str | None = None

    @property
    def sources(self) -> tuple[SegmentSource, ...]:
        """What was given to divide a liver by, the best first."""
        given = {
            SegmentSource.GIVEN: self.couinaud,
            SegmentSource.TERRITORIES: self.branches,
            SegmentSource.LANDMARKS: self.landmarks,
        }
        return tuple(source for source in SegmentSource if given.get(source) is not None)

    @property
    def digests(self) -> Mapping[str, str]:
        """Digests of what was given to divide a liver by, by role."""
        digests = {
            COUINAUD: None if self.couinaud is None else self.couinaud.sha256,
            BRANCHES: None if self.branches is None else self.branches.sha256,
            LANDMARKS: self.landmarks_sha256,
        }
        return {role: digest for role, digest in digests.items() if digest is not None}


NOTHING_GIVEN: Final = GivenSegments()


def read_segments(request: SegmentRequest, *, liver_known: bool = False) -> GivenSegments:
    """Read the masks and landmarks that a request names.

    Parameters
    ----------
    request
        What was asked.
    liver_known
        Whether the liver is that of a scan or of a stored case: then a Couinaud map, or labelled
        branches, are enough by themselves, and imply no liver.

    Raises
    ------
    InputError
        A file cannot be used, segment IV is to be divided without landmarks, or the name of who
        confirms cannot be used.
    """
    if request.split_iv and request.landmarks is None:
        raise InputError(NEEDS_LANDMARKS)
    if request.confirm_segments is not None:
        require_name(request.confirm_segments)
    points = request.landmarks
    given = GivenSegments(
        landmarks=None if points is None else read_landmarks(points),
        landmarks_sha256=None if points is None else digest_file(points),
        whole_liver=request.whole_liver,
        split_iv=request.split_iv,
        confirmed_by=request.confirm_segments,
    )
    if liver_known and set(request.masks) <= {COUINAUD, BRANCHES}:
        maps = {role: read_segment_map(request.masks[role], Part(role)) for role in request.masks}
        return replace(given, couinaud=maps.get(COUINAUD), branches=maps.get(BRANCHES))
    return _with_masks(given, request) if request.masks else given


def _with_masks(given: GivenSegments, request: SegmentRequest) -> GivenSegments:
    masks = read_masks(request.masks, preset=request.preset)

    def of(labels: LabelMap | None, role: str) -> GivenMap | None:
        if labels is None:
            return None
        # what was noticed about it is among what was noticed about all masks
        return GivenMap(labels=labels, sha256=masks.inputs_sha256[role], quality=())

    return replace(
        given,
        masks=masks,
        couinaud=of(masks.couinaud, COUINAUD),
        branches=of(masks.branches, BRANCHES),
    )


def require_redivision(folder: Path, request: SegmentRequest) -> None:
    """Raise unless a request asks no more of a stored case than to divide its liver anew.

    Raises
    ------
    InputError
        Masks other than for the segments, a modality, a series or a split of lesions was given.
    """
    if request.split_confluent:
        raise InputError(
            f"--split-confluent is for new masks or scans: {folder} is a stored case, and its "
            f"lesions keep their numbers; give its masks or scan anew, or edit them by --lesions"
        )
    if set(request.masks) - {COUINAUD, BRANCHES} or request.modality or request.series:
        raise InputError(
            f"{folder} is a stored case: it takes a new couinaud map (--couinaud-from), labelled "
            f"branches or landmarks, and edited lesions with --lesions; give its scan or its masks "
            f"to segment again"
        )


def with_segments(
    case: SegmentedCase,
    segments: GivenSegments,
    *,
    divider: SegmentDivider | None = None,
    progress: Progress = silent,
) -> SegmentedCase:
    """Divide a case's liver by the best source there is, and note what else was said of segments.

    Lesions are to be reviewed before: what a human drew may have changed the liver.

    Parameters
    ----------
    case
        Fresh from the segment stage, or stored, with or without segments.
    segments
        What the command at hand gives.
    divider
        Estimates the segments of a case that has none, and anew those that it estimated for a
        liver that has changed since; ``None`` for no estimate.
    progress
        Told of the divider's steps.

    Raises
    ------
    GeometryMismatchError
        A map lies on another grid than the case.
    InputError
        It was said of a scan that it holds the whole liver; segment IV is to be divided without
        landmarks; there are no segments to confirm.
    ModelUnavailableError, ModelIntegrityError
        The divider's weights are missing or were changed.
    """
    if segments.split_iv and segments.landmarks is None:
        raise InputError(NEEDS_LANDMARKS)
    case = _vouched(case, segments)
    watch = Stopwatch()
    with watch.measure("divide"):
        division = _division(case, segments, divider, progress)
        fresh = case if division is None else _divided(case, division, segments)
        fresh = with_liver_covered(fresh)
        if segments.split_iv:
            fresh = _with_segment_iv(fresh, segments)
    if fresh is not case:
        case = replace(fresh, seconds={**fresh.seconds, **watch.seconds})
    if segments.confirmed_by is not None:
        return with_confirmation(case, segments.confirmed_by)
    return case


def with_edited_segments(case: SegmentedCase, sha256: str) -> SegmentedCase:
    """Return a case whose Couinaud map was edited where it lies: the map counts as given now.

    ``sha256`` is the digest of the edited file.
    """
    if case.couinaud is None:
        return case
    edited = GivenMap(labels=case.couinaud, sha256=sha256, quality=())
    division = Division(couinaud=case.couinaud, source=SegmentSource.GIVEN)
    return _divided(replace(case, couinaud=None), division, GivenSegments(couinaud=edited))


def merged_findings(
    earlier: tuple[Finding, ...], later: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """Return both, a later check in place of an earlier one of the same name."""
    replaced = {finding.id for finding in later}
    return tuple(finding for finding in earlier if finding.id not in replaced) + later


def _vouched(case: SegmentedCase, segments: GivenSegments) -> SegmentedCase:
    if segments.whole_liver is None:
        return case
    if case.study.source != "masks":
        raise InputError("--whole-liver is for label maps alone: the scan's edge is its edge")
    return replace(case, configuration={**case.configuration, WHOLE_LIVER: segments.whole_liver})


def _division(
    case: SegmentedCase,
    segments: GivenSegments,
    divider: SegmentDivider | None,
    progress: Progress,
) -> Division | None:
    """Decide by what the liver is divided; ``None`` where it stays as it is."""
    best = None if _only_splits_iv(case, segments) else next(iter(segments.sources), None)
    couinaud, branches, landmarks = segments.couinaud, segments.branches, segments.landmarks
    if best is SegmentSource.GIVEN and couinaud is not None:
        placed = _placed(case, couinaud, "the Couinaud map")
        return Division(couinaud=placed, source=best, quality=couinaud.quality)
    if best is SegmentSource.TERRITORIES and branches is not None:
        placed = _placed(case, branches, "the map of branches")
        return by_branches(widest_liver(case), placed, branches.quality)
    if best is SegmentSource.LANDMARKS and landmarks is not None:
        return by_landmarks(widest_liver(case), landmarks)
    stale = case.segment_source is SegmentSource.MODEL and liver_has_changed(case)
    if divider is not None and (case.couinaud is None or stale):
        return by_model(widest_liver(case), divider, progress)
    return None


def _only_splits_iv(case: SegmentedCase, segments: GivenSegments) -> bool:
    """Tell whether landmarks are there to divide segment IV of a better map that is stored."""
    better = outranks(case.segment_source, SegmentSource.LANDMARKS)
    return segments.split_iv and better and segments.sources == (SegmentSource.LANDMARKS,)


def _placed(case: SegmentedCase, given: GivenMap, what: str) -> LabelMap:
    return placed_on(case.structures.geometry, given.labels, what=what, on="the case")


def _divided(case: SegmentedCase, division: Division, segments: GivenSegments) -> SegmentedCase:
    """Put a division in the place of the case's earlier one, with all that goes with it."""
    same = _same_segments(case, division)
    found = merged_findings(check_segments(division.couinaud), division.quality)
    gone = {*case.segment_findings, SEGMENTS_SOURCE, SEGMENTS_EXTENDED}
    inputs = {k: v for k, v in case.inputs_sha256.items() if k not in ROLES.values()}
    models = tuple(m for m in case.models if m.id not in case.segment_models)
    said = _said(case, division, segments, same=same)
    return replace(
        case,
        couinaud=division.couinaud,
        segment_source=division.source,
        segments_reason=None,
        segments_confirmation=case.segments_confirmation if same else None,
        segment_plane_mm=division.plane_mm,
        segment_iv=case.segment_iv if same else None,
        segment_models=tuple(model.id for model in division.models),
        segment_findings=tuple(finding.id for finding in found),
        models=models + division.models,
        device=(case.device if models else None) or division.device,
        inputs_sha256={**inputs, **segments.digests},
        configuration={
            **case.configuration,
            LANDMARKS: division.source is SegmentSource.LANDMARKS,
            SPLIT_IV: same and case.segment_iv is not None,
        },
        quality=merged_findings(tuple(f for f in case.quality if f.id not in gone), (*found, said)),
    )


def _same_segments(case: SegmentedCase, division: Division) -> bool:
    """Tell whether a division is just what the case has already."""
    return (
        case.couinaud is not None
        and case.segment_source is division.source
        and np.array_equal(case.couinaud.codes, division.couinaud.codes)
    )


def _said(
    case: SegmentedCase, division: Division, segments: GivenSegments, *, same: bool
) -> Finding:
    lost = {
        "a human's confirmation": case.segments_confirmation is not None and not same,
        "segments IVa and IVb": case.segment_iv is not None and not same,
    }
    return source_finding(
        division.source,
        passed_over=tuple(s for s in segments.sources if s is not division.source),
        replaced=None if same else case.segment_source,
        lost=tuple(words for words, gone in lost.items() if gone),
    )


def _with_segment_iv(case: SegmentedCase, segments: GivenSegments) -> SegmentedCase:
    if case.couinaud is None or segments.landmarks is None:
        raise InputError("--split-iv: this case has no Couinaud segments to divide")
    return replace(
        case,
        segment_iv=planes.segment_iv_parts(case.couinaud, segments.landmarks),
        inputs_sha256={**case.inputs_sha256, **segments.digests},
        configuration={**case.configuration, SPLIT_IV: True},
    )
