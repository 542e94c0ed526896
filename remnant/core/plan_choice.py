"""What the user asks of the planner: margins, limits and locks."""

from dataclasses import dataclass, field
from enum import StrEnum

from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import CERTAINTY
from remnant.core.recipe import Recipe

LARGEST_MARGIN_MM = 30.0
LARGEST_LIMIT_MM = 300.0
LEAST_CERTAINTY, MOST_CERTAINTY = 0.5, 0.99
"""From a half on (the likelier side decides: nothing is uncertain) to what the draws resolve."""


class AblationShape(StrEnum):
    """Form of an ablation zone around a lesion and its margin.

    ``SPHERE`` is the ball around the lesion's centre that holds the lesion and the margin,
    ``ELLIPSOID`` the same along the lesion's own axes, ``CONFORMAL`` the lesion widened by the
    margin: the least that a zone could take.
    """

    SPHERE = "sphere"
    ELLIPSOID = "ellipsoid"
    CONFORMAL = "conformal"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChoice:
    """Margins, limits and locks of one planning run. Defaults without a source are this project's.

    Parameters
    ----------
    rule_set
        Id of the FLR rule set whose minimum decides what is feasible; all others are shown too.
    targets
        Shares of the tumour volume to reach, each in (0, 1].
    keep
        Segments that stay whole segments: never removed anatomically.
    most_ablations, most_wedges
        At most so many ablation zones and wedges; 0 forbids them, ``None`` is no limit.
    resection_margin_mm
        Liver taken around a resected lesion.
    ablation_margin_mm
        Liver destroyed around an ablated lesion.
    ablation_limit_mm
        Largest longest axial diameter of a lesion that is ablated.
    ablation_shape, largest_zone_mm
        Form of one ablation zone and its largest diameter; larger needs take overlapping zones.
    central_distance_mm
        Lesions nearer than this to labelled portal vein are not ablated.
    wedge_limit_mm, wedge_depth_mm
        Largest slice-corrected 3-D diameter of a lesion that is excised alone, and the largest
        distance of its near side from the liver's surface; ``None`` is no limit.
    contiguous_segments
        So many kept segments at least border on each other.
    named_only
        Look for no operation beyond the named ones, also where none of these reaches a target.
    vessels_intact
        Sets of removed segments for which a person found inflow, outflow and bile drainage of all
        that stays intact: they count as named operations do.
    recipes
        The user's own plans, judged beside the optimiser's.
    certainty
        Share of the draws of the measurement error from which on a limit counts as met, or as
        missed; between the two it is uncertain.
    seconds
        Time the optimiser may take; what is not proven by then says so.

    Raises
    ------
    InputError
        A figure is outside its range.
    """

    rule_set: str = "gepnetlm_review"
    targets: tuple[float, ...] = (0.70, 0.80, 0.90, 1.0)
    keep: frozenset[CouinaudSegment] = frozenset()
    most_ablations: int | None = None
    most_wedges: int | None = None
    resection_margin_mm: float = 5.0
    ablation_margin_mm: float = 5.0
    ablation_limit_mm: float = 30.0
    ablation_shape: AblationShape = AblationShape.SPHERE
    largest_zone_mm: float = 50.0
    central_distance_mm: float = 10.0
    wedge_limit_mm: float | None = 50.0
    wedge_depth_mm: float | None = 20.0
    contiguous_segments: int = 2
    named_only: bool = False
    vessels_intact: tuple[frozenset[CouinaudSegment], ...] = ()
    recipes: tuple[Recipe, ...] = ()
    certainty: float = CERTAINTY
    seconds: float = field(default=60.0)

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InputError(f"{name} is {value:g}; allowed is {low:g} to {high:g}")
        for target in self.targets:
            if not 0.0 < target <= 1.0:
                raise InputError(
                    f"a debulking target is {target:g}; allowed is a share above 0, at most 1"
                )


RANGES = {
    "most_ablations": (0, 1000),
    "most_wedges": (0, 1000),
    "resection_margin_mm": (0.0, LARGEST_MARGIN_MM),
    "ablation_margin_mm": (0.0, LARGEST_MARGIN_MM),
    "ablation_limit_mm": (0.0, LARGEST_LIMIT_MM),
    "largest_zone_mm": (10.0, LARGEST_LIMIT_MM),
    "central_distance_mm": (0.0, 50.0),
    "wedge_limit_mm": (0.0, LARGEST_LIMIT_MM),
    "wedge_depth_mm": (0.0, LARGEST_LIMIT_MM),
    "contiguous_segments": (1, 8),
    "certainty": (LEAST_CERTAINTY, MOST_CERTAINTY),
    "seconds": (1.0, 3600.0),
}
"""Smallest and largest value of every number."""

DEFAULT_CHOICE = PlanChoice()
