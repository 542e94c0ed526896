"""A case with many lesions and plans, for tests of what a report prints."""

from dataclasses import replace

from examples.plans import example_ablation, example_plan, example_planning, example_result
from remnant.core.debulking import Fate
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Interval, Quantity

MADE_BY_HAND = ("plans", "targets", "staged", "netlm", "stability", "ablation")
"""What the planner makes from maps; the lists of sources are the real ones."""


def with_lesions(case, number):
    """Return the case with so many lesions, each with all figures, and plans that treat them."""
    first = replace(
        case.volumetry.lesions[0],
        segment_fractions={CouinaudSegment.V: 0.6, CouinaudSegment.VIII: 0.4},
        portal_vein_distance_mm=Quantity(12.3),
        hepatic_veins_distance_mm=Quantity(4.5),
    )
    lesions = tuple(
        replace(
            first,
            id=n,
            volume_ml=Quantity(40.0 / n, interval=Interval(36.0 / n, 44.0 / n)),
            longest_axial_mm=50.0 / n,
        )
        for n in range(1, number + 1)
    )
    numbers = tuple(range(1, number + 1))
    result = example_result(fates=dict.fromkeys(numbers, Fate.WEDGE))
    plans = tuple(
        replace(example_plan(result=result), id=f"plan_{n}", targets=()) for n in range(4, 16)
    )
    made = example_planning(ablation=example_ablation(numbers))
    parts = {name: getattr(made, name) for name in MADE_BY_HAND}
    planning = replace(case.planning, **parts | {"plans": (*made.plans, *plans)})
    volumetry = replace(case.volumetry, lesions=lesions)
    return replace(case, volumetry=volumetry, planning=planning)
