"""Existing masks, whatever program made them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.codes import present_codes
from remnant.core.errors import EmptyStructureError, InputError, UnknownLabelError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, INSTANCE_SCHEME, CouinaudSegment
from remnant.core.volumes import LabelMap
from remnant.io.atomic import digest_file
from remnant.io.image_quality import grid_findings
from remnant.io.nifti import read_labels

Codes = frozenset[int]


class MasksPreset(StrEnum):
    """Which program's or data set's codes the masks use."""

    LITS = "lits"
    TOTALSEGMENTATOR = "totalsegmentator"
    MSD = "msd"
    BINARY = "binary"


class Part(StrEnum):
    """What a mask may hold; also the names of the files' roles."""

    LIVER = "liver"
    LESIONS = "lesions"
    COUINAUD = "couinaud"
    VESSELS = "vessels"
    PORTAL_VEIN = "portal_vein"
    HEPATIC_VEINS = "hepatic_veins"


@dataclass(frozen=True, slots=True)
class Coding:
    """What the codes of one file mean.

    ``parts`` gives the codes of each part; ``others`` are codes that may occur and are passed over.
    ``instances`` is ``True`` where every code is a lesion of its own.
    """

    parts: Mapping[Part, Codes]
    others: Codes = frozenset()
    instances: bool = False

    @property
    def wanted(self) -> Codes:
        """Every code that means something."""
        return frozenset[int]().union(*self.parts.values())


_ONE = frozenset((1,))
_LESION_2 = Coding({Part.LESIONS: frozenset((2,))}, others=_ONE)
_LIVER_1_LESION_2 = Coding({Part.LIVER: frozenset((1, 2)), Part.LESIONS: frozenset((2,))})
_VESSELS_1_LESION_2 = Coding({Part.VESSELS: _ONE, Part.LESIONS: frozenset((2,))})
_COMMON = {
    Part.COUINAUD: Coding({Part.COUINAUD: frozenset(int(s) for s in CouinaudSegment)}),
    Part.VESSELS: Coding({Part.VESSELS: _ONE}),
    Part.PORTAL_VEIN: Coding({Part.PORTAL_VEIN: _ONE}),
    Part.HEPATIC_VEINS: Coding({Part.HEPATIC_VEINS: _ONE}),
}

PRESETS: Mapping[MasksPreset, Mapping[Part, Coding]] = MappingProxyType(
    {
        # LiTS 2017: 1 liver, 2 tumour in one file
        MasksPreset.LITS: {**_COMMON, Part.LIVER: _LIVER_1_LESION_2, Part.LESIONS: _LESION_2},
        # Medical Segmentation Decathlon: Task03 as LiTS; Task08 1 hepatic vessel, 2 tumour
        MasksPreset.MSD: {
            **_COMMON,
            Part.LIVER: _LIVER_1_LESION_2,
            Part.LESIONS: _LESION_2,
            Part.VESSELS: _VESSELS_1_LESION_2,
        },
        # TotalSegmentator 2: `total` (5 liver), `liver_lesions`, `liver_segments`, `liver_vessels`
        MasksPreset.TOTALSEGMENTATOR: {
            **_COMMON,
            Part.LIVER: Coding({Part.LIVER: frozenset((5,))}, others=frozenset(range(1, 256))),
            Part.LESIONS: Coding({Part.LESIONS: _ONE}),
            Part.VESSELS: _VESSELS_1_LESION_2,
        },
        # 255 is how 8-bit image programs write "yes"
        MasksPreset.BINARY: {
            **_COMMON,
            Part.LIVER: Coding({Part.LIVER: frozenset((1, 255))}),
            Part.LESIONS: Coding({Part.LESIONS: frozenset()}, instances=True),
        },
    }
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Masks:
    """Masks of one liver, all on one grid.

    Parameters
    ----------
    liver
        Whole liver, 0 or 1; not empty.
    lesions
        0 or 1 (scheme ``binary``) or one code per lesion (scheme ``instances``); ``None`` when no
        file says anything about lesions, which is not the same as none.
    couinaud
        Segments 1 to 8; ``None`` when not given.
    vessels, portal_vein, hepatic_veins
        0 or 1; ``None`` when not given. ``vessels`` are both kinds, undivided.
    geometry
        The grid.
    inputs_sha256
        Digest of each file by its role.
    quality
        Checks that were made.
    """

    liver: LabelMap
    lesions: LabelMap | None
    couinaud: LabelMap | None
    vessels: LabelMap | None
    portal_vein: LabelMap | None
    hepatic_veins: LabelMap | None
    geometry: Geometry
    inputs_sha256: Mapping[str, str]
    quality: tuple[Finding, ...]


def read_masks(paths: Mapping[str, Path], *, preset: MasksPreset) -> Masks:
    """Read masks by role.

    Parameters
    ----------
    paths
        File by role: ``liver``, ``lesions``, ``couinaud``, ``vessels``, ``portal_vein``,
        ``hepatic_veins``. ``liver`` or ``couinaud`` is needed; the latter alone implies the liver.
        Files that store the same voxels in another order of axes are brought to its order.
    preset
        What the codes mean, see `PRESETS`. Without a file for lesions they are all those that the
        liver's and the vessels' files hold; with one, only its own.

    Raises
    ------
    InputError
        An unknown role, or neither liver nor segments.
    UnreadableFileError, UnsupportedSeriesError
        A file cannot be read.
    UnknownLabelError
        A code that the preset does not define, or none that it looks for.
    GeometryMismatchError
        Files lie on different grids.
    EmptyStructureError
        The liver or the segments have no voxels.
    """
    files = _files_by_part(paths)
    maps = {part: read_labels(path, INSTANCE_SCHEME) for part, path in files.items()}
    for part, labels in maps.items():
        _require_known(labels, PRESETS[preset][part], what=f"{part} file {files[part]}")
    reference = Part.LIVER if Part.LIVER in maps else Part.COUINAUD
    order = maps[reference].geometry
    maps = {part: in_order_of(order, labels) for part, labels in maps.items()}
    geometry = _common_geometry(maps, reference)
    masks = {part: _part(maps, PRESETS[preset], part) for part in Part}
    return Masks(
        liver=_liver(masks[Part.LIVER], masks[Part.COUINAUD], geometry),
        lesions=masks[Part.LESIONS],
        couinaud=_not_empty(masks[Part.COUINAUD], "the Couinaud map"),
        vessels=masks[Part.VESSELS],
        portal_vein=masks[Part.PORTAL_VEIN],
        hepatic_veins=masks[Part.HEPATIC_VEINS],
        geometry=geometry,
        inputs_sha256={part.value: digest_file(path) for part, path in files.items()},
        quality=(*grid_findings(geometry), *_source_findings(maps, PRESETS[preset])),
    )


def _files_by_part(paths: Mapping[str, Path]) -> dict[Part, Path]:
    unknown = sorted(set(paths) - set(Part))
    if unknown:
        raise InputError(f"unknown mask role {unknown[0]}; allowed are {', '.join(Part)}")
    files = {part: paths[part] for part in Part if part in paths}
    if Part.LIVER not in files and Part.COUINAUD not in files:
        raise InputError("masks need a liver file (liver=FILE) or a Couinaud map (couinaud=FILE)")
    return files


def _require_known(labels: LabelMap, coding: Coding, *, what: str) -> None:
    if coding.instances:
        return
    present = present_codes(labels.codes) - {0}
    unknown = sorted(present - coding.wanted - coding.others)
    looked_for = ", ".join(str(code) for code in sorted(coding.wanted))
    if unknown:
        raise UnknownLabelError(
            f"the {what} holds code(s) {unknown[:8]}, which this preset does not define (it looks "
            f"for {looked_for}); choose another --masks-preset"
        )
    if present and not present & coding.wanted:
        raise UnknownLabelError(
            f"the {what} holds code(s) {sorted(present)[:8]} but none of those that this preset "
            f"looks for ({looked_for}); choose another --masks-preset, or leave the file out"
        )


def in_order_of(reference: Geometry, labels: LabelMap) -> LabelMap:
    """Reorder a map's axes where that alone tells its grid from the reference.

    Each voxel keeps its code and its place: nothing is resampled. Any other map is returned as it
    is, for the caller to refuse.
    """
    grid = labels.geometry
    if grid.same_grid(reference):
        return labels
    steps = np.linalg.solve(grid.affine_ras[:3, :3], reference.affine_ras[:3, :3])
    turn = np.rint(np.clip(steps, -2, 2))
    if not np.array_equal(np.abs(turn) @ np.abs(turn).T, np.eye(3)):
        return labels
    axes = np.abs(turn).argmax(axis=0)
    mirrored = turn.sum(axis=0) < 0
    codes: NDArray[Any] = np.flip(labels.codes.transpose(axes), tuple(np.flatnonzero(mirrored)))
    index = np.eye(4)
    index[:3, :3] = turn
    index[axes[mirrored], 3] = np.array(grid.shape)[axes[mirrored]] - 1
    i, j, k = codes.shape
    frame = grid.frame_of_reference_uid
    turned = Geometry((i, j, k), grid.affine_ras @ index, frame_of_reference_uid=frame)
    if not turned.same_grid(reference):
        return labels
    return LabelMap(np.asfortranarray(codes), turned, labels.scheme)


def _common_geometry(maps: Mapping[Part, LabelMap], reference: Part) -> Geometry:
    geometry = maps[reference].geometry
    for part, labels in maps.items():
        geometry.require_same_grid(
            labels.geometry, what=f"the {part} mask", reference=f"the {reference} mask"
        )
    return geometry


def _part(
    maps: Mapping[Part, LabelMap], codings: Mapping[Part, Coding], part: Part
) -> LabelMap | None:
    # a file for this very part goes before those that hold it by the way
    by_the_way = [role for role in maps if part in codings[role].parts]
    roles = [part] if part in maps else by_the_way
    found = [_extracted(maps[role], codings[role], part) for role in roles]
    if len(found) > 1:
        union = np.logical_or.reduce([labels.mask() for labels in found])
        return _binary(union, found[0].geometry)
    return found[0] if found else None


def _extracted(labels: LabelMap, coding: Coding, part: Part) -> LabelMap:
    if part is Part.COUINAUD:
        return LabelMap(labels.codes, labels.geometry, COUINAUD_SCHEME)
    if coding.instances and len(present_codes(labels.codes) - {0}) > 1:
        return labels
    found = labels.mask() if coding.instances else labels.mask(*coding.parts[part])
    return _binary(found, labels.geometry)


def _binary(found: NDArray[np.bool_], geometry: Geometry) -> LabelMap:
    return LabelMap(found.astype(np.uint8), geometry, BINARY_SCHEME)


def _liver(liver: LabelMap | None, couinaud: LabelMap | None, geometry: Geometry) -> LabelMap:
    if liver is None and couinaud is not None:
        liver = _binary(couinaud.mask(), geometry)
    checked = _not_empty(liver, "the liver mask")
    if checked is None:
        raise InputError("masks need a liver file or a Couinaud map")
    return checked


def _not_empty(labels: LabelMap | None, what: str) -> LabelMap | None:
    if labels is not None and not labels.codes.any():
        raise EmptyStructureError(f"{what} is empty; check that it is the right file")
    return labels


def _source_findings(
    maps: Mapping[Part, LabelMap], codings: Mapping[Part, Coding]
) -> tuple[Finding, ...]:
    findings = []
    if Part.LIVER not in maps:
        text = "No liver mask was given: the liver is the union of the Couinaud segments."
        findings.append(quality_finding("liver_from_couinaud", passed=None, text=text))
    others = [
        role
        for role in maps
        if role is not Part.LESIONS
        and Part.LESIONS in codings[role].parts
        and maps[role].mask(*codings[role].parts[Part.LESIONS]).any()
    ]
    if others and Part.LESIONS in maps:
        text = f"Lesions come from the lesions file; those in the {others[0]} file were not used."
        findings.append(quality_finding("lesions_source", passed=None, text=text))
    return tuple(findings)
