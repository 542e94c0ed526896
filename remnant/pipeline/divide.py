"""Dividing a case's liver into Couinaud segments: the one place that decides by what.

Of the sources that a command gives the best is used: a given map, then territories of labelled
branches, then planes through landmarks. Where it gives none, a case keeps the segments that it
has, and one without segments gets a network's estimate where a divider is at hand. A source that
is given for a stored case replaces what is stored, whatever that was: the user asks for it now.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from remnant.core.errors import InputError
from remnant.core.findings import Finding
from remnant.core.mr import BiasCorrection
from remnant.core.progress import Progress, silent
from remnant.core.reasons import Cause, Reason, joined, reason
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from remnant.io.masks import GivenMap, Part
from remnant.io.placement import placement_of
from remnant.pipeline.confirm import settled, with_confirmation, without_confirmation
from remnant.pipeline.coverage import (
    SEGMENTS_EXTENDED,
    is_extended,
    liver_has_changed,
    widest_liver,
    with_liver_covered,
)
from remnant.pipeline.division import (
    BRANCHES,
    CONFIRMATION,
    COUINAUD,
    PARTS_OF_IV,
    ROLES,
    SEGMENT_IV_PARTED,
    SEGMENTS_SOURCE,
    by_branches,
    by_landmarks,
    by_model,
    outranks,
    parted_finding,
    passed_over_reasons,
    source_finding,
    with_planes_kept,
)
from remnant.pipeline.fit import require_fit
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segment_sources import NEEDS_LANDMARKS, GivenSegments
from remnant.pipeline.segmented import Division, SegmentedCase, merged_findings
from remnant.pipeline.timing import DIVIDE, Stopwatch
from remnant.pipeline.vessels import stems_of
from segmentation.couinaud import landmark_planes as planes
from segmentation.port import DividedLiver, SegmentDivider
from segmentation.quality import check_segments

NAMED_MAPS: Final = {Part.COUINAUD: "the Couinaud map", Part.BRANCHES: "the map of branches"}


def require_redivision(folder: Path, request: SegmentRequest) -> None:
    """Raise unless a request asks no more of a stored case than to divide its liver anew.

    Raises
    ------
    InputError
        Masks other than for the segments, how a scan is to be read or a split of lesions was given.
    """
    if request.split_confluent:
        raise InputError(
            f"--split-confluent is for new masks or scans: {folder} is a stored case, and its "
            f"lesions keep their numbers; give its masks or scan anew, or edit them by --lesions"
        )
    if request.liver_box is not None:
        raise InputError(
            f"{folder} is a stored case: draw its liver anew by `remnant correct {folder} "
            f"--liver-box`, or give its scan to segment again"
        )
    if set(request.masks) - {COUINAUD, BRANCHES} or _is_about_scan(request):
        raise InputError(
            f"{folder} is a stored case: it takes a new couinaud map (--couinaud-from), labelled "
            f"branches or landmarks, and edited lesions with --lesions; give its scan or its masks "
            f"to segment again"
        )


def _is_about_scan(request: SegmentRequest) -> bool:
    corrected = request.bias_correction is not BiasCorrection.NONE
    return request.reading.is_about_scan or request.phases is not None or corrected


def with_segments(
    case: SegmentedCase,
    segments: GivenSegments,
    *,
    divider: SegmentDivider | None = None,
    progress: Progress = silent,
) -> SegmentedCase:
    """Divide a case's liver by the best source there is, and note what else was said of segments.

    Vessels that were computed from its scan move an estimate's planes, and part IVa from IVb where
    no landmarks do.
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
        landmarks and scan; there are no segments to confirm; a given map cannot be one of this
        liver.
    ModelUnavailableError, ModelIntegrityError
        The divider's weights are missing or were changed.
    """
    level_known = segments.landmarks is not None or segments.scanned
    if segments.split_iv and not level_known and case.vessel_roots is None:
        raise InputError(NEEDS_LANDMARKS)
    case = _vouched(case, segments)
    watch = Stopwatch()
    with watch.measure(DIVIDE):
        division = _division(case, segments, divider, progress)
        fresh = case if division is None else _redivided(case, division, segments)
        fresh = with_liver_covered(fresh)
        if segments.split_iv:
            fresh = _with_segment_iv(fresh, segments)
        fresh = settled(fresh)
    if fresh is not case:
        case = replace(fresh, seconds={**fresh.seconds, **watch.seconds})
    if segments.confirmed_by is not None:
        return with_confirmation(case, segments.confirmed_by)
    return case


def with_edited_segments(case: SegmentedCase, sha256: str) -> SegmentedCase:
    """Return a case whose Couinaud map was edited where it lies: the map counts as given now.

    ``sha256`` is the digest of the edited file.
    """
    couinaud = case.division.couinaud
    if couinaud is None:
        return case
    edited = GivenMap(labels=couinaud, sha256=sha256, quality=())
    division = DividedLiver(couinaud=couinaud, source=SegmentSource.GIVEN)
    unknown = replace(case, division=replace(case.division, couinaud=None))
    return settled(_divided(unknown, division, GivenSegments(couinaud=edited)))


def _vouched(case: SegmentedCase, segments: GivenSegments) -> SegmentedCase:
    if segments.whole_liver is None:
        return case
    if case.study.source != "masks":
        raise InputError("--whole-liver is for label maps alone: the scan's edge is its edge")
    return replace(case, settings=replace(case.settings, whole_liver=segments.whole_liver))


def _division(
    case: SegmentedCase,
    segments: GivenSegments,
    divider: SegmentDivider | None,
    progress: Progress,
) -> DividedLiver | None:
    """Decide by what the liver is divided; ``None`` where it stays as it is."""
    best = None if _only_splits_iv(case, segments) else next(iter(segments.sources), None)
    couinaud, branches, landmarks = segments.couinaud, segments.branches, segments.landmarks
    if best is SegmentSource.GIVEN and couinaud is not None:
        placed, quality = _placed(case, couinaud, Part.COUINAUD)
        require_fit(placed, case.maps.structures)
        return DividedLiver(couinaud=placed, source=best, quality=quality)
    if best is SegmentSource.TERRITORIES and branches is not None:
        placed, quality = _placed(case, branches, Part.BRANCHES)
        return by_branches(widest_liver(case), placed, quality)
    if best is SegmentSource.LANDMARKS and landmarks is not None:
        return by_landmarks(widest_liver(case), landmarks)
    if divider is not None and (case.division.couinaud is None or _is_stale(case, segments)):
        return by_model(widest_liver(case), divider, progress, stems=stems_of(case))
    return None


def _is_stale(case: SegmentedCase, segments: GivenSegments) -> bool:
    """Tell whether an estimate is to be made anew: it was made for another liver.

    One that was extended since is so too, unless a human confirmed, or confirms, what it became.
    """
    if case.division.source is not SegmentSource.MODEL:
        return False
    seen = case.division.confirmation is not None or segments.confirmed_by is not None
    return liver_has_changed(case) or (is_extended(case) and not seen)


def _only_splits_iv(case: SegmentedCase, segments: GivenSegments) -> bool:
    """Tell whether landmarks are there to divide segment IV of a better map that is stored."""
    better = outranks(case.division.source, SegmentSource.LANDMARKS)
    return segments.split_iv and better and segments.sources == (SegmentSource.LANDMARKS,)


def _placed(
    case: SegmentedCase, given: GivenMap, part: Part
) -> tuple[LabelMap, tuple[Finding, ...]]:
    """Return a given map on the case's grid, and what was noticed of it."""
    grid, what = case.maps.structures.geometry, NAMED_MAPS[part]
    placed, found = placement_of(grid, given.labels, part, what=what, on="the case")
    return placed, (*given.quality, *found)


def _redivided(
    case: SegmentedCase, division: DividedLiver, segments: GivenSegments
) -> SegmentedCase:
    """Divide the case anew, unless it is given the very segments that another source made.

    Segments that their own source calls unusable are left out, with its reason.
    """
    if division.unusable is not None:
        return _undivided(case, division, division.unusable)
    if not _is_returned(case, division) or case.division.source is None:
        return _divided(case, division, segments)
    known = next((f for f in case.quality if f.id == SEGMENTS_SOURCE), None)
    noted = known or source_finding(case.division.source)
    if all(one.cause is not Cause.SAME_MAP_GIVEN for one in noted.reasons):
        others = tuple(s for s in segments.sources if s is not SegmentSource.GIVEN)
        given = (reason(Cause.SAME_MAP_GIVEN), *passed_over_reasons(others))
        noted = replace(noted, reasons=joined(without_confirmation(noted), given))
    return replace(case, quality=merged_findings(case.quality, (noted,)))


def _is_returned(case: SegmentedCase, division: DividedLiver) -> bool:
    """Tell whether a map is given that is the case's own, which it has from elsewhere."""
    given = division.source is SegmentSource.GIVEN
    return given and case.division.source is not division.source and _same_codes(case, division)


def _divided(case: SegmentedCase, division: DividedLiver, segments: GivenSegments) -> SegmentedCase:
    """Put a division in the place of the case's earlier one, with all that goes with it."""
    same = _same_segments(case, division)
    if case.vessel_roots is not None:
        division = with_planes_kept(division)
    found = merged_findings(check_segments(division.couinaud), division.quality)
    gone = {*case.division.findings, SEGMENTS_SOURCE, SEGMENTS_EXTENDED}
    inputs = {k: v for k, v in case.inputs_sha256.items() if k not in ROLES.values()}
    models = tuple(m for m in case.models if m.id not in case.division.models)
    kept = tuple(finding for finding in case.quality if finding.id not in gone)
    noted = _source_note(case, division, segments, same=same)
    return replace(
        case,
        division=Division(
            couinaud=division.couinaud,
            source=division.source,
            confirmation=case.division.confirmation if same else None,
            plane_mm=division.segment_plane_mm,
            segment_iv=case.division.segment_iv if same else None,
            models=tuple(model.id for model in division.models),
            findings=tuple(finding.id for finding in found),
        ),
        models=models + division.models,
        device=(case.device if models else None) or division.device,
        inputs_sha256={**inputs, **segments.digests},
        settings=replace(case.settings, masks=_masks_of(case, segments)),
        quality=merged_findings(kept, (*found, noted)),
    )


def _undivided(case: SegmentedCase, division: DividedLiver, why: Reason) -> SegmentedCase:
    """Leave the segments unknown, with what the one that could not divide them found."""
    gone = {*case.division.findings, SEGMENTS_SOURCE, SEGMENTS_EXTENDED}
    models = tuple(m for m in case.models if m.id not in case.division.models)
    kept = tuple(f for f in case.quality if f.id not in gone)
    return replace(
        case,
        division=Division(
            reasons=(why,),
            models=tuple(model.id for model in division.models),
            findings=tuple(finding.id for finding in division.quality),
        ),
        models=models + division.models,
        device=(case.device if models else None) or division.device,
        quality=merged_findings(kept, division.quality),
    )


def _masks_of(case: SegmentedCase, segments: GivenSegments) -> tuple[str, ...]:
    """Name the roles of all maps that the case is made from now."""
    named = set(case.settings.masks)
    roles = (named - {COUINAUD, BRANCHES}) | ({COUINAUD, BRANCHES} & set(segments.digests))
    if COUINAUD not in roles:
        # a liver that a replaced Couinaud map implied
        roles |= {Part.LIVER.value} & set(case.inputs_sha256)
    return tuple(sorted(roles))


def _same_segments(case: SegmentedCase, division: DividedLiver) -> bool:
    """Tell whether a division is just what the case has already."""
    return case.division.source is division.source and _same_codes(case, division)


def _same_codes(case: SegmentedCase, division: DividedLiver) -> bool:
    return case.division.couinaud is not None and np.array_equal(
        case.division.couinaud.codes, division.couinaud.codes
    )


def _source_note(
    case: SegmentedCase, division: DividedLiver, segments: GivenSegments, *, same: bool
) -> Finding:
    lost = {
        CONFIRMATION: case.division.confirmation is not None and not same,
        PARTS_OF_IV: case.division.segment_iv is not None and not same,
    }
    return source_finding(
        division.source,
        passed_over=tuple(s for s in segments.sources if s is not division.source),
        replaced=None if same else case.division.source,
        lost=tuple(words for words, gone in lost.items() if gone),
    )


def _with_segment_iv(case: SegmentedCase, segments: GivenSegments) -> SegmentedCase:
    """Part segment IV by landmarks, or else where the portal vein is seen to part."""
    couinaud = case.division.couinaud
    if segments.landmarks is None:
        return _with_seen_parts(case)
    if couinaud is None:
        raise InputError("--split-iv: this case has no Couinaud segments to divide")
    parts = planes.segment_iv_parts(couinaud, segments.landmarks)
    kept = tuple(name for name in case.division.findings if name != SEGMENT_IV_PARTED)
    return replace(
        case,
        division=replace(case.division, segment_iv=parts, findings=kept),
        quality=tuple(f for f in case.quality if f.id != SEGMENT_IV_PARTED),
        inputs_sha256={**case.inputs_sha256, **segments.digests},
    )


def _with_seen_parts(case: SegmentedCase) -> SegmentedCase:
    """Part segment IV at the computed bifurcation, or say that none was seen."""
    couinaud, stems = case.division.couinaud, stems_of(case)
    point = None if stems is None else planes.bifurcation_of(stems)
    level_mm = None if point is None or couinaud is None else float(point[2])
    finding = parted_finding(level_mm)
    division = replace(case.division, findings=(*case.division.findings, finding.id))
    if couinaud is not None and level_mm is not None:
        division = replace(division, segment_iv=planes.parts_at_level(couinaud, level_mm))
    return replace(case, division=division, quality=merged_findings(case.quality, (finding,)))
