"""Parts of a case folder that more than one reader of it wants."""

from dataclasses import replace
from pathlib import Path

from remnant.core.errors import UnreadableFileError
from remnant.core.volumes import ImageVolume, Modality
from remnant.io.nifti import read_image
from remnant.io.reading import AS_WRITTEN
from remnant.pipeline.case_files import PREVIEW, STATE, STRUCTURES


def no_segmented_case(folder: Path) -> UnreadableFileError:
    """Return the error of a folder without maps."""
    return UnreadableFileError(
        f"{folder} holds no segmented case ({STRUCTURES} and {STATE}); run `remnant segment` or "
        f"`remnant measure --masks` first"
    )


def read_preview(folder: Path) -> ImageVolume | None:
    """Read the small image that a case's pictures lie on; ``None`` where it has none."""
    file = folder / PREVIEW
    if not file.is_file():
        return None
    # windowed grey values are no Hounsfield units, whatever scan they were made from
    return read_image(file, choice=replace(AS_WRITTEN, modality=Modality.MR))
