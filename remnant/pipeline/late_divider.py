"""The network that estimates segments, loaded only when a liver is to be divided."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from remnant.core.progress import Progress, silent
from remnant.core.volumes import LabelMap

if TYPE_CHECKING:
    from remnant.core.provenance import ModelUse
    from segmentation.port import DividedLiver, Stems


@dataclass(frozen=True, slots=True)
class LateDivider:
    """Divides livers by the network that estimates segments from their shape.

    Parameters
    ----------
    device
        Where it runs.
    """

    device: str

    @property
    def models(self) -> "tuple[ModelUse, ...]":
        """The network that it runs."""
        from models.catalog import model_info
        from segmentation.engines.registry import SHAPE_MODEL

        return (model_info(SHAPE_MODEL).use,)

    def divide(
        self, liver: LabelMap, *, stems: "Stems | None" = None, progress: Progress = silent
    ) -> "DividedLiver":
        """Divide ``liver``; see `segmentation.port.SegmentDivider`."""
        from segmentation.couinaud.shape_model import ShapeDivider

        return ShapeDivider(device=self.device).divide(liver, stems=stems, progress=progress)
