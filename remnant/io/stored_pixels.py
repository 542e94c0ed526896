"""Where the pixels of one DICOM file lie, and how they are stored there."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

NATIVE: Final = frozenset(
    str(uid)
    for uid in (
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    )
)
"""Transfer syntaxes whose pixels are numbers one after the other."""

PIXEL_DATA: Final = 0x7FE00010
PIXEL_KEYWORDS: Final = {
    0x7FE00008: "FloatPixelData",
    0x7FE00009: "DoubleFloatPixelData",
    PIXEL_DATA: "PixelData",
}
BITS_ALLOCATED: Final = {
    "PixelData": (8, 16, 32),
    "FloatPixelData": (32,),
    "DoubleFloatPixelData": (64,),
}
LAYOUT_TAGS: Final = (
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "NumberOfFrames",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPixels:
    """Pixels of one file, not read yet.

    Parameters
    ----------
    offset, length
        Where their value starts and how many bytes it has; ``length`` is ``None`` for encapsulated
        pixels, whose end is marked. Of a deflated file: in its inflated content.
    keyword
        ``PixelData``, ``FloatPixelData`` or ``DoubleFloatPixelData``.
    syntax
        UID of the transfer syntax.
    rows, columns, frames
        Size of one frame and how many there are.
    bits_allocated, bits_stored, high_bit
        Bits of a number in the file, how many of them count, and the place of the highest.
    is_signed
        Whether the numbers are in two's complement.
    extended_offsets
        Offsets and lengths of encapsulated frames, where the object has such tables.
    """

    offset: int
    length: int | None
    keyword: str
    syntax: str
    rows: int
    columns: int
    frames: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    extended_offsets: tuple[bytes, bytes] | None = field(default=None, repr=False)

    @property
    def is_native(self) -> bool:
        """Whether the numbers stand one after the other, not compressed."""
        return self.syntax in NATIVE

    @property
    def is_deflated(self) -> bool:
        """Whether the whole object was deflated."""
        return bool(self.syntax == DeflatedExplicitVRLittleEndian)

    @property
    def is_readable(self) -> bool:
        """Whether a number is laid out in a way that is read here."""
        if self.is_native is (self.length is None) or self.frames < 1:
            return False
        if self.bits_allocated not in BITS_ALLOCATED[self.keyword]:
            return False
        return 0 < self.bits_stored <= self.high_bit + 1 <= self.bits_allocated

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame that is not compressed."""
        return self.rows * self.columns * self.bits_allocated // 8

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of the numbers in the file."""
        kind = "f" if self.keyword != "PixelData" else "iu"[not self.is_signed]
        order = ">" if self.syntax == ExplicitVRBigEndian else "<"
        return np.dtype(f"{order}{kind}{self.bits_allocated // 8}")


def stored_pixels(dataset: Dataset, *, tag: int, offset: int, length: int | None) -> StoredPixels:
    """Describe the pixels whose element has ``tag`` and its value at ``offset``.

    Raises
    ------
    ValueError, TypeError
        A size is no number.
    """
    allocated = int(dataset.get("BitsAllocated") or 0)
    stored = int(dataset.get("BitsStored") or allocated)
    high_bit = dataset.get("HighBit")
    tables = tuple(
        dataset.get(name) for name in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
    )
    return StoredPixels(
        offset=offset,
        length=length,
        keyword=PIXEL_KEYWORDS[tag],
        syntax=str(dataset.file_meta.TransferSyntaxUID),
        rows=int(dataset.get("Rows") or 0),
        columns=int(dataset.get("Columns") or 0),
        frames=int(dataset.get("NumberOfFrames") or 1),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1 if high_bit is None else int(high_bit),
        is_signed=bool(dataset.get("PixelRepresentation") or 0),
        extended_offsets=(tables[0], tables[1]) if all(tables) else None,
    )


def without_other_bits(numbers: NDArray[np.generic], pixels: StoredPixels) -> NDArray[np.generic]:
    """Return numbers from the bits that count alone, and with their sign.

    Overlays and other values may stand in the remaining bits.
    """
    if pixels.bits_stored == pixels.bits_allocated or numbers.dtype.kind == "f":
        return numbers
    if pixels.high_bit == pixels.bits_stored - 1 and _fits(numbers, pixels):
        return numbers
    width = pixels.bits_allocated
    kind = np.dtype(f"{'iu'[not pixels.is_signed]}{width // 8}")
    # up, so that the highest bit that counts becomes the sign, then down again with it
    raised = numbers.astype(kind, copy=False) << (width - 1 - pixels.high_bit)
    lowered: NDArray[np.generic] = raised >> (width - pixels.bits_stored)
    return lowered


def _fits(numbers: NDArray[np.generic], pixels: StoredPixels) -> bool:
    """Tell whether no other bit is set, so that nothing need be changed; the usual case."""
    if (numbers.dtype.kind == "i") is not pixels.is_signed:
        return False
    low = -(1 << pixels.bits_stored - 1) if pixels.is_signed else 0
    high = low + (1 << pixels.bits_stored) - 1
    return bool(numbers.min() >= low and numbers.max() <= high)
