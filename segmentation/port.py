"""The one thing that every segmentation engine must do."""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from remnant.core.findings import Finding
from remnant.core.progress import Progress, silent
from remnant.core.provenance import ModelUse
from remnant.core.volumes import ImageVolume, LabelMap


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmentation:
    """What an engine found in one image, on that image's grid.

    Parameters
    ----------
    structures
        Codes of ``STRUCTURE_SCHEME``; the liver is every non-zero code.
    lesions
        One code per lesion (``INSTANCE_SCHEME``), all inside the liver of ``structures``.
    exophytic
        Voxels that are liver only because they are lesion (``BINARY_SCHEME``): they leave the liver
        when the lesion is rejected. ``None`` when there are none.
    quality
        What speaks for or against the result.
    models
        Networks that took part; empty for an engine without networks.
    device
        ``cpu``, ``cuda`` or ``mps``; ``None`` when no network ran.

    Raises
    ------
    GeometryMismatchError
        The maps lie on different grids.
    """

    structures: LabelMap
    lesions: LabelMap
    exophytic: LabelMap | None = field(default=None)
    quality: tuple[Finding, ...] = field(default=())
    models: tuple[ModelUse, ...] = field(default=())
    device: str | None = field(default=None)

    def __post_init__(self) -> None:
        self.structures.geometry.require_same_grid(
            self.lesions.geometry, what="the lesion map", reference="the structures map"
        )
        if self.exophytic is not None:
            self.structures.geometry.require_same_grid(
                self.exophytic.geometry, what="the exophytic map", reference="the structures map"
            )


class Segmenter(Protocol):
    """Finds liver and lesions in an image."""

    def segment(self, image: ImageVolume, *, progress: Progress = silent) -> Segmentation:
        """Segment ``image``; the result lies on the image's own grid.

        Raises
        ------
        SegmentationFailedError
            Nothing was found that could be a liver.
        ModelUnavailableError
            The engine's weights are not installed.
        """


@runtime_checkable
class LesionSegmenter(Protocol):
    """Finds lesions in a liver that is already known; not every engine can."""

    def segment_lesions(
        self, image: ImageVolume, liver: LabelMap, *, progress: Progress = silent
    ) -> Segmentation:
        """Segment the lesions of ``image`` inside ``liver``, which lies on the same grid.

        Raises
        ------
        GeometryMismatchError
            The liver lies on another grid.
        EmptyStructureError
            The liver has no voxel.
        ModelUnavailableError
            The engine's weights are not installed.
        """
