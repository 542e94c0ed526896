"""The outline of whatever a box on an axial slice holds, by LiteMedSAM (Ma et al. 2024).

A slice is encoded once, which takes most of the time; every box on it costs little more. One
prompter serves all who ask about an image, so that none encodes what another has encoded.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from models import registry
from models.catalog import model_info
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.progress import Progress, silent
from remnant.core.provenance import ModelUse
from remnant.core.volumes import ImageVolume
from segmentation.axial import AxialView
from segmentation.boxes.cache import Embedding, EmbeddingCache, forget_embeddings
from segmentation.boxes.pictures import PictureFrame, SliceBox, scaled, shown_range
from segmentation.engines.device import chosen_device
from segmentation.engines.memory import freed_memory_kept, memory_errors_explained

__all__ = [
    "SliceBox",
    "SliceOutline",
    "SlicePrompter",
    "forget_embeddings",
    "medsam_prompter",
    "prompter_model",
]

MODEL: Final = "medsam-lite"
EMBEDDING_SHAPE: Final = (256, 64, 64)
BATCH: Final = 1
BATCH_CUDA: Final = 8
BOXES_AT_ONCE: Final = 8
STAGE: Final = "encoding slices"


@dataclass(frozen=True, slots=True, eq=False)
class SliceOutline:
    """What the network says of one box.

    Parameters
    ----------
    logits
        ``(i, j)`` on the slice's own grid; above 0 is inside.
    predicted_iou
        How well the network expects the outline to overlap with the truth (intersection over
        union), about 0 to 1.
    """

    logits: NDArray[np.float32]
    predicted_iou: float


class SlicePrompter(Protocol):
    """Outlines what boxes on the axial slices of one image hold."""

    @property
    def grid(self) -> Geometry:
        """The image's grid in RAS+ order; ``k`` counts the slices from foot to head."""

    def encode(self, slices: Sequence[int], *, progress: Progress = silent) -> None:
        """Encode slices at once that will be asked about; those that are encoded are skipped."""

    def outlines(self, slice_index: int, boxes: Sequence[SliceBox]) -> tuple[SliceOutline, ...]:
        """Return what a slice holds in each box; the slice is encoded if it is not yet.

        Raises
        ------
        InputError
            The image has no such slice, or a box is empty or lies outside of it.
        """


@contextmanager
def medsam_prompter(
    image: ImageVolume,
    *,
    device: str = "auto",
    scratch: Path | None = None,
    progress: Progress = silent,
) -> Iterator[SlicePrompter]:
    """Give a prompter for an image; weights that are not installed are fetched first.

    Parameters
    ----------
    image
        CT or MR on any grid; a tilted one is seen along its nearest axes.
    device
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    scratch
        Folder of the case, to keep embeddings in for the next time (see
        `segmentation.boxes.cache.forget_embeddings`); ``None`` keeps them in memory alone.
    progress
        Told of a download.

    Raises
    ------
    InputError
        The device is not there.
    ModelUnavailableError, ModelIntegrityError
        The weights are not installed and could not be fetched, or were changed.
    """
    chosen = chosen_device(device)
    registry.pull(MODEL, progress=progress)
    yield MedsamPrompter(image, chosen, EmbeddingCache(EMBEDDING_SHAPE, scratch))


def prompter_model() -> ModelUse:
    """Return what a report records of the network, installed or not."""
    return model_info(MODEL).use


class MedsamPrompter:
    """See `medsam_prompter`, which makes it, and `SlicePrompter`."""

    def __init__(self, image: ImageVolume, device: str, cache: EmbeddingCache) -> None:
        self.device, self._cache = device, cache
        view = AxialView(image.geometry)
        self.grid = view.grid
        self._voxels = view.seen(image.voxels)
        self._shown = shown_range(image)
        self._frame = PictureFrame.of(self.grid)
        self._keys: dict[int, str] = {}

    @cached_property
    def _network(self) -> Any:  # noqa: ANN401
        from models.networks.loading import fast_precision, load_network

        return load_network(MODEL, device=self.device, precision=fast_precision(self.device))

    def encode(self, slices: Sequence[int], *, progress: Progress = silent) -> None:
        """Encode slices that will be asked about; see `SlicePrompter`."""
        missing = [k for k in dict.fromkeys(slices) if self._key(k) not in self._cache]
        if not missing:
            return
        at_once = BATCH_CUDA if self.device == "cuda" else BATCH
        progress(STAGE, 0, len(missing))
        with freed_memory_kept():
            for start in range(0, len(missing), at_once):
                batch = missing[start : start + at_once]
                self._encode(batch)
                progress(STAGE, start + len(batch), len(missing))

    def outlines(self, slice_index: int, boxes: Sequence[SliceBox]) -> tuple[SliceOutline, ...]:
        """Return what a slice holds in each box; see `SlicePrompter`."""
        for box in boxes:
            self._require_inside(box)
        embedding = self._embedding(slice_index)
        found: list[SliceOutline] = []
        for start in range(0, len(boxes), BOXES_AT_ONCE):
            found.extend(self._outlined(embedding, boxes[start : start + BOXES_AT_ONCE]))
        return tuple(found)

    def _outlined(self, embedding: Embedding, boxes: Sequence[SliceBox]) -> list[SliceOutline]:
        import torch

        pixels = torch.tensor([self._frame.pixels(box) for box in boxes], device=self.device)
        with memory_errors_explained(self.device), torch.inference_mode():
            there = torch.from_numpy(embedding).to(self.device, self._precision)
            logits, expected = self._network.outlines(there, pixels)
            shown = self._frame.on_slice(logits.float())
        return [
            SliceOutline(values, float(iou)) for values, iou in zip(shown, expected, strict=True)
        ]

    def _embedding(self, slice_index: int) -> Embedding:
        kept = self._cache.get(self._key(slice_index))
        return self._encode([slice_index])[0] if kept is None else kept

    def _encode(self, slices: Sequence[int]) -> list[Embedding]:
        import torch

        pictures = torch.from_numpy(np.stack([self._picture(k) for k in slices]))[:, None]
        with memory_errors_explained(self.device), torch.inference_mode():
            encoded = self._network.encode(pictures.to(self.device, self._precision))
            embeddings: list[Embedding] = list(encoded.to(torch.float16).cpu().numpy())
        for k, embedding in zip(slices, embeddings, strict=True):
            self._cache.put(self._key(k), np.ascontiguousarray(embedding))
        return embeddings

    @property
    def _precision(self) -> Any:  # noqa: ANN401
        return self._network.boxes.corners.dtype

    def _picture(self, k: int) -> NDArray[np.float32]:
        return self._frame.picture(scaled(self._voxels[:, :, k], self._shown))

    def _key(self, k: int) -> str:
        """Return a digest of all that a slice's embedding depends on."""
        if not 0 <= k < self.grid.shape[2]:
            raise InputError(
                f"there is no axial slice {k}; the image has 0 to {self.grid.shape[2] - 1}"
            )
        if k not in self._keys:
            digest = hashlib.sha256(self._picture(k).tobytes())
            digest.update(f"{model_info(MODEL).weights_sha256} {self._precision}".encode())
            self._keys[k] = digest.hexdigest()
        return self._keys[k]

    def _require_inside(self, box: SliceBox) -> None:
        across, deep, _ = self.grid.shape
        if box.i_low > box.i_high or box.j_low > box.j_high:
            raise InputError(f"{box} is empty; its low ends must not lie above its high ends")
        if box.i_high < 0 or box.j_high < 0 or box.i_low > across - 1 or box.j_low > deep - 1:
            raise InputError(f"{box} lies outside the slice of {across} by {deep} voxels")
