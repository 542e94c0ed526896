"""What is in a file or folder, and what speaks against using it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.codes import present_codes
from remnant.core.errors import InputError
from remnant.core.findings import Finding, Verdict
from remnant.core.geometry import Geometry, Shape3, Vector3
from remnant.core.labels import CouinaudSegment
from remnant.core.volumes import Modality, Phase
from remnant.io.archive import unpacked
from remnant.io.codings import MasksPreset
from remnant.io.dicom_pixels import read_voxels
from remnant.io.dicom_series import Catalogue, automatic, catalogue
from remnant.io.file_kinds import SINGLE_VOLUMES, FileKind, kind_of, unread_kind
from remnant.io.image_quality import coverage_mm, image_findings, spacing_along_normal_mm
from remnant.io.intensities import Evidence, hounsfield_evidence
from remnant.io.label_values import label_values
from remnant.io.named_segments import NamedSegments
from remnant.io.nrrd import is_nrrd_name
from remnant.io.roles import Part
from remnant.io.seg_nrrd import is_slicer_segmentation, read_slicer_segmentation
from remnant.io.segment_terms import meaning_of
from remnant.io.series import Series
from remnant.io.series_quality import series_findings
from remnant.io.volume_files import read_volume

MOST_LABELS = 256
HIGHEST_LABEL = 1000
MOST_FILES = 50
MOST_CODES = 20
FEWEST_SEGMENTS = 5
BINARY_CODES = frozenset((1, 255))
LEAST_LIVER_ML = 400.0
"""Less than any whole liver: what is smaller is taken for lesions where a command is proposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFacts:
    """One image or label map, without anything that names the person.

    Parameters
    ----------
    number
        What ``--series`` takes; 1 for a file.
    modality, modality_reason
        ``None`` where nothing proves it; the reason says by what it is known or why it is not.
    phase, description
        Contrast phase and series description, as the source says.
    sequence, apart
        Kind of MR image, and what tells a stack from the others of its series; ``""`` for none.
    slices
        Images in the series; slices along the last axis of a file.
    shape, spacing_mm, orientation, coverage_mm
        The grid, its spacing (of slices along their normal), and how far it reaches head to foot;
        ``None`` when there is no usable grid.
    value_range, value_range_of
        Lowest and highest value, and of what (the whole image, or a DICOM series' middle slice).
    label_codes
        Codes where this looks like a label map, else empty.
    against
        What speaks against using it, in words or as a failed check; empty when nothing does.
    offset_hu
        What has to be added to its values to make them Hounsfield units; ``None`` for nothing.
    usable
        Whether it can be read at all.
    """

    number: int
    modality: Modality | None
    modality_reason: str
    phase: Phase
    description: str
    slices: int
    shape: Shape3 | None
    spacing_mm: Vector3 | None
    orientation: str | None
    coverage_mm: float | None
    value_range: tuple[float, float] | None
    value_range_of: str | None
    sequence: str = ""
    apart: str = ""
    label_codes: tuple[int, ...] = field(default=())
    against: tuple[str | Finding, ...] = field(default=())
    offset_hu: float | None = None
    usable: bool = field(default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFacts:
    """One map of structures: a file whose segments have names, or whose codes look like labels.

    Parameters
    ----------
    name
        File below the folder that was looked at; ``""`` where the path itself is that file.
    kind
        What kind of file it is, in words.
    segments
        Each of its segments or codes, with its volume where it is known.
    against
        What speaks against using it.
    roles
        What it holds, as far as its names or its volumes say; empty where the user must say it.
    preset
        How its codes would have to be read; ``None`` where nothing needs to be said.
    usable
        Whether it can be read at all.
    """

    name: str
    kind: str
    segments: tuple[str, ...] = ()
    against: tuple[str | Finding, ...] = ()
    roles: tuple[Part, ...] = ()
    preset: MasksPreset | None = None
    usable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a path holds.

    Parameters
    ----------
    kind
        ``dicom``, ``nifti``, ``nrrd``, ``meta_image``, ``folder`` (of such files) or ``map``.
    series
        Scans, and label maps of one file that hold bare codes.
    maps
        Maps of structures.
    skipped
        How many files are no image, by reason.
    automatic
        The number of the series that would be taken unasked; ``None`` when ``--series`` would be
        needed or nothing can be read.
    names
        Files of a folder in the order of ``series``; empty otherwise.
    """

    kind: str
    series: tuple[SeriesFacts, ...] = ()
    maps: tuple[MapFacts, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    automatic: int | None = None
    names: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether anything here can be read."""
        return any(one.usable for one in self.series) or any(one.usable for one in self.maps)


def inspect_path(path: Path) -> Inspection:
    """Look into a file or folder; faults of single series and files are facts, not errors.

    Raises
    ------
    UnreadableFileError
        The path is missing, or of no kind that is read.
    UnsupportedSeriesError, GeometryMismatchError
        A single file whose grid cannot be used, named by its fault.
    """
    with unpacked(path) as place:
        return _inspect(place)


def _inspect(path: Path) -> Inspection:
    if path.is_dir():
        return _folder(path)
    kind = kind_of(path)
    if kind in SINGLE_VOLUMES:
        return _volume_file(path, kind)
    if kind is FileKind.DICOM:
        return _named_map(path) or _dicom(path)
    raise unread_kind(path)


def _folder(path: Path) -> Inspection:
    found = _dicom(path)
    maps = tuple(_facts_of_named(file, path) for file in _mask_files(path))
    if found.series or maps:
        return replace(found, maps=maps)
    files = sorted(file for file in path.iterdir() if file.is_file() and _is_volume(file))
    if not files:
        return found
    return _volume_files(files[:MOST_FILES], left=len(files) - MOST_FILES)


def _is_volume(path: Path) -> bool:
    try:
        return path.stat().st_size > 0 and kind_of(path) in SINGLE_VOLUMES
    except OSError:
        return False


def _mask_files(path: Path) -> tuple[Path, ...]:
    from remnant.io.dicom_seg import dicom_mask_files

    return dicom_mask_files(path)


def _volume_files(files: Sequence[Path], *, left: int) -> Inspection:
    series: list[SeriesFacts] = []
    maps: list[MapFacts] = []
    names: list[str] = []
    for file in files:
        try:
            found = _volume_file(file, kind_of(file))
        except InputError as fault:
            maps.append(MapFacts(name=file.name, kind="cannot be read", against=(str(fault),),
                                 usable=False))  # fmt: skip
            continue
        series += found.series
        names += [file.name] * len(found.series)
        maps += [replace(one, name=file.name) for one in found.maps]
    skipped = {"beyond the first that were looked at": left} if left > 0 else {}
    return Inspection(
        kind="folder", series=tuple(series), maps=tuple(maps), skipped=skipped, names=tuple(names)
    )


def _volume_file(path: Path, kind: FileKind) -> Inspection:
    if kind is FileKind.NRRD and is_slicer_segmentation(path):
        return Inspection(kind="map", maps=(_facts_of_named(path, path),))
    read = read_volume(path)
    if not read.values.any():
        empty = f"a label map on {read.geometry.describe()} that labels no voxel"
        return Inspection(kind="map", maps=(MapFacts(name="", kind=empty, roles=(Part.LESIONS,)),))
    if _looks_like_map(read.values):
        return Inspection(kind="map", maps=(_facts_of_codes(path, read.values, read.geometry),))
    return _single(kind.value, read.values, read.geometry)


def _named_map(path: Path) -> Inspection | None:
    """Return what a DICOM segmentation or structure set holds; ``None`` for another object."""
    if not _mask_files(path):
        return None
    return Inspection(kind="map", maps=(_facts_of_named(path, path),))


def _facts_of_named(file: Path, given: Path) -> MapFacts:
    name = "" if file == given else str(file.relative_to(given))
    try:
        kind, found = _read_named(file)
        counts = Counter[int]()
        for number, _, where in found.pieces({label.number for label in found.labels}):
            counts[number] += int(np.count_nonzero(where))
    except InputError as fault:
        return MapFacts(name=name, kind="segments", against=(str(fault),), usable=False)
    told = tuple(
        f"{label.describe()}, {counts[label.number] * found.geometry.voxel_volume_ml:.1f} mL"
        for label in found.labels
    )
    return MapFacts(
        name=name, kind=kind, segments=told, against=_failed(found.quality), roles=_roles(found)
    )


def roles_named_in(path: Path) -> tuple[Part, ...]:
    """Return the roles that a file's own names of its segments mean; its voxels are not read.

    Empty where it names no segment, none that is known, or cannot be read.

    Parameters
    ----------
    path
        3D Slicer segmentation, DICOM segmentation or structure set.
    """
    try:
        if is_nrrd_name(path) and not is_slicer_segmentation(path):
            return ()
        return _roles(_read_named(path)[1])
    except InputError:
        return ()


def _roles(found: NamedSegments) -> tuple[Part, ...]:
    meanings = [meaning_of(label) for label in found.labels]
    known = {Part.COUINAUD if meaning.segment else meaning.part for meaning in meanings if meaning}
    return tuple(part for part in Part if part in known)


def _read_named(path: Path) -> tuple[str, NamedSegments]:
    if not is_nrrd_name(path):
        from remnant.io.dicom_seg import is_structure_set, read_dicom_segmentation

        if is_structure_set(path):
            from remnant.io.rtstruct import read_structure_set

            return "DICOM structure set", read_structure_set(path)
        return "DICOM segmentation", read_dicom_segmentation(path)
    return "3D Slicer segmentation", read_slicer_segmentation(path)


def _looks_like_map(values: NDArray[Any]) -> bool:
    """Tell whether values are those of a map: mostly background, few codes or a probability."""
    low, high = float(values.min()), float(values.max())
    if low < 0 or high <= 0:
        return False
    if np.count_nonzero(values) >= values.size / 2 and high not in (1.0, 2.0):
        return False
    if values.dtype.kind == "f":
        return high <= 1.0
    return high <= HIGHEST_LABEL and 1 < len(present_codes(values)) <= MOST_LABELS


def _facts_of_codes(path: Path, values: NDArray[Any], geometry: Geometry) -> MapFacts:
    try:
        read = label_values(values, name=path.name, threshold=None)
    except InputError as fault:
        return MapFacts(name="", kind="a map of grey values", against=(str(fault),), usable=False)
    kind = "a label map"
    if read.threshold is not None:
        kind = f"a mask of grey values, to be cut at {read.threshold:g} of {read.highest:g}"
    volumes = {
        code: float(np.count_nonzero(read.codes == code)) * geometry.voxel_volume_ml
        for code in sorted(present_codes(read.codes) - {0})[:MOST_CODES]
    }
    told = tuple(f"code {code}: {volume:.1f} mL" for code, volume in volumes.items())
    roles, preset = _suggested(volumes)
    kind = f"{kind} on {geometry.describe()}"
    return MapFacts(name="", kind=kind, segments=told, roles=roles, preset=preset)


def _suggested(volumes: Mapping[int, float]) -> tuple[tuple[Part, ...], MasksPreset | None]:
    """Return what volumes of codes suggest, where they leave little doubt."""
    segments = {int(segment) for segment in CouinaudSegment}
    if set(volumes) <= segments and len(volumes) >= FEWEST_SEGMENTS:
        return (Part.COUINAUD,), None
    if set(volumes) == {1, 2} and volumes[1] >= LEAST_LIVER_ML > volumes[2]:
        return (Part.LIVER,), MasksPreset.LITS
    if len(volumes) == 1 and next(iter(volumes)) in BINARY_CODES:
        large = next(iter(volumes.values())) >= LEAST_LIVER_ML
        return (Part.LIVER if large else Part.LESIONS,), None
    return (), None


def _single(kind: str, values: NDArray[Any], geometry: Geometry) -> Inspection:
    evidence = hounsfield_evidence(values)
    low, high = float(values.min()), float(values.max())
    flat = (f"no image: every voxel has the same value {low:g}",) if low == high else ()
    facts = SeriesFacts(
        number=1,
        modality=Modality.CT if evidence.hounsfield else None,
        modality_reason=evidence.reason if flat else _reason(evidence),
        phase=Phase.UNKNOWN,
        description="",
        slices=geometry.shape[2],
        shape=geometry.shape,
        spacing_mm=spacing_along_normal_mm(geometry),
        orientation="".join(geometry.axcodes),
        coverage_mm=coverage_mm(geometry),
        value_range=(low, high),
        value_range_of="whole image",
        against=flat or _against_file(geometry, evidence),
        offset_hu=evidence.offset_hu,
        usable=not flat,
    )
    return Inspection(kind=kind, series=(facts,), automatic=None if flat else 1)


def _reason(evidence: Evidence) -> str:
    if evidence.hounsfield:
        return f"the values prove a CT: {evidence.reason}"
    needed = "--modality" if evidence.offset_hu is None else "--intensity-offset"
    return f"the values do not prove a CT ({evidence.reason}): give {needed}"


def _against_file(geometry: Geometry, evidence: Evidence) -> tuple[str | Finding, ...]:
    needs = () if evidence.hounsfield else ("needs --modality ct or --modality mr",)
    if evidence.offset_hu is not None:
        needs = (f"needs --intensity-offset {evidence.offset_hu:g}, or --modality mr",)
    return (*needs, *_failed(image_findings(geometry)))


def _failed(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.verdict is not Verdict.MET)


def _dicom(path: Path) -> Inspection:
    listed = catalogue(path)
    taken = automatic(listed)
    return Inspection(
        kind="dicom",
        series=tuple(_series_facts(listed, series) for series in listed.series),
        skipped=listed.skipped,
        automatic=None if taken is None else taken.number,
    )


def _series_facts(listed: Catalogue, series: Series) -> SeriesFacts:
    geometry = None if series.stack is None else series.stack.geometry
    middle, fault = _middle_values(series)
    excluded = _excluded_as_ct(series, middle)
    against = _against_series(listed, series, middle, excluded) if fault is None else (fault,)
    return SeriesFacts(
        number=series.number,
        modality=series.modality,
        modality_reason="the DICOM header says so",
        phase=series.phase,
        description=series.description,
        slices=len(series.slices),
        shape=None if geometry is None else geometry.shape,
        spacing_mm=series.spacing_mm,
        sequence=series.sequence,
        apart=series.apart,
        orientation=None if geometry is None else "".join(geometry.axcodes),
        coverage_mm=None if geometry is None else coverage_mm(geometry),
        value_range=None if middle is None else (float(middle.min()), float(middle.max())),
        value_range_of=None if middle is None else "middle slice",
        label_codes=tuple(sorted(series.mask_codes - {0})),
        against=against,
        offset_hu=None if excluded is None else excluded.offset_hu,
        usable=series.fault is None and fault is None,
    )


def _excluded_as_ct(series: Series, middle: NDArray[Any] | None) -> Evidence | None:
    """Return what excludes that a CT is in Hounsfield units, ``None`` where nothing does."""
    if middle is None or series.modality is not Modality.CT or series.mask_codes:
        return None
    evidence = hounsfield_evidence(middle)
    return evidence if evidence.hounsfield is False else None


def _against_series(
    listed: Catalogue,
    series: Series,
    middle: NDArray[Any] | None,
    excluded: Evidence | None,
) -> tuple[str | Finding, ...]:
    first = () if series.against is None else (series.against,)
    if series.stack is None or middle is None or series.mask_codes:
        return first
    if excluded is not None:
        first = (*first, f"not in Hounsfield units: {excluded.reason}")
    findings = image_findings(series.stack.geometry, series.phase_evidence)
    return (*first, *_failed((*findings, *series_findings(listed, series))))


def _middle_values(series: Series) -> tuple[NDArray[Any] | None, str | None]:
    if series.stack is None:
        return None, None
    middle = series.stack.slices[len(series.stack.slices) // 2]
    try:
        return read_voxels([middle]), None
    except InputError as fault:
        return None, str(fault)
