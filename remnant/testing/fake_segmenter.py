"""Segmenters without networks, for tests of everything around a segmenter."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from remnant.core.errors import SegmentationFailedError
from remnant.core.findings import quality_finding
from remnant.core.labels import INSTANCE_SCHEME, STRUCTURE_SCHEME, Structure
from remnant.core.progress import Progress, silent
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.testing.body import LESION_HU, LIVER_HU
from remnant.testing.phantoms import STRUCTURE_HU, LiverPhantom
from segmentation.port import Segmentation, Segmenter, StepwiseSegmenter
from segmentation.postprocess import label_lesions

KNOWN_LIVER, KNOWN_LESIONS = "known liver", "known lesions"


@dataclass(frozen=True, slots=True, eq=False)
class FakeSegmenter:
    """Segmenter that knows the answer: returns given maps for an image on their grid.

    Parameters
    ----------
    structures, lesions
        What it returns.
    """

    structures: LabelMap
    lesions: LabelMap

    @classmethod
    def knowing(cls, phantom: LiverPhantom) -> Self:
        """Return a segmenter that knows a phantom's own maps."""
        return cls(phantom.structures, phantom.lesions)

    def segment(self, image: ImageVolume, *, progress: Progress = silent) -> Segmentation:
        """Return the known maps.

        Raises
        ------
        GeometryMismatchError
            The image lies on another grid than the maps.
        """
        grid = self.structures.geometry
        grid.require_same_grid(image.geometry, what="the image", reference="the known answer")
        progress("known answer", 1, 1)
        finding = quality_finding("fake_segmenter", passed=True)
        return Segmentation(structures=self.structures, lesions=self.lesions, quality=(finding,))


@dataclass(frozen=True, slots=True, eq=False)
class SteppedSegmenter(FakeSegmenter):
    """Segmenter that knows the answer, and finds the liver before the lesions as networks do."""

    def segment_liver(self, image: ImageVolume, *, progress: Progress = silent) -> Segmentation:
        """Return the known liver without its lesions; see `segmentation.port.StepwiseSegmenter`."""
        progress(KNOWN_LIVER, 0, 1)
        codes = self.structures.codes.copy()
        codes[codes == Structure.LESION] = Structure.PARENCHYMA
        none = np.zeros(codes.shape, dtype=np.uint8)
        progress(KNOWN_LIVER, 1, 1)
        return Segmentation(
            structures=LabelMap(codes, image.geometry, STRUCTURE_SCHEME),
            lesions=LabelMap(none, image.geometry, INSTANCE_SCHEME),
            quality=(quality_finding("fake_segmenter", passed=True),),
        )

    def segment_lesions(
        self, image: ImageVolume, liver: LabelMap, *, progress: Progress = silent
    ) -> Segmentation:
        """Return the known maps; see `segmentation.port.LesionSegmenter`."""
        del liver
        image.geometry.require_same_grid(
            self.structures.geometry, what="the image", reference="the known answer"
        )
        progress(KNOWN_LESIONS, 0, 1)
        progress(KNOWN_LESIONS, 1, 1)
        return Segmentation(structures=self.structures, lesions=self.lesions)


@dataclass(frozen=True, slots=True)
class ThresholdSegmenter:
    """Segmenter that reads a phantom without noise by its CT numbers.

    Every structure of the phantom's liver has a CT number that nothing outside it has.

    Parameters
    ----------
    tolerance_hu
        Half the width of the window around each structure's CT number.
    """

    tolerance_hu: float = field(default=1.0)

    def segment(self, image: ImageVolume, *, progress: Progress = silent) -> Segmentation:
        """Segment a noise-free phantom.

        Raises
        ------
        SegmentationFailedError
            No voxel has the liver's CT number.
        """
        codes = np.zeros(image.geometry.shape, dtype=np.uint8)
        for step, (structure, value_hu) in enumerate(STRUCTURE_HU.items(), start=1):
            codes[np.abs(image.voxels - value_hu) <= self.tolerance_hu] = structure
            progress("thresholds", step, len(STRUCTURE_HU))
        if not codes.any():
            raise SegmentationFailedError(
                f"no voxel lies within {self.tolerance_hu:g} HU of {LIVER_HU:g} HU (liver) or "
                f"{LESION_HU:g} HU (lesion); give a phantom without noise"
            )
        lesions = label_lesions(codes == Structure.LESION)
        codes[(codes == Structure.LESION) & (lesions.codes == 0)] = Structure.PARENCHYMA
        return Segmentation(
            structures=LabelMap(codes, image.geometry, STRUCTURE_SCHEME),
            lesions=LabelMap(lesions.codes, image.geometry, INSTANCE_SCHEME),
        )


if TYPE_CHECKING:
    SEGMENTERS: tuple[type[Segmenter], ...] = (FakeSegmenter, ThresholdSegmenter)
    STEPWISE: tuple[type[StepwiseSegmenter], ...] = (SteppedSegmenter,)
