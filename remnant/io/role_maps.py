"""One map of one role, from whatever kind of file holds it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from remnant.core.errors import UnknownLabelError, UnreadableFileError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LabelMap
from remnant.io.atomic import digest_file, digest_files
from remnant.io.file_end import looks_cropped
from remnant.io.file_kinds import SINGLE_VOLUMES, FileKind, kind_of
from remnant.io.grid_doubts import header_findings
from remnant.io.image_reference import NO_REFERENCE, ImageReference
from remnant.io.label_values import ValueKind, label_values
from remnant.io.named_segments import NamedSegments, Piece, map_of_role
from remnant.io.nifti import GivenValues, read_label_values
from remnant.io.nifti_names import label_names
from remnant.io.placement import in_order_of
from remnant.io.reading import AS_FILES_SAY, ReadingChoice
from remnant.io.roles import CODED_BY_SEGMENT, Part
from remnant.io.seg_nrrd import is_slicer_segmentation, read_slicer_segmentation
from remnant.io.segment_folder import FILES, files_of_role, read_segment_files
from remnant.io.segment_names import running_number
from remnant.io.segment_terms import SegmentLabel, meaning_of
from remnant.io.volume_files import volume_digest


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GivenMap:
    """What a file holds for one role.

    Parameters
    ----------
    labels
        Codes as stored, or, where ``named``, 1 to 8 for Couinaud's segments and branches, one code
        per lesion where there are several, 1 for everything else.
    sha256
        Digest of the file, or of the files.
    quality
        What was noticed.
    named
        Whether the file itself says what its segments are, so that no preset is needed.
    names
        What a NIfTI header says of the codes of a map that is not ``named``.
    leaves_out_empty
        Whether files of its kind hold only the box, or the planes, around what is not empty.
    refers_to
        Images that it was drawn on.
    """

    labels: LabelMap
    sha256: str
    quality: tuple[Finding, ...] = field(default=())
    named: bool = False
    names: Mapping[int, SegmentLabel] = field(default_factory=dict)
    leaves_out_empty: bool = False
    refers_to: ImageReference = NO_REFERENCE

    @property
    def file_may_end(self) -> bool:
        """Whether its grid may end before the scan's did, by its kind or by its looks."""
        return self.leaves_out_empty or looks_cropped(self.labels)


@dataclass(frozen=True, slots=True)
class MapFormat:
    """A kind of file, or of folder, whose segments have names.

    Parameters
    ----------
    files
        Returns the files that hold a role at a path, in a path of this kind; else none.
    read
        Reads these files, the first alone where ``each`` is not set, as the user says, and, where
        they have no grid of their own, on the one given.
    each
        Whether every structure has a file of its own.
    """

    files: Callable[[Path, Part], tuple[Path, ...]]
    read: Callable[[tuple[Path, ...], ReadingChoice, Geometry | None], NamedSegments]
    each: bool = False


def _slicer_file(path: Path, _: Part) -> tuple[Path, ...]:
    return (path,) if not path.is_dir() and is_slicer_segmentation(path) else ()


def _dicom_file(path: Path, _: Part) -> tuple[Path, ...]:
    if not path.exists() or (path.is_file() and kind_of(path) in SINGLE_VOLUMES):
        return ()
    from remnant.io.dicom_seg import find_dicom_masks

    found = find_dicom_masks(path)
    return () if found is None else (found,)


def _read_dicom(
    files: tuple[Path, ...], choice: ReadingChoice, reference: Geometry | None
) -> NamedSegments:
    from remnant.io.dicom_seg import is_structure_set, read_dicom_segmentation

    if is_structure_set(files[0]):
        from remnant.io.rtstruct import read_structure_set

        return read_structure_set(files[0], reference=reference)
    return read_dicom_segmentation(files[0], threshold=choice.threshold)


FORMATS: Final = (
    MapFormat(
        files=files_of_role,
        read=lambda files, choice, _: read_segment_files(files, choice),
        each=True,
    ),
    MapFormat(files=_slicer_file, read=lambda files, *_: read_slicer_segmentation(files[0])),
    MapFormat(files=_dicom_file, read=_read_dicom),
)
"""The kinds of named segments, the first that fits first; all other files hold bare codes."""


def read_role(
    path: Path,
    part: Part,
    *,
    choice: ReadingChoice = AS_FILES_SAY,
    reference: Geometry | None = None,
) -> GivenMap:
    """Read the map of one role from any file that holds voxels or contours, or from a folder.

    A file is NIfTI, NRRD, MetaImage, a 3D Slicer segmentation, DICOM SEG or RTSTRUCT.

    A folder holds one DICOM object of masks, or TotalSegmentator's file for each structure. Another
    kind is a reader and one entry of ``FORMATS``. What has no grid of its own (contours) is filled
    on ``reference``, the scan's, where there is one; all else stays on its own.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError, GeometryMismatchError, InputError
        See the readers of each kind.
    UnknownLabelError
        The file names its segments, and none is of this role.
    """
    for form in FORMATS:
        if files := form.files(path, part):
            sha256 = digest_files(files) if form.each else digest_file(files[0])
            return _named(
                form.read(files, choice, reference), part, path if form.each else files[0], sha256
            )
    if path.is_dir() or kind_of(path) is FileKind.DICOM:
        return _from_images(path, part, choice)
    return _from_codes(path, part, choice)


def _from_images(path: Path, part: Part, choice: ReadingChoice) -> GivenMap:
    """Read a mask that is stored as if it were a scan, in DICOM images of a few codes."""
    from remnant.io.dicom_masks import read_dicom_label_stack

    try:
        codes, geometry, sha256 = read_dicom_label_stack(path)
    except UnreadableFileError as fault:
        raise UnreadableFileError(_nothing_in(path, part)) from fault
    values = label_values(codes, name=str(path), threshold=choice.threshold)
    given = GivenValues(LabelMap(values.codes, geometry, INSTANCE_SCHEME), values)
    quality = _value_findings(given, part)
    return GivenMap(labels=given.labels, named=False, sha256=sha256, quality=quality)


def _nothing_in(folder: Path, part: Part) -> str:
    names = ", ".join(f"{name}.nii.gz" for name in FILES.get(part, ()))
    return (
        f"{folder} holds no {part} map: neither a DICOM segmentation, a structure set or images of "
        "a mask"
        + (f" nor {names}" if names else " nor anything else that is read")
        + "; give the file itself"
    )


def _from_codes(path: Path, part: Part, choice: ReadingChoice) -> GivenMap:
    given = read_label_values(path, choice=choice)
    noticed = (*header_findings(part, given.oddities), *_value_findings(given, part))
    labels, sha256 = given.labels, volume_digest(path)
    names = _names_of_codes(path, choice) if kind_of(path) is FileKind.NIFTI else {}
    if part not in CODED_BY_SEGMENT:
        return GivenMap(labels=labels, named=False, sha256=sha256, names=names, quality=noticed)
    present = labels.present() - {0}
    if names and present and present <= names.keys():
        named = _named(_by_header(labels, names, present), part, path, sha256)
        return replace(named, quality=(*noticed, *named.quality))
    if names:
        _require_own_numbers(names, present, part, path)
    quality = _unnamed_codes(len(present - names.keys()), part) if names else ()
    return GivenMap(labels=labels, named=False, sha256=sha256, quality=(*noticed, *quality))


def _value_findings(given: GivenValues, part: Part) -> tuple[Finding, ...]:
    """Say how the numbers of a file became codes, where they were none."""
    values, file = given.values, reason(Cause.OF_FILE, part.value)
    if values.threshold is None:
        if not values.largest_rounding:
            return ()
        rounding = values.largest_rounding
        return (quality_finding(f"{part}_rounded", passed=True, value=rounding, reasons=(file,)),)
    by_user = values.kind is ValueKind.THRESHOLDED
    cause = Cause.THRESHOLD_GIVEN if by_user else Cause.THRESHOLD_HALF
    volumes = (count * given.labels.geometry.voxel_volume_ml for count in values.voxels)
    about = (
        file,
        reason(cause, values.threshold, values.highest),
        reason(Cause.THRESHOLD_EFFECT, *volumes),
    )
    return (
        quality_finding(
            f"{part}_thresholded",
            passed=None if by_user else False,
            value=values.threshold,
            reasons=about,
        ),
    )


def _names_of_codes(path: Path, choice: ReadingChoice) -> Mapping[int, SegmentLabel]:
    return {
        code: SegmentLabel(number=code, names=(name,), stored_value=code)
        for code, name in label_names(path, choice=choice).items()
        if code
    }


def _by_header(
    labels: LabelMap, names: Mapping[int, SegmentLabel], present: Collection[int]
) -> NamedSegments:
    """Return the segments of a map whose header names every code that it holds.

    A map of other structures could pass for a Couinaud map by its codes alone.
    """

    def pieces(wanted: Collection[int]) -> Iterator[Piece]:
        for number in wanted:
            for k in range(labels.geometry.shape[2]):
                yield number, k, labels.codes[:, :, k] == number

    described = tuple(names[code] for code in sorted(present))
    return NamedSegments(geometry=labels.geometry, labels=described, pieces=pieces)


def _require_own_numbers(
    names: Mapping[int, SegmentLabel], present: Collection[int], part: Part, path: Path
) -> None:
    """Raise unless the names of some codes bear out that each code is its segment's number."""
    own = {code for code, label in names.items() if _segment_number(label, part) == code}
    strange = [
        label
        for code, label in names.items()
        if code not in own and (code in present or _segment_number(label, part) is not None)
    ]
    if own and not strange:
        return
    unnamed = sorted(set(present) - names.keys())
    first = (strange or list(names.values()))[0]
    raise UnknownLabelError(
        f"{path} holds code(s) {unnamed[:8]} without a name, while its header names the code "
        f"{first.number} {first.describe()}; name every code, or remove the names and let 1 to 8 "
        f"be Couinaud I to VIII"
    )


def _segment_number(label: SegmentLabel, part: Part) -> int | None:
    """Return the number of the segment that a name means; of a bare number, that."""
    meaning = meaning_of(label, branches=part is Part.BRANCHES)
    if meaning is not None:
        return None if meaning.segment is None else int(meaning.segment)
    return running_number(label.names[0])


def _unnamed_codes(count: int, part: Part) -> tuple[Finding, ...]:
    about = (reason(Cause.OF_FILE, part.value),)
    name = f"{part}_by_number"
    return (quality_finding(name, passed=None, value=float(count), reasons=about),)


def _named(found: NamedSegments, part: Part, path: Path, sha256: str) -> GivenMap:
    cut, quality = map_of_role(found, part, path)
    labels = cut if found.whole_grid is None else in_order_of(found.whole_grid, cut)
    return GivenMap(
        labels=labels,
        named=True,
        sha256=sha256,
        quality=tuple(quality),
        leaves_out_empty=found.leaves_out_empty and labels.geometry is not found.whole_grid,
        refers_to=found.refers_to,
    )
