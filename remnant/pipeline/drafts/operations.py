"""One step on a draft's maps: what is asked, in RAS mm, becomes the voxels that change."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from remnant.core.boxes import Box, bounding_box, box_start, filled_box, joint_box, widened
from remnant.core.corrections import CorrectionKind
from remnant.core.drawn_boxes import ReaderBox
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.provenance import ModelUse
from remnant.core.volumes import ImageVolume
from remnant.pipeline.drafts.asked import (
    Delete,
    Erase,
    Grow,
    Merge,
    MovePlane,
    Paint,
    Say,
    SplitByLine,
    SplitBySeeds,
    Target,
)
from remnant.pipeline.segmented import SegmentedCase
from segmentation.edits import painting
from segmentation.edits.growing import grown
from segmentation.edits.patch import Changes, Codes, MapName, Mask, Patch, Sheet, codes_in
from segmentation.edits.planes import plane_moved
from segmentation.edits.splitting import split_by_line, split_by_seeds
from segmentation.edits.strokes import stroke_voxels

MOST_SEEDS = 20
KIND_OF_WORD = {
    Confirmation.CONFIRMED: CorrectionKind.CONFIRM,
    Confirmation.REJECTED: CorrectionKind.REJECT,
    None: CorrectionKind.UNSET,
}
Words = Mapping[int, Confirmation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a step is drawn on.

    Parameters
    ----------
    sheet
        The maps as they are now; a step only reads them.
    words
        What is said of the lesions now.
    fresh
        The next number that no lesion has or had.
    scan
        Gives the scan, or raises where there is none.
    """

    sheet: Sheet
    words: Words
    fresh: int
    scan: Callable[[], ImageVolume]

    @property
    def rejected(self) -> frozenset[int]:
        """Numbers of the lesions that do not count."""
        return rejected_of(self.words)

    def require_lesion(self, number: int) -> None:
        """Raise unless there is a lesion of this number.

        Raises
        ------
        InputError
            There is none.
        """
        if number not in self.sheet.tallies:
            listed = ", ".join(map(str, sorted(self.sheet.tallies)[:20])) or "none"
            raise InputError(f"there is no lesion {number}; this case's lesions are {listed}")

    def require_counted(self, numbers: Iterable[int]) -> None:
        """Raise unless there are lesions of these numbers, and none was rejected.

        Raises
        ------
        InputError
            One is not there, or was rejected.
        """
        for number in sorted(numbers):
            self.require_lesion(number)
            if number in self.rejected:
                raise InputError(f"lesion {number} was rejected; confirm it first")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What a step changes: voxels, and words on lesions (``None`` takes a word back)."""

    kind: CorrectionKind
    changes: Changes
    said: Mapping[int, Confirmation | None] = field(default_factory=dict)
    lesions: frozenset[int] = frozenset()
    plane: str = ""
    box: ReaderBox | None = None
    replaced: tuple[int, ...] = ()
    models: tuple[ModelUse, ...] = ()


def rejected_of(words: Mapping[int, Confirmation | None]) -> frozenset[int]:
    """Return the numbers of the lesions that were rejected."""
    return frozenset(n for n, word in words.items() if word is Confirmation.REJECTED)


def painted(board: Board, asked: Paint) -> Drawn:
    """Paint a lesion or the liver."""
    box, mask = stroke_voxels(asked.stroke, board.sheet.geometry)
    if asked.target is Target.LIVER:
        edit = painting.liver_painted
        changes = _edited(board, _beside(board, box), partial(_on, box, mask, edit))
        return Drawn(kind=CorrectionKind.PAINT_LIVER, changes=changes)
    return with_lesion(board, box, mask, asked.lesion, CorrectionKind.PAINT_LESION)


def with_lesion(
    board: Board, box: Box, mask: Mask, lesion: int | None, kind: CorrectionKind
) -> Drawn:
    """Give voxels to a lesion, ``None`` for a new one: whoever draws one says that it is one."""
    if lesion is not None:
        board.require_lesion(lesion)
    number = board.fresh if lesion is None else lesion
    place = _beside(board, box)
    if number in board.rejected:
        place = joint_box((place, board.sheet.tallies[number].box))
    edit = partial(painting.lesion_painted, number=number)
    changes = _edited(board, place, partial(_on, box, mask, edit))
    return _confirmed(kind, changes, {number})


def erased(board: Board, asked: Erase) -> Drawn:
    """Erase from lesions or from the liver."""
    box, mask = stroke_voxels(asked.stroke, board.sheet.geometry)
    if asked.target is Target.LIVER:
        place = board.sheet.around(box)
        edit: Callable[[Patch, Mask], Patch] = painting.liver_erased
        changes = _edited(board, place, partial(_on, box, mask, edit))
        _require_liver(board, changes)
        return Drawn(kind=CorrectionKind.ERASE_LIVER, changes=changes)
    numbers = None
    if asked.lesion is not None:
        board.require_lesion(asked.lesion)
        numbers = frozenset({asked.lesion})
    edit = partial(painting.lesion_erased, numbers=numbers)
    changes = _edited(board, board.sheet.around(box), partial(_on, box, mask, edit))
    return _confirmed(CorrectionKind.ERASE_LESION, changes, _numbers(changes))


def grown_lesion(board: Board, asked: Grow) -> Drawn:
    """Grow a lesion from a point to its border in the scan."""
    structures = board.sheet.maps[MapName.STRUCTURES]
    lesions = board.sheet.maps[MapName.LESIONS]
    own = [0, *board.rejected, *(() if asked.lesion is None else (asked.lesion,))]
    taken = ~np.isin(lesions, own)
    scan = board.scan()
    found = grown(scan, structures, asked.seed_mm, taken=taken, reach_mm=asked.reach_mm)
    return with_lesion(board, found.box, found.mask, asked.lesion, CorrectionKind.GROW)


def split_lesion(board: Board, asked: SplitByLine | SplitBySeeds) -> Drawn:
    """Part a lesion."""
    number = asked.lesion
    board.require_counted({number})
    if isinstance(asked, SplitByLine):
        fresh = [board.fresh]
        edit = partial(
            split_by_line,
            number=number,
            line_mm=asked.line_mm,
            plane=asked.plane,
            fresh=board.fresh,
        )
    else:
        fresh = _fresh_for(board, asked)
        edit = partial(split_by_seeds, number=number, seeds_mm=asked.seeds_mm, fresh=fresh)
    changes = _edited(board, board.sheet.tallies[number].box, edit)
    return _confirmed(CorrectionKind.SPLIT, changes, {number, *fresh})


def merged(board: Board, asked: Merge) -> Drawn:
    """Make several lesions one."""
    board.require_counted(asked.lesions)
    if len(asked.lesions) < 2:  # noqa: PLR2004  (one lesion is no two)
        raise InputError("merging needs at least two lesions")
    box = joint_box(board.sheet.tallies[n].box for n in asked.lesions)
    changes = _edited(board, box, partial(painting.lesions_merged, numbers=asked.lesions))
    return _confirmed(CorrectionKind.MERGE, changes, asked.lesions)


def deleted(board: Board, asked: Delete) -> Drawn:
    """Remove a lesion from the map."""
    board.require_lesion(asked.lesion)

    def edit(patch: Patch) -> Patch:
        mask = patch.lesions == asked.lesion
        return painting.lesion_erased(patch, mask, {asked.lesion})

    changes = _edited(board, board.sheet.around(board.sheet.tallies[asked.lesion].box), edit)
    numbers = _numbers(changes) | {asked.lesion}
    return Drawn(
        kind=CorrectionKind.DELETE, changes=changes, said={asked.lesion: None}, lesions=numbers
    )


def said(board: Board, asked: Say) -> Drawn:
    """Say something of lesions, or take it back."""
    if not asked.lesions:
        raise InputError("name at least one lesion")
    for number in sorted(asked.lesions):
        board.require_lesion(number)
    later = {**board.words, **dict.fromkeys(asked.lesions, asked.word)}
    rejected = rejected_of(later)
    turned = asked.lesions & (rejected ^ board.rejected)
    changes: Changes = {}
    if turned:
        box = joint_box(board.sheet.tallies[n].box for n in turned)
        changes = _edited(board, box, partial(painting.words_changed, rejected=rejected))
        _require_liver(board, changes)
    words: dict[int, Confirmation | None] = dict.fromkeys(asked.lesions, asked.word)
    kind = KIND_OF_WORD[asked.word]
    return Drawn(kind=kind, changes=changes, said=words, lesions=asked.lesions)


def moved_plane(board: Board, asked: MovePlane) -> Drawn:
    """Move a plane between segments."""
    couinaud = board.sheet.maps.get(MapName.COUINAUD)
    if couinaud is None or not couinaud.any():
        raise InputError("this case has no Couinaud segments, so no plane to move")
    box = bounding_box(couinaud, what="the Couinaud map")

    def edit(patch: Patch) -> Patch:
        codes = patch.maps[MapName.COUINAUD]
        moved = plane_moved(codes, patch.grid, asked.plane, asked.points_mm)
        maps = {**patch.maps, MapName.COUINAUD: moved}
        if MapName.PARTS in maps:
            left = (moved != codes) & (moved != CouinaudSegment.IV)
            maps[MapName.PARTS] = maps[MapName.PARTS] * ~left
        return Patch(patch.grid, patch.box, maps, patch.rejected)

    changes = _edited(board, box, edit)
    if not changes:
        raise InputError("the plane runs through these points already: no voxel changes sides")
    plane = asked.plane.name.lower().replace("_", " ")
    return Drawn(kind=CorrectionKind.MOVE_PLANE, changes=changes, plane=plane)


def covered(sheet: Sheet, before: Patch, after: Patch) -> Patch:
    """Give liver voxels that an edit added the segment of the nearest voxel that has one."""
    maps = dict(after.maps)
    couinaud = maps.get(MapName.COUINAUD)
    if couinaud is None:
        return after
    was, now = before.bare | before.exophytic, after.bare | after.exophytic
    added = now & ~was & (couinaud == 0)
    maps[MapName.COUINAUD] = _filled_in(sheet, MapName.COUINAUD, after, added)
    parts = maps.get(MapName.PARTS)
    if parts is not None and parts.any():
        turned = maps[MapName.COUINAUD] != before.maps[MapName.COUINAUD]
        lacking = turned & (maps[MapName.COUINAUD] == CouinaudSegment.IV) & (parts == 0)
        maps[MapName.PARTS] = _filled_in(sheet, MapName.PARTS, after, lacking)
    return Patch(after.grid, after.box, maps, after.rejected)


def _filled_in(sheet: Sheet, name: MapName, patch: Patch, lacking: Mask) -> Codes:
    """Return a patch's codes with those of the nearest coded voxels where they lack."""
    codes = patch.maps[name]
    if not lacking.any():
        return codes
    filled: Codes = codes.copy()
    filled[lacking] = sheet.nearest_code(name, np.argwhere(lacking) + box_start(patch.box))
    return filled


def _edited(board: Board, box: Box, edit: Callable[[Patch], Patch]) -> Changes:
    before = board.sheet.patch(box, board.rejected)
    return board.sheet.changes(covered(board.sheet, before, edit(before)))


def _on(box: Box, mask: Mask, edit: Callable[[Patch, Mask], Patch], patch: Patch) -> Patch:
    """Edit a patch under a mask of a box that it holds."""
    return edit(patch, patch.held(box, mask))


def _beside(board: Board, box: Box) -> Box:
    return widened(box, (1, 1, 1), board.sheet.geometry.shape)


def _confirmed(kind: CorrectionKind, changes: Changes, numbers: Iterable[int]) -> Drawn:
    every = frozenset(numbers) | _numbers(changes)
    said_now: dict[int, Confirmation | None] = dict.fromkeys(numbers, Confirmation.CONFIRMED)
    return Drawn(kind=kind, changes=changes, said=said_now, lesions=every)


def _numbers(changes: Changes) -> frozenset[int]:
    """Return the numbers of the lesions whose voxels change."""
    change = changes.get(MapName.LESIONS)
    if change is None:
        return frozenset()
    return frozenset((*codes_in(change.before), *codes_in(change.after)))


def _fresh_for(board: Board, asked: SplitBySeeds) -> list[int]:
    if not 2 <= len(asked.seeds_mm) <= MOST_SEEDS:  # noqa: PLR2004  (one seed parts nothing)
        raise InputError(f"parting needs 2 to {MOST_SEEDS} points, got {len(asked.seeds_mm)}")
    return list(range(board.fresh, board.fresh + len(asked.seeds_mm) - 1))


def _require_liver(board: Board, changes: Changes) -> None:
    """Raise where nothing of the liver would be left."""
    change = changes.get(MapName.STRUCTURES)
    if change is None:
        return
    lost = int(np.count_nonzero(change.before)) - int(np.count_nonzero(change.after))
    if lost >= board.sheet.liver_voxels:
        raise InputError("nothing of the liver would be left")


def outlined_in_box(sheet: Sheet, words: Words, found: SegmentedCase, lesion: int) -> Drawn:
    """Return what a case with a lesion outlined in a box changes in the maps of before."""
    known = (filled_box(sheet.maps[MapName.STRUCTURES]), found.maps.structures.box())
    box = joint_box((*known, *(tally.box for tally in sheet.tallies.values())))
    before = sheet.patch(box)
    lesions, exophytic = found.maps.lesions, found.maps.exophytic
    maps = {
        **before.maps,
        MapName.STRUCTURES: found.maps.structures.codes[box],
        MapName.LESIONS: before.lesions * 0 if lesions is None else lesions.codes[box],
        MapName.EXOPHYTIC: before.lesions * 0 if exophytic is None else exophytic.codes[box],
    }
    after = Patch(before.grid, box, maps, before.rejected)
    left = (before.bare | before.exophytic) & ~(after.bare | after.exophytic)
    for name in {MapName.COUINAUD, MapName.PARTS} & set(maps):
        maps[name] = before.maps[name] * ~left
    changes = sheet.changes(covered(sheet, before, after))
    named = {*found.confirmations, *words}
    said_now = {
        n: found.confirmations.get(n)
        for n in named
        if found.confirmations.get(n) is not words.get(n)
    }
    record = found.settings.boxes[-1]
    return Drawn(
        kind=CorrectionKind.BOX,
        changes=changes,
        said=said_now,
        lesions=_numbers(changes) | {lesion},
        box=record.box,
        replaced=record.replaced,
        models=found.models,
    )
