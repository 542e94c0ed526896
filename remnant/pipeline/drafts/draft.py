"""A draft: a case's maps while a person corrects them, step by step, each of which can be undone.

The maps lie in memory, the steps on disk beside the case: as much memory is needed after a thousand
steps as after one, and a process that is killed loses none.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from remnant.core.boxes import Box
from remnant.core.corrections import Correction, CorrectionStep
from remnant.core.errors import InputError
from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    SEGMENT_IV_SCHEME,
    STRUCTURE_SCHEME,
    LabelScheme,
)
from remnant.core.lesions import Confirmation
from remnant.core.volumes import LARGEST_CODE, ImageVolume, LabelMap
from remnant.pipeline.case_files import require_case
from remnant.pipeline.confirm import require_name
from remnant.pipeline.drafts import operations
from remnant.pipeline.drafts.asked import (
    Asked,
    Delete,
    Erase,
    Grow,
    Merge,
    MovePlane,
    OutlineBox,
    Paint,
    Say,
    SplitByLine,
    SplitBySeeds,
)
from remnant.pipeline.drafts.digests import case_digest
from remnant.pipeline.drafts.faults import (
    CaseChangedError,
    DraftHeldError,
    NoDraftError,
    ScanNeededError,
)
from remnant.pipeline.drafts.operations import Board, Drawn
from remnant.pipeline.drafts.scratch import DraftHead, Scratch, Step
from remnant.pipeline.drawing import next_number
from remnant.pipeline.folder import read_stored
from remnant.pipeline.segmented import CaseMaps, SegmentedCase
from remnant.wording.corrections import step_words
from segmentation.edits.patch import (
    Changes,
    MapName,
    Sheet,
    changed_box,
    changed_voxels,
    codes_in,
    taken_back,
)

MOST_STEPS: Final = 5000
SCHEME_OF: Final[Mapping[MapName, LabelScheme]] = {
    MapName.STRUCTURES: STRUCTURE_SCHEME,
    MapName.LESIONS: INSTANCE_SCHEME,
    MapName.EXOPHYTIC: BINARY_SCHEME,
    MapName.COUINAUD: COUINAUD_SCHEME,
    MapName.PARTS: SEGMENT_IV_SCHEME,
}
ASK_FOR_BASE: Final = (
    "the case was changed by somebody else since the draft was begun; drop the draft, and draw on "
    "the case as it is now"
)
NO_SCAN: Final = "this needs the scan, which the case does not keep: give it with --image"
Scan = Callable[[], ImageVolume]
Boxes = Callable[[SegmentedCase, OutlineBox, str], "Outlined"]
Words = dict[int, Confirmation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlined:
    """What a network outlined in a box: the case with it, and its number."""

    case: SegmentedCase
    lesion: int


def no_scan() -> ImageVolume:
    """Say that there is no scan.

    Raises
    ------
    ScanNeededError
        Always.
    """
    raise ScanNeededError(NO_SCAN)


def no_boxes(_case: SegmentedCase, _asked: OutlineBox, _by: str) -> Outlined:
    """Say that nothing here outlines boxes.

    Raises
    ------
    ScanNeededError
        Always.
    """
    raise ScanNeededError(NO_SCAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What steps may need beside the maps.

    Parameters
    ----------
    scan
        Gives the scan of the case, on its grid.
    boxes
        Outlines a lesion in a box.
    """

    scan: Scan = no_scan
    boxes: Boxes = no_boxes


NO_TOOLS: Final = Tools()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a step, its undoing or its repetition did.

    Parameters
    ----------
    told
        Its line in the audit trail.
    standing
        How many steps stand now.
    changed_voxels, box
        How many voxels it changed, and where; ``None`` where none.
    """

    told: CorrectionStep
    standing: int
    changed_voxels: int
    box: Box | None


@dataclass(slots=True, eq=False)
class Draft:
    """A draft that is open. It is no business of several threads at once.

    Parameters
    ----------
    scratch
        Its files.
    head
        Who holds it, and how many steps stand.
    facts
        The case as it was when the draft was begun; its maps are those of the draft.
    sheet
        The maps as they are now.
    words
        What is said of the lesions now.
    steps
        All steps that are kept, those that were taken back at the end.
    """

    scratch: Scratch
    head: DraftHead
    facts: SegmentedCase
    sheet: Sheet
    words: Words
    steps: list[Step] = field(default_factory=list)

    @property
    def standing(self) -> list[Step]:
        """The steps that stand."""
        return self.steps[: self.head.standing]

    @property
    def rejected(self) -> frozenset[int]:
        """Numbers of the lesions that do not count."""
        return operations.rejected_of(self.words)

    @property
    def fresh(self) -> int:
        """The next number that no lesion has or had.

        Raises
        ------
        InputError
            There is none left.
        """
        known = (n for step in self.standing for n in step.told.lesions)
        number = max((next_number(self.facts), *(n + 1 for n in (*self.sheet.tallies, *known))))
        if number > LARGEST_CODE:
            raise InputError(f"lesion {number} is more than the {LARGEST_CODE} that have a number")
        return number

    def do(self, asked: Asked, tools: Tools = NO_TOOLS) -> Done:
        """Do one step; those that were taken back before it are forgotten.

        Raises
        ------
        InputError
            It cannot be done as asked; the draft is as it was before.
        """
        if self.head.standing >= MOST_STEPS:
            raise InputError(f"a draft has at most {MOST_STEPS} steps; commit it, and go on")
        drawn = self._drawn(asked, tools)
        number = self.head.standing
        step = self._step(drawn)
        if self.head.kept > number:  # first the head: files that it does not count do no harm
            self.head = replace(self.head, kept=number)
            self.scratch.write_head(self.head)
            self.scratch.forget_from(number)
            del self.steps[number:]
        self.scratch.write_step(number, step, drawn.changes)
        head = replace(self.head, standing=number + 1, kept=number + 1)
        self.scratch.write_head(head)
        self.head = head
        self.steps.append(step)
        self._turn(step, drawn.changes, forward=True)
        return self._done(step, drawn.changes)

    def undo(self) -> Done:
        """Take the last step back.

        Raises
        ------
        InputError
            None stands.
        """
        if not self.head.standing:
            raise InputError("nothing is left to undo")
        return self._move_to(self.head.standing - 1)

    def redo(self) -> Done:
        """Do the step that was taken back last once more.

        Raises
        ------
        InputError
            There is none.
        """
        if self.head.standing == self.head.kept:
            raise InputError("nothing was undone that could be done once more")
        return self._move_to(self.head.standing + 1)

    def case_now(self) -> SegmentedCase:
        """Return the case with the draft's maps, which must not be changed while it is used."""
        maps = {
            name: LabelMap(codes, self.sheet.geometry, SCHEME_OF[name])
            for name, codes in self.sheet.maps.items()
        }
        known = replace(
            self.facts.maps,
            structures=maps[MapName.STRUCTURES],
            lesions=maps[MapName.LESIONS],
            exophytic=maps[MapName.EXOPHYTIC],
        )
        division = replace(
            self.facts.division,
            couinaud=maps.get(MapName.COUINAUD),
            segment_iv=maps.get(MapName.PARTS),
        )
        return replace(self.facts, maps=known, division=division, confirmations=dict(self.words))

    def drop(self) -> None:
        """Remove the draft; the case is as it was."""
        self.scratch.drop()

    def _move_to(self, standing: int) -> Done:
        forward = standing > self.head.standing
        number = standing - 1 if forward else standing
        step, changes = self.scratch.read_step(number)
        self.scratch.write_head(replace(self.head, standing=standing))
        self.head = replace(self.head, standing=standing)
        self._turn(step, changes, forward=forward)
        return self._done(step, changes)

    def _turn(self, step: Step, changes: Changes, *, forward: bool) -> None:
        """Apply a step, or take it back."""
        self.sheet.apply(changes if forward else taken_back(changes))
        for number, (before, after) in step.said.items():
            word = after if forward else before
            self.words.pop(number, None)
            if word is not None:
                self.words[number] = word

    def _drawn(self, asked: Asked, tools: Tools) -> Drawn:
        board = Board(sheet=self.sheet, words=self.words, fresh=self.fresh, scan=tools.scan)
        if isinstance(asked, OutlineBox):
            return self._boxed(asked, tools)
        done = {
            Paint: operations.painted,
            Erase: operations.erased,
            Grow: operations.grown_lesion,
            SplitByLine: operations.split_lesion,
            SplitBySeeds: operations.split_lesion,
            Merge: operations.merged,
            Delete: operations.deleted,
            Say: operations.said,
            MovePlane: operations.moved_plane,
        }
        return done[type(asked)](board, asked)  # type: ignore[operator,no-any-return]

    def _boxed(self, asked: OutlineBox, tools: Tools) -> Drawn:
        found = tools.boxes(self._with_numbers(), asked, self.head.by)
        return operations.outlined_in_box(self.sheet, self.words, found.case, found.lesion)

    def _with_numbers(self) -> SegmentedCase:
        """Return the case as it is now, with the numbers that steps gave: none is reused."""
        steps = tuple(step.told for step in self.standing)
        pending = Correction(
            version=0, by=self.head.by, at=now(), steps=steps, changed_voxels=0, before_sha256="",
            after_sha256="", previous_sha256=None, earlier="",
        )  # fmt: skip
        case = self.case_now()
        return replace(case, corrections=(*case.corrections, pending))

    def _step(self, drawn: Drawn) -> Step:
        voxels = changed_voxels([drawn.changes])
        told = CorrectionStep(
            by=self.head.by,
            at=now(),
            kind=drawn.kind,
            what=step_words(
                drawn.kind,
                drawn.lesions,
                voxels=voxels,
                volume_ml=voxels * self.sheet.geometry.voxel_volume_ml,
                plane=drawn.plane,
            ),
            lesions=tuple(sorted(drawn.lesions)),
            changed_voxels=voxels,
        )
        return Step(
            told=told,
            said=self._said(drawn),
            box=drawn.box,
            replaced=drawn.replaced,
            models=drawn.models,
        )

    def _said(self, drawn: Drawn) -> Mapping[int, tuple[Confirmation | None, Confirmation | None]]:
        """Return what lesions are called before and after; one that is gone has no word."""
        gone = self._gone(drawn.changes)
        later = {**drawn.said, **dict.fromkeys(gone & set(self.words))}
        later.update(dict.fromkeys(gone & set(drawn.said)))
        return {
            n: (self.words.get(n), word) for n, word in later.items() if self.words.get(n) != word
        }

    def _gone(self, changes: Changes) -> frozenset[int]:
        change = changes.get(MapName.LESIONS)
        if change is None:
            return frozenset()
        counts = {n: tally.voxels for n, tally in self.sheet.tallies.items()}
        for codes, sign in ((change.before, -1), (change.after, 1)):
            held = np.bincount(codes)
            for n in codes_in(codes):
                counts[n] = counts.get(n, 0) + sign * int(held[n])
        return frozenset(n for n, voxels in counts.items() if n > 0 and voxels <= 0)

    def _done(self, step: Step, changes: Changes) -> Done:
        return Done(
            told=step.told,
            standing=self.head.standing,
            changed_voxels=step.told.changed_voxels,
            box=changed_box(changes, self.sheet.geometry.shape),
        )


def begun(folder: Path, by: str, *, take_over: bool = False) -> Draft:
    """Begin a draft of a case, or go on with the one that this person, or somebody else, left.

    Parameters
    ----------
    folder
        The case.
    by
        Who draws.
    take_over
        Go on with another person's draft: its steps stay those of that person.

    Raises
    ------
    DraftHeldError
        Another person has a draft open.
    CaseChangedError
        The case was changed since the draft was begun.
    InputError
        The name cannot be used.
    UnreadableFileError
        The folder holds no case, or its draft is damaged.
    """
    name = require_name(by, option="your name")
    require_case(folder)
    scratch = Scratch(folder)
    head = scratch.head()
    if head is not None and head.by != name and not take_over:
        raise DraftHeldError(
            f"{head.by} has been correcting this case since {head.since}; wait, or take the draft "
            f"over"
        )
    case = read_stored(folder).case
    base = case_digest(case)
    if head is None:
        head = DraftHead(draft=secrets.token_urlsafe(12), by=name, since=now(), base_sha256=base)
        scratch.write_head(head)
    elif head.base_sha256 != base:
        raise CaseChangedError(ASK_FOR_BASE)
    elif head.by != name:
        head = replace(head, by=name, draft=secrets.token_urlsafe(12))
        scratch.write_head(head)
    return _replayed(scratch, head, case)


def held_draft(folder: Path) -> DraftHead | None:
    """Return who has a draft of a case open; ``None`` where nobody does."""
    return Scratch(folder).head()


def require_draft(draft: Draft | None, name: str) -> Draft:
    """Return the draft of a name.

    Raises
    ------
    NoDraftError
        There is none, or somebody else holds it by now.
    """
    if draft is None:
        raise NoDraftError("this draft is not open any more: it was committed or dropped")
    if not secrets.compare_digest(draft.head.draft, name):
        raise NoDraftError(
            f"this draft is not yours any more: {draft.head.by} holds it now, with the steps up to "
            f"then"
        )
    return draft


def now() -> str:
    """Return the time (UTC) to the second, as ``2026-11-29T21:00:00+00:00``."""
    return datetime.now(tz=UTC).isoformat(timespec="seconds")


def sheet_of(case: SegmentedCase) -> Sheet:
    """Return a copy of a case's maps to draw on; those that it lacks are empty."""
    maps: CaseMaps = case.maps
    grid = maps.structures.geometry
    empty = partial(np.zeros, grid.shape, order="F")
    codes = {
        MapName.STRUCTURES: _copied(maps.structures, np.uint8),
        MapName.LESIONS: empty(np.uint16)
        if maps.lesions is None
        else _copied(maps.lesions, np.uint16),
        MapName.EXOPHYTIC: empty(np.uint8)
        if maps.exophytic is None
        else _copied(maps.exophytic, np.uint8),
    }
    division = case.division
    for name, labels in (
        (MapName.COUINAUD, division.couinaud),
        (MapName.PARTS, division.segment_iv),
    ):
        if labels is not None:
            codes[name] = _copied(labels, np.uint8)
    return Sheet(grid, codes)


def _copied(labels: LabelMap, kind: type) -> np.ndarray:
    return np.array(labels.codes, dtype=kind, order="K")


def _replayed(scratch: Scratch, head: DraftHead, case: SegmentedCase) -> Draft:
    """Return a draft with its steps done once more, as they lie on disk."""
    sheet = sheet_of(case)
    draft = Draft(scratch, replace(head, standing=0), case, sheet, dict(case.confirmations))
    # the draft's own arrays hold the maps from here on
    draft.facts = draft.case_now()
    for number in range(head.kept):
        step, changes = scratch.read_step(number)
        draft.steps.append(step)
        if number < head.standing:
            draft._turn(step, changes, forward=True)  # noqa: SLF001
    draft.head = head
    return draft
