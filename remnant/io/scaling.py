"""Stored numbers into values, in the smallest type that holds them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError

WHOLE_TYPES: tuple[type[np.signedinteger[Any]], ...] = (np.int16, np.int32)
CODE_TYPES = (np.dtype(np.uint8), np.dtype(np.uint16))


def scaled(
    raw: NDArray[Any], *, slope: float, intercept: float, name: str, as_codes: bool = False
) -> NDArray[Any]:
    """Return ``raw * slope + intercept`` in the smallest type that holds it exactly.

    Parameters
    ----------
    raw
        Stored integers or floats of shape ``(i, j, k)``, of any byte order.
    slope, intercept
        Finite.
    name
        The file, for the message.
    as_codes
        Leave unscaled bytes and shorts without sign, the usual codes of a map, as they are stored:
        nobody calculates with them, and a copy of a large map costs as much as to read it.

    Returns
    -------
    numpy.ndarray
        int16 when every value is whole and fits, else int32 likewise, else float32.

    Raises
    ------
    InputError
        A value is not a finite number.
    """
    if as_codes and raw.dtype in CODE_TYPES and slope == 1 and intercept == 0:
        return raw
    if raw.dtype.kind in "iu" and float(slope).is_integer() and float(intercept).is_integer():
        whole = _scaled_whole(raw, slope=int(slope), intercept=int(intercept))
        if whole is not None:
            return whole
    return _narrowed(_scaled_real(raw, slope=slope, intercept=intercept, name=name))


def fitting_type(low: float, high: float) -> type[np.signedinteger[Any]] | None:
    """Return the smallest signed integer type that holds ``low`` to ``high``, ``None`` if none."""
    for kind in WHOLE_TYPES:
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return kind
    return None


def _scaled_whole(raw: NDArray[Any], *, slope: int, intercept: int) -> NDArray[Any] | None:
    ends = sorted(int(end) * slope + intercept for end in (raw.min(), raw.max()))
    kind = fitting_type(ends[0], ends[1])
    # the factors themselves must fit too, or the arithmetic below would wrap
    if kind is None or fitting_type(min(slope, intercept), max(slope, intercept)) is None:
        return None
    if slope == 1 and intercept == 0:
        return raw.astype(kind, copy=False)
    values = np.empty(raw.shape, dtype=kind, order="F")
    for k in range(raw.shape[2]):
        values[:, :, k] = raw[:, :, k].astype(np.int64) * slope + intercept
    return values


def _scaled_real(
    raw: NDArray[Any], *, slope: float, intercept: float, name: str
) -> NDArray[np.float32]:
    values = np.empty(raw.shape, dtype=np.float32, order="F")
    broken = 0
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(raw.shape[2]):
            values[:, :, k] = raw[:, :, k].astype(np.float64) * slope + intercept
            broken += int(np.count_nonzero(~np.isfinite(values[:, :, k])))
    if broken:
        raise InputError(
            f"{name} holds {broken} values that are not finite numbers (NaN or infinity); write "
            f"padding as a number, -1024 in a CT, 0 in a label map"
        )
    return values


def _narrowed(values: NDArray[np.float32]) -> NDArray[Any]:
    kind = fitting_type(float(values.min()), float(values.max()))
    planes = (values[:, :, k] for k in range(values.shape[2]))
    if kind is None or not all(np.array_equal(plane, np.rint(plane)) for plane in planes):
        return values
    return values.astype(kind)
