"""Codes of a map that lie within another code, as a core lies in its rim."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

LEAST_NESTED_FRACTION: Final = 0.8
"""A code lies within another where so much of its surface touches that one."""


def hosts_of(codes: NDArray[Any]) -> Mapping[int, int]:
    """Return for each code that lies within another one that other.

    Parameters
    ----------
    codes
        Whole numbers from 0 on, of shape ``(i, j, k)``; 0 is background.
    """
    faces = _faces(codes)
    hosts = {}
    for code in {first for first, _ in faces}:
        own = {other: count for (first, other), count in faces.items() if first == code}
        host = max(own, key=lambda other: own[other])
        if host and own[host] >= LEAST_NESTED_FRACTION * sum(own.values()):
            hosts[code] = host
    # of two that hold each other (halves of one lesion) neither lies within
    return {code: host for code, host in hosts.items() if hosts.get(host) != code}


def _faces(codes: NDArray[Any]) -> Mapping[tuple[int, int], int]:
    """Return how many faces each pair of different codes shares, 0 with 0 apart; both ways."""
    padded = np.pad(codes, 1)
    size = int(padded.max()) + 1
    counts: dict[tuple[int, int], int] = {}
    for axis in range(padded.ndim):
        moved = np.moveaxis(padded, axis, 0)
        differ = moved[1:] != moved[:-1]
        ahead, behind = (side[differ].astype(np.int64) for side in (moved[1:], moved[:-1]))
        pairs, number = np.unique(ahead * size + behind, return_counts=True)
        for pair, count in zip(pairs.tolist(), number.tolist(), strict=True):
            for key in ((pair // size, pair % size), (pair % size, pair // size)):
                counts[key] = counts.get(key, 0) + count
    return {(first, other): count for (first, other), count in counts.items() if first}
