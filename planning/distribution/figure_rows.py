"""Which rows of ``machairas2021``'s figure 2 a distribution of lesions belongs to.

The figure speaks of types I, II and III and of limited bilobar, complex and diffuse patterns, for
which it prints no number. Here what fits no type is complex above :data:`LIMITED_LESIONS` lesions.
Up to that number in both lobes it is limited bilobar where one operation, with or without ablation,
clears all lesions and leaves enough liver, by the chosen rule and by the 30 % that the source asks
for; a number alone says nothing of their size and place.
Else, and in one lobe, it may be either. Where a scan cuts the liver, a type II may be a type III.
"""

from collections.abc import Mapping

from planning import inputs
from planning.distribution.frilling import OPERATIONAL_RULE
from planning.inputs import Input
from planning.rules.staging import LIMITED_LESIONS
from remnant.core.distribution import Frilling, FrillingType
from remnant.core.quantity import Bound, Quantity

Rows = tuple[bool | None, bool | None, bool | None]
"""Whether a case belongs to the rows limited, complex, diffuse; ``None`` where it may."""

BY_TYPE: dict[FrillingType, Rows] = {
    FrillingType.I: (True, False, False),
    FrillingType.II: (False, True, False),
    FrillingType.III: (False, False, True),
}
ANY: Rows = (None, None, None)


def distribution_rows(
    count: Quantity, *, both_lobes: bool | None, frilling: Frilling | None, cleared: bool = False
) -> Mapping[Input, bool | None]:
    """Tell the rows of the figure apart.

    Parameters
    ----------
    count
        Number of lesions; a lower bound where there may be more beyond the scan.
    both_lobes
        Whether both lobes are involved, ``None`` where that is not known.
    frilling
        Distribution, ``None`` where it was not classified.
    cleared
        Whether one operation is known to clear all lesions with an accepted remnant.

    Returns
    -------
    Mapping
        A truth value for each of the three rows, ``None`` where the case may belong to it.
    """
    cut = count.bound is Bound.LOWER
    rows = ANY
    if frilling is not None:
        rows = _rows(frilling, count.value, cut=cut, both=both_lobes, cleared=cleared)
    named = (inputs.LIMITED_PATTERN, inputs.COMPLEX_PATTERN, inputs.DIFFUSE_PATTERN)
    return dict(zip(named, rows, strict=True))


def _rows(
    frilling: Frilling, count: float | None, *, cut: bool, both: bool | None, cleared: bool
) -> Rows:
    if frilling.type in BY_TYPE:
        return _in_cut_liver(frilling.type) if cut else BY_TYPE[frilling.type]
    if frilling.type is None or count is None:
        return ANY
    if count > LIMITED_LESIONS:
        many = count >= OPERATIONAL_RULE.disseminated_lesions
        return (False, None, None) if many or cut else (False, True, False)
    return ANY if cut else _of_few(count, both=both, cleared=cleared)


def _in_cut_liver(found: FrillingType) -> Rows:
    return {
        FrillingType.I: ANY,
        FrillingType.II: (False, None, None),
    }.get(found, BY_TYPE[FrillingType.III])


def _of_few(count: float, *, both: bool | None, cleared: bool) -> Rows:
    """Rows of a few lesions that fit no type, or two; a single one may be of type I or III."""
    if count <= 1:
        return None, False, None
    if both is None:
        return ANY
    return (True, False, False) if both and cleared else (None, None, False)
