"""Short words that stand in reasons as data, in the current language."""

from collections.abc import Iterable

from remnant.wording.language import say, translated


def named(word: str) -> str:
    """Return a word of the data in the current language; one that is not known as it stands."""
    return translated(word)


def either(words: Iterable[str]) -> str:
    """Join words of which one holds, e.g. ``arterial or portal``."""
    *first, last = map(named, words)
    return say("{first} or {last}", first=say(" or ").join(first), last=last) if first else last
