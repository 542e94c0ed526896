"""NIfTI images and label maps; label maps as NRRD too."""

import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import LabelScheme
from remnant.core.volumes import LARGEST_CODE, ImageVolume, LabelMap, Phase
from remnant.io.atomic import atomic_path
from remnant.io.intensities import decide_modality
from remnant.io.nifti_file import FORM_TOLERANCE_MM, forms_shift, is_nifti_name, open_nifti
from remnant.io.nrrd import is_nrrd_name, read_nrrd
from remnant.io.reading import AS_FILES_SAY, ReadingChoice

GZIP_LEVEL = 1
SCANNER_CODE = 1
LARGEST_BYTE = np.iinfo(np.uint8).max


def read_image(path: Path, *, choice: ReadingChoice = AS_FILES_SAY) -> ImageVolume:
    """Read a NIfTI image.

    Parameters
    ----------
    path
        ``.nii`` or ``.nii.gz`` with one three-dimensional volume (trailing axes of size 1 pass).
    choice
        What the user says of it; the values must prove that it is a CT where no modality is given.

    Returns
    -------
    ImageVolume
        Values as int16 where all are whole and fit, else int32 or float32; the file's own axes,
        oblique, mirrored or sheared as they are.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError, GeometryMismatchError
        See `remnant.io.nifti_file.open_nifti`.
    InputError
        A value is not finite, or the modality is unknown or contradicted by the values.
    """
    opened = open_nifti(path)
    voxels = opened.values()
    decided = decide_modality(voxels, stated=choice.modality, name=str(path))
    phase = choice.phase or Phase.UNKNOWN
    return ImageVolume(voxels, opened.geometry, decided, phase=phase)


def read_labels(
    path: Path, scheme: LabelScheme, *, choice: ReadingChoice = AS_FILES_SAY
) -> LabelMap:
    """Read a label map from NIfTI or NRRD.

    Parameters
    ----------
    path
        ``.nii``, ``.nii.gz``, ``.nrrd`` or a ``.seg.nrrd`` of one layer. Codes stored as floats
        pass when they are whole numbers.
    scheme
        What the codes mean.
    choice
        What the user says of the file.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError, GeometryMismatchError
        As for images.
    InputError
        A value is not a whole number from 0 to 65535.
    UnknownLabelError
        A code is not in the scheme.
    """
    values, geometry = _values_and_grid(path)
    return LabelMap(_codes(values, path), geometry, scheme)


def _values_and_grid(path: Path) -> tuple[NDArray[Any], Geometry]:
    if is_nrrd_name(path):
        return read_nrrd(path)
    opened = open_nifti(path)
    return opened.values(), opened.geometry


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
    return values.astype(np.uint8) if high <= LARGEST_BYTE else values.astype(np.uint16)


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
            with gzip.GzipFile("", "wb", GZIP_LEVEL, stream, mtime=0) as packed:
                file.to_stream(packed)
        else:
            file.to_stream(stream)


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
