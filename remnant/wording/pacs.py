"""What a node of the PACS says: to operators, and in answers to senders."""

from typing import Final

MOST_COMMENT: Final = 64
"""Longest comment that an answer may carry (DICOM's LO)."""

DISK_FULL: Final = "disk nearly full; send again later"
TOO_LARGE: Final = "object is larger than this node takes"
NOT_READ: Final = "object cannot be read: no valid UIDs"
OTHER_OBJECT: Final = "UIDs of object and request differ"
OTHER_BYTES: Final = "another object with this UID is here already"
NOT_STORED: Final = "object could not be stored; send again later"

STAGE_FAILED: Final = "{stage}: ended with exit code {code}; see the log of the case"
STAGE_SLOW: Final = "{stage}: took longer than allowed"
STAGE_RED: Final = "{stage}: the quality gate is red, so that nothing was sent"
NOT_KEPT: Final = "results could not be kept; is the disk full?"
NO_RESULTS: Final = "export: wrote no DICOM objects"
UNREADABLE_RESULT: Final = "export: wrote a DICOM object that cannot be read"

STORED: Final = "stored"
THERE: Final = "there already"
UNREACHABLE: Final = "the target cannot be reached, or refuses the association"
NO_ANSWER: Final = "the target did not answer; it may have the object"
NO_CONTEXT: Final = "the target does not take this kind of object"
REFUSED: Final = "refused with status 0x{status:04X}"
REFUSED_WEB: Final = "refused with HTTP status {status}"
UNREADABLE: Final = "not a readable DICOM object"
