"""Footnotes of one table: each distinct reason gets one letter."""

from dataclasses import dataclass, field
from string import ascii_lowercase


@dataclass(slots=True)
class Notes:
    """Footnotes of one table: each distinct reason gets one letter."""

    reasons: list[str] = field(default_factory=list)

    def mark(self, reason: str | None) -> str:
        """Return the letter of a reason, the empty text for none."""
        if reason is None:
            return ""
        if reason not in self.reasons:
            self.reasons.append(reason)
        return _letter(self.reasons.index(reason))

    def listed(self) -> list[tuple[str, str]]:
        """Return letters and reasons in the order of their first use."""
        return [(_letter(number), reason) for number, reason in enumerate(self.reasons)]


def _letter(number: int) -> str:
    high, low = divmod(number, len(ascii_lowercase))
    return (ascii_lowercase[high - 1] if high else "") + ascii_lowercase[low]
