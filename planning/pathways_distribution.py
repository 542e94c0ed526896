"""Which rows of ``machairas2021``'s figure 2 a distribution of lesions belongs to.

The figure speaks of types I, II and III and of limited bilobar, complex and diffuse patterns, for
which it prints no number. Here what fits no type is limited bilobar up to
:data:`LIMITED_LESIONS` lesions in both lobes, and complex above that; in one lobe up to that
number, it may be either. Where a scan cuts the liver, a type II may be a type III.
"""

from planning.criteria import Known
from planning.frilling import OPERATIONAL_RULE
from planning.rules.pathways import COMPLEX, DIFFUSE, LIMITED
from planning.rules.staging import BOTH_LOBES, LESION_COUNT, LIMITED_LESIONS
from remnant.core.plan import Frilling, FrillingType
from remnant.core.quantity import Bound, Quantity

Rows = tuple[bool | None, bool | None, bool | None]
"""Whether a case belongs to the rows limited, complex, diffuse; ``None`` where it may."""

BY_TYPE: dict[FrillingType, Rows] = {
    FrillingType.I: (True, False, False),
    FrillingType.II: (False, True, False),
    FrillingType.III: (False, False, True),
}
ANY: Rows = (None, None, None)


def distribution_rows(known: Known, frilling: Frilling) -> Known:
    """Tell the rows of the figure apart.

    Returns
    -------
    Known
        A truth value for each of the three rows, ``None`` where the case may belong to it.
    """
    count, cut = _count(known)
    rows = _rows(frilling, count, cut=cut, both=known.get(BOTH_LOBES))
    return dict(zip((LIMITED, COMPLEX, DIFFUSE), rows, strict=True))


def _rows(frilling: Frilling, count: float | None, *, cut: bool, both: object) -> Rows:
    if frilling.type in BY_TYPE:
        return _in_cut_liver(frilling.type) if cut else BY_TYPE[frilling.type]
    if frilling.type is None or count is None:
        return ANY
    if count > LIMITED_LESIONS:
        many = count >= OPERATIONAL_RULE.disseminated_lesions
        return (False, None, None) if many or cut else (False, True, False)
    return ANY if cut else _of_few(count, both)


def _in_cut_liver(found: FrillingType) -> Rows:
    return {
        FrillingType.I: ANY,
        FrillingType.II: (False, None, None),
    }.get(found, BY_TYPE[FrillingType.III])


def _of_few(count: float, both: object) -> Rows:
    """Rows of a few lesions that fit no type, or two; a single one may be of type I or III."""
    if count <= 1:
        return None, False, None
    if both is None:
        return ANY
    return (True, False, False) if both else (None, None, False)


def _count(known: Known) -> tuple[float | None, bool]:
    """Return the number of lesions and whether there may be more beyond the scan."""
    count = known.get(LESION_COUNT)
    if isinstance(count, Quantity):
        return count.value, count.bound is Bound.LOWER
    return (float(count) if isinstance(count, float | int) else None), False
