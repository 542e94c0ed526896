"""What the codes of a lesion map are: lesions, classes, or something else altogether.

A file says 0, 1, 2 and not what it means. One code is a mask of all lesions. Several codes are one
for each lesion, or classes that say nothing about single lesions: viable and necrotic tumour, the
lesions of each lobe, vessels beside tumour, the liver around it. Their shapes tell most of that;
what they do not tell is refused and never guessed. The limits are this project's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from remnant.core.boxes import NOWHERE, Box, box_geometry
from remnant.core.errors import InputError, UnknownLabelError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LARGEST_CODE, LabelMap
from remnant.io.codings import MasksPreset
from remnant.io.nested_codes import hosts_of

LEAST_PART_FRACTION: Final = 0.1
"""A part of a code counts from so much of the code's largest part on; less is a stray speck."""
LEAST_GAP_MM: Final = 5.0
"""Parts nearer than this are one lesion that a vessel or a thick slice seems to divide."""
LARGEST_LIVER_FRACTION: Final = 0.9
"""Several codes that fill so much of the liver are a map of the liver, not of its lesions."""
LARGEST_HOST_FRACTION: Final = 0.5
"""Nor is a code that fills so much of it and holds other codes within."""
LEAST_VESSEL_EXTENT_MM: Final = 60.0
LEAST_VESSEL_RATIO: Final = 5.0
"""Vessels are so many times as far across as the largest ball within them."""
MOST_CODES: Final = 100
HIGHEST_CODE: Final = 200
MOST_NAMED: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class LesionMap:
    """Lesions, and what was noticed about their codes.

    ``labels`` is 0 or 1 (``BINARY_SCHEME``: every separate part is a lesion) or has one code for
    each lesion (``INSTANCE_SCHEME``).
    """

    labels: LabelMap
    quality: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Connected parts of a map on its box.

    Parameters
    ----------
    numbers
        Number of each voxel's part, from 1; 0 in the background.
    owners, sizes
        By part: its code and its voxels; at place 0 nothing.
    boxes
        By part: the box that holds it, within ``box``.
    box, grid
        The box of the map that is not background, and its grid.
    """

    numbers: NDArray[Any]
    owners: NDArray[np.int64]
    sizes: NDArray[np.int64]
    boxes: tuple[Box, ...]
    box: Box
    grid: Geometry

    def of(self, code: int) -> NDArray[np.int64]:
        """Return the parts of a code that count, the largest first."""
        own = np.flatnonzero(self.owners == code)
        own = own[np.argsort(-self.sizes[own], kind="stable")]
        kept: NDArray[np.int64] = own[
            self.sizes[own] >= LEAST_PART_FRACTION * self.sizes[own].max()
        ]
        return kept


def lesion_map(
    labels: LabelMap,
    *,
    preset: MasksPreset,
    liver: NDArray[np.bool_] | None = None,
    wanted: frozenset[int] = frozenset(),
) -> LesionMap:
    """Say what the codes of a lesion map are, and return its lesions.

    Parameters
    ----------
    labels
        Whole codes, 0 for none.
    preset
        ``AUTO`` to tell by the shapes; ``INSTANCES`` where every code is one lesion, in however
        many parts; ``BINARY`` where every separate part is a lesion, whatever its code.
    liver
        Where the liver is, on the same grid; ``None`` where it is not known.
    wanted
        Codes that are lesions, of several; empty for all.

    Raises
    ------
    UnknownLabelError
        A code that is wanted is not there; or the codes seem to be vessels, or the liver itself.
    InputError
        More lesions than can be numbered.
    """
    kept, notes = _only(labels, wanted)
    parts = _parts(kept)
    if parts is None:
        return LesionMap(kept.binary(), notes)
    codes = sorted(kept.present() - {0})
    notes = (*notes, *_many(codes))
    vessels = _vessel_like(parts, codes)
    if len(codes) == 1 or preset is MasksPreset.BINARY:
        return LesionMap(kept.binary(), (*notes, *_vessel_findings(vessels)))
    hosts = hosts_of(kept.codes[parts.box])
    if preset is MasksPreset.INSTANCES:
        apart = {code: len(found) for code in codes if len(found := _apart(parts, code)) > 1}
        speaking = (
            *_vessel_findings(vessels),
            *_nested_finding(hosts),
            *_in_parts(apart, split=False),
        )
        return LesionMap(kept, (*notes, *speaking))
    if not wanted:
        _require_no_vessels(vessels, codes)
        _require_no_liver(kept, liver, hosts)
    recognised = _recognised(kept, parts, hosts)
    return replace(recognised, quality=(*notes, *recognised.quality))


def _only(labels: LabelMap, wanted: frozenset[int]) -> tuple[LabelMap, tuple[Finding, ...]]:
    if not wanted:
        return labels, ()
    present = labels.present() - {0}
    if missing := sorted(wanted - present):
        raise UnknownLabelError(
            f"--lesion-codes names {missing}; the lesions file holds {sorted(present)[:MOST_NAMED]}"
        )
    left = sorted(present - wanted)
    codes = labels.codes * np.isin(labels.codes, sorted(wanted))
    kept = LabelMap(codes, labels.geometry, labels.scheme)
    named = (reason(Cause.CODES, *_named(left)),) if left else ()
    finding = quality_finding(
        "lesion_codes_chosen", passed=None, value=float(len(wanted)),
        reasons=(*named, reason(Cause.CODES_WANTED, *_named(sorted(wanted)))),
    )  # fmt: skip
    return kept, (finding,)


def _named(codes: list[int]) -> list[str]:
    return [str(code) for code in codes[:MOST_NAMED]]


def _parts(labels: LabelMap) -> _Parts | None:
    box = labels.box()
    if box is None:
        return None
    # a copy: the library writes into what it is given
    codes = np.array(labels.codes[box], order="F")
    numbers = cc3d.connected_components(codes, connectivity=26)
    known = cc3d.statistics(numbers, no_slice_conversion=False)
    sizes = np.array(known["voxel_counts"], dtype=np.int64)
    sizes[0] = 0
    owners = np.zeros(sizes.size, dtype=np.int64)
    inside = codes.astype(bool)
    owners[numbers[inside]] = codes[inside]
    boxes = tuple(known["bounding_boxes"])
    return _Parts(numbers, owners, sizes, boxes, box, box_geometry(labels.geometry, box))


def _apart(parts: _Parts, code: int) -> list[NDArray[np.int64]]:
    """Return groups of a code's parts, the largest first; groups lie clearly apart."""
    groups: list[list[int]] = []
    own = parts.of(code)
    points = {int(part): _surface_ras(parts, int(part)) for part in own if own.size > 1}
    for part, surface in points.items():
        near = [
            group
            for group in groups
            if any(_gap_mm(surface, points[other], parts.grid) < LEAST_GAP_MM for other in group)
        ]
        groups = [group for group in groups if group not in near]
        groups.append([*(other for group in near for other in group), part])
    groups.sort(key=lambda group: -int(parts.sizes[group].sum()))
    return [np.array(group) for group in groups]


def _surface_ras(parts: _Parts, part: int) -> NDArray[np.float64]:
    box = parts.boxes[part]
    where = parts.numbers[box] == part
    surface = where & ~ndimage.binary_erosion(where)
    return box_geometry(parts.grid, box).ras_from_index(np.argwhere(surface))


def _gap_mm(first: NDArray[np.float64], second: NDArray[np.float64], grid: Geometry) -> float:
    """Return how much background lies between two parts, from surface to surface."""
    nearest, _ = cKDTree(first).query(second)
    return float(nearest.min()) - max(grid.spacing_mm)


def _vessel_like(parts: _Parts, codes: list[int]) -> list[int]:
    return [code for code in codes if _is_vessel(parts, int(parts.of(code)[0]))]


def _is_vessel(parts: _Parts, part: int) -> bool:
    """Tell whether a part is far longer than thick, as vessels and ducts are."""
    grid = box_geometry(parts.grid, parts.boxes[part])
    extent_mm = float(np.linalg.norm(np.array(grid.shape) * np.array(grid.spacing_mm)))
    if extent_mm < LEAST_VESSEL_EXTENT_MM:
        return False
    where = parts.numbers[parts.boxes[part]] == part
    depth = ndimage.distance_transform_edt(np.pad(where, 1), sampling=grid.spacing_mm)
    return extent_mm >= LEAST_VESSEL_RATIO * 2 * float(depth.max())


def _require_no_vessels(vessels: list[int], codes: list[int]) -> None:
    rest = [code for code in codes if code not in vessels]
    if vessels:
        raise UnknownLabelError(
            f"of the codes {codes[:MOST_NAMED]} of the lesions file {vessels[:MOST_NAMED]} has "
            f"the shape of vessels: a class map; say what its codes are with --masks-preset "
            f"(msd: 1 vessel, 2 tumour), or which are lesions, e.g. --lesion-codes "
            f"{','.join(_named(rest or vessels))}"
        )


def _require_no_liver(
    labels: LabelMap, liver: NDArray[np.bool_] | None, hosts: Mapping[int, int]
) -> None:
    if liver is None or not liver.any():
        return
    box = labels.box() or NOWHERE
    # both in one order: choosing voxels by a mask of another order is many times as slow
    codes, inside = (np.ravel(array[box], order="F") for array in (labels.codes, liver))
    there = np.flatnonzero(codes)
    counts = np.bincount(codes[there[inside[there]]], minlength=1)
    whole = int(np.count_nonzero(liver))
    filled = int(counts.sum()) / whole
    largest = int(counts.argmax())
    holds = largest in hosts.values() and counts[largest] > LARGEST_HOST_FRACTION * whole
    if filled < LARGEST_LIVER_FRACTION and not holds:
        return
    present = sorted(labels.present() - {0})
    raise UnknownLabelError(
        f"the codes {present[:MOST_NAMED]} of the lesions file fill {filled:.0%} of the liver, the "
        f"code {largest} alone {counts[largest] / whole:.0%}: it seems to hold the liver "
        f"too; say what its codes are with --masks-preset (lits: 1 liver, 2 tumour), or which are "
        f"lesions, e.g. --lesion-codes {','.join(_named([c for c in present if c != largest]))}"
    )


def _recognised(labels: LabelMap, parts: _Parts, hosts: Mapping[int, int]) -> LesionMap:
    codes = sorted(labels.present() - {0})
    apart = {code: groups for code in codes if len(groups := _apart(parts, code)) > 1}
    own = [code for code in codes if code not in hosts]
    if len(hosts) == len(codes) - 1 or 2 * len([c for c in apart if c in own]) >= len(own):
        quality = (_class_finding(codes, apart, hosts),)
        return LesionMap(labels.binary(), quality)
    merged = _merged(labels, hosts)
    counts = {code: len(groups) for code, groups in apart.items() if code in own}
    split = _split(merged, parts, {code: apart[code] for code in counts}, codes[-1])
    return LesionMap(split, (*_nested_finding(hosts), *_in_parts(counts, split=True)))


def _merged(labels: LabelMap, hosts: Mapping[int, int]) -> LabelMap:
    """Give the voxels of codes that lie within another to that one."""
    if not hosts:
        return labels
    table = np.arange(int(labels.codes.max()) + 1, dtype=np.uint16)
    for code in hosts:
        table[code] = _outermost(code, hosts)
    return LabelMap(table[labels.codes], labels.geometry, INSTANCE_SCHEME)


def _outermost(code: int, hosts: Mapping[int, int]) -> int:
    seen = {code}
    while code in hosts and hosts[code] not in seen:
        code = hosts[code]
        seen.add(code)
    return code


def _split(
    labels: LabelMap, parts: _Parts, apart: Mapping[int, list[NDArray[np.int64]]], highest: int
) -> LabelMap:
    """Give the further groups of a code's parts numbers after ``highest``; the largest stays."""
    if not apart:
        return labels
    fresh = sum(len(groups) - 1 for groups in apart.values())
    if highest + fresh > LARGEST_CODE:
        raise InputError(
            f"{highest + fresh} lesions cannot be numbered; at most {LARGEST_CODE} can"
        )
    codes = labels.codes.astype(np.uint16)
    near = codes[parts.box]
    for groups in apart.values():
        for group in groups[1:]:
            highest += 1
            near[np.isin(parts.numbers, group)] = highest
    return LabelMap(codes, labels.geometry, INSTANCE_SCHEME)


def _many(codes: list[int]) -> tuple[Finding, ...]:
    if len(codes) <= MOST_CODES and codes[-1] <= HIGHEST_CODE:
        return ()
    if codes[-1] > HIGHEST_CODE and len(codes) == 1:
        return ()
    return (
        quality_finding(
            "lesion_codes_many", passed=False, value=float(len(codes)),
            reasons=(reason(Cause.HIGHEST_CODE, codes[-1]),),
        ),
    )  # fmt: skip


def _vessel_findings(vessels: list[int]) -> tuple[Finding, ...]:
    if not vessels:
        return ()
    named = reason(Cause.CODES, *_named(vessels))
    return (
        quality_finding(
            "lesions_vessel_like", passed=False, value=float(len(vessels)), reasons=(named,)
        ),
    )


def _nested_finding(hosts: Mapping[int, int]) -> tuple[Finding, ...]:
    if not hosts:
        return ()
    named = reason(Cause.CODES, *_named(sorted(hosts)))
    return (
        quality_finding("lesions_nested", passed=False, value=float(len(hosts)), reasons=(named,)),
    )


def _in_parts(counts: Mapping[int, int], *, split: bool) -> tuple[Finding, ...]:
    """Say which codes lie in several parts, and whether these are lesions of their own now."""
    if not counts:
        return ()
    named = reason(Cause.CODES, *_named(sorted(counts)))
    about = reason(Cause.PARTS_SPLIT if split else Cause.PARTS_KEPT, sum(counts.values()))
    return (
        quality_finding(
            "lesions_in_parts", passed=False, value=float(len(counts)), reasons=(named, about)
        ),
    )


def _class_finding(
    codes: list[int], apart: Mapping[int, list[Any]], hosts: Mapping[int, int]
) -> Finding:
    about = []
    if apart:
        parts = sum(len(groups) for groups in apart.values())
        about.append(reason(Cause.CODES_IN_PARTS, parts, *_named(sorted(apart))))
    if hosts:
        about.append(reason(Cause.CODES_WITHIN, *_named(sorted(hosts))))
    return quality_finding(
        "lesions_class_map", passed=False, value=float(len(codes)), reasons=tuple(about)
    )
