"""A draft on disk, beside its case: whatever ends the process, no step that was answered is lost.

One file says who drafts on what, and how many steps stand; one more for each step holds the voxels
that it changed, as plain arrays. Nothing in them is trusted when they are read.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from remnant.core.corrections import CorrectionKind, CorrectionStep
from remnant.core.drawn_boxes import ReaderBox
from remnant.core.errors import UnreadableFileError
from remnant.core.lesions import Confirmation
from remnant.core.provenance import ModelUse
from remnant.documents.json_files import read_json, write_json
from remnant.io.atomic import atomic_path
from segmentation.edits.patch import Change, Changes, Codes, MapName

SCRATCH: Final = ".remnant-draft"
HEAD: Final = "draft.json"
PACKED_FROM: Final = 1_000_000
"""Steps of more voxels are compressed."""
PARTS: Final = ("index", "before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftHead:
    """Who drafts on what.

    Parameters
    ----------
    draft
        Opaque name of the draft; it changes with who holds it.
    by, since
        Who holds it, and when it was begun (UTC, ISO 8601).
    base_sha256
        Digest of the case that it rests on.
    standing, kept
        How many steps stand, and how many there are with those that were taken back.
    """

    draft: str
    by: str
    since: str
    base_sha256: str
    standing: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a draft.

    Parameters
    ----------
    told
        Its line in the audit trail.
    said
        What lesions were called before and after, ``None`` for no word.
    box, replaced, models
        The box that a network outlined it in, whose place it took, and by which networks.
    """

    told: CorrectionStep
    said: Mapping[int, tuple[Confirmation | None, Confirmation | None]]
    box: ReaderBox | None = None
    replaced: tuple[int, ...] = ()
    models: tuple[ModelUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Scratch:
    """The files of a case's draft."""

    case: Path

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.case / SCRATCH

    def head(self) -> DraftHead | None:
        """Read who drafts on what; ``None`` where nobody does.

        Raises
        ------
        UnreadableFileError
            The file is damaged.
        """
        if not (self.folder / HEAD).is_file():
            return None
        stored = read_json(self.folder / HEAD, what="draft of a case")
        try:
            return DraftHead(**stored)  # type: ignore[arg-type]
        except TypeError as fault:
            raise _damaged(self.folder / HEAD) from fault

    def write_head(self, head: DraftHead) -> None:
        """Write who drafts on what, with all its steps that are kept."""
        self.folder.mkdir(exist_ok=True)
        write_json(asdict(head), self.folder / HEAD)

    def write_step(self, number: int, step: Step, changes: Changes) -> None:
        """Write a step; the head that counts it is written after it."""
        arrays: dict[str, Any] = {
            f"{name}.{part}": codes
            for name, change in changes.items()
            for part, codes in zip(PARTS, _arrays(change), strict=True)
        }
        told = json.dumps(_plain(step), ensure_ascii=True).encode("ascii")
        voxels = sum(change.index.size for change in changes.values())
        save = np.savez_compressed if voxels > PACKED_FROM else np.savez
        with atomic_path(self._file(number)) as path:
            save(path, told=np.frombuffer(told, np.uint8), **arrays)

    def read_step(self, number: int) -> tuple[Step, Changes]:
        """Read a step.

        Raises
        ------
        UnreadableFileError
            It is missing or damaged.
        """
        path = self._file(number)
        try:
            with np.load(path, allow_pickle=False) as stored:
                told = json.loads(stored["told"].tobytes())
                names = {key.rpartition(".")[0] for key in stored.files} - {""}
                changes = {
                    MapName(name): _change(*(stored[f"{name}.{part}"] for part in PARTS))
                    for name in sorted(names)
                }
            return _step(told), changes
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise _damaged(path) from fault

    def forget_from(self, number: int) -> None:
        """Remove the steps from a number on."""
        while self._file(number).is_file():
            self._file(number).unlink()
            number += 1

    def drop(self) -> None:
        """Remove the draft."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, number: int) -> Path:
        return self.folder / f"step-{number:05d}.npz"


def _arrays(change: Change) -> tuple[Codes, Codes, Codes]:
    """Return what is written of a change; indices that fit are written in four bytes each."""
    fits = not change.index.size or int(change.index[-1]) <= np.iinfo(np.uint32).max
    return change.index.astype(np.uint32 if fits else np.int64), change.before, change.after


def _change(index: Codes, before: Codes, after: Codes) -> Change:
    if not index.shape == before.shape == after.shape or index.ndim != 1:
        raise ValueError(index.shape)
    return Change(index.astype(np.int64), before, after)


def _damaged(path: Path) -> UnreadableFileError:
    return UnreadableFileError(
        f"{path.name} of the case's draft is damaged; drop the draft and draw it again"
    )


def _plain(step: Step) -> dict[str, Any]:
    return {
        "told": asdict(step.told),
        "said": {str(n): list(words) for n, words in step.said.items()},
        "box": None if step.box is None else [list(step.box.low), list(step.box.high)],
        "replaced": list(step.replaced),
        "models": [asdict(model) for model in step.models],
    }


def _step(plain: dict[str, Any]) -> Step:
    told, box = plain["told"], plain["box"]
    kind, lesions = CorrectionKind(told["kind"]), tuple(told["lesions"])
    return Step(
        told=CorrectionStep(**{**told, "kind": kind, "lesions": lesions}),
        said={int(n): (_word(a), _word(b)) for n, (a, b) in plain["said"].items()},
        box=None if box is None else ReaderBox(low=tuple(box[0]), high=tuple(box[1])),
        replaced=tuple(plain["replaced"]),
        models=tuple(ModelUse(**model) for model in plain["models"]),
    )


def _word(text: str | None) -> Confirmation | None:
    return None if text is None else Confirmation(text)
