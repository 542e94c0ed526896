"""How results show themselves in a notebook.

What is shown is told by an upper layer, which registers it with `html_of`; where none was loaded, a
result reads as its ``repr``.
"""

from functools import singledispatch


@singledispatch
def html_of(value: object) -> str | None:  # noqa: ARG001  (what is registered takes it)
    """Return a value as a piece of HTML; ``None`` where nothing is known for its type."""
    return None


class ShowsItself:
    """A result that a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        return html_of(self)
