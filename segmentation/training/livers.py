"""Annotated livers for training: one label map a patient, split by patient."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.errors import InputError
from remnant.core.labels import COUINAUD_SCHEME
from remnant.core.progress import Progress, silent
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_labels
from segmentation.couinaud.liver_shape import LiverShape, liver_shape

MAPS = "*.nii.gz"
NUMBER = re.compile(r"(\d+)\.nii\.gz$")
FEWEST_LIVERS = 8

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedLiver:
    """One patient's liver with its Couinaud segments.

    Parameters
    ----------
    patient
        Number in the file's name.
    annotated
        The map as read.
    shape
        The liver's shape.
    codes
        Segments 1 to 8 on the shape's grid; outside the liver those of the nearest liver voxel, so
        that a deformed border has an answer on both sides.
    """

    patient: int
    annotated: LabelMap
    shape: LiverShape
    codes: Codes


@dataclass(frozen=True, slots=True)
class Split:
    """Patients by what they are used for; no patient is in two."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


def split_patients(patients: Sequence[int], *, seed: int, validation: int, test: int) -> Split:
    """Split patients at random, the same way for the same seed whatever their order.

    Raises
    ------
    InputError
        Too few patients are left for training.
    """
    order = np.random.default_rng(seed).permutation(sorted(patients)).tolist()
    held = order[: test + validation]
    train = order[test + validation :]
    if len(train) < FEWEST_LIVERS:
        raise InputError(
            f"{len(patients)} livers leave {len(train)} for training after {test} for the test and "
            f"{validation} for validation; at least {FEWEST_LIVERS} are needed"
        )
    return Split(
        train=tuple(sorted(train)),
        validation=tuple(sorted(held[test:])),
        test=tuple(sorted(held[:test])),
    )


def find_livers(folder: Path, *, excluded: Sequence[int] = ()) -> dict[int, Path]:
    """Return the label maps of a folder by patient number, without the excluded ones.

    Raises
    ------
    InputError
        The folder is missing, holds no such maps, or two of one patient.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give one of Couinaud maps named …NNN.nii.gz")
    found: dict[int, Path] = {}
    for path in sorted(folder.glob(MAPS)):
        number = NUMBER.search(path.name)
        if number is None:
            continue
        if int(number[1]) in found:
            raise InputError(f"{folder} holds two maps of patient {int(number[1])}")
        found[int(number[1])] = path
    if not found:
        raise InputError(f"{folder} holds no Couinaud maps named …NNN.nii.gz")
    return {number: path for number, path in found.items() if number not in excluded}


def read_livers(paths: dict[int, Path], *, progress: Progress = silent) -> list[AnnotatedLiver]:
    """Read label maps; each must hold codes 1 to 8."""
    livers = []
    for done, (patient, path) in enumerate(sorted(paths.items())):
        progress("reading livers", done, len(paths))
        livers.append(annotated_liver(patient, read_labels(path, COUINAUD_SCHEME)))
    progress("reading livers", len(paths), len(paths))
    return livers


def annotated_liver(patient: int, annotated: LabelMap) -> AnnotatedLiver:
    """Make one liver ready for training."""
    shape = liver_shape(annotated)
    known = _on_shape_grid(annotated, shape)
    nearest = ndimage.distance_transform_edt(
        known == 0, return_distances=False, return_indices=True
    )
    return AnnotatedLiver(patient, annotated, shape, known[tuple(nearest)])


def _on_shape_grid(annotated: LabelMap, shape: LiverShape) -> Codes:
    matrix = np.linalg.inv(annotated.geometry.affine_ras) @ shape.grid.affine_ras
    codes: Codes = ndimage.affine_transform(
        annotated.codes, matrix[:3, :3], matrix[:3, 3], shape.grid.shape, order=0, cval=0
    )
    return codes
