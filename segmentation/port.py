"""The one thing that every segmentation engine must do."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from remnant.core.findings import Finding
from remnant.core.progress import Progress, silent
from remnant.core.provenance import ModelUse
from remnant.core.reasons import Reason
from remnant.core.uncertainty import SegmentPlane
from remnant.core.vessels import VesselName
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.core.volumetry_report import SegmentSource

if TYPE_CHECKING:
    from segmentation.boxes.promptable import SlicePrompter

PLANES_MOVED: Final = "segment_planes_moved"
Stems = Mapping[VesselName, NDArray[np.float64]]
"""Points of named vessels in RAS mm, shape ``(n, 3)``, from the root outwards."""


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
    core
        What a first network marked of the lesions (``BINARY_SCHEME``), where their outlines were
        refined afterwards; ``None`` where they were not.
    quality
        What speaks for or against the result.
    models
        Networks that took part; empty for an engine without networks.
    device
        ``cpu``, ``cuda`` or ``mps``, and what was computed there in fewer bits than usual, such as
        ``cpu (in bfloat16)``; ``None`` when no network ran.

    Raises
    ------
    GeometryMismatchError
        The maps lie on different grids.
    """

    structures: LabelMap
    lesions: LabelMap
    exophytic: LabelMap | None = field(default=None)
    core: LabelMap | None = field(default=None)
    quality: tuple[Finding, ...] = field(default=())
    models: tuple[ModelUse, ...] = field(default=())
    device: str | None = field(default=None)

    def __post_init__(self) -> None:
        others = {"lesion": self.lesions, "exophytic": self.exophytic, "core": self.core}
        for what, labels in others.items():
            if labels is not None:
                self.structures.geometry.require_same_grid(
                    labels.geometry, what=f"the {what} map", reference="the structures map"
                )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DividedLiver:
    """A liver's Couinaud segments, on the liver's grid, and what came with them.

    Parameters
    ----------
    couinaud
        ``COUINAUD_SCHEME`` codes; all that is not liver is 0.
    source
        What the liver was divided by.
    segment_plane_mm
        Standard deviation of the displacement of each plane, calibrated for this liver; ``None``
        where the source says nothing of it.
    quality
        What speaks for or against the result.
    models, device
        Networks that took part, and where.
    unusable
        Why the segments must not be used, ``None`` where they may.
    """

    couinaud: LabelMap
    source: SegmentSource
    segment_plane_mm: Mapping[SegmentPlane, float] | None = None
    quality: tuple[Finding, ...] = ()
    models: tuple[ModelUse, ...] = ()
    device: str | None = None
    unusable: Reason | None = None


class SegmentDivider(Protocol):
    """Divides a liver into Couinaud segments without a human's help."""

    def divide(
        self, liver: LabelMap, *, stems: Stems | None = None, progress: Progress = silent
    ) -> DividedLiver:
        """Divide ``liver``, whose non-zero codes are the liver, lesions included.

        Every liver voxel gets a segment. ``stems`` are vessels that its scan shows; ``None`` where
        none were seen.

        Raises
        ------
        EmptyStructureError
            The liver has no voxel.
        ModelUnavailableError, ModelIntegrityError
            The engine's weights are missing or were changed.
        """


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


@runtime_checkable
class StepwiseSegmenter(LesionSegmenter, Protocol):
    """Finds the liver first and then its lesions, so that the liver can be kept in between.

    `with_liver` of the two is what its ``segment`` finds at once.
    """

    def segment_liver(self, image: ImageVolume, *, progress: Progress = silent) -> Segmentation:
        """Segment the liver of ``image``; of lesions nothing is said yet, the map is empty.

        Raises
        ------
        SegmentationFailedError
            Nothing was found that could be a liver.
        ModelUnavailableError
            The engine's weights are not installed.
        """


@runtime_checkable
class PromptedSegmenter(Protocol):
    """Outlines what lies in boxes that a reader drew; not every engine can."""

    @property
    def prompter_models(self) -> tuple[ModelUse, ...]:
        """The networks that do so; nothing is loaded or fetched to tell."""

    @property
    def device_name(self) -> str:
        """Where they run, see `Segmentation`."""

    def prompter(
        self, image: ImageVolume, *, scratch: Path | None = None, progress: Progress = silent
    ) -> "AbstractContextManager[SlicePrompter]":
        """Give what outlines boxes on the slices of ``image``.

        What was computed of the slices is kept in the folder ``scratch`` for the next time;
        ``None`` keeps it as long as the context lasts.

        Raises
        ------
        ModelUnavailableError
            The network's weights are not installed and could not be fetched.
        """


def with_liver(lesions: Segmentation, liver: Segmentation) -> Segmentation:
    """Return lesions that were found in a liver, with what is known of how that was found."""
    return replace(
        lesions,
        quality=liver.quality + lesions.quality,
        models=tuple(dict.fromkeys(liver.models + lesions.models)),
    )


@runtime_checkable
class KnowsModels(Protocol):
    """An engine that can say which networks it runs before it runs them; not every engine can."""

    @property
    def models(self) -> tuple[ModelUse, ...]:
        """Its networks; nothing is loaded or fetched to tell."""
