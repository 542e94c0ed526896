"""Short words that stand in reasons as data, in the current language."""

from collections.abc import Iterable, Mapping
from typing import Final

from remnant.wording.language import Message, say, translated

KNOWN: Final[Mapping[str, Message]] = {
    "anterior": "anterior",
}
"""What the data hold, by itself: codes and names of persons and papers are not among it."""


def named(word: str) -> str:
    """Return a word of the data in the current language; one that is not known as it stands."""
    return translated(word)


def either(words: Iterable[str]) -> str:
    """Join words of which one holds, e.g. ``arterial or portal``."""
    *first, last = map(named, words)
    return say("{first} or {last}", first=say(" or ").join(first), last=last) if first else last
