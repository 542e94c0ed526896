"""What lies in a reader's box, outlined by a promptable network on the scan's own grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import bounding_box, box_geometry, margin_voxels
from remnant.core.drawn_boxes import ReaderBox
from remnant.core.errors import InputError
from remnant.core.findings import Finding, quality_finding
from remnant.core.labels import INSTANCE_SCHEME, STRUCTURE_SCHEME
from remnant.core.progress import Progress, silent
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import ImageVolume, LabelMap
from segmentation.axial import AxialView
from segmentation.boxes.drawn_box import placed_box
from segmentation.boxes.promptable import SlicePrompter
from segmentation.boxes.propagation import Ending, FollowingRules, follow
from segmentation.engines.findings import volume_finding
from segmentation.port import PromptedSegmenter, Segmentation
from segmentation.quality import check_liver

Mask = NDArray[np.bool_]

LESION_RULES: Final = FollowingRules(
    step_mm=2.5,
    slack_mm=3.0,
    beyond_mm=6.0,
    beyond_fraction=0.1,
    least_area_fraction=0.2,
    least_iou_fraction=0.9,
    least_overlap_fraction=0.5,
    most_growth=1.3,
    most_length=0.8,
    least_part_fraction=1.0,
)
LIVER_RULES: Final = FollowingRules(
    step_mm=5.0,
    slack_mm=4.0,
    beyond_mm=10.0,
    beyond_fraction=0.1,
    least_area_fraction=0.03,
    least_iou_fraction=0.85,
    least_overlap_fraction=0.5,
    most_growth=1.6,
    most_length=1.5,
    least_part_fraction=0.1,
)
LIVER_IN_BOX: Final = "liver_in_box"
LESIONS_IN_BOXES: Final = "lesions_in_boxes"
RING_MM: Final = 6.0
"""Width of the surroundings that a lesion is compared with."""
LEAST_CONTRAST_SD: Final = 0.5
"""Difference of the means of a lesion and its surroundings, in standard deviations of these, below
which nothing but the box tells the lesion from them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoxOutline:
    """What was outlined in a reader's box.

    Parameters
    ----------
    mask
        On the scan's grid.
    predicted_iou
        What the network thinks of its outline on the reader's slice, about 0 to 1.
    below, above
        Why it ends towards the feet and towards the head.
    """

    mask: Mask
    predicted_iou: float
    below: Ending
    above: Ending


def outlined(
    prompter: SlicePrompter,
    image: ImageVolume,
    box: ReaderBox,
    rules: FollowingRules,
    *,
    progress: Progress = silent,
) -> BoxOutline:
    """Outline what lies in a box.

    Raises
    ------
    InputError
        The box lies outside the scan, or nothing was outlined in it.
    """
    start = placed_box(box, image.geometry, prompter.grid)
    found = follow(prompter, start, rules, progress=progress)
    if found.below is None or found.above is None:
        raise InputError(
            f"the network outlines nothing in the box {box}; draw it close around the structure, "
            f"on the slice where that is largest"
        )
    mask = np.array(AxialView(image.geometry).back(found.mask), order="F")
    return BoxOutline(
        mask=mask, predicted_iou=found.predicted_iou, below=found.below, above=found.above
    )


def liver_in_box(
    image: ImageVolume,
    box: ReaderBox,
    engine: PromptedSegmenter,
    *,
    progress: Progress = silent,
) -> Segmentation:
    """Outline the liver in a reader's box; of lesions nothing is said yet, their map is empty.

    Raises
    ------
    InputError
        The box lies outside the scan, or nothing was outlined in it.
    ModelUnavailableError
        The network's weights are not installed and could not be fetched.
    """
    with engine.prompter(image, progress=progress) as prompter:
        found = outlined(prompter, image, box, LIVER_RULES, progress=progress)
    structures = LabelMap(found.mask.astype(np.uint8), image.geometry, STRUCTURE_SCHEME)
    none = np.zeros(found.mask.shape, dtype=np.uint8, order="F")
    return Segmentation(
        structures=structures,
        lesions=LabelMap(none, image.geometry, INSTANCE_SCHEME),
        quality=liver_box_findings(found, structures),
        models=engine.prompter_models,
        device=engine.device_name,
    )


def liver_box_findings(found: BoxOutline, liver: LabelMap) -> tuple[Finding, ...]:
    """Return what is to be said of a liver that was outlined in a box.

    Returns
    -------
    tuple of Finding
        ``liver_in_box`` (value: the network's own estimate of its overlap with the truth on the
        reader's slice) and the checks that every liver's mask undergoes.
    """
    volume_ml = int(np.count_nonzero(found.mask)) * liver.geometry.voxel_volume_ml
    drawn = quality_finding(LIVER_IN_BOX, passed=False, value=found.predicted_iou)
    return (drawn, volume_finding(volume_ml), *check_liver(liver))


def contrast_sd(image: ImageVolume, lesion: Mask, liver: Mask) -> float | None:
    """Return how far a lesion's mean lies from that of the liver around it.

    In standard deviations of the surroundings, which are the liver within `RING_MM`; ``None`` where
    there are none, or all of them have one value.
    """
    grid = image.geometry
    reach = margin_voxels(grid, RING_MM)
    box = bounding_box(lesion, what="the lesion", margin=reach)
    inside, within = lesion[box], box_geometry(grid, box)
    distance = ndimage.distance_transform_edt(~inside, sampling=within.spacing_mm)
    ring = (distance > 0) & (distance <= RING_MM) & liver[box]
    values = image.voxels[box].astype(np.float64)
    if not ring.any() or (sd := float(values[ring].std())) == 0.0:
        return None
    return abs(float(values[inside].mean() - values[ring].mean())) / sd


def lesions_in_boxes(numbers: Sequence[int], alike: Sequence[int]) -> Finding:
    """Return the finding on lesions that were outlined in a reader's boxes.

    ``alike`` are those whose intensities are those of the liver around them.
    """
    drawn = reason(Cause.OUTLINED_IN_BOX, *map(str, numbers))
    like = (reason(Cause.LIKE_SURROUNDINGS, *map(str, alike)),) if alike else ()
    return quality_finding(
        LESIONS_IN_BOXES,
        passed=False if alike else None,
        value=float(len(numbers)),
        reasons=(drawn, *like),
    )
