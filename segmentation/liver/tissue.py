"""What a liver looks like, as far as one number and its spread can say."""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

LEAST_DIFFERENCE_SD: Final = 0.75
"""Between medians, in standard deviations of the liver's own voxels, which hold its noise."""
SD_FROM_MAD: Final = 1.4826
LEAST_SD: Final = 1e-6


@dataclass(frozen=True, slots=True)
class LiverTissue:
    """Median and standard deviation of a liver's intensities, both robust."""

    median: float
    sd: float

    @classmethod
    def of(cls, values: NDArray[Any]) -> Self:
        """Return what at least one voxel looks like.

        Examples
        --------
        >>> LiverTissue.of(np.array([50, 60, 70, 900])).median
        65.0
        """
        known = values.astype(np.float32)
        median = float(np.median(known))
        spread = SD_FROM_MAD * float(np.median(np.abs(known - median)))
        return cls(median, max(spread, LEAST_SD))

    def difference_sd(self, values: NDArray[Any]) -> float:
        """Return how far the median of at least one voxel lies from the liver's."""
        return abs(float(np.median(values)) - self.median) / self.sd

    def is_like(self, values: NDArray[Any]) -> bool:
        """Tell whether voxels look like the liver; none do not."""
        return values.size > 0 and self.difference_sd(values) < LEAST_DIFFERENCE_SD
