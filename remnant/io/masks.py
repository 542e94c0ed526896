"""Existing masks, whatever program made them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import EmptyStructureError, InputError, UnknownLabelError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LabelMap
from remnant.io.codings import NAMED, PRESETS, SEGMENTS, Coding, MasksPreset
from remnant.io.image_quality import grid_findings
from remnant.io.image_reference import ImageReference
from remnant.io.lesion_maps import LesionMap, lesion_map
from remnant.io.placement import in_order_of, placed_on, placement_of
from remnant.io.reading import AS_FILES_SAY, ReadingChoice
from remnant.io.role_maps import GivenMap, read_role
from remnant.io.roles import CODED_BY_SEGMENT, Part
from remnant.io.segment_terms import is_another

__all__ = [
    "GivenMap",
    "Masks",
    "Part",
    "in_order_of",
    "placed_on",
    "read_masks",
    "read_segment_map",
]


LITS_CODES = frozenset((1, 2))
LEAST_LIVER_FRACTION = 0.3
"""Of a LiTS file's liver code, of the liver: the rest may be tumour."""


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
    vessels, portal_vein, hepatic_veins
        0 or 1; ``None`` when not given. ``vessels`` are both kinds, undivided.
    geometry
        The grid.
    inputs_sha256
        Digest of each file by its role; of all files together where a role has several.
    quality
        Checks that were made, and how the other structures were recognised by their names.
    file_may_end
        Whether the grid is that of a file that may end before the scan did.
    references
        Images that the files of the roles were drawn on.
    """

    liver: LabelMap
    lesions: LabelMap | None
    vessels: LabelMap | None
    portal_vein: LabelMap | None
    hepatic_veins: LabelMap | None
    geometry: Geometry
    inputs_sha256: Mapping[str, str]
    quality: tuple[Finding, ...]
    file_may_end: bool = False
    references: Mapping[str, ImageReference] = field(default_factory=dict)


def read_masks(
    paths: Mapping[str, Path],
    *,
    preset: MasksPreset,
    reference: Geometry | None = None,
    choice: ReadingChoice = AS_FILES_SAY,
) -> tuple[Masks, Mapping[Part, GivenMap]]:
    """Read masks by role, and apart from them the maps that a liver can be divided by.

    Parameters
    ----------
    paths
        File by role: ``liver``, ``lesions``, ``couinaud``, ``vessels``, ``portal_vein``,
        ``hepatic_veins``, ``branches``. ``liver`` or ``couinaud`` is needed; the latter alone
        implies the liver. Each is NIfTI, NRRD, a 3D Slicer segmentation, a DICOM SEG object, or a
        folder that holds one such object or TotalSegmentator's files.
    preset
        What the codes mean, see `remnant.io.codings`. Without a file for lesions they are all those
        that the liver's and the vessels' files hold; with one, only its own. Files that name their
        segments (3D Slicer, DICOM, folders) need none.
    reference
        Grid to put the masks on, see `placed_on`; ``None`` for that of the liver's (else the
        Couinaud map's) file.
    choice
        What the user says of the files.

    Returns
    -------
    tuple
        The masks; and of ``COUINAUD`` and ``BRANCHES`` those that were given, on the same grid:
        codes 1 to 8, of branches those of the segments that they serve, with what was noticed.

    Raises
    ------
    InputError
        An unknown role, or neither liver nor segments.
    UnreadableFileError, UnsupportedSeriesError
        A file cannot be read.
    UnknownLabelError
        A code that the preset does not define, or none that it looks for.
    GeometryMismatchError
        A mask's voxels are not those of the grid, or lie outside it.
    EmptyStructureError
        The liver or the segments have no voxels.
    """
    files = _files_by_part(paths)
    given = _given(files, choice, reference)
    codings = {
        part: NAMED[part] if role.named else PRESETS[preset][part] for part, role in given.items()
    }
    for part, role in given.items():
        _require_known(role.labels, codings[part], what=f"{part} file {files[part]}")
        _require_named_alike(role, codings[part], part, what=f"{part} file {files[part]}")
    maps, geometry, placing = _on_one_grid(given, reference)
    masks = {part: _part(maps, codings, part) for part in Part}
    liver = _liver(masks[Part.LIVER], masks[Part.COUINAUD])
    lesions = _lesions(masks[Part.LESIONS], codings.get(Part.LESIONS), liver, preset, choice)
    if Part.LESIONS in given and not given[Part.LESIONS].named:
        _require_liver_code(maps[Part.LESIONS], preset, liver.mask())
    _require_threshold_used(given, choice)
    found = Masks(
        liver=liver,
        lesions=None if lesions is None else lesions.labels,
        vessels=masks[Part.VESSELS],
        portal_vein=masks[Part.PORTAL_VEIN],
        hepatic_veins=masks[Part.HEPATIC_VEINS],
        geometry=geometry,
        inputs_sha256={part.value: role.sha256 for part, role in given.items()},
        references={part.value: role.refers_to for part, role in given.items()},
        file_may_end=reference is None and given[_owner(given)].file_may_end,
        quality=(
            *grid_findings(geometry),
            *_source_findings(maps, codings),
            *placing,
            *(f for part in given if part not in CODED_BY_SEGMENT for f in given[part].quality),
            *(() if lesions is None else lesions.quality),
        ),
    )
    return found, _to_divide_by(given, masks)


def read_segment_map(
    path: Path,
    part: Part = Part.COUINAUD,
    *,
    choice: ReadingChoice = AS_FILES_SAY,
    reference: Geometry | None = None,
) -> GivenMap:
    """Read a Couinaud map, or a map of branches, by itself; on its own grid.

    Parameters
    ----------
    path
        Any of the kinds that `read_masks` reads.
    part
        ``Part.COUINAUD`` or ``Part.BRANCHES``.
    choice
        What the user says of the file.
    reference
        Grid to fill contours on, where it is known.

    Raises
    ------
    InputError
        Another role, or any fault that `read_masks` raises for such a file.
    """
    if part not in CODED_BY_SEGMENT:
        raise InputError(f"a {part} map has no Couinaud codes; give it with a liver")
    role = read_role(path, part, choice=choice, reference=reference)
    _require_known(role.labels, NAMED[part], what=f"{part} file {path}")
    _not_empty(role.labels, f"the {part} map")
    labels = LabelMap(role.labels.codes, role.labels.geometry, COUINAUD_SCHEME)
    return replace(role, labels=labels)


def _files_by_part(paths: Mapping[str, Path]) -> dict[Part, Path]:
    unknown = sorted(set(paths) - set(Part))
    if unknown:
        raise InputError(f"unknown mask role {unknown[0]}; allowed are {', '.join(Part)}")
    files = {part: paths[part] for part in Part if part in paths}
    if Part.LIVER not in files and Part.COUINAUD not in files:
        raise InputError("masks need a liver file (liver=FILE) or a Couinaud map (couinaud=FILE)")
    return files


def _given(
    files: Mapping[Part, Path], choice: ReadingChoice, reference: Geometry | None
) -> dict[Part, GivenMap]:
    """Read the files; contours are filled on the scan's grid, or else on that of the first map."""
    first = Part.LIVER if Part.LIVER in files else Part.COUINAUD
    owner = read_role(files[first], first, choice=choice, reference=reference)
    grid = owner.labels.geometry if reference is None else reference
    return {
        part: owner if part is first else read_role(path, part, choice=choice, reference=grid)
        for part, path in files.items()
    }


def _require_known(labels: LabelMap, coding: Coding, *, what: str) -> None:
    if coding.instances:
        return
    present = labels.present() - {0}
    unknown = sorted(present - coding.wanted - coding.others)
    if unknown and coding.wanted == SEGMENTS:
        raise UnknownLabelError(
            f"the {what} holds code(s) {unknown[:8]}; allowed are 1 to 8 for Couinaud I to VIII: "
            f"give IVa and IVb the code 4, and renumber other schemes"
        )
    looked_for = ", ".join(str(code) for code in sorted(coding.wanted))
    if unknown:
        raise UnknownLabelError(
            f"the {what} holds code(s) {unknown[:8]}, which this preset does not define (it looks "
            f"for {looked_for}); {_advice(present)}"
        )
    if present and not present & coding.wanted:
        raise UnknownLabelError(
            f"the {what} holds code(s) {sorted(present)[:8]} but none of those that this preset "
            f"looks for ({looked_for}); choose another --masks-preset, or leave the file out"
        )


def _advice(present: frozenset[int]) -> str:
    if present == LITS_CODES:
        return "if 1 is liver and 2 tumour, give --masks-preset lits"
    if present <= SEGMENTS:
        return "if these are Couinaud segments, give it with --couinaud"
    return "choose another --masks-preset"


def _require_liver_code(labels: LabelMap, preset: MasksPreset, liver: NDArray[np.bool_]) -> None:
    """Raise where code 1 of a LiTS lesions file is no liver: its lesions would be left out."""
    if preset is not MasksPreset.LITS:
        return
    share = np.count_nonzero(labels.codes == 1) / np.count_nonzero(liver)
    if 0 < share < LEAST_LIVER_FRACTION:
        raise UnknownLabelError(
            f"code 1 of the lesions file fills {share:.1%} of the liver, and in a LiTS file "
            f"it is the liver; if it is a lesion, leave --masks-preset out"
        )


def _require_named_alike(role: GivenMap, coding: Coding, part: Part, *, what: str) -> None:
    """Raise where the header names a wanted code after something else, such as another organ."""
    present = role.labels.present() - {0}
    used = present if coding.instances else present & coding.wanted
    strange = [
        role.names[n] for n in sorted(used & role.names.keys()) if is_another(role.names[n], part)
    ]
    if strange:
        raise UnknownLabelError(
            f"the {what} names its code {strange[0].number} {strange[0].describe()}, which is not "
            f"{part}; choose another --masks-preset, or correct the name"
        )


def _on_one_grid(
    given: Mapping[Part, GivenMap], reference: Geometry | None
) -> tuple[dict[Part, LabelMap], Geometry, tuple[Finding, ...]]:
    first = _owner(given)
    geometry = given[first].labels.geometry if reference is None else reference
    on = f"the {first} mask" if reference is None else "the image"
    placed = {
        part: placement_of(geometry, role.labels, part, what=f"the {part} mask", on=on)
        for part, role in given.items()
    }
    maps = {part: labels for part, (labels, _) in placed.items()}
    return maps, geometry, tuple(f for _, found in placed.values() for f in found)


def _owner(given: Mapping[Part, GivenMap]) -> Part:
    """Return the role whose file gives the grid where no scan does."""
    return Part.LIVER if Part.LIVER in given else Part.COUINAUD


def _part(
    maps: Mapping[Part, LabelMap], codings: Mapping[Part, Coding], part: Part
) -> LabelMap | None:
    # a file for this very part goes before those that hold it by the way
    by_the_way = [role for role in maps if part in codings[role].parts]
    roles = [part] if part in maps else by_the_way
    found = [_extracted(maps[role], codings[role], part) for role in roles]
    if len(found) > 1:
        union = reduce(np.logical_or, (labels.mask() for labels in found))
        return LabelMap(union.view(np.uint8), found[0].geometry, BINARY_SCHEME)
    return found[0] if found else None


def _extracted(labels: LabelMap, coding: Coding, part: Part) -> LabelMap:
    if part in CODED_BY_SEGMENT:
        return LabelMap(labels.codes, labels.geometry, COUINAUD_SCHEME)
    if coding.instances:
        return labels
    return labels.binary(*coding.parts[part])


def _liver(liver: LabelMap | None, couinaud: LabelMap | None) -> LabelMap:
    if liver is None and couinaud is not None:
        liver = couinaud.binary()
    checked = _not_empty(liver, "the liver mask")
    if checked is None:
        raise InputError("masks need a liver file or a Couinaud map")
    return checked


def _lesions(
    labels: LabelMap | None,
    coding: Coding | None,
    liver: LabelMap,
    preset: MasksPreset,
    choice: ReadingChoice,
) -> LesionMap | None:
    """Return the lesions; of a file whose codes have no meaning of their own, what they are."""
    uncoded = coding is not None and coding.instances
    if choice.lesion_codes and not uncoded:
        raise InputError(
            "--lesion-codes says which codes of a lesions file are lesions; here there is none, or "
            "--masks-preset says it already: give one of them"
        )
    if labels is None or not uncoded:
        return None if labels is None else LesionMap(labels)
    return lesion_map(labels, preset=preset, liver=liver.mask(), wanted=choice.lesion_codes)


def _require_threshold_used(given: Mapping[Part, GivenMap], choice: ReadingChoice) -> None:
    findings = [finding.id for role in given.values() for finding in role.quality]
    used = any(name.endswith(("_thresholded", "_fractions")) for name in findings)
    if choice.threshold is not None and not used:
        raise InputError(
            f"--threshold {choice.threshold:g} is for probability maps and grey masks, and every "
            f"file given holds whole codes: leave it out"
        )


def _not_empty(labels: LabelMap | None, what: str) -> LabelMap | None:
    if labels is not None and not labels.codes.any():
        raise EmptyStructureError(f"{what} is empty; check that it is the right file")
    return labels


def _to_divide_by(
    given: Mapping[Part, GivenMap], masks: Mapping[Part, LabelMap | None]
) -> dict[Part, GivenMap]:
    """Return the maps of segments and branches on the common grid, each with its file's notes."""
    names = {Part.COUINAUD: "the Couinaud map", Part.BRANCHES: "the map of branches"}
    checked = {part: _not_empty(masks[part], what) for part, what in names.items()}
    return {
        part: replace(given[part], labels=labels)
        for part, labels in checked.items()
        if labels is not None
    }


def _source_findings(
    maps: Mapping[Part, LabelMap], codings: Mapping[Part, Coding]
) -> tuple[Finding, ...]:
    findings = []
    if Part.LIVER not in maps:
        findings.append(quality_finding("liver_from_couinaud", passed=None))
    others = [
        role
        for role in maps
        if role is not Part.LESIONS
        and Part.LESIONS in codings[role].parts
        and maps[role].mask(*codings[role].parts[Part.LESIONS]).any()
    ]
    if others and Part.LESIONS in maps:
        unused = (reason(Cause.LESIONS_ELSEWHERE, others[0].value),)
        findings.append(quality_finding("lesions_source", passed=None, reasons=unused))
    return tuple(findings)
