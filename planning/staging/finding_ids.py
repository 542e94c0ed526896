"""Ids of the findings on growth."""

from planning.rules.growth import GROWTH_PRESETS, GROWTH_REMARKS

CURVE_ID, SPREAD_ID, NO_SOURCE_ID = "growth.curve", "growth.spread", "growth.no_source"
ABOUT_GROWTH = frozenset(
    (
        *(CURVE_ID, SPREAD_ID, NO_SOURCE_ID),
        *(preset.finding_id for preset in GROWTH_PRESETS),
        *(remark.id for remark in GROWTH_REMARKS),
    )
)
"""Ids of all findings on growth; those without a limit are held against nothing."""
