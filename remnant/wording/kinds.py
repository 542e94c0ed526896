"""What families of words are made of: templates of reasons and writers of findings."""

from collections.abc import Callable

from remnant.core.findings import Finding
from remnant.core.reasons import Reason

Template = str | Callable[[Reason], str]
"""Text of a cause, with ``{amounts[0]:g}``, ``{names[0]}`` and ``{because}`` where it has such; a
function where that is not enough."""

Writer = Callable[[Finding], str]
"""Writes the findings of one id, or of all ids that begin alike."""

Parts = tuple[Writer, Writer]
"""What a rule says whatever the case, and what is to be said of this case beside the finding's
quantity, missing inputs and reasons."""


def nothing(finding: Finding) -> str:  # noqa: ARG001  # a writer gets the finding
    """Write nothing: the data say all."""
    return ""
