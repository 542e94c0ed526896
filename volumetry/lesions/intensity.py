"""Intensities of an image inside lesions."""

import numpy as np
from numpy.typing import NDArray

from remnant.core.lesions import IntensityStatistics
from remnant.core.volumes import ImageVolume, LabelMap

LAYER_VOXELS = 2_000_000


def lesion_intensities(
    image: ImageVolume, lesions: LabelMap, *, liver: LabelMap | None = None
) -> dict[int, IntensityStatistics]:
    """Describe the intensities of an image in each lesion.

    Reads both maps once, a slab at a time; only the lesions' voxels are copied.

    Parameters
    ----------
    image
        HU on CT, arbitrary on MR; shape ``(I, J, K)``.
    lesions
        Lesion ids on the same grid, 0 where there is none.
    liver
        Where the liver is (any code above 0), on the same grid: only what lies in it is looked at,
        as in every volume. ``None`` looks at every lesion voxel.

    Returns
    -------
    dict
        By lesion id, rising; empty when there is no lesion.

    Raises
    ------
    GeometryMismatchError
        The two lie on different grids.
    """
    image.geometry.require_same_grid(lesions.geometry, what="the lesion map", reference="the image")
    if liver is not None:
        image.geometry.require_same_grid(liver.geometry, what="the liver", reference="the image")
    ids, values = _lesion_voxels(image, lesions, liver)
    order = np.lexsort((values, ids))
    ids, values = ids[order], values[order]
    starts = np.flatnonzero(np.diff(ids, prepend=0))
    groups = np.split(values, starts[1:]) if ids.size else []
    return {int(ids[start]): _describe(part) for start, part in zip(starts, groups, strict=True)}


def _lesion_voxels(
    image: ImageVolume, lesions: LabelMap, liver: LabelMap | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    order = np.argsort(-np.abs(lesions.codes.strides), kind="stable")
    codes, voxels = lesions.codes.transpose(order), image.voxels.transpose(order)
    layers = max(1, LAYER_VOXELS * len(codes) // codes.size)
    ids, values = [np.empty(0, np.int64)], [np.empty(0, np.float64)]
    for start in range(0, len(codes), layers):
        slab = codes[start : start + layers]
        if liver is not None:
            slab = slab * (liver.codes.transpose(order)[start : start + layers] > 0)
        where = np.nonzero(slab)
        ids.append(slab[where].astype(np.int64))
        values.append(voxels[start : start + layers][where].astype(np.float64))
    return np.concatenate(ids), np.concatenate(values)


def _describe(rising: NDArray[np.float64]) -> IntensityStatistics:
    return IntensityStatistics(
        mean=float(rising.mean()),
        sd=float(rising.std()),
        minimum=float(rising[0]),
        median=float((rising[(rising.size - 1) // 2] + rising[rising.size // 2]) / 2),
        maximum=float(rising[-1]),
    )
