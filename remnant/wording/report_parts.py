"""Titles of the report's parts, by the id of their heading, in the order of the report."""

from collections.abc import Mapping
from typing import Final

from remnant.wording.language import spoken

PART_TITLES: Final[Mapping[str, str]] = spoken(
    {
        "impression": "Impression",
        "lesions": "Lesions",
        "plans": "Plans",
        "sources": "What the sources ask",
        "notices": "Read with care",
        "key": "Key figures",
        "distribution": "Distribution",
        "borders": "Segment borders",
        "lesion-details": "More of each lesion",
        "segments": "Couinaud segments",
        "vessels": "Named vessels",
        "plan-details": "Every plan",
        "source-lists": "Every condition of the sources",
        "hepatectomies": "One hepatectomy alone",
        "resections": "Resections",
        "findings": "Findings and their sources",
        "method": "Method and provenance",
        "operator": "For the operator",
    }
)
