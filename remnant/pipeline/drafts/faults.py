"""Why a draft cannot go on as asked, though what was asked is well-formed."""

from remnant.core.errors import InputError


class DraftHeldError(InputError):
    """Another person has a draft of the case open."""


class NoDraftError(InputError):
    """The case has no draft, or not the one that was named."""


class CaseChangedError(InputError):
    """The case is not what it was when the draft was begun."""


class ScanNeededError(InputError):
    """What was asked needs the scan, which is not at hand."""
