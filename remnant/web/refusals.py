"""What the server refuses, as one line with what to do, and never a trace or a path."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from remnant.core.errors import one_line

MOST_LETTERS = 400
OPEN_AGAIN = "load the page again"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal: the status, what is wrong, what to do, and what else the answer says."""

    status: int
    error: str
    what_to_do: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return {"error": self.error, "what_to_do": self.what_to_do, **self.more}


class RefusedError(Exception):
    """A request that is refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.error)
        self.refusal = refusal


def refused(status: int, error: str, what_to_do: str = "", **more: object) -> RefusedError:
    """Return the error of a refusal."""
    return RefusedError(Refusal(status, error, what_to_do, more))


def unknown_case() -> RefusedError:
    """Return the error of an id that no case has."""
    return refused(404, "there is no such case", "go back to the list of cases")


def changed_meanwhile(revision: str) -> RefusedError:
    """Return the error of a change that rests on an earlier state of a case."""
    return refused(
        412, "the case was changed meanwhile; nothing was saved",
        f"{OPEN_AGAIN} and do it once more", revision=revision,
    )  # fmt: skip


def bare_line(text: str, *private: str) -> str:
    """Return the words of an error in one line, without paths that they name."""
    for path in sorted((p for p in private if p), key=len, reverse=True):
        text = text.replace(path, "the case")
    return one_line(text, most=MOST_LETTERS)
