"""What a recipe takes and leaves, counted in whole voxels. Everything else rests on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.debulking import Fate
from remnant.core.errors import InputError
from remnant.core.labels import SEGMENT_CODES
from remnant.core.recipe import Recipe, require_segments
from volumetry.virtual_resection.atoms import Atoms, core_segments

Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """Atoms that a recipe takes, shape ``(n,)``; none of the first two is in the third.

    Parameters
    ----------
    margin
        Outside the removed segments, in the margin of a resected lesion.
    zone
        Outside the removed segments and all such margins, in the zone of an ablated lesion.
    segments
        In the removed segments.
    """

    margin: Flags
    zone: Flags
    segments: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class VoxelOutcome:
    """What a recipe takes and leaves, in voxels.

    Parameters
    ----------
    fates
        Of every lesion, by id.
    kept
        Functional voxels that stay by segment code; 0 is liver without a segment.
    margin
        Functional voxels outside the removed segments that margins and zones take.
    removed, ablated
        Liver and tumour removed with segments and wedges, and ablated and not removed.
    all_tumour, debulked
        Tumour of all lesions, and of those removed or ablated.
    ablation_zones, interventions
        See `remnant.core.debulking.VirtualResection`.
    """

    fates: Mapping[int, Fate]
    kept: tuple[int, ...]
    margin: int
    removed: int
    ablated: int
    all_tumour: int
    debulked: int
    ablation_zones: int
    interventions: int

    @property
    def flr(self) -> int:
        """Functional voxels that stay and belong to a segment."""
        return sum(self.kept[1:])

    @property
    def residual(self) -> int:
        """Tumour voxels that stay."""
        return self.all_tumour - self.debulked


def fates(atoms: Atoms, recipe: Recipe) -> dict[int, Fate]:
    """Return what a recipe does with every lesion.

    A lesion lies in a segment when at least 1 % of its voxels do. One that lies wholly in removed
    segments goes with them; one that lies partly in them is excised with an extended transection
    when it is among the wedges, and else is cut, also when it is among the ablations. All others
    are wedged, ablated, or stay, as the recipe says.

    Raises
    ------
    InputError
        The recipe names a lesion that does not count, or something that is not a segment.
    """
    _require_known(atoms, recipe)
    inside, outside = _sides(atoms, recipe)
    return {
        lesion: _fate(lesion, recipe, inside=bool(inside[row]), outside=bool(outside[row]))
        for row, lesion in enumerate(atoms.lesion_ids)
    }


def outcome(atoms: Atoms, recipe: Recipe) -> VoxelOutcome:
    """Count what a recipe takes and leaves.

    Raises
    ------
    InputError
        See `fates`.
    """
    fate = fates(atoms, recipe)
    lost = losses(atoms, recipe, fate)
    in_lesions = taken_tumour(atoms, recipe, fate)
    resected, ablated = (int(part.sum()) for part in in_lesions)
    margin, zone, segments = (
        int(atoms.voxels[part].sum()) for part in (lost.margin, lost.zone, lost.segments)
    )
    stays = ~(lost.margin | lost.zone | lost.segments)
    kept = np.bincount(atoms.segment[stays], atoms.voxels[stays], minlength=SEGMENT_CODES)
    zones = int(atoms.ablation_zones[having(atoms, fate, Fate.ABLATED)].sum())
    wedges = int(having(atoms, fate, Fate.WEDGE).sum())
    return VoxelOutcome(
        fates=fate,
        kept=tuple(int(voxels) for voxels in kept),
        margin=margin + zone,
        removed=segments + margin + resected,
        ablated=zone + ablated,
        all_tumour=int(atoms.lesion_voxels.sum()),
        debulked=resected + ablated,
        ablation_zones=zones,
        interventions=bool(recipe.segments) + wedges + zones,
    )


def having(atoms: Atoms, fate: Mapping[int, Fate], *wanted: Fate) -> Flags:
    """Tell which lesions have one of some fates, shape ``(m,)``."""
    return np.array([fate[lesion] in wanted for lesion in atoms.lesion_ids], dtype=np.bool_)


def losses(atoms: Atoms, recipe: Recipe, fate: Mapping[int, Fate]) -> Losses:
    """Return the functional liver that a recipe takes, each atom once."""
    resected = having(atoms, fate, Fate.WITH_SEGMENTS, Fate.WEDGE)
    # what several take counts for the first of them: segments, then margins, then zones
    segments = _segment_flags(recipe)[atoms.segment]
    margin = covers(atoms.resection, resected) & ~segments
    zone = covers(atoms.ablation, having(atoms, fate, Fate.ABLATED)) & ~segments & ~margin
    return Losses(margin, zone, segments)


def covers(parts: Any, chosen: Flags) -> Flags:  # noqa: ANN401  (a sparse array, which has no type)
    """Tell which atoms lie in one of the chosen lesions' parts, shape ``(n,)``."""
    covered: Flags = parts @ chosen.astype(np.int64) > 0
    return covered


def taken_tumour(atoms: Atoms, recipe: Recipe, fate: Mapping[int, Fate]) -> tuple[Counts, Counts]:
    """Return the voxels of every lesion that are resected and ablated, each of shape ``(m,)``.

    Lesions are taken as a whole, but for a cut one, of which the part in removed segments goes.
    """
    whole = atoms.lesion_voxels.sum(axis=1)
    inside = atoms.lesion_voxels[:, _segment_flags(recipe)].sum(axis=1)
    resected = np.where(having(atoms, fate, Fate.WITH_SEGMENTS, Fate.WEDGE), whole, 0)
    resected += np.where(having(atoms, fate, Fate.CUT), inside, 0)
    return resected, np.where(having(atoms, fate, Fate.ABLATED), whole, 0)


def _sides(atoms: Atoms, recipe: Recipe) -> tuple[Flags, Flags]:
    """Tell which lesions lie in removed segments, and which elsewhere; each of shape ``(m,)``."""
    core, removed = core_segments(atoms), _segment_flags(recipe)
    return core @ removed, core @ ~removed


def _fate(lesion: int, recipe: Recipe, *, inside: bool, outside: bool) -> Fate:
    if inside and not outside:
        return Fate.WITH_SEGMENTS
    if lesion in recipe.wedges:
        return Fate.WEDGE
    if inside:
        return Fate.CUT
    return Fate.ABLATED if lesion in recipe.ablations else Fate.STAYS


def _segment_flags(recipe: Recipe) -> Flags:
    flags = np.zeros(SEGMENT_CODES, np.bool_)
    flags[list(recipe.segments)] = True
    return flags


def _require_known(atoms: Atoms, recipe: Recipe) -> None:
    require_segments(recipe.segments)
    unknown = sorted({*recipe.wedges, *recipe.ablations} - set(atoms.lesion_ids))
    if unknown:
        raise InputError(
            f"the recipe treats lesions {unknown}, which do not count; allowed are "
            f"{list(atoms.lesion_ids)}"
        )
