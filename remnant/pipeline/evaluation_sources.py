"""Which label maps belong together, and what their codes mean."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Final

from remnant.core.errors import InputError, UnknownLabelError
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME, CouinaudSegment, Structure
from remnant.core.lesions import Confirmation
from remnant.core.volumes import LabelMap
from remnant.io.atomic import digest_files
from remnant.io.codings import PRESETS, Coding, MasksPreset
from remnant.io.limits import LARGEST_FILE_COUNT
from remnant.io.masks import Part
from remnant.io.nifti import read_labels
from remnant.io.placement import along_axes_of, placement_of
from remnant.io.role_maps import read_role
from remnant.io.roles import CODED_BY_SEGMENT
from remnant.io.volume_files import files_of
from remnant.pipeline.case_files import COUINAUD, LESIONS, STATE, STRUCTURES, is_case
from remnant.pipeline.folder import read_case
from volumetry.agreement.of_regions import Region, code_boxes

ENDINGS: Final = (".seg.nrrd", ".nrrd", ".nhdr", ".nii.gz", ".nii", ".mha", ".mhd")
MOST_LABELS: Final = 256
NAMES_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SideCoding:
    """How the label maps of one side are coded.

    ``preset`` is ``None`` where every code is compared as it is; ``role`` says which of a preset's
    files a lone file is.
    """

    preset: MasksPreset | None = None
    role: Part = Part.LIVER

    def describe(self) -> str:
        """Name the coding for the record."""
        return "labels" if self.preset is None else f"{self.preset}:{self.role}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseMaps:
    """Structures of one side of one case.

    ``by_code`` marks structures that are bare codes, whose meaning is not known. The files of the
    case may round their grids: ``grid_offset_mm`` is how far their voxels lie apart, at most.
    """

    regions: Mapping[str, Region]
    geometry: Geometry
    sha256: str
    by_code: bool
    grid_offset_mm: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Cases to compare by name (prediction, truth), and the names of those without a partner."""

    paths: Mapping[str, tuple[Path, Path]]
    without_truth: tuple[str, ...] = ()
    without_prediction: tuple[str, ...] = ()


def pair_cases(prediction: Path, truth: Path, *, allow_missing: bool = False) -> Pairs:
    """Find what belongs together.

    Two single cases (files or case folders) are a pair whatever their names. Two folders of cases
    are paired by name: that of a file without its ending, that of a case folder as it is.

    Raises
    ------
    InputError
        A path is missing, a folder holds no case, one side is a folder of cases and the other is
        not, or a case has no partner and ``allow_missing`` is not set.
    """
    for path in (prediction, truth):
        if not path.exists():
            raise InputError(f"{path} does not exist; name a label map or a folder of cases")
    single = [_is_single(path) for path in (prediction, truth)]
    if all(single):
        return Pairs(paths={case_name(prediction): (prediction, truth)})
    if any(single):
        one, many = (prediction, truth) if single[0] else (truth, prediction)
        raise InputError(
            f"{one} is one case and {many} is a folder of cases; name two cases or two folders"
        )
    return _paired_by_name(_cases_in(prediction), _cases_in(truth), allow_missing=allow_missing)


def case_name(path: Path) -> str:
    """Return a case's name: the file's without its ending, the folder's as it is."""
    if path.is_dir():
        return path.resolve().name
    ending = next((e for e in ENDINGS if path.name.lower().endswith(e)), path.suffix)
    return path.name[: len(path.name) - len(ending)]


def read_case_maps(path: Path, coding: SideCoding) -> CaseMaps:
    """Read the structures of a case.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError
        A file cannot be read.
    UnknownLabelError
        A code that the preset does not define, or too many codes to be compared one by one.
    GeometryMismatchError
        The files of one case do not share their voxels; see `remnant.io.placement.placed_on`.
    """
    if not path.is_dir():
        return _from_file(path, coding)
    return _from_case(path) if is_case(path) else _from_roles(path, coding)


def along_axes(maps: CaseMaps, reference: Geometry) -> CaseMaps:
    """Return a case whose arrays have the order and direction of the reference's axes."""
    turned = {id(one.labels): along_axes_of(reference, one.labels) for one in maps.regions.values()}
    if all(turned[id(one.labels)] is one.labels for one in maps.regions.values()):
        return maps
    boxes = {key: code_boxes(labels) for key, labels in turned.items()}
    regions = {
        name: replace(one, labels=turned[id(one.labels)], boxes=boxes[id(one.labels)])
        for name, one in maps.regions.items()
    }
    geometry = next(iter(turned.values())).geometry
    return replace(maps, regions=regions, geometry=geometry)


def _is_single(path: Path) -> bool:
    return not path.is_dir() or is_case(path) or bool(_role_files(path))


def _role_files(folder: Path) -> dict[Part, Path]:
    """Return the label maps of a folder that are named by what they show."""
    found: dict[Part, Path] = {}
    for part, ending in product(Part, ENDINGS):
        file = folder / f"{part}{ending}"
        if file.is_file() and part in found:
            raise InputError(
                f"{folder} holds {part} twice ({found[part].name}, {file.name}); keep one"
            )
        if file.is_file():
            found[part] = file
    return found


def _cases_in(folder: Path) -> dict[str, Path]:
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    if len(entries) > LARGEST_FILE_COUNT:
        raise InputError(f"{folder} holds more than {LARGEST_FILE_COUNT} entries; split it")
    cases: dict[str, Path] = {}
    for entry in entries:
        if not (_is_single(entry) if entry.is_dir() else entry.name.lower().endswith(ENDINGS)):
            continue
        name = case_name(entry)
        if name in cases:
            raise InputError(
                f"{folder} holds the case {name} twice ({cases[name].name}, {entry.name}); keep one"
            )
        cases[name] = entry
    if not cases:
        raise InputError(f"{folder} holds no label map ({', '.join(ENDINGS)}) and no case folder")
    return cases


def _paired_by_name(
    predictions: Mapping[str, Path], truths: Mapping[str, Path], *, allow_missing: bool
) -> Pairs:
    paths = {name: (predictions[name], truths[name]) for name in predictions if name in truths}
    without_truth = tuple(name for name in predictions if name not in truths)
    without_prediction = tuple(name for name in truths if name not in predictions)
    if not paths:
        raise InputError(
            f"no prediction has the name of a truth (predictions: {_listed(without_truth)}; "
            f"truths: {_listed(without_prediction)}); give both the same names"
        )
    if (without_truth or without_prediction) and not allow_missing:
        raise InputError(
            f"cases without a partner: {_listed(without_truth)} (no truth), "
            f"{_listed(without_prediction)} (no prediction); add them, or leave them out with "
            f"--allow-missing"
        )
    return Pairs(paths=paths, without_truth=without_truth, without_prediction=without_prediction)


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return (", ".join(names[:NAMES_SHOWN]) or "none") + more


def _from_file(path: Path, coding: SideCoding) -> CaseMaps:
    by_code = coding.preset is None
    labels = read_labels(path, INSTANCE_SCHEME) if by_code else _labels_of(path, coding.role)
    regions = (
        _bare_codes(labels, path)
        if coding.preset is None
        else _of_role(labels, PRESETS[coding.preset][coding.role], path)
    )
    sha256 = digest_files(files_of(path))
    return CaseMaps(regions=regions, geometry=labels.geometry, sha256=sha256, by_code=by_code)


def _labels_of(path: Path, part: Part) -> LabelMap:
    """Return a file's codes; those of segments by their names, where the file has names."""
    if part in CODED_BY_SEGMENT:
        return read_role(path, part).labels
    return read_labels(path, INSTANCE_SCHEME)


def _from_roles(folder: Path, coding: SideCoding) -> CaseMaps:
    preset = PRESETS[coding.preset or MasksPreset.AUTO]
    files = _role_files(folder)
    read = {part: _labels_of(path, part) for part, path in files.items()}
    # 3D Slicer leaves out what is empty: the largest grid holds the others
    geometry = max((labels.geometry for labels in read.values()), key=lambda g: prod(g.shape))
    regions: dict[str, Region] = {}
    offsets = [0.0]
    # a file for this very part goes before those that hold it by the way
    for part, path in reversed(files.items()):
        on = f"the other maps of {folder.name}"
        labels, rounded = placement_of(geometry, read[part], part, what=f"{path}", on=on)
        offsets += [finding.value or 0.0 for finding in rounded]
        found = _of_role(labels, preset[part], path)
        own = {name: r for name, r in found.items() if name == part or part is Part.COUINAUD}
        regions = {**found, **regions, **own}
    return CaseMaps(
        regions=regions,
        geometry=geometry,
        sha256=digest_files(tuple(f for path in files.values() for f in files_of(path))),
        by_code=False,
        grid_offset_mm=max(offsets),
    )


def _from_case(folder: Path) -> CaseMaps:
    case = read_case(folder)
    boxes = code_boxes(case.maps.structures)
    present = frozenset(code for code, box in enumerate(boxes, start=1) if box is not None)
    regions = {Part.LIVER.value: Region(case.maps.structures, boxes, present)}
    if case.maps.lesions is not None:
        rejected = {n for n, word in case.confirmations.items() if word is Confirmation.REJECTED}
        lesions = _whole(case.maps.lesions, instances=True)
        kept = lesions.codes - rejected
        regions[Part.LESIONS.value] = Region(case.maps.lesions, lesions.boxes, kept, instances=True)
    if case.division.couinaud is not None:
        regions |= _segments(case.division.couinaud)
    vessels = {
        Part.PORTAL_VEIN: Structure.PORTAL_VEIN, Part.HEPATIC_VEINS: Structure.HEPATIC_VEINS,
    }  # fmt: skip
    regions |= {
        part.value: Region(case.maps.structures, boxes, frozenset((int(code),)))
        for part, code in vessels.items()
        if code in present
    }
    used = (folder / name for name in (STRUCTURES, LESIONS, COUINAUD, STATE))
    digest = digest_files(tuple(file for file in used if file.is_file()))
    geometry = case.maps.structures.geometry
    return CaseMaps(regions=regions, geometry=geometry, sha256=digest, by_code=False)


def _bare_codes(labels: LabelMap, path: Path) -> dict[str, Region]:
    boxes = code_boxes(labels)
    codes = [code for code, box in enumerate(boxes, start=1) if box is not None]
    if len(codes) > MOST_LABELS:
        raise UnknownLabelError(
            f"{path} holds {len(codes)} codes; at most {MOST_LABELS} are compared one by one: say "
            f"what they mean, e.g. --preset binary --role lesions"
        )
    return {label_name(code): Region(labels, boxes, frozenset((code,))) for code in codes}


def label_name(code: int) -> str:
    """Return the name of a structure that is a bare code."""
    return f"label_{code}"


def _of_role(labels: LabelMap, coding: Coding, path: Path) -> dict[str, Region]:
    everything = _whole(labels, instances=False)
    present = everything.codes
    unknown = sorted(present - coding.wanted - coding.others)
    if unknown and not coding.instances:
        looked_for = ", ".join(str(code) for code in sorted(coding.wanted))
        raise UnknownLabelError(
            f"{path} holds code(s) {unknown[:8]}, which this preset does not define (it looks for "
            f"{looked_for}); choose another --preset or --role"
        )
    if coding.instances:
        return {Part.LESIONS.value: _whole(labels, instances=len(present) > 1)}
    if Part.COUINAUD in coding.parts:
        return _segments(labels)
    return {
        part.value: Region(labels, everything.boxes, codes) for part, codes in coding.parts.items()
    }


def _whole(labels: LabelMap, *, instances: bool) -> Region:
    boxes = code_boxes(labels)
    codes = frozenset(code for code, box in enumerate(boxes, start=1) if box is not None)
    return Region(labels, boxes, codes, instances=instances)


def _segments(labels: LabelMap) -> dict[str, Region]:
    boxes = code_boxes(labels)
    return {
        f"couinaud_{segment.name}": Region(labels, boxes, frozenset((int(segment),)))
        for segment in CouinaudSegment
    }
