"""The KU Leuven engine: whole liver, then lesions inside it (Tang et al. 2020).

Steps: coarse image → window from anatomy → first liver → window around it → liver → lesions →
back to the scan's grid. Networks and facts: ``models.networks.kul``; the published post-processing
is a threshold of 0.5, one erosion, the largest component and one dilation.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models import registry
from models.catalog import model_info
from remnant.core.boxes import Box, bounding_box, box_geometry, box_start
from remnant.core.errors import SegmentationFailedError
from remnant.core.geometry import Geometry, Shape3
from remnant.core.labels import INSTANCE_SCHEME, STRUCTURE_SCHEME
from remnant.core.progress import Progress, silent
from remnant.core.provenance import ModelUse
from remnant.core.volumes import ImageVolume, LabelMap
from segmentation.boxes.promptable import SlicePrompter, medsam_prompter, prompter_model
from segmentation.engines.device import chosen_device, named_device
from segmentation.engines.findings import cores_alone, liver_findings, windows_finding
from segmentation.engines.memory import freed_memory_kept, memory_errors_explained
from segmentation.liver.localise import (
    LARGEST_WINDOW,
    FirstWindows,
    body_box,
    continued,
    first_windows,
    window_around,
)
from segmentation.overlap import dice
from segmentation.port import Segmentation, with_liver
from segmentation.postprocess import reconcile
from segmentation.preprocess import (
    HALF_RANGE,
    NEIGHBOURS_18,
    coarse_image,
    lesion_input,
    normalised_field,
)
from segmentation.resample import Floats, resampled_slabs

Mask = NDArray[np.bool_]

LIVER_MODEL, LESION_MODEL = "kul-liver", "kul-lesion"
THRESHOLD = 0.5
FIRST_FIELD: Shape3 = (162, 135, 135)
FIELD: Shape3 = (189, 162, 162)
MARGIN = 13
SMALLEST_LIVER_ML = 100.0
LARGEST_MOVES = 3
NEAR_EDGE = 5
PERCENT = 100
# One erosion of the published post-processing leaves nothing of what is thinner.
FEWEST_COARSE_VOXELS = 3


@dataclass(frozen=True, slots=True, eq=False)
class FoundLiver:
    """The liver on the coarse grid: probabilities (0 away from it), mask and the window used.

    ``windows_agreement`` is the Dice of the masks in the last two windows.
    """

    probability: Floats
    mask: Mask
    grid: Geometry
    window: Box
    windows_agreement: float = 1.0

    @property
    def confidence(self) -> float:
        """Mean probability inside the mask."""
        return float(self.probability[self.mask].mean())

    def inside(self, box: Box) -> "FoundLiver":
        """Return what of it lies in a box of its grid.

        Raises
        ------
        SegmentationFailedError
            Nothing does.
        """
        if not self.mask[box].any():
            raise SegmentationFailedError(_not_found())
        i, j, k = (
            slice(side.start - part.start, side.stop - part.start)
            for side, part in zip(self.window, box, strict=True)
        )
        grid = box_geometry(self.grid, box)
        return FoundLiver(
            self.probability[box], self.mask[box], grid, (i, j, k), self.windows_agreement
        )


class KulSegmenter:
    """Segment liver and lesions with the KU Leuven networks.

    Parameters
    ----------
    device
        ``auto`` (CUDA, then MPS, then CPU), ``cpu``, ``cuda`` or ``mps``.

    Raises
    ------
    InputError
        The device is not one of these or is not there.
    """

    def __init__(self, *, device: str = "auto") -> None:
        self.device = chosen_device(device)

    @property
    def models(self) -> tuple[ModelUse, ...]:
        """The networks that find liver and lesions, installed or not."""
        return tuple(model_info(name).use for name in (LIVER_MODEL, LESION_MODEL))

    @property
    def prompter_models(self) -> tuple[ModelUse, ...]:
        """The network that outlines boxes; see `segmentation.port.PromptedSegmenter`."""
        return (prompter_model(),)

    @property
    def device_name(self) -> str:
        """Where networks run; see `segmentation.port.PromptedSegmenter`."""
        return named_device(self.device)

    def prompter(
        self, image: ImageVolume, *, scratch: Path | None = None, progress: Progress = silent
    ) -> AbstractContextManager[SlicePrompter]:
        """Give what outlines boxes; see `segmentation.port.PromptedSegmenter`."""
        return medsam_prompter(image, device=self.device, scratch=scratch, progress=progress)

    def segment(self, image: ImageVolume, *, progress: Progress = silent) -> Segmentation:
        """Segment an image; the result lies on its own grid.

        Weights that are not installed are fetched first.

        Raises
        ------
        SegmentationFailedError
            Nothing in the image could be a liver.
        ModelUnavailableError
            The weights are not installed and could not be fetched.
        """
        liver = self.segment_liver(image, progress=progress)
        return with_liver(self.segment_lesions(image, liver.structures, progress=progress), liver)

    def segment_liver(self, image: ImageVolume, *, progress: Progress = silent) -> Segmentation:
        """Segment the liver alone; its map of lesions is empty.

        Raises
        ------
        SegmentationFailedError
            Nothing in the image could be a liver.
        ModelUnavailableError
            The weights of either network are not installed and could not be fetched.
        """
        use, _ = (registry.pull(name, progress=progress) for name in (LIVER_MODEL, LESION_MODEL))
        with freed_memory_kept():
            found = find_liver(image, device=self.device, progress=progress)
        liver = thresholded(found.probability, found.grid, image.geometry)
        if not liver.any():
            raise SegmentationFailedError(_not_found())
        none = np.zeros(liver.shape, dtype=np.uint8)
        return Segmentation(
            structures=LabelMap(liver.astype(np.uint8), image.geometry, STRUCTURE_SCHEME),
            lesions=LabelMap(none, image.geometry, INSTANCE_SCHEME),
            quality=(
                *liver_findings(found.confidence, liver, image.geometry),
                windows_finding(found.windows_agreement),
            ),
            models=(use,),
            device=named_device(self.device),
        )

    def segment_lesions(
        self, image: ImageVolume, liver: LabelMap, *, progress: Progress = silent
    ) -> Segmentation:
        """Segment lesions inside a liver that is already known.

        Raises
        ------
        GeometryMismatchError
            The liver lies on another grid than the image.
        EmptyStructureError
            The liver has no voxel.
        ModelUnavailableError
            The weights are not installed and could not be fetched.
        """
        image.geometry.require_same_grid(
            liver.geometry, what="the liver map", reference="the image"
        )
        use = registry.pull(LESION_MODEL, progress=progress)
        mask = liver.mask()
        with freed_memory_kept():
            lesions = find_lesions(image, mask, device=self.device, progress=progress)
        fitted = reconcile(mask, lesions, image.geometry)
        return Segmentation(
            structures=fitted.structures,
            lesions=fitted.lesions,
            exophytic=fitted.exophytic,
            quality=(*fitted.quality, *((cores_alone(),) if lesions.any() else ())),
            models=(use,),
            device=named_device(self.device),
        )


def segmenter(*, device: str) -> KulSegmenter:
    """Return the engine's segmenter; see `segmentation.engines.registry`."""
    return KulSegmenter(device=device)


def find_liver(image: ImageVolume, *, device: str, progress: Progress = silent) -> FoundLiver:
    """Find the liver on the coarse grid, wherever in the scan it is.

    Raises
    ------
    SegmentationFailedError
        Nothing could be a liver, the scan is too thin for one, or memory ran out.
    """
    progress("preparing image", 0, 1)
    coarse, grid = coarse_image(image)
    _require_coverage(grid)
    coarse, body, scan = continued(coarse, body_box(coarse, image.modality))
    windows = first_windows(coarse, body, image.modality)
    field = normalised_field(coarse, image.modality)
    progress("preparing image", 1, 1)
    start = box_start(scan)
    longer = grid.cropped((-start[0], -start[1], -start[2]), coarse.shape)
    look = _LiverLook(field, longer, device, progress)
    found = look.first(windows)
    for _ in range(LARGEST_MOVES):
        before, found = found, look(window_around(found.mask, body), FIELD)
        found = replace(found, windows_agreement=dice(before.mask, found.mask))
        if not _cut_by_window(found.mask, found.window, body):
            break
    return found.inside(scan)


def find_lesions(
    image: ImageVolume, liver: Mask, *, device: str, progress: Progress = silent
) -> Mask:
    """Return the lesion network's mask on the image's grid, not yet cut to the liver."""
    import torch

    from models.networks.loading import fast_precision, load_network
    from models.networks.tiles import CentredTileInferer

    stage = "finding lesions"
    progress(stage, 0, PERCENT)
    voxels, grid = lesion_input(image, liver)
    with memory_errors_explained(device), torch.inference_mode():
        network = load_network(LESION_MODEL, device=device, precision=fast_precision(device))
        infer = CentredTileInferer(nothing=-HALF_RANGE, heard=_in_percent(progress, stage))
        field = torch.from_numpy(voxels).to(device)[None, None]
        probability = infer(field, network)[0, 0].cpu().numpy()
    progress(stage, PERCENT, PERCENT)
    return thresholded(probability, grid, image.geometry)


def thresholded(probability: Floats, grid: Geometry, target: Geometry) -> Mask:
    """Resample probabilities linearly to another grid and hold them against 0.5.

    Only the neighbourhood of what exceeds the threshold is resampled, slab by slab.
    """
    mask = np.zeros(target.shape, dtype=bool)
    above = probability > THRESHOLD
    if not above.any():
        return mask
    box = bounding_box(above, what="the mask", margin=(2, 2, 2))
    seen = _covering_box(box_geometry(grid, box), target)
    if seen is None:
        return mask
    inner = mask[seen]
    slabs = resampled_slabs(
        probability[box], box_geometry(grid, box), box_geometry(target, seen), outside=0.0
    )
    for where, slab in slabs:
        np.greater(slab, THRESHOLD, out=inner[:, :, where])
    return mask


def published_postprocessing(probability: Floats) -> Mask:
    """Threshold, erode once, keep the largest component, dilate once."""
    core: Mask = ndimage.binary_erosion(probability > THRESHOLD, NEIGHBOURS_18)
    if not core.any():
        return core
    largest = cc3d.largest_k(core, k=1, connectivity=6) > 0
    opened: Mask = ndimage.binary_dilation(largest, NEIGHBOURS_18)
    return opened


@dataclass(frozen=True, slots=True, eq=False)
class _LiverLook:
    """Runs the liver network on windows of one prepared image."""

    field: Floats
    grid: Geometry
    device: str
    progress: Progress

    def first(self, windows: FirstWindows) -> FoundLiver:
        """Return the liver below the lungs, else the best of all windows over the body."""
        if windows.placed_by_lungs is not None:
            found = self(windows.placed_by_lungs, FIRST_FIELD)
            if self._large_enough(found):
                return found
        others = [self(window, FIRST_FIELD) for window in windows.cover]
        livers = [found for found in others if self._large_enough(found)]
        if not livers:
            raise SegmentationFailedError(_not_found())
        return max(livers, key=lambda found: float(found.probability[found.mask].sum()))

    def _large_enough(self, found: FoundLiver) -> bool:
        volume_ml = int(np.count_nonzero(found.mask)) * self.grid.voxel_volume_ml
        return volume_ml >= SMALLEST_LIVER_ML

    def __call__(self, window: Box, size: Shape3) -> FoundLiver:
        """Run the network on a window centred in a field of ``size``."""
        stage = "finding the liver"
        self.progress(stage, 0, PERCENT)
        inside, placed = _placement(window, size)
        field = np.zeros(size, dtype=np.float32)
        field[placed] = self.field[inside]
        seen = np.zeros(size, dtype=np.float32)
        seen[(slice(MARGIN, -MARGIN),) * 3] = _liver_map(
            field, self.device, _in_percent(self.progress, stage)
        )
        probability = np.zeros(self.field.shape, dtype=np.float32)
        probability[inside] = seen[placed]
        mask = published_postprocessing(probability)
        _forget_elsewhere(probability, mask)
        self.progress(stage, PERCENT, PERCENT)
        return FoundLiver(probability, mask, self.grid, window)


def _liver_map(field: Floats, device: str, heard: Callable[[float], None]) -> Floats:
    """Run the liver network on a field."""
    import torch

    from models.networks.loading import fast_precision, load_network

    with memory_errors_explained(device), torch.inference_mode():
        network = load_network(LIVER_MODEL, device=device, precision=fast_precision(device))
        output = network(torch.from_numpy(field).to(device)[None, None], heard)
        result: Floats = output[0, 0].cpu().numpy()
    return result


def _in_percent(progress: Progress, stage: str) -> Callable[[float], None]:
    """Return what takes the share of a stage that is done."""
    return lambda share: progress(stage, int(PERCENT * share), PERCENT)


def _forget_elsewhere(probability: Floats, mask: Mask) -> None:
    """Set to 0 what post-processing removed, so that it does not come back when resampled."""
    near = ndimage.binary_dilation(mask, NEIGHBOURS_18)
    probability[~near | ((probability > THRESHOLD) & ~mask)] = 0.0


def _placement(window: Box, size: Shape3) -> tuple[Box, Box]:
    """Centre a window in a field; return the part of it that fits and its place in the field."""
    pairs = [_centred(side, n) for side, n in zip(window, size, strict=True)]
    (i, a), (j, b), (k, c) = pairs
    return (i, j, k), (a, b, c)


def _centred(side: slice, size: int) -> tuple[slice, slice]:
    length = side.stop - side.start
    fits = min(length, size)
    start = side.start + (length - fits) // 2
    place = (size - fits) // 2
    return slice(start, start + fits), slice(place, place + fits)


def _cut_by_window(liver: Mask, window: Box, body: Box) -> bool:
    """Tell whether a liver comes close to an end of its window although the body goes on."""
    if not liver.any():
        raise SegmentationFailedError(_not_found())
    found = bounding_box(liver, what="the liver")[2]
    if window[2].stop - window[2].start >= LARGEST_WINDOW[2]:
        return False
    low = found.start - window[2].start < NEAR_EDGE and window[2].start > body[2].start
    high = window[2].stop - found.stop < NEAR_EDGE and window[2].stop < body[2].stop
    return bool(low or high)


def _covering_box(part: Geometry, target: Geometry) -> Box | None:
    """Return the box of ``target`` that holds all of ``part``; ``None`` when they are apart."""
    index = target.index_from_ras(part.corners_ras())
    low = np.maximum(np.floor(index.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 1, target.shape)
    if (low >= high).any():
        return None
    i, j, k = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return (i, j, k)


def _require_coverage(coarse: Geometry) -> None:
    for voxels, mm, axis in zip(
        coarse.shape,
        coarse.spacing_mm,
        ("left to right", "back to front", "foot to head"),
        strict=True,
    ):
        if voxels < FEWEST_COARSE_VOXELS:
            raise SegmentationFailedError(
                f"the scan covers only about {voxels * mm:g} mm {axis}, the liver network needs at "
                f"least {FEWEST_COARSE_VOXELS * mm:g} mm; give a scan of the whole liver, or the "
                f"liver with --masks"
            )


def _not_found() -> str:
    return (
        "no liver was found in this image; it must show the upper abdomen on CT or MR, check the "
        "modality and orientation, draw one rectangle around the liver with --liver-box, or give "
        "the liver with --masks"
    )
