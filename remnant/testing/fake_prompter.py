"""Outlines of boxes without a network, for tests of everything around them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry
from remnant.core.progress import Progress, silent
from remnant.core.provenance import ModelUse
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.testing.fake_segmenter import SteppedSegmenter
from segmentation.axial import AxialView
from segmentation.boxes.promptable import SliceBox, SliceOutline, SlicePrompter
from segmentation.port import PromptedSegmenter

FAKE_PROMPTER = ModelUse(id="fake-prompter", version="1", weights_sha256="1" * 64)
SURE = 0.9
LEAST_FIT = 0.2
"""Share of what a box and a structure's rectangle cover together, that they must have in common."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class FakePrompter:
    """Prompter that knows the structures: outlines the one whose own rectangle fits a box best.

    Parameters
    ----------
    grid
        In RAS+ axes.
    known
        Masks of structures on ``grid``.
    sure
        What it thinks of its outlines by slice; `SURE` where nothing is said.
    encoded
        Slices that were asked about, as they came.
    """

    grid: Geometry
    known: Sequence[Mask]
    sure: dict[int, float] = field(default_factory=dict)
    encoded: list[int] = field(default_factory=list)

    def encode(self, slices: Sequence[int], *, progress: Progress = silent) -> None:
        """Note that slices will be asked about; see `SlicePrompter`."""
        for done, index in enumerate(slices, start=1):
            self.encoded.append(index)
            progress("known slices", done, len(slices))

    def outlines(self, slice_index: int, boxes: Sequence[SliceBox]) -> tuple[SliceOutline, ...]:
        """Return the known outlines; see `SlicePrompter`."""
        return tuple(self._outline(slice_index, box) for box in boxes)

    def _outline(self, slice_index: int, box: SliceBox) -> SliceOutline:
        i, j = np.indices(self.grid.shape[:2])
        inside = (i >= box.i_low) & (i <= box.i_high) & (j >= box.j_low) & (j <= box.j_high)
        seen = [mask[:, :, slice_index] for mask in self.known]
        fits = [_overlap(_rectangle(mask), inside) for mask in seen]
        if max(fits, default=0.0) < LEAST_FIT:
            return SliceOutline(np.full(inside.shape, -1.0, np.float32), 0.0)
        best = seen[int(np.argmax(fits))]
        logits = np.where(best & inside, 1.0, -1.0).astype(np.float32)
        return SliceOutline(logits, self.sure.get(slice_index, SURE))


def _rectangle(mask: Mask) -> Mask:
    filled: Mask = np.logical_and.outer(mask.any(axis=1), mask.any(axis=0))
    return filled


def _overlap(one: Mask, other: Mask) -> float:
    return float(np.count_nonzero(one & other)) / max(1, int(np.count_nonzero(one | other)))


@dataclass(slots=True, eq=False)
class CutPrompter:
    """Prompter that knows the answer: a box holds what of the known structures lies in it.

    Parameters
    ----------
    known
        Non-zero codes are what can be found.
    encoded
        The slices that it was asked to encode, in order.
    expected_iou
        What it says of every outline.
    """

    known: LabelMap
    encoded: list[int] = field(default_factory=list)
    expected_iou: float = SURE

    @property
    def grid(self) -> Geometry:
        """See `segmentation.boxes.promptable.SlicePrompter`."""
        return AxialView(self.known.geometry).grid

    def encode(self, slices: Sequence[int], *, progress: Progress = silent) -> None:
        """Remember the slices that are not encoded yet."""
        new = [k for k in dict.fromkeys(slices) if k not in self.encoded]
        self.encoded.extend(new)
        progress("encoding slices", len(new), len(new))

    def outlines(self, slice_index: int, boxes: Sequence[SliceBox]) -> tuple[SliceOutline, ...]:
        """Return the known structures inside each box, the box's border included."""
        self.encode([slice_index])
        known = AxialView(self.known.geometry).seen(self.known.mask())[:, :, slice_index]
        i, j = np.ogrid[: known.shape[0], : known.shape[1]]
        found = []
        for box in boxes:
            across = (box.i_low <= i) & (i <= box.i_high)
            inside = known & across & (box.j_low <= j) & (j <= box.j_high)
            found.append(
                SliceOutline(np.where(inside, 4.0, -4.0).astype(np.float32), self.expected_iou)
            )
        return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class BoxSegmenter(SteppedSegmenter):
    """Segmenter that knows the answer, and outlines what of it lies in boxes."""

    @property
    def prompter_models(self) -> tuple[ModelUse, ...]:
        """The network that it says it used; see `segmentation.port.PromptedSegmenter`."""
        return (FAKE_PROMPTER,)

    @property
    def device_name(self) -> str:
        """Where it says it ran; see `segmentation.port.PromptedSegmenter`."""
        return "cpu"

    @contextmanager
    def prompter(
        self, image: ImageVolume, *, scratch: Path | None = None, progress: Progress = silent
    ) -> Iterator[SlicePrompter]:
        """Give a prompter that knows the maps; see `segmentation.port.PromptedSegmenter`."""
        del scratch
        view = AxialView(image.geometry)
        progress("known boxes", 1, 1)
        lesions, liver = self.lesions.codes, self.structures.codes
        masks = [lesions == n for n in sorted(self.lesions.present() - {0})]
        known = [view.seen(mask) for mask in (*masks, liver > 0)]
        yield FakePrompter(view.grid, known)


if TYPE_CHECKING:
    PROMPTERS: tuple[type[SlicePrompter], ...] = (FakePrompter, CutPrompter)
    PROMPTED: tuple[type[PromptedSegmenter], ...] = (BoxSegmenter,)
