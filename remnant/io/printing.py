"""Texts of files, fit for a terminal."""

LONGEST_TEXT = 64


def printable(value: object) -> str:
    """Return a text of a file fit for a terminal: no control characters, at most 64 signs."""
    kept = "".join(sign for sign in str(value or "") if sign.isprintable())
    return kept.strip()[:LONGEST_TEXT]
