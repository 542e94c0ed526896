"""One map of one role, from whatever kind of file holds it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from remnant.core.codes import present_codes
from remnant.core.errors import UnreadableFileError
from remnant.core.findings import Finding
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.volumes import LabelMap
from remnant.io.atomic import digest_file, digest_files
from remnant.io.named_segments import NamedSegments, Piece, map_of_role
from remnant.io.nifti import read_labels
from remnant.io.nifti_file import is_nifti_name
from remnant.io.nifti_names import label_names
from remnant.io.nrrd import is_nrrd_name
from remnant.io.roles import CODED_BY_SEGMENT, Part
from remnant.io.seg_nrrd import is_slicer_segmentation, read_slicer_segmentation
from remnant.io.segment_folder import FILES, files_of_role, read_segment_files
from remnant.io.segment_terms import SegmentLabel, meaning_of


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RoleMap:
    """What a file holds for one role.

    Parameters
    ----------
    labels
        Codes as stored, or, where ``named``, 1 to 8 for Couinaud's segments and branches, one code
        per lesion where there are several, 1 for everything else.
    named
        Whether the file itself says what its segments are, so that no preset is needed.
    sha256
        Digest of the file, or of the files.
    quality
        What was noticed.
    """

    labels: LabelMap
    named: bool
    sha256: str
    quality: tuple[Finding, ...] = field(default=())


def read_role(path: Path, part: Part) -> RoleMap:
    """Read the map of one role from NIfTI, NRRD, a 3D Slicer segmentation, DICOM SEG, or a folder.

    A folder holds one DICOM segmentation, or TotalSegmentator's file for each structure.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError, GeometryMismatchError, InputError
        See the readers of each kind.
    UnknownLabelError
        The file names its segments, and none is of this role.
    """
    if path.is_dir():
        return _from_folder(path, part)
    if is_slicer_segmentation(path):
        return _named(read_slicer_segmentation(path), part, path, digest_file(path))
    if not is_nifti_name(path) and not is_nrrd_name(path) and _is_dicom(path):
        return _from_dicom(path, part)
    return _from_codes(path, part)


def _from_codes(path: Path, part: Part) -> RoleMap:
    labels = read_labels(path, INSTANCE_SCHEME)
    named = _by_header(labels, path) if part in CODED_BY_SEGMENT and is_nifti_name(path) else None
    if named is not None:
        return _named(named, part, path, digest_file(path))
    return RoleMap(labels=labels, named=False, sha256=digest_file(path))


def _by_header(labels: LabelMap, path: Path) -> NamedSegments | None:
    """Return the segments that a NIfTI header names, where it names anything of the liver.

    A map of other structures could pass for a Couinaud map by its codes alone.
    """
    names = label_names(path)
    present = sorted(present_codes(labels.codes) - {0})
    told = tuple(SegmentLabel(number=n, names=(names[n],)) for n in present if n in names)
    if len(told) < len(present) or not any(meaning_of(label) for label in told):
        return None

    def pieces(wanted: Collection[int]) -> Iterator[Piece]:
        for number in wanted:
            for k in range(labels.geometry.shape[2]):
                yield number, k, labels.codes[:, :, k] == number

    return NamedSegments(geometry=labels.geometry, labels=told, pieces=pieces)


def _from_folder(path: Path, part: Part) -> RoleMap:
    from remnant.io.dicom_seg import find_dicom_segmentation

    files = files_of_role(path, part)
    if files:
        return _named(read_segment_files(files), part, path, digest_files(tuple(files.values())))
    found = find_dicom_segmentation(path)
    if found is not None:
        return _from_dicom(found, part)
    names = ", ".join(f"{name}.nii.gz" for name in FILES.get(part, ()))
    raise UnreadableFileError(
        f"{path} holds no {part} map: neither a DICOM segmentation"
        + (f" nor {names}" if names else " nor anything else that is read")
        + "; give the file itself"
    )


def _from_dicom(path: Path, part: Part) -> RoleMap:
    from remnant.io.dicom_seg import read_dicom_segmentation

    return _named(read_dicom_segmentation(path), part, path, digest_file(path))


def _is_dicom(path: Path) -> bool:
    from remnant.io.dicom_folder import is_dicom_file

    return path.is_file() and is_dicom_file(path)


def _named(found: NamedSegments, part: Part, path: Path, sha256: str) -> RoleMap:
    labels, quality = map_of_role(found, part, path)
    return RoleMap(labels=labels, named=True, sha256=sha256, quality=tuple(quality))
