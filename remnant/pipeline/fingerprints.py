"""Digests of a stored case's maps, which tell whether another program changed one of them."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from remnant.core.volumes import LabelMap
from remnant.documents.state_document import Fingerprint
from remnant.io.atomic import digest_file
from remnant.io.own_segmentation import is_as_written
from remnant.pipeline.case_files import SEGMENTATION, beside


def fingerprint(labels: LabelMap, path: Path) -> Fingerprint:
    """Return the digests of a map and of the file that holds it."""
    return Fingerprint(file=digest_file(path), codes=codes_digest(labels))


def codes_digest(labels: LabelMap) -> str:
    """Return the digest of a map's codes and of where in its array they are.

    Neither the type of its numbers nor their order in memory counts.
    """
    found = hashlib.sha256(repr(labels.geometry.shape).encode("ascii"))
    if (box := labels.box()) is not None:
        found.update(repr([(side.start, side.stop) for side in box]).encode("ascii"))
        found.update(np.ascontiguousarray(labels.codes[box], dtype="<u2").tobytes())
    return found.hexdigest()


def edited_segmentation(path: Path) -> Path | None:
    """Return the segmentation beside a label map if another program saved it since, else none."""
    segmentation = path.with_name(beside(path.name, SEGMENTATION))
    edited = segmentation.exists() and not is_as_written(segmentation)
    return segmentation if edited else None


def is_edited(known: Fingerprint, path: Path, labels: Callable[[], LabelMap]) -> bool:
    """Tell whether a map's codes are others than those that are known.

    ``labels`` gives the map; it is asked only where the file, or the same map for 3D Slicer beside
    it, is another one.

    Raises
    ------
    UnreadableFileError
        The file is missing or empty.
    """
    changed = digest_file(path) != known.file or edited_segmentation(path) is not None
    return changed and codes_digest(labels()) != known.codes
