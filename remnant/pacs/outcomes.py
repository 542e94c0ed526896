"""What becomes of an object that is sent."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from remnant.wording import pacs as words


class UnreachableError(Exception):
    """No association or connection with the target could be had; nothing was sent."""


class SentKind(StrEnum):
    """What became of an object."""

    STORED = "stored"
    REFUSED = "refused"
    UNSURE = "unsure"
    UNREACHED = "unreached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of an object, and why."""

    kind: SentKind
    reason: str


STORED: Final = Sent(kind=SentKind.STORED, reason=words.STORED)
