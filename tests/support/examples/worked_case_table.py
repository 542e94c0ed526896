"""The worked cases: what each is, and the verdicts with their places in the sources."""

from examples.worked_cases import FIT, Expected, WorkedCase

ISLAND = (("VIII", 28.0), ("VI", 28.0), ("IV", 22.0), ("II", 8.0))
SMALL_LIVER = {"height_cm": 195.0, "weight_kg": 130.0}


def _says(item: str, verdict: str, place: str) -> Expected:
    return Expected(item=item, verdict=verdict, place=place)


CASES = (
    WorkedCase(
        id="island",
        about="Bulk in VIII, VI and IV, a small one in II; long chemotherapy, a large body",
        balls=ISLAND,
        facts=FIT | {"chemotherapy_weeks": 16},
        person=SMALL_LIVER,
        expected=(
            _says("target.100", "not_met", "C, resectability: contiguous segments, vessels intact"),
            _says("resectability.r0", "not_met", "ENETS list in C: R0 feasible"),
            _says("staging.two_stage_pvl", "met", "M, figure 2: two stages where the FLR is short"),
        ),
    ),
)
