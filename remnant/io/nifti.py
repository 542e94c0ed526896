"""Images and label maps from files; both written as NIfTI."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from isal import igzip
from numpy.typing import NDArray

from remnant.core.errors import InputError
from remnant.core.findings import Finding
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME, LabelScheme
from remnant.core.reasons import Reason
from remnant.core.volumes import LARGEST_CODE, ImageVolume, LabelMap, Phase
from remnant.io.atomic import atomic_path
from remnant.io.grid_doubts import IMAGE_ROLE, header_findings
from remnant.io.label_values import LabelValues, label_values
from remnant.io.nifti_file import is_nifti_name
from remnant.io.nifti_geometry import FORM_TOLERANCE_MM, forms_shift
from remnant.io.reading import AS_FILES_SAY, AS_WRITTEN, ReadingChoice
from remnant.io.scan_values import settle_intensities
from remnant.io.volume_files import read_volume

GZIP_LEVEL = 1
NIFTI_OFFSET = 352
"""Where the voxels begin: after the header and four bytes that say that no extension follows."""
SCANNER_CODE = 1
LARGEST_BYTE = np.iinfo(np.uint8).max


@dataclass(frozen=True, slots=True, eq=False)
class GivenValues:
    """Codes of a map on its grid, and how they were made of the numbers in its file.

    ``oddities`` are what was odd about the file's header.
    """

    labels: LabelMap
    values: LabelValues
    oddities: tuple[Reason, ...] = ()


def read_image(path: Path, *, choice: ReadingChoice = AS_FILES_SAY) -> ImageVolume:
    """Read an image, see `read_image_with_notes`."""
    return read_image_with_notes(path, choice=choice)[0]


def read_image_with_notes(
    path: Path, *, choice: ReadingChoice = AS_FILES_SAY
) -> tuple[ImageVolume, tuple[Finding, ...]]:
    """Read an image from NIfTI, NRRD or MetaImage.

    Parameters
    ----------
    path
        A file with one three-dimensional volume (trailing axes of size 1 pass in NIfTI).
    choice
        What the user says of it; the values must prove that it is a CT where no modality is given.

    Returns
    -------
    image
        Values as int16 where all are whole and fit, else int32 or float32; the file's own axes,
        oblique, mirrored or sheared as they are.
    findings
        What was odd about its header, and what was noticed about its values.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError, GeometryMismatchError
        See `remnant.io.volume_files.read_volume`.
    InputError
        A value is not finite, or the modality is unknown or contradicted by the values.
    """
    read = read_volume(path, choice=choice)
    settled = settle_intensities(
        read.values,
        stated=choice.modality,
        name=str(path),
        offset_hu=choice.intensity_offset_hu,
    )
    phase = choice.phase or Phase.UNKNOWN
    image = ImageVolume(settled.voxels, read.geometry, settled.modality, phase=phase)
    return image, (*header_findings(IMAGE_ROLE, read.oddities), *settled.findings)


def read_labels(
    path: Path, scheme: LabelScheme, *, choice: ReadingChoice = AS_FILES_SAY
) -> LabelMap:
    """Read a label map, see `read_labels_with_notes`."""
    return read_labels_with_notes(path, scheme, choice=choice)[0]


def read_own_labels(path: Path, scheme: LabelScheme) -> LabelMap:
    """Read a label map of a case folder, whose grid stands in the sform, whatever it is."""
    return read_labels(path, scheme, choice=AS_WRITTEN)


def read_labels_with_notes(
    path: Path, scheme: LabelScheme, *, choice: ReadingChoice = AS_FILES_SAY
) -> tuple[LabelMap, tuple[Reason, ...]]:
    """Read a label map from NIfTI, NRRD (a ``.seg.nrrd`` of one layer too) or MetaImage.

    Parameters
    ----------
    path
        The file. Codes stored as floats pass when they are whole numbers.
    scheme
        What the codes mean.
    choice
        What the user says of the file.

    Returns
    -------
    labels
        The codes.
    oddities
        What was odd about its header.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError, GeometryMismatchError
        As for images.
    InputError
        A value is not a whole number from 0 to 65535.
    UnknownLabelError
        A code is not in the scheme.
    """
    read = read_volume(path, choice=choice, as_codes=True)
    return LabelMap(_codes(read.values, path), read.geometry, scheme), read.oddities


def _codes(values: NDArray[Any], path: Path) -> NDArray[np.uint8] | NDArray[np.uint16]:
    low, high = float(values.min()), float(values.max())
    if values.dtype.kind not in "iu":
        raise InputError(
            f"{path} is no label map: its values run from {low:g} to {high:g} and are not whole "
            f"numbers; threshold a probability map first"
        )
    if low < 0 or high > LARGEST_CODE:
        raise InputError(
            f"{path} is no label map: its values run from {low:g} to {high:g}; allowed are 0 to "
            f"{LARGEST_CODE}"
        )
    if high <= LARGEST_BYTE:
        return values.astype(np.uint8, copy=False)
    return values.astype(np.uint16, copy=False)


def read_label_values(path: Path, *, choice: ReadingChoice = AS_FILES_SAY) -> GivenValues:
    """Read a label map that another program wrote, whatever its numbers are.

    Unlike `read_labels` it takes masks that were resampled or compressed like pictures, and
    probabilities with a threshold, see `remnant.io.label_values.label_values`.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError, GeometryMismatchError
        As for images.
    InputError
        The numbers are no codes, and there is no telling which of them mean inside.
    """
    read = read_volume(path, choice=choice, as_codes=True)
    found = label_values(read.values, name=str(path), threshold=choice.threshold)
    labels = LabelMap(found.codes, read.geometry, INSTANCE_SCHEME)
    return GivenValues(labels, found, read.oddities)


def write_labels(labels: LabelMap, path: Path) -> None:
    """Write a label map as ``.nii`` or ``.nii.gz``, whole or not at all.

    uint8 or uint16 as in memory; the sform holds the grid, and the qform too where it can (it
    cannot hold a shear, and its code is then 0). The same map gives the same bytes.

    Raises
    ------
    InputError
        The name is not that of a NIfTI file, or the folder cannot be written.
    """
    _write(labels.codes, labels.geometry, path)


def write_image(image: ImageVolume, path: Path) -> None:
    """Write an image as ``.nii`` or ``.nii.gz``, whole or not at all, unscaled.

    Raises
    ------
    InputError
        The name is not that of a NIfTI file, or the folder cannot be written.
    """
    voxels = image.voxels
    _write(
        voxels.astype(np.float32) if voxels.dtype == np.float16 else voxels, image.geometry, path
    )


def _write(array: NDArray[Any], geometry: Geometry, path: Path) -> None:
    if not is_nifti_name(path):
        raise InputError(f"{path} cannot be written: its name must end in .nii or .nii.gz")
    file = _as_nifti(array, geometry)
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        if path.name.lower().endswith(".gz"):
            # no name and no time inside, so that equal content gives equal bytes
            with igzip.IGzipFile("", "wb", GZIP_LEVEL, stream, mtime=0) as packed:
                file.to_stream(packed)
        else:
            file.to_stream(stream)


def nifti_head(array: NDArray[Any], geometry: Geometry) -> bytes:
    """Return what stands before the voxels in a NIfTI file, as `write_image` writes it."""
    stub = np.broadcast_to(np.zeros((), array.dtype.newbyteorder("<")), array.shape)
    header = _as_nifti(stub, geometry).header
    header["vox_offset"] = NIFTI_OFFSET
    return bytes(header.binaryblock) + bytes(NIFTI_OFFSET - len(header.binaryblock))


def _as_nifti(array: NDArray[Any], geometry: Geometry) -> Any:  # noqa: ANN401  (nibabel has no types)
    file = nibabel.Nifti1Image(array, geometry.affine_ras, dtype=array.dtype)
    header = file.header
    header.set_xyzt_units("mm")
    header.set_slope_inter(1.0, 0.0)
    file.set_sform(geometry.affine_ras, code=SCANNER_CODE)
    file.set_qform(geometry.affine_ras, code=SCANNER_CODE, strip_shears=True)
    qform, sform = header.get_qform(), header.get_sform()
    if forms_shift(qform, sform, geometry.shape) > FORM_TOLERANCE_MM / 2:
        file.set_qform(None, code=0, update_affine=False)
    return file
