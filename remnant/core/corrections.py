"""The audit trail of a case that persons corrected by hand: who did what, when, to how much."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class CorrectionKind(StrEnum):
    """What a person did to the maps of a case."""

    PAINT_LESION = "paint_lesion"
    ERASE_LESION = "erase_lesion"
    PAINT_LIVER = "paint_liver"
    ERASE_LIVER = "erase_liver"
    GROW = "grow"
    BOX = "box"
    SPLIT = "split"
    MERGE = "merge"
    DELETE = "delete"
    CONFIRM = "confirm"
    REJECT = "reject"
    UNSET = "unset"
    MOVE_PLANE = "move_plane"


LIVER_KINDS = frozenset((CorrectionKind.PAINT_LIVER, CorrectionKind.ERASE_LIVER))
"""Those that draw the liver itself; a lesion that reaches beyond it extends it only as a lesion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionStep:
    """One thing that a person did.

    Parameters
    ----------
    by, at
        Who, and when (UTC, ISO 8601).
    kind, what
        What was done, and that in words.
    lesions
        Numbers of all lesions whose voxels or word it changed, those that it made or removed
        among them.
    changed_voxels
        Voxels that it changed in any map, each counted once.
    """

    by: str
    at: str
    kind: CorrectionKind
    what: str
    lesions: tuple[int, ...] = ()
    changed_voxels: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One version of a case that came of corrections by hand, and what it was made from.

    Parameters
    ----------
    version
        Running number of the case's corrections, from 1 on.
    by, at
        Who wrote it, and when (UTC, ISO 8601).
    steps
        What was done, in that order; what was taken back is left out.
    confirmed
        What that person confirmed as a whole with it: ``liver``, ``segments``, ``lesions``.
    changed_voxels
        Voxels that differ from before in any map, each counted once.
    before_sha256, after_sha256
        Digests of the maps and the words on them before and after.
    previous_sha256
        `digest` of the correction before; ``None`` for the first.
    earlier
        Folder, within the case's, of what it was before.
    """

    version: int
    by: str
    at: str
    steps: tuple[CorrectionStep, ...]
    confirmed: tuple[str, ...] = ()
    changed_voxels: int
    before_sha256: str
    after_sha256: str
    previous_sha256: str | None
    earlier: str

    @property
    def lesions(self) -> tuple[int, ...]:
        """Numbers of all lesions that it changed, made or removed."""
        return tuple(sorted({n for step in self.steps for n in step.lesions}))

    @property
    def draws_liver(self) -> bool:
        """Whether the liver itself was drawn."""
        return any(step.kind in LIVER_KINDS for step in self.steps)

    @property
    def digest(self) -> str:
        """Digest (sha256) of all that is said here; the next correction names it."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()


def is_chained(corrections: Sequence[Correction]) -> bool:
    """Tell whether each correction names the one before it, and none is left out or changed."""
    known = (None, *(one.digest for one in corrections[:-1]))
    return all(
        one.version == number and one.previous_sha256 == before
        for number, (one, before) in enumerate(zip(corrections, known, strict=False), start=1)
    )
