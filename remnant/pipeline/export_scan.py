"""The scan that a case was made from, given again: a case itself keeps only a small preview."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.progress import Progress, silent
from remnant.core.settings import SegmentationSettings
from remnant.core.study import Study
from remnant.core.volumes import ImageVolume, Modality, Phase
from remnant.io.reading import GeometrySource, ReadingChoice
from remnant.io.source import load_study
from remnant.pipeline.segmented import SegmentedCase


def scan_of(
    case: SegmentedCase,
    folder: Path,
    image: Path,
    *,
    modality: Modality | None,
    series: str | None = None,
    progress: Progress,
) -> ImageVolume:
    """Read the scan of a case and make sure that it is the one.

    Parameters
    ----------
    case, folder
        The case and where it lies.
    image
        The scan.
    modality
        How it was made, where neither it nor the case says so.
    series
        Which of a DICOM study's series it is, by number or UID; ``None`` for that of the phase
        which the case's liver was outlined on, or the one there is.
    progress
        Told how far reading is.

    Raises
    ------
    InputError
        Its digest is not that of the case's scan.
    GeometryMismatchError
        It lies on another grid than the case's maps.
    UnreadableFileError, UnsupportedSeriesError
        It cannot be read.
    """
    grid = case.maps.structures.geometry
    return scan_on(case, grid, folder, image, modality=modality, series=series, progress=progress)


class Scanned(Protocol):
    """What is known of the scan of a case: of its state, or of the case with its maps."""

    @property
    def settings(self) -> SegmentationSettings:
        """How it was read."""
        ...

    @property
    def study(self) -> Study:
        """Which study it is of."""
        ...

    @property
    def inputs_sha256(self) -> Mapping[str, str]:
        """Its digest, by its role."""
        ...


def scan_on(
    case: Scanned,
    grid: Geometry,
    folder: Path,
    image: Path,
    *,
    modality: Modality | None = None,
    series: str | None = None,
    progress: Progress = silent,
) -> ImageVolume:
    """Read the scan of a case whose maps lie on a grid, see `scan_of`."""
    if not image.exists():
        raise InputError(f"{image} does not exist; give the scan of {folder} with --image")
    known = case.settings
    choice = ReadingChoice(
        **_which(series, known.liver_from),
        modality=modality or case.study.modality,
        geometry_from=None if known.geometry_from is None else GeometrySource(known.geometry_from),
        intensity_offset_hu=known.intensity_offset_hu,
    )
    loaded = load_study(image, choice=choice, progress=progress)
    wanted = case.inputs_sha256.get("image")
    if wanted is not None and loaded.input_sha256 != wanted:
        raise InputError(
            f"{image} is not the scan that {folder} was made from (sha256 "
            f"{loaded.input_sha256[:12]}, not {wanted[:12]}); give that scan; of a DICOM study the "
            f"folder of its series"
        )
    grid.require_same_grid(
        loaded.image.geometry, what=str(image), reference=f"the maps of {folder}"
    )
    return loaded.image


def _which(series: str | None, liver_from: str | None) -> dict[str, Any]:
    """Say which of a study's series is meant: the one named, else the one of the case's liver."""
    if series is not None or liver_from is None:
        return {"series": series}
    return {"series": liver_from} if liver_from.isdecimal() else {"phase": Phase(liver_from)}
