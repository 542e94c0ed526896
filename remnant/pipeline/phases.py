"""Several phases of one study: the liver of one, and the lesions of others laid on it.

Each image is segmented by itself, liver and lesions. The images that only lesions are taken from
are laid on the liver's (`segmentation.alignment.images`); how good that is, is measured on the two
livers, which were found apart from each other. What cannot be laid there well enough is left out
whole, and a finding says so. Lesions of several phases that overlap there are one lesion.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import bounding_box
from remnant.core.codes import present_codes
from remnant.core.errors import InputError
from remnant.core.findings import Finding, Verdict, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, Structure
from remnant.core.phase_choice import AlignmentKind, PhaseChoice
from remnant.core.progress import Progress
from remnant.core.provenance import ModelUse
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumes import LARGEST_CODE, LabelMap, Phase
from remnant.pipeline.contrast import seen_findings
from remnant.pipeline.division import BRANCHES, COUINAUD
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segmented import CaseMaps, Division, SegmentedCase, maps_of, merged_findings
from segmentation.alignment.images import (
    HALF,
    LEAST_OVERLAP_FRACTION,
    MOST_DISTANCE_MM,
    ImageAlignment,
    Motion,
    Side,
    align_images,
    moved_share,
)
from segmentation.port import Segmentation, Segmenter
from segmentation.postprocess import reconcile_instances

if TYPE_CHECKING:
    from remnant.io.source import LoadedStudy

ONE_LESION_FRACTION: Final = 0.1
"""Share of the smaller of two lesions that the other covers, from which on they are one: less is
what neighbours share when one is laid a voxel aside."""
LESION_CHECKS: Final = frozenset(
    ("exophytic_lesion_voxels", "lesion_leakage_cut", "small_lesions_dropped")
)
"""Checks of the lesions of one image, which say nothing where these are not used."""
Codes = NDArray[np.uint16]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhaseLesions:
    """The lesions of one image on the liver's grid.

    Parameters
    ----------
    name, phase
        What the user called the image, and its contrast phase.
    codes
        Lesion numbers, 0 elsewhere.
    """

    name: str
    phase: Phase
    codes: Codes

    @property
    def numbers(self) -> tuple[int, ...]:
        """Lesion numbers, rising."""
        return tuple(sorted(present_codes(self.codes) - {0}))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JoinedLesions:
    """Lesions of several phases as one map, and the phases that each was seen in."""

    codes: Codes
    phases: Mapping[int, tuple[Phase, ...]]


def require_phases_alone(request: SegmentRequest) -> None:
    """Raise unless phases are taken from images alone.

    Raises
    ------
    InputError
        A liver, lesion or vessel map was given beside them.
    """
    if request.phases is not None and set(request.masks) - {COUINAUD, BRANCHES}:
        raise InputError(
            "--liver-from and --lesions-from find liver and lesions in the images; leave the maps "
            "of liver, lesions and vessels out, or these options"
        )


def case_of_phases(
    loaded: "Iterator[LoadedStudy]",
    choice: PhaseChoice,
    *,
    segmenter: Segmenter,
    progress: Progress,
) -> "tuple[SegmentedCase, LoadedStudy]":
    """Make a case from several images of a study.

    Parameters
    ----------
    loaded
        The images in the order of ``choice.all_from``; one is held beside the liver's at a time.
    choice
        From where liver and lesions are taken.
    segmenter
        Finds liver and lesions in each of them.
    progress
        Told of every step, with the image's name.

    Returns
    -------
    tuple
        The case on the grid of the liver's image, and that image.

    Raises
    ------
    SegmentationFailedError
        No liver was found in one of them.
    """
    first = next(loaded)
    found = segmenter.segment(first.image, progress=_named(progress, choice.liver_from))
    names = choice.all_from[1:]
    others = [
        _seen_elsewhere(name, other, Side(image=first.image, liver=found.structures),
                        segmenter, choice.alignment, progress)
        for name, other in zip(names, loaded, strict=True)
    ]  # fmt: skip
    own = _own_lesions(first, found, choice)
    used = [*own, *(other.lesions for other in others if other.lesions is not None)]
    case = _joined_case(first, found, used)
    cores: list[NDArray[Any]] = [other.core for other in others if other.core is not None]
    if own and found.core is not None:
        cores.append(found.core.codes)
    case = _with_core(case, cores)
    return _with_facts(case, others, used), first


def _with_core(case: SegmentedCase, cores: Sequence[NDArray[Any]]) -> SegmentedCase:
    """Keep what was first marked of the lesions in any image, where outlines were refined."""
    if not cores or case.maps.lesions is None:
        return case
    marked = np.any([core > 0 for core in cores], axis=0).astype(np.uint8)
    core = LabelMap(marked, case.maps.structures.geometry, BINARY_SCHEME)
    return replace(case, maps=replace(case.maps, lesions_core=core))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Elsewhere:
    """What another image than the liver's brought.

    ``lesions`` is ``None`` where it could not be laid on the liver's well enough; so is their
    ``core``, and where no outlines were refined.
    """

    name: str
    sha256: str
    alignment: ImageAlignment
    lesions: PhaseLesions | None
    core: Codes | None
    models: tuple[ModelUse, ...]
    failed: tuple[str, ...]


def _seen_elsewhere(
    name: str,
    loaded: "LoadedStudy",
    fixed: Side,
    segmenter: Segmenter,
    kind: AlignmentKind,
    progress: Progress,
) -> _Elsewhere:
    told = _named(progress, name)
    found = segmenter.segment(loaded.image, progress=told)
    moving = Side(image=loaded.image, liver=found.structures)
    alignment = align_images(fixed, moving, kind=kind, progress=told)
    lesions = core = None
    if alignment.is_good:
        target, motion = fixed.image.geometry, alignment.motion
        codes = brought_lesions(found.lesions, target, motion)
        lesions = PhaseLesions(name=name, phase=loaded.image.phase, codes=codes)
        core = None if found.core is None else brought_lesions(found.core, target, motion)
    seen = seen_findings(loaded, found.structures)
    checks = (*merged_findings(loaded.quality, seen), *found.quality)
    return _Elsewhere(
        name=name,
        sha256=loaded.input_sha256,
        alignment=alignment,
        lesions=lesions,
        core=core,
        models=found.models,
        failed=tuple(check.id for check in checks if check.verdict is Verdict.NOT_MET),
    )


def _named(progress: Progress, name: str) -> Progress:
    def told(stage: str, done: int, total: int) -> None:
        progress(f"{name}: {stage}", done, total)

    return told


def brought_lesions(lesions: LabelMap, target: Geometry, motion: Motion) -> Codes:
    """Bring lesions of another image onto the liver's grid, each for itself.

    A voxel belongs to the lesion that fills most of it, and at least half; of equal ones to that
    of the lower number.
    """
    codes = np.zeros(target.shape, dtype=np.uint16)
    best = np.zeros(target.shape, dtype=np.float32)
    for number in sorted(lesions.present() - {0}):
        mask = lesions.codes == number
        for where, share in moved_share(mask, lesions.geometry, target, motion):
            wins = (share >= HALF) & (share > best[where])
            codes[where][wins] = number
            best[where][wins] = share[wins]
    return codes


def join_lesions(phases: Sequence[PhaseLesions]) -> JoinedLesions:
    """Join the lesions of several phases on one grid; those that overlap are one.

    Two are one where they share at least ``ONE_LESION_FRACTION`` of the smaller one, directly or
    through others. A voxel that two different ones claim goes to the phase that is named first.
    Lesions are numbered by falling volume.
    """
    parts = [(p, n) for p, phase in enumerate(phases) for n in phase.numbers]
    group = _groups(phases, parts)
    codes = np.zeros(phases[0].codes.shape, dtype=np.uint16)
    for p, number in parts:
        claimed = (phases[p].codes == number) & (codes == 0)
        codes[claimed] = group[p, number]
    renumber = _by_volume(codes)
    seen: dict[int, set[int]] = {}
    for (p, _), old in group.items():
        seen.setdefault(int(renumber[old]), set()).add(p)
    told = {
        number: tuple(dict.fromkeys(phases[p].phase for p in sorted(where)))
        for number, where in sorted(seen.items())
        if number > 0
    }
    return JoinedLesions(codes=renumber[codes], phases=told)


def _groups(
    phases: Sequence[PhaseLesions], parts: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], int]:
    """Return the number, from 1 on, of the lesion that each phase's lesion is part of."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    place = {part: index for index, part in enumerate(parts)}
    pairs = [(place[a], place[b]) for a, b in _one_lesion(phases)]
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    graph = coo_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(parts),) * 2)
    _, found = connected_components(graph, directed=False)
    return {part: int(found[index]) + 1 for part, index in place.items()}


def _one_lesion(
    phases: Sequence[PhaseLesions],
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    sizes = [np.bincount(phase.codes.ravel()) for phase in phases]
    for first, second in ((a, b) for b in range(len(phases)) for a in range(b)):
        both = (phases[first].codes > 0) & (phases[second].codes > 0)
        pairs, shared = np.unique(
            np.stack([phases[first].codes[both], phases[second].codes[both]]),
            axis=1,
            return_counts=True,
        )
        for (a, b), voxels in zip(pairs.T, shared, strict=True):
            if voxels >= ONE_LESION_FRACTION * min(sizes[first][a], sizes[second][b]):
                yield (first, int(a)), (second, int(b))


def _by_volume(codes: Codes) -> Codes:
    """Return the table from codes to their place by falling volume, ties by code; 0 stays 0."""
    sizes = np.bincount(codes.ravel(), minlength=1)
    sizes[0] = 0
    order = [code for code in np.argsort(-sizes, kind="stable") if sizes[code] > 0]
    if len(order) > LARGEST_CODE:
        raise InputError(f"{len(order)} lesions are more than the {LARGEST_CODE} that have numbers")
    table = np.zeros(len(sizes), dtype=np.uint16)
    table[order] = np.arange(1, len(order) + 1)
    return table


def _own_lesions(
    first: "LoadedStudy", found: Segmentation, choice: PhaseChoice
) -> list[PhaseLesions]:
    if choice.liver_from not in choice.lesions_from:
        return []
    codes = found.lesions.codes.astype(np.uint16)
    return [PhaseLesions(name=choice.liver_from, phase=first.image.phase, codes=codes)]


def _joined_case(
    first: "LoadedStudy", found: Segmentation, used: Sequence[PhaseLesions]
) -> SegmentedCase:
    liver = _liver_alone(found)
    grid = found.structures.geometry
    case = SegmentedCase(
        study=first.study,
        maps=_without_lesions(found, liver),
        division=Division(reasons=(reason(Cause.NO_SEGMENTS_GIVEN),)),
        quality=first.quality + found.quality,
        models=found.models,
        device=found.device,
        inputs_sha256={"image": first.input_sha256},
    )
    if not used:
        kept = tuple(check for check in case.quality if check.id not in LESION_CHECKS)
        return replace(case, quality=kept)
    joined = join_lesions(used)
    fitted = reconcile_instances(liver, joined.codes, grid, vessels=_vessels(found))
    numbers = fitted.lesions.present() - {0}
    return replace(
        case,
        maps=maps_of(fitted),
        quality=merged_findings(case.quality, fitted.quality),
        phases={n: seen for n, seen in joined.phases.items() if n in numbers},
    )


def _liver_alone(found: Segmentation) -> NDArray[np.bool_]:
    """Return the liver without what it holds only because a lesion lies there."""
    liver = found.structures.mask()
    return liver if found.exophytic is None else liver & ~found.exophytic.mask()


def _without_lesions(found: Segmentation, liver: NDArray[np.bool_]) -> CaseMaps:
    codes = np.where(liver, found.structures.codes, Structure.BACKGROUND).astype(np.uint8)
    codes[codes == Structure.LESION] = Structure.PARENCHYMA
    structures = LabelMap(codes, found.structures.geometry, found.structures.scheme)
    return CaseMaps(structures=structures, lesions=None)


def _vessels(found: Segmentation) -> Mapping[Structure, NDArray[Any]]:
    there = found.structures.present()
    return {
        code: found.structures.codes == code
        for code in (Structure.PORTAL_VEIN, Structure.HEPATIC_VEINS)
        if code in there
    }


def _with_facts(
    case: SegmentedCase, others: Sequence[_Elsewhere], used: Sequence[PhaseLesions]
) -> SegmentedCase:
    models = dict.fromkeys((*case.models, *(m for other in others for m in other.models)))
    checks = (*_alignment(others), *_lesions(used, len(case.phases)), *_failed(others))
    return replace(
        case,
        models=tuple(models),
        quality=merged_findings(case.quality, checks),
        inputs_sha256={
            **case.inputs_sha256, **{f"image_{other.name}": other.sha256 for other in others},
        },
    )  # fmt: skip


def _alignment(others: Sequence[_Elsewhere]) -> tuple[Finding, ...]:
    """Say how well every other image was laid on the liver's; the value is the least overlap."""
    if not others:
        return ()
    lost = tuple(other.name for other in others if other.lesions is None)
    left_out = (reason(Cause.PHASE_LEFT_OUT, *lost),) if lost else ()
    return (
        quality_finding(
            "phase_alignment",
            passed=not lost,
            value=min(other.alignment.overlap for other in others),
            reasons=(
                *(_laid(other) for other in others),
                reason(Cause.LEAST_ALIGNMENT, LEAST_OVERLAP_FRACTION, MOST_DISTANCE_MM),
                *left_out,
            ),
        ),
    )


def _laid(other: _Elsewhere) -> Reason:
    found = other.alignment
    return reason(
        Cause.PHASE_LAID, other.name, found.overlap_before, found.overlap, found.distance_mm
    )


def _lesions(used: Sequence[PhaseLesions], joined: int) -> tuple[Finding, ...]:
    if not used:
        return ()
    counts = (reason(Cause.PHASE_LESIONS, one.name, len(one.numbers)) for one in used)
    return (
        quality_finding("phase_lesions", passed=True, value=float(joined), reasons=tuple(counts)),
    )


def _failed(others: Sequence[_Elsewhere]) -> tuple[Finding, ...]:
    failed = tuple(
        reason(Cause.CHECKS_FAILED, other.name, *other.failed) for other in others if other.failed
    )
    return (
        (quality_finding("phase_checks", passed=False, value=float(len(failed)), reasons=failed),)
        if failed
        else ()
    )


def carried_phases(before: LabelMap, after: LabelMap, case: SegmentedCase) -> SegmentedCase:
    """Give lesions that were divided the phases of the lesion that they are part of."""
    if not case.phases:
        return case
    box = bounding_box(after.codes, what="the lesion map")
    old, new = before.codes[box], after.codes[box]
    pairs = np.unique(np.stack([new[new > 0], old[new > 0]]), axis=1).T
    return replace(
        case, phases={int(n): case.phases[int(o)] for n, o in pairs if int(o) in case.phases}
    )
