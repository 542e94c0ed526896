"""Voxels with their geometry: images and label maps."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import Box, filled_box
from remnant.core.codes import present_codes
from remnant.core.errors import InputError, UnknownLabelError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, LabelScheme

LARGEST_CODE = np.iinfo(np.uint16).max


class Modality(StrEnum):
    """How the image was made."""

    CT = "ct"
    MR = "mr"


class Phase(StrEnum):
    """Contrast phase of an image.

    ``HEPATOBILIARY`` is of MR: liver cells have taken up the contrast agent.
    """

    UNENHANCED = "unenhanced"
    ARTERIAL = "arterial"
    PORTAL = "portal"
    DELAYED = "delayed"
    HEPATOBILIARY = "hepatobiliary"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class ImageVolume:
    """One scalar image on a grid.

    Parameters
    ----------
    voxels
        Real numbers of shape ``geometry.shape``; Hounsfield units for CT, arbitrary for MR. The
        array is taken over and made read-only, not copied: a scan is large.
    geometry
        Where the voxels are.
    modality
        CT or MR.
    phase
        Contrast phase; ``Phase.UNKNOWN`` unless the source says it.

    Raises
    ------
    InputError
        Shapes disagree, or a voxel is not finite.
    """

    voxels: NDArray[Any]
    geometry: Geometry
    modality: Modality
    phase: Phase = field(default=Phase.UNKNOWN, kw_only=True)

    def __post_init__(self) -> None:
        _require_shape(self.voxels, self.geometry)
        if self.voxels.dtype.kind not in "iuf":
            raise InputError(f"an image needs real numbers, got {self.voxels.dtype}")
        if self.voxels.dtype.kind == "f" and not np.isfinite(self.voxels).all():
            raise InputError("the image holds values that are not finite numbers (NaN or infinity)")
        object.__setattr__(self, "voxels", _read_only(self.voxels))


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap:
    """Integer codes on a grid, each code defined by a scheme.

    Parameters
    ----------
    codes
        uint8 or uint16 codes of shape ``geometry.shape``; taken over and made read-only.
    geometry
        Where the voxels are.
    scheme
        Meaning of the codes.

    Raises
    ------
    InputError
        Shapes disagree or the codes are not uint8 or uint16.
    UnknownLabelError
        A voxel holds a code that the scheme does not define.
    """

    codes: NDArray[np.uint8] | NDArray[np.uint16]
    geometry: Geometry
    scheme: LabelScheme
    _seen: dict[str, Any] = field(init=False, repr=False, default_factory=dict)
    """What was found of the codes, which never change: looking through a map takes long."""

    def __post_init__(self) -> None:
        _require_shape(self.codes, self.geometry)
        if self.codes.dtype not in (np.uint8, np.uint16):
            raise InputError(f"a label map needs uint8 or uint16 codes, got {self.codes.dtype}")
        if not self.scheme.open_ended:
            self._require_known_codes()
        object.__setattr__(self, "codes", _read_only(self.codes))

    def _require_known_codes(self) -> None:
        unknown = sorted(code for code in self.present() if not self.scheme.defines(code))
        if unknown:
            allowed = sorted(label.code for label in self.scheme.labels)
            raise UnknownLabelError(
                f"the {self.scheme.name} map holds code(s) {unknown[:8]}; allowed are 0 and "
                f"{allowed}"
            )

    def box(self) -> Box | None:
        """Return the smallest box that holds all codes above 0, ``None`` where there is none."""
        if "box" not in self._seen:
            self._seen["box"] = filled_box(self.codes)
        found: Box | None = self._seen["box"]
        return found

    def present(self) -> frozenset[int]:
        """Return the codes that the map holds, 0 included if there."""
        if "present" not in self._seen:
            self._seen["present"] = present_codes(self.codes, box=self.box())
        found: frozenset[int] = self._seen["present"]
        return found

    def mask(self, *codes: int) -> NDArray[np.bool_]:
        """Return where the map holds any of ``codes``, or any non-zero code when none is given.

        It is not to be written to: a binary map's is the map itself.
        """
        if not codes:
            if self.scheme is BINARY_SCHEME and self.codes.dtype == np.uint8:
                return self.codes.view(np.bool_)
            return self.codes > 0
        # one order end to end: `np.isin` gives its answer in C order, whatever it is given
        found: NDArray[np.bool_] = self.codes == codes[0]
        for code in codes[1:]:
            found |= self.codes == code
        return found

    def binary(self, *codes: int) -> "LabelMap":
        """Return where the map holds any of ``codes``, or any non-zero code, as a binary map.

        A map of 0 and 1 has its very array in it.
        """
        if self.present() <= {0, 1} and 1 in (codes or (1,)) and self.codes.dtype == np.uint8:
            return LabelMap(self.codes, self.geometry, BINARY_SCHEME)
        return LabelMap(self.mask(*codes).view(np.uint8), self.geometry, BINARY_SCHEME)


def _require_shape(array: NDArray[Any], geometry: Geometry) -> None:
    if array.shape != geometry.shape:
        raise InputError(f"voxels of shape {array.shape} on a grid of shape {geometry.shape}")


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.setflags(write=False)
    return view
