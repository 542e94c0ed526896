"""A draft becomes the next version of its case: measured and planned anew, the old one kept.

Only maps that differ are written; the files of all others are copied byte by byte. In a map that is
written, every voxel that no step changed has the very code that it had.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from remnant.core.case import CaseReport
from remnant.core.corrections import Correction, CorrectionKind
from remnant.core.drawn_boxes import BoxedStructure, DrawnBox
from remnant.core.errors import InputError
from remnant.core.findings import quality_finding
from remnant.core.lesions import Confirmation
from remnant.core.progress import Progress, silent
from remnant.core.provenance import ModelUse
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.pipeline.case_files import EARLIER, STATE
from remnant.pipeline.confirm import settled, with_confirmation
from remnant.pipeline.divide import with_edited_segments
from remnant.pipeline.drafts.digests import case_digest
from remnant.pipeline.drafts.draft import ASK_FOR_BASE, SCHEME_OF, Draft, now
from remnant.pipeline.drafts.faults import CaseChangedError
from remnant.pipeline.earlier import kept_earlier
from remnant.pipeline.edited_plans import require_plans_as_drawn
from remnant.pipeline.facts import known_case
from remnant.pipeline.fingerprints import codes_digest
from remnant.pipeline.folder import StoredCase, read_stored
from remnant.pipeline.origins import WORDS_ALONE
from remnant.pipeline.quality_light import with_light
from remnant.pipeline.run import finish_case
from remnant.pipeline.segment import with_image
from remnant.pipeline.segmented import SegmentedCase, merged_findings
from remnant.pipeline.state import read_state
from segmentation.edits.patch import Codes, MapName, union

LOCK = "commit.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What a person confirms as a whole with a draft."""

    liver: bool = False
    segments: bool = False
    lesions: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """What was confirmed, by name."""
        named = {"liver": self.liver, "segments": self.segments, "lesions": self.lesions}
        return tuple(name for name, said in named.items() if said)


NOTHING_CONFIRMED = Confirmed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A draft that became the next version of its case."""

    report: CaseReport
    correction: Correction
    earlier: Path


def committed(
    draft: Draft,
    confirm: Confirmed = NOTHING_CONFIRMED,
    *,
    image: ImageVolume | None = None,
    progress: Progress = silent,
) -> Committed:
    """Write a draft as the next version of its case, and measure and plan it anew.

    Parameters
    ----------
    draft
        The draft; it is gone afterwards, and as it was where this fails.
    confirm
        What its author confirms as a whole.
    image
        The scan, for the intensities of lesions that were drawn; ``None`` leaves them unknown.
    progress
        Told of stages.

    Raises
    ------
    CaseChangedError
        The case was changed since the draft was begun, or is committed by somebody else now.
    InputError
        Nothing was drawn nor confirmed; there are no segments to confirm; another program changed
        the map of a plan.
    """
    folder = draft.scratch.case
    if not draft.standing and not confirm.parts:
        raise InputError("nothing was corrected: there is nothing to commit")
    require_plans_as_drawn(folder)
    with _alone(draft):
        stored = read_stored(folder)
        if case_digest(stored.case) != draft.head.base_sha256:
            raise CaseChangedError(ASK_FOR_BASE)
        case, changed = corrected_case(draft, stored, confirm, image=image)
        known = known_case(folder)
        with kept_earlier(folder) as earlier:
            correction = _correction(draft, confirm, stored, case, changed, earlier)
            case = _marked(case, stored, correction)
            if correction.draws_liver:
                case = with_light(case, image)
            report = finish_case(
                case,
                measuring=known.measuring,
                output=folder,
                stored=stored,
                planning=known.planning,
                progress=progress,
            )
    draft.drop()
    return Committed(report=report, correction=correction, earlier=earlier)


def history(folder: Path) -> tuple[Correction, ...]:
    """Return the audit trail of a case.

    Raises
    ------
    UnreadableFileError
        The folder holds no case.
    """
    return read_state(folder / STATE).corrections


def corrected_case(
    draft: Draft, stored: StoredCase, confirm: Confirmed, *, image: ImageVolume | None = None
) -> tuple[SegmentedCase, int]:
    """Return the case that a draft makes of the stored one, and how many voxels differ."""
    before = stored.case
    maps, changed = _maps(draft, stored)
    case = replace(
        before,
        maps=replace(
            before.maps,
            structures=maps[MapName.STRUCTURES] or before.maps.structures,
            lesions=maps[MapName.LESIONS],
            exophytic=maps[MapName.EXOPHYTIC],
        ),
        confirmations=dict(draft.words),
        settings=replace(before.settings, boxes=(*before.settings.boxes, *_boxes(draft))),
        models=tuple(dict.fromkeys((*before.models, *_models(draft)))),
    )
    if confirm.lesions:
        there = () if case.maps.lesions is None else case.maps.lesions.present() - {0}
        kept = set(there) - draft.rejected
        words = {**case.confirmations, **dict.fromkeys(kept, Confirmation.CONFIRMED)}
        case = replace(case, confirmations=words)
    case = _seen(case, _drawn_lesions(draft), image)
    case = _divided(case, draft, maps)
    return (with_confirmation(case, draft.head.by) if confirm.segments else case), changed


@contextmanager
def _alone(draft: Draft) -> Iterator[None]:
    """Let one commit of a case go on at a time.

    Raises
    ------
    CaseChangedError
        Another one is going on.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(draft.scratch.folder / LOCK, timeout=0)
    try:
        with lock:
            yield
    except Timeout as fault:
        raise CaseChangedError("this draft is being committed already; wait for it") from fault


def _maps(draft: Draft, stored: StoredCase) -> tuple[dict[MapName, LabelMap | None], int]:
    """Return the maps of a draft, and how many voxels differ; of equal maps the stored ones."""
    before = stored_maps(stored.case)
    found: dict[MapName, LabelMap | None] = {}
    differs: list[np.ndarray] = []
    for name, codes in draft.sheet.maps.items():
        known = before.get(name)
        there = np.zeros((), codes.dtype) if known is None else known.codes
        places = np.flatnonzero((codes != there).ravel(order="F"))
        differs.append(places)
        found[name] = known if not places.size else _filled(codes, name, draft)
    found.setdefault(MapName.COUINAUD, None)
    found.setdefault(MapName.PARTS, None)
    return found, len(union(differs))


def stored_maps(case: SegmentedCase) -> Mapping[MapName, LabelMap | None]:
    """Return the maps of a case that drafts change, ``None`` for those that it lacks."""
    return {
        MapName.STRUCTURES: case.maps.structures,
        MapName.LESIONS: case.maps.lesions,
        MapName.EXOPHYTIC: case.maps.exophytic,
        MapName.COUINAUD: case.division.couinaud,
        MapName.PARTS: case.division.segment_iv,
    }


def _filled(codes: Codes, name: MapName, draft: Draft) -> LabelMap | None:
    if name is MapName.EXOPHYTIC and not codes.any():
        return None
    return LabelMap(codes.copy(order="K"), draft.sheet.geometry, SCHEME_OF[name])


def _boxes(draft: Draft) -> tuple[DrawnBox, ...]:
    return tuple(
        DrawnBox(
            structure=BoxedStructure.LESION,
            lesion=max(step.told.lesions, default=None)
            if not step.replaced
            else min(step.replaced),
            box=step.box,
            replaced=step.replaced,
            by=step.told.by,
            date=step.told.at[:10],
        )
        for step in draft.standing
        if step.box is not None
    )


def _models(draft: Draft) -> tuple[ModelUse, ...]:
    return tuple(model for step in draft.standing for model in step.models)


def _drawn_lesions(draft: Draft) -> frozenset[int]:
    """Return the numbers of the lesions whose voxels steps changed."""
    drawn = (step.told for step in draft.standing if step.told.kind not in WORDS_ALONE)
    return frozenset(n for told in drawn for n in told.lesions)


def _seen(case: SegmentedCase, drawn: frozenset[int], image: ImageVolume | None) -> SegmentedCase:
    """Return a case whose drawn lesions have what the scan shows of them as they are now."""
    phases = {n: seen for n, seen in case.phases.items() if n not in drawn}
    case = replace(case, phases=phases)
    if not drawn or not case.intensities:
        return case
    kept = {n: known for n, known in case.intensities.items() if n not in drawn}
    if image is not None:
        fresh = with_image(case, image).intensities
        return replace(case, intensities={**kept, **{n: fresh[n] for n in drawn if n in fresh}})
    there = frozenset() if case.maps.lesions is None else case.maps.lesions.present()
    lost = len((there & drawn) - {0})
    note = quality_finding("lesion_intensities", passed=None, value=float(lost))
    quality = merged_findings(case.quality, (note,)) if lost else case.quality
    return replace(case, intensities=kept, quality=quality)


def _divided(
    case: SegmentedCase, draft: Draft, maps: Mapping[MapName, LabelMap | None]
) -> SegmentedCase:
    """Return a case with the draft's segments; where a plane was moved they count as given."""
    couinaud = maps[MapName.COUINAUD]
    if couinaud is None:
        return case
    division = replace(case.division, couinaud=couinaud, segment_iv=maps[MapName.PARTS])
    case = replace(case, division=division)
    if all(step.told.kind is not CorrectionKind.MOVE_PLANE for step in draft.standing):
        return case
    given = with_edited_segments(case, codes_digest(couinaud))
    kept = replace(given.division, segment_iv=maps[MapName.PARTS])
    return settled(replace(given, division=kept))


def _marked(case: SegmentedCase, stored: StoredCase, correction: Correction) -> SegmentedCase:
    """Return a case with its audit trail, noted as not what one command made any more."""
    case = replace(case, corrections=(*case.corrections, correction))
    if case.made_from is None:
        return case
    edited = tuple(sorted({*case.made_from.edited, *stored.edited}))
    return replace(case, made_from=replace(case.made_from, revised=True, edited=edited))


def _correction(
    draft: Draft,
    confirm: Confirmed,
    stored: StoredCase,
    case: SegmentedCase,
    changed: int,
    earlier: Path,
) -> Correction:
    known = stored.case.corrections
    return Correction(
        version=len(known) + 1,
        by=draft.head.by,
        at=now(),
        steps=tuple(step.told for step in draft.standing),
        confirmed=confirm.parts,
        changed_voxels=changed,
        before_sha256=draft.head.base_sha256,
        after_sha256=case_digest(case),
        previous_sha256=known[-1].digest if known else None,
        earlier=f"{EARLIER}/{earlier.name}",
    )
