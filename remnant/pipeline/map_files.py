"""The volumes of a case as they lie in its folder, and what stands beside its label maps.

Other programs show names and colours by that.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from remnant.core.codes import present_codes
from remnant.core.errors import InputError
from remnant.core.map_description import MapDescription
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.documents.map_document import MAP
from remnant.documents.state_document import Fingerprint
from remnant.io.label_tables import write_colour_table, write_itksnap_labels
from remnant.io.nifti import read_image, read_own_labels
from remnant.io.own_segmentation import read_own_segmentation
from remnant.io.placement import placed_on
from remnant.io.reading import AS_WRITTEN
from remnant.io.seg_nrrd import MOST_SEGMENTS
from remnant.io.seg_nrrd_writing import FilledPiece, filled_piece, write_seg_nrrd
from remnant.pipeline.case_files import (
    COLOUR_TABLE,
    COMPANIONS,
    ITKSNAP_LABELS,
    PREVIEW,
    SCHEMES,
    SEGMENTATION,
    SIDECAR,
    beside,
)
from remnant.pipeline.fingerprints import codes_digest, edited_segmentation

Describe = Callable[[Collection[int]], MapDescription]
"""Describes a map that holds the codes given."""


def write_companions(labels: LabelMap, describe: Describe, path: Path) -> None:
    """Write all that stands beside a label map at ``path``.

    One of so many lesions that no segmentation of 3D Slicer holds them has no such file.
    """
    piece = filled_piece(labels)
    description = describe(sorted(present_codes(piece.codes) - {0}))
    too_many = len(description.labels) > MOST_SEGMENTS
    endings = [ending for ending in COMPANIONS if not (too_many and ending == SEGMENTATION)]
    write_described(piece, description, path, endings=endings)


def write_described(
    piece: FilledPiece,
    description: MapDescription,
    path: Path,
    *,
    endings: Sequence[str] = COMPANIONS,
) -> None:
    """Write those companions of a label map at ``path`` that are asked for by their endings.

    Raises
    ------
    InputError
        A segmentation of more than `MOST_SEGMENTS` labels is asked for, or the folder cannot be
        written.
    """
    if SEGMENTATION in endings and len(description.labels) > MOST_SEGMENTS:
        raise InputError(
            f"{path.name} holds {len(description.labels)} labels; a segmentation of 3D Slicer is "
            f"written for at most {MOST_SEGMENTS}: export it for another program"
        )
    writers: dict[str, Callable[[Path], None]] = {
        SEGMENTATION: partial(write_seg_nrrd, piece, description),
        SIDECAR: partial(MAP.write, description),
        ITKSNAP_LABELS: partial(write_itksnap_labels, description),
        COLOUR_TABLE: partial(write_colour_table, description),
    }
    for ending in endings:
        writers[ending](path.with_name(beside(path.name, ending)))


def read_case_map(path: Path, known: Fingerprint | None) -> LabelMap:
    """Read a map of a case as it is now, from whichever of its two files was edited.

    Parameters
    ----------
    path
        The map, in NIfTI; beside it lies the same map for 3D Slicer.
    known
        Digests of the map as it was written; ``None`` where they are not known.

    Raises
    ------
    InputError
        Both were changed, each in its own way.
    GeometryMismatchError
        The segmentation lies on other voxels than the map.
    """
    labels = read_own_labels(path, SCHEMES[path.name])
    segmentation = edited_segmentation(path)
    if segmentation is None:
        return labels
    found = read_own_segmentation(segmentation, labels.scheme)
    edited = placed_on(labels.geometry, found, what=segmentation.name, on=path.name)
    now, there = codes_digest(labels), codes_digest(edited)
    if now == there or (known is not None and there == known.codes):
        return labels
    if known is not None and now != known.codes:
        raise InputError(
            f"{path} and {segmentation.name} were both changed, each in its own way; remove the "
            f"one that is not to be used"
        )
    return edited


def read_preview(folder: Path) -> ImageVolume | None:
    """Read the small image that a case keeps of its scan; ``None`` where it has none.

    Raises
    ------
    UnreadableFileError
        It is damaged.
    """
    file = folder / PREVIEW
    # windowed grey values are no Hounsfield units, whatever scan they were made from
    as_grey = replace(AS_WRITTEN, modality=Modality.MR)
    return read_image(file, choice=as_grey) if file.is_file() else None
