"""Agreement of two sets of structures on one grid, each looked at within its own box."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.agreement import (
    BurdenAgreement,
    EvaluationSettings,
    LesionMatch,
    MaskAgreement,
)
from remnant.core.boxes import NOWHERE, Box, joint_box
from remnant.core.geometry import Geometry
from remnant.core.volumes import LabelMap
from volumetry.agreement.of_case import compare_masks, not_compared
from volumetry.agreement.of_cohort import compare_burden
from volumetry.agreement.of_lesions import components, match_lesions

Mask = NDArray[np.bool_]

LIVER = "liver"
LESIONS = "lesions"


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One structure: some codes of a label map.

    Parameters
    ----------
    labels
        The map.
    boxes
        Box of each code from 1 on, ``None`` for codes without a voxel, see `code_boxes`.
    codes
        Which codes make up the structure.
    instances
        Whether every code is a lesion of its own.
    """

    labels: LabelMap
    boxes: Sequence[Box | None]
    codes: frozenset[int]
    instances: bool = False

    @property
    def found_boxes(self) -> list[Box]:
        """Boxes of those codes that have a voxel."""
        boxes = (self.boxes[code - 1] for code in sorted(self.codes) if code <= len(self.boxes))
        return [box for box in boxes if box is not None]

    def mask(self, box: Box) -> Mask:
        """Return where the structure is within a box."""
        mask: Mask = _table(self)[self.labels.codes[box]]
        return mask

    def numbers(self, box: Box) -> NDArray[Any]:
        """Return lesion numbers within a box: the codes, or those of connected groups."""
        mask = self.mask(box)
        return self.labels.codes[box] * mask if self.instances else components(mask)


def code_boxes(labels: LabelMap) -> Sequence[Box | None]:
    """Return the box of every code from 1 on, ``None`` for codes without a voxel."""
    from scipy.ndimage import find_objects

    # the search runs along the last axis; maps are read fastest in their stored order
    order = np.argsort(np.abs(labels.codes.strides))[::-1]
    back = np.argsort(order)
    boxes = find_objects(labels.codes.transpose(order))
    i, j, k = back
    return [None if box is None else (box[i], box[j], box[k]) for box in boxes]


def regions_box(*regions: Region) -> Box:
    """Return the smallest box that holds all of the structures; an empty one for none."""
    return joint_box(box for region in regions for box in region.found_boxes)


def compare_structures(
    prediction: Mapping[str, Region],
    truth: Mapping[str, Region],
    geometry: Geometry,
    settings: EvaluationSettings,
) -> tuple[MaskAgreement, ...]:
    """Compare every structure that the truth has; what only the prediction has is passed over."""
    return tuple(
        _compare(prediction[name], region, geometry, structure=name, settings=settings)
        if name in prediction
        else not_compared(name)
        for name, region in truth.items()
    )


def compare_lesions(
    prediction: Mapping[str, Region],
    truth: Mapping[str, Region],
    geometry: Geometry,
    settings: EvaluationSettings,
) -> tuple[LesionMatch, ...] | None:
    """Match lesions; ``None`` where a side has no map of them."""
    if LESIONS not in prediction or LESIONS not in truth:
        return None
    box = regions_box(prediction[LESIONS], truth[LESIONS])
    if box == NOWHERE:
        return ()
    found, there = prediction[LESIONS].numbers(box), truth[LESIONS].numbers(box)
    return match_lesions(found, there, geometry, match_iou=settings.match_iou)


def burden_of(
    prediction: Mapping[str, Region], truth: Mapping[str, Region]
) -> BurdenAgreement | None:
    """Compare tumour burdens; ``None`` where a side lacks the map of the liver or of lesions."""
    if not all(name in side for name in (LIVER, LESIONS) for side in (prediction, truth)):
        return None
    return compare_burden(_liver_and_lesions(prediction), _liver_and_lesions(truth))


def _compare(
    prediction: Region,
    truth: Region,
    geometry: Geometry,
    *,
    structure: str,
    settings: EvaluationSettings,
) -> MaskAgreement:
    box = regions_box(prediction, truth)
    return compare_masks(
        prediction.mask(box),
        truth.mask(box),
        geometry,
        structure=structure,
        tolerance_mm=settings.tolerance_mm,
    )


def _liver_and_lesions(side: Mapping[str, Region]) -> tuple[Mask, Mask]:
    box = regions_box(side[LIVER], side[LESIONS])
    return side[LIVER].mask(box), side[LESIONS].mask(box)


def _table(region: Region) -> Mask:
    """Return by code whether it belongs to the structure."""
    table = np.zeros(int(np.iinfo(region.labels.codes.dtype).max) + 1, dtype=np.bool_)
    table[[code for code in region.codes if code < table.size]] = True
    return table
