"""Painting and erasing lesions and liver, by the rules that a case's maps agree by.

- A lesion's voxel is liver. Outside the liver it is so only for as long as the lesion counts
  (*exophytic*), and only where the lesion reaches the liver: what a brush marks apart from it is
  left out, and what erasing cuts off goes with it.
- Lesions beside a painted one keep their voxels, unless they were rejected.
- Erasing liver leaves every lesion its voxels: under the brush these become exophytic. It is
  refused where a lesion would touch no liver any more.
- Nothing else is touched: vessels keep their codes unless a lesion is painted on them.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.errors import InputError
from remnant.core.labels import Structure
from segmentation.components import touching_parts
from segmentation.edits.patch import NEIGHBOURS_26, Codes, MapName, Mask, Patch, codes_in


def lesion_painted(patch: Patch, mask: Mask, number: int) -> Patch:
    """Give voxels to a lesion.

    Raises
    ------
    InputError
        All lie in other lesions, or apart from the liver.
    """
    free = (patch.lesions == 0) | (patch.lesions == number) | patch.discounted
    marked = mask & free
    if not marked.any():
        raise InputError(
            "what is drawn lies in other lesions, which keep their voxels; erase there first, or "
            "merge the lesions"
        )
    marked &= ~_apart(marked & ~patch.bare, _liver(patch))
    if not marked.any():
        raise InputError(
            "what is drawn does not touch the liver; draw it at the liver, or paint liver there "
            "first"
        )
    lesions = np.where(marked, np.asarray(number, patch.lesions.dtype), patch.lesions)
    exophytic = (patch.exophytic | (marked & ~patch.bare)) & (lesions > 0)
    rejected = patch.rejected - {number}
    return settled(patch, lesions=lesions, exophytic=exophytic, rejected=rejected)


def lesion_erased(patch: Patch, mask: Mask, numbers: Collection[int] | None = None) -> Patch:
    """Take voxels from lesions, ``None`` for any.

    The patch holds the lesions that touch these whole.

    Raises
    ------
    InputError
        None of them lies there.
    """
    gone = mask & (patch.lesions > 0)
    if numbers is not None:
        gone &= np.isin(patch.lesions, sorted(numbers))
    if not gone.any():
        named = "no lesion" if numbers is None else f"nothing of lesion(s) {_listed(numbers)}"
        raise InputError(f"{named} lies under the brush; draw over the lesion")
    left = patch.exophytic & ~gone
    beside = ndimage.binary_dilation(gone, NEIGHBOURS_26)
    gone |= _apart(left, patch.bare, only=beside)
    lesions = np.where(gone, np.asarray(0, patch.lesions.dtype), patch.lesions)
    return settled(patch, lesions=lesions, exophytic=patch.exophytic & ~gone)


def liver_painted(patch: Patch, mask: Mask) -> Patch:
    """Make voxels liver, whatever lies there.

    Raises
    ------
    InputError
        All are liver.
    """
    if not (mask & ~patch.bare).any():
        raise InputError("all that is drawn is liver already")
    return settled(patch, exophytic=patch.exophytic & ~mask, bare=patch.bare | mask)


def liver_erased(patch: Patch, mask: Mask) -> Patch:
    """Take voxels out of the liver; the patch holds all lesions near by whole.

    Raises
    ------
    InputError
        No liver lies there, or a lesion would be left without liver.
    """
    gone = mask & patch.bare
    if not gone.any():
        raise InputError(
            "no liver lies under the brush; of lesions that reach out, erase the lesion"
        )
    bare = patch.bare & ~mask
    lesion = patch.lesions > 0
    parts = touching_parts(lesion)
    held = _reached(parts, bare & ~lesion)
    before = _reached(parts, patch.bare & ~lesion)
    freed = patch.lesions[np.isin(parts, sorted(before - held))]
    if lost := codes_in(freed):
        raise InputError(
            f"erasing here would leave lesion(s) {_listed(lost)} without liver; erase or delete "
            f"the lesion first"
        )
    return settled(patch, exophytic=patch.exophytic | (gone & lesion), bare=bare)


def lesions_merged(patch: Patch, numbers: Collection[int]) -> Patch:
    """Give all voxels of some lesions the smallest of their numbers."""
    both = np.isin(patch.lesions, sorted(numbers))
    lesions = np.where(both, np.asarray(min(numbers), patch.lesions.dtype), patch.lesions)
    return settled(patch, lesions=lesions)


def words_changed(patch: Patch, rejected: frozenset[int]) -> Patch:
    """Let other lesions count than before: those that do not give back what was only theirs."""
    return settled(patch, rejected=rejected)


def settled(
    patch: Patch,
    *,
    lesions: Codes | None = None,
    exophytic: Mask | None = None,
    bare: Mask | None = None,
    rejected: frozenset[int] | None = None,
) -> Patch:
    """Return a patch whose structures follow its lesions, where these or the liver changed.

    Liver voxels that an edit adds have no segment yet; those that it takes away lose theirs.
    """
    lesions = patch.lesions if lesions is None else lesions
    exophytic = patch.exophytic if exophytic is None else exophytic
    bare = patch.bare if bare is None else bare
    rejected = patch.rejected if rejected is None else rejected
    counts = (lesions > 0) & ~np.isin(lesions, sorted(rejected))
    changed = (lesions != patch.lesions) | (exophytic != patch.exophytic) | (bare != patch.bare)
    changed |= np.isin(lesions, sorted(rejected ^ patch.rejected)) & (lesions > 0)
    structures = _structures(patch.structures, counts=counts, bare=bare)
    maps = {
        **patch.maps,
        MapName.STRUCTURES: np.where(changed, structures, patch.structures),
        MapName.LESIONS: lesions,
        MapName.EXOPHYTIC: exophytic.astype(patch.maps[MapName.EXOPHYTIC].dtype),
    }
    outside = changed & ~bare & ~exophytic
    for name in (MapName.COUINAUD, MapName.PARTS):
        if name in maps:
            maps[name] = np.where(outside, np.asarray(0, maps[name].dtype), maps[name])
    return Patch(patch.grid, patch.box, maps, rejected)


def _structures(codes: Codes, *, counts: Mask, bare: Mask) -> Codes:
    """Return the structures of a liver whose lesions count or not."""
    unknown = (codes == Structure.LESION) | (codes == Structure.BACKGROUND)
    plain = np.where(unknown, np.asarray(Structure.PARENCHYMA, codes.dtype), codes)
    liver = np.where(bare, plain, np.asarray(Structure.BACKGROUND, codes.dtype))
    return np.where(counts, np.asarray(Structure.LESION, codes.dtype), liver)


def _liver(patch: Patch) -> Mask:
    """Return the liver as it counts now."""
    found: Mask = patch.structures > 0
    return found


def _apart(mask: Mask, liver: Mask, only: Mask | None = None) -> Mask:
    """Return the 26-connected parts of a mask that do not touch the liver; ``only`` some."""
    if not mask.any():
        return np.zeros_like(mask)
    parts = touching_parts(np.ascontiguousarray(mask))
    apart = set(range(1, int(parts.max()) + 1)) - _reached(parts, liver)
    if only is not None:
        apart &= set(codes_in(parts[only]))
    return np.isin(parts, sorted(apart)) & mask


def _reached(parts: NDArray[np.unsignedinteger], liver: Mask) -> set[int]:
    """Return the numbers of the parts that touch a liver, by face, edge or corner."""
    beside = ndimage.binary_dilation(liver, NEIGHBOURS_26)
    return set(codes_in(parts[beside]))


def _listed(numbers: Collection[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
