"""The liver that a network found, kept while another one looks for its lesions."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from remnant.core.errors import InputError
from remnant.core.labels import INSTANCE_SCHEME, STRUCTURE_SCHEME
from remnant.core.progress import Progress, silent
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.documents.state_document import LIVER, LiverState
from remnant.io.atomic import digest_file
from remnant.io.nifti import read_own_labels, write_labels
from remnant.pipeline.made_from import engine_name
from segmentation.algorithm import ALGORITHM_VERSION
from segmentation.port import Segmentation, StepwiseSegmenter, with_liver


@dataclass(frozen=True, slots=True, kw_only=True)
class LiverKeeper:
    """Segmenter that keeps each liver in a folder, and takes up one that was kept there before.

    Parameters
    ----------
    segmenter
        Finds liver and lesions.
    folder
        Where livers are kept; made when there is one.
    notes
        What was taken up, for the person who asked.
    """

    segmenter: StepwiseSegmenter
    folder: Path
    notes: list[str] = field(default_factory=list)

    def segment(self, image: ImageVolume, *, progress: Progress = silent) -> Segmentation:
        """Segment an image; see `segmentation.port.Segmenter`."""
        path = self.folder / f"{self._key(image)}.nii.gz"
        liver = _kept(path, image)
        if liver is None:
            liver = self.segmenter.segment_liver(image, progress=progress)
            _keep(liver, path)
        else:
            self.notes.append("the liver of an earlier run taken up")
        lesions = self.segmenter.segment_lesions(image, liver.structures, progress=progress)
        return with_liver(lesions, liver)

    def segment_lesions(
        self, image: ImageVolume, liver: LabelMap, *, progress: Progress = silent
    ) -> Segmentation:
        """Segment lesions in a known liver; see `segmentation.port.LesionSegmenter`."""
        return self.segmenter.segment_lesions(image, liver, progress=progress)

    def _key(self, image: ImageVolume) -> str:
        """Return the digest of all that decides the liver."""
        facts = (image.modality, image.geometry.shape, image.voxels.dtype.str, ALGORITHM_VERSION)
        key = hashlib.sha256(repr((*facts, engine_name(self.segmenter))).encode("utf-8"))
        key.update(np.ascontiguousarray(image.geometry.affine_ras).tobytes())
        # in the order in which they lie in memory: nothing is copied
        key.update(np.ravel(image.voxels, order="K").data)
        return key.hexdigest()


def _keep(liver: Segmentation, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise InputError(f"{path.parent} cannot be written: {fault.strerror or fault}") from fault
    write_labels(liver.structures, path)
    known = LiverState(
        map_sha256=digest_file(path),
        quality=liver.quality,
        models=liver.models,
        device=liver.device,
    )
    LIVER.write(known, _facts(path))


def _kept(path: Path, image: ImageVolume) -> Segmentation | None:
    """Return a liver that was kept whole; what was not is found anew."""
    if not (path.is_file() and _facts(path).is_file()):
        return None
    with suppress(InputError):
        known = LIVER.read(_facts(path))
        if known.map_sha256 == digest_file(path):
            codes = read_own_labels(path, STRUCTURE_SCHEME).codes
            none = np.zeros(codes.shape, dtype=np.uint8)
            return Segmentation(
                structures=LabelMap(codes, image.geometry, STRUCTURE_SCHEME),
                lesions=LabelMap(none, image.geometry, INSTANCE_SCHEME),
                quality=known.quality,
                models=known.models,
                device=known.device,
            )
    return None


def _facts(path: Path) -> Path:
    return path.with_name(path.name.replace(".nii.gz", ".json"))
