"""Inputs of conditions that are computed and that nobody can tell, and which rest on segments.

They are no gap in what was said, so that the ``missing`` of a list leaves them out.
"""

from collections.abc import Mapping

PLANS, SCAN = "the plans", "the scan"

COMPUTED: Mapping[str, str] = {
    "debulkable_fraction": PLANS,
    "clearance_feasible": PLANS,
    "r0_feasible": PLANS,
    "flr_by_cloyd": PLANS,
    "flr_by_machairas": PLANS,
    "contiguous_by_cloyd": PLANS,
    "flr_insufficient_in_one_stage": PLANS,
    "reachable_in_one_stage": PLANS,
    "amenable_to_resection": PLANS,
    "small_resection_suffices": PLANS,
    "burden_fraction": SCAN,
    "lesion_count": SCAN,
    "largest_lesion_mm": SCAN,
    "both_lobes": SCAN,
    "frilling_type": SCAN,
    "pattern_type_i_or_limited": SCAN,
    "pattern_type_ii_or_complex": SCAN,
    "pattern_type_iii_or_diffuse": SCAN,
    "remnant_vessels": SCAN,
    "remnant_bile": SCAN,
}
"""What decides each computed input."""

SEGMENT_BASED = frozenset(
    (
        *(name for name, by in COMPUTED.items() if by == PLANS),
        "both_lobes",
        "frilling_type",
        "pattern_type_i_or_limited",
        "pattern_type_ii_or_complex",
        "pattern_type_iii_or_diffuse",
    )
)
"""Inputs that rest on Couinaud segments, by themselves or through the plans."""
