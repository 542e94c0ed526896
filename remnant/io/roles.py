"""What a mask may hold, by the name of its role."""

from enum import StrEnum


class Part(StrEnum):
    """What a mask may hold; also the names of the files' roles.

    ``BRANCHES`` are the vessel branches that serve the Couinaud segments, each with its segment's
    code; all other roles are structures of the liver.
    """

    LIVER = "liver"
    LESIONS = "lesions"
    COUINAUD = "couinaud"
    VESSELS = "vessels"
    PORTAL_VEIN = "portal_vein"
    HEPATIC_VEINS = "hepatic_veins"
    BRANCHES = "branches"


CODED_BY_SEGMENT = frozenset((Part.COUINAUD, Part.BRANCHES))
"""Roles whose maps hold the codes 1 to 8 of Couinaud's segments."""
