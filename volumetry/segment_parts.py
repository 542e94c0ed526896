"""Volumes of parts of segments: the upper and the lower part of segment IV."""

import numpy as np

from remnant.core.errors import InputError
from remnant.core.labels import SEGMENT_IV_SCHEME, STRUCTURE_SCHEME, SegmentIvPart, Structure
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import PartVolumes


def measure_segment_iv(
    structures: LabelMap, segment_iv: LabelMap
) -> dict[SegmentIvPart, PartVolumes]:
    """Measure segments IVa and IVb inside the liver.

    Parameters
    ----------
    structures
        Liver map in structure codes; lesions that count as tumour have the lesion's code, rejected
        ones that of parenchyma.
    segment_iv
        ``SEGMENT_IV_SCHEME`` codes on the same grid; what lies outside the liver is not counted.

    Returns
    -------
    dict of SegmentIvPart to PartVolumes
        Both parts, in mL: voxels times the voxel's volume. 0.0 is a part without a voxel;
        functional is the total without lesions.

    Raises
    ------
    GeometryMismatchError
        The maps lie on different grids.
    InputError
        A map has other codes than those.
    """
    grid = structures.geometry
    grid.require_same_grid(segment_iv.geometry, what="the IVa/IVb map", reference="the liver map")
    _require_codes(structures, segment_iv)
    box = structures.box()
    if box is None:
        return {part: PartVolumes(total_ml=0.0, functional_ml=0.0) for part in SegmentIvPart}
    codes, parts = structures.codes[box], segment_iv.codes[box]
    healthy = (codes != Structure.BACKGROUND) & (codes != Structure.LESION)
    total = np.bincount(parts[codes != Structure.BACKGROUND], minlength=len(SegmentIvPart) + 1)
    functional = np.bincount(parts[healthy], minlength=len(SegmentIvPart) + 1)
    return {
        part: PartVolumes(
            total_ml=int(total[part]) * grid.voxel_volume_ml,
            functional_ml=int(functional[part]) * grid.voxel_volume_ml,
        )
        for part in SegmentIvPart
    }


def _require_codes(structures: LabelMap, segment_iv: LabelMap) -> None:
    for labels, scheme in ((structures, STRUCTURE_SCHEME), (segment_iv, SEGMENT_IV_SCHEME)):
        if labels.scheme != scheme:
            raise InputError(
                f"a map has the codes of '{labels.scheme.name}'; allowed are those of "
                f"'{scheme.name}'; translate it first"
            )
