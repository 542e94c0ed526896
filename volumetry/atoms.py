"""The liver as atoms: cells of functional liver that the same margins and zones cover.

Margins of neighbouring lesions overlap, so that what a plan costs is a union and not a sum. Cut
into the cells of the Venn diagram of segments, resection margins and ablation zones, every union is
a plain sum again, exact to the voxel.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


@dataclass(frozen=True, slots=True, eq=False)
class Atoms:
    """Functional liver in cells, and the tumour by lesion and segment.

    Parameters
    ----------
    lesion_ids
        The ``m`` lesions that count, ascending; columns of the tables below.
    voxel_ml
        Volume of one voxel.
    segment
        Couinaud code of each of the ``n`` atoms, shape ``(n,)``; 0 for liver without a segment.
    voxels
        Size of each atom, shape ``(n,)``. Their sum is the functional liver.
    resection, ablation
        Whether an atom lies in the resection margin, or the ablation zone, of a lesion: boolean,
        shape ``(n, m)``.
    lesion_voxels
        Tumour voxels by lesion and segment code, shape ``(m, 9)``.
    ablation_zones
        How many overlapping zones each lesion's ablation takes, at least 1; shape ``(m,)``.
    """

    lesion_ids: tuple[int, ...]
    voxel_ml: float
    segment: NDArray[np.int64]
    voxels: NDArray[np.int64]
    resection: csr_array
    ablation: csr_array
    lesion_voxels: NDArray[np.int64]
    ablation_zones: NDArray[np.int64]
