"""A divider without a network, for tests of everything around a divider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from remnant.core.findings import quality_finding
from remnant.core.landmarks import Landmarks
from remnant.core.progress import Progress, silent
from remnant.core.provenance import ModelUse
from remnant.core.reasons import Reason
from remnant.core.uncertainty import SegmentPlane
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from remnant.testing.phantoms import LiverPhantom
from segmentation.couinaud.landmark_planes import couinaud_from_landmarks
from segmentation.port import DividedLiver, SegmentDivider, Stems

FAKE_MODEL = ModelUse(id="fake-divider", version="1", weights_sha256="0" * 64)
PLANES_MM = {plane: 2.0 + 0.5 * plane for plane in SegmentPlane}


@dataclass(frozen=True, slots=True, eq=False)
class FakeDivider:
    """Divider that knows where the planes run, and divides any liver by them.

    Parameters
    ----------
    landmarks
        Points of the planes.
    segment_plane_mm
        What it says of each plane's error; all different by default.
    models
        What it says that it used.
    unusable
        Why its segments must not be used; ``None`` where they may.
    """

    landmarks: Landmarks
    segment_plane_mm: Mapping[SegmentPlane, float] = field(default_factory=lambda: PLANES_MM)
    models: tuple[ModelUse, ...] = field(default=(FAKE_MODEL,))
    unusable: Reason | None = None

    @classmethod
    def knowing(cls, phantom: LiverPhantom) -> Self:
        """Return a divider that knows a phantom's own planes."""
        return cls(phantom.landmarks)

    def divide(
        self,
        liver: LabelMap,
        *,
        stems: Stems | None = None,  # noqa: ARG002
        progress: Progress = silent,
    ) -> DividedLiver:
        """Divide a liver by the known planes, which no ``stems`` move.

        Raises
        ------
        InputError
            The planes do not belong to this liver.
        """
        couinaud = couinaud_from_landmarks(liver, self.landmarks)
        progress("known planes", 1, 1)
        return DividedLiver(
            source=SegmentSource.MODEL,
            couinaud=couinaud,
            segment_plane_mm=self.segment_plane_mm,
            quality=(quality_finding("fake_divider", passed=True),),
            models=self.models,
            device="cpu",
            unusable=self.unusable,
        )


if TYPE_CHECKING:
    DIVIDERS: tuple[type[SegmentDivider], ...] = (FakeDivider,)
