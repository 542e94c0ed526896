"""Lesions, and the liver in a shell around each of them, under errors of the lesions' surfaces.

A lesion of volume ``V`` and surface ``A`` whose surface moves outwards by ``d`` has
``V (1 + d A / 3V)³``. A margin or ablation zone around it is drawn from its surface, so that the
zone's outer surface moves by ``d`` too. Of the liver in between nothing but its volume is kept; it
is taken for the shell between two balls, the inner one with the volume of the lesion (radius
``R``), both together with the volume of lesion and shell (radius ``P``), and becomes
``(P + d)³ - (R + d)³`` over ``P³ - R³`` times what it was. Both are cubic polynomials in ``d``:
sums over hundreds of lesions need the displacements alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.core.units import mm3_from_ml

Column = NDArray[np.float64]
"""One number for each lesion, shape ``(lesions,)``."""
Terms = NDArray[np.float64]
"""Coefficients of 1, d, d², d³ for each lesion, shape ``(4, lesions)``."""

POWERS = 4
LESIONS_AT_ONCE = 64


@dataclass(frozen=True, slots=True, eq=False)
class LesionDraws:
    """The surface of every lesion in every draw, of one set of parts.

    Parameters
    ----------
    ids
        Lesions that count and have a volume, ascending.
    volumes_ml, surfaces_mm2
        Measured volumes, and surfaces against liver without tumour; shape ``(lesions,)``.
    moved_mm
        How far each surface lies outside the measured one, shape ``(lesions, draws)``; at least
        what makes the lesion vanish. ``None`` where no part that acts moves a lesion.
    mean_swelling
        Mean of the drawn volume over the measured one that the lesion's own error alone would
        give; volumes are divided by it, as in `volumetry.propagation.joint_draws`. Shape
        ``(lesions,)``.
    zone_grid_mm2
        What counting voxels adds to a zone around lesions, in mm³ for the root of each mm² of its
        surface: shape ``(draws,)``, all 0.0 where the grid does not act.
    """

    ids: tuple[int, ...]
    volumes_ml: Column
    surfaces_mm2: Column
    moved_mm: NDArray[np.float64] | None
    mean_swelling: Column
    zone_grid_mm2: NDArray[np.float64]

    def volume_terms(self) -> Terms:
        """Return what each lesion's volume in mL is in a draw, as terms of its displacement."""
        steepness = self.surfaces_mm2 / (3.0 * mm3_from_ml(1.0) * self.volumes_ml)
        powers = np.array([steepness**0, 3.0 * steepness, 3.0 * steepness**2, steepness**3])
        terms: Terms = self.volumes_ml / self.mean_swelling * powers
        return terms

    def shell_terms(self, shell_ml: Column) -> Terms:
        """Return what each shell is over its measured volume, as terms of the displacement.

        Parameters
        ----------
        shell_ml
            Functional liver in each lesion's margin or zone; where it is 0.0 the shell stays 0.
        """
        inner = ball_radius_mm(self.volumes_ml)
        outer = ball_radius_mm(self.volumes_ml + shell_ml)
        terms = np.zeros((POWERS, len(shell_ml)))
        there = outer > inner
        inner, outer = inner[there], outer[there]
        whole = outer**3 - inner**3
        terms[0] = 1.0
        terms[1, there] = 3.0 * (outer**2 - inner**2) / whole
        terms[2, there] = 3.0 * (outer - inner) / whole
        return terms

    def total(self, terms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum terms over the lesions in every draw.

        Parameters
        ----------
        terms
            Coefficients of several figures, shape ``(figures, 4, lesions)``.

        Returns
        -------
        ndarray
            Shape ``(figures, draws)``.
        """
        total = np.repeat(terms[:, 0].sum(axis=1)[:, None], len(self.zone_grid_mm2), axis=1)
        if self.moved_mm is None:
            return total
        used = np.flatnonzero(terms[:, 1:].any(axis=(0, 1)))
        for start in range(0, len(used), LESIONS_AT_ONCE):
            some = used[start : start + LESIONS_AT_ONCE]
            moved = power = self.moved_mm[some]
            for number in range(1, POWERS):
                # no linear algebra library: its sums depend on the number of threads
                total += np.einsum("fl,ld->fd", terms[:, number, some], power)
                power = power * moved
        return total


def ball_radius_mm(volume_ml: Column) -> Column:
    """Return the radius of a ball of a volume."""
    radius: Column = np.cbrt(3.0 * mm3_from_ml(1.0) * volume_ml / (4.0 * np.pi))
    return radius
