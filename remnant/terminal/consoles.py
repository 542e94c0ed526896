"""The console that all texts for people go through."""

from rich.console import Console


def plain_console() -> Console:
    """Return a console for standard output that colours nothing of its own accord.

    ``NO_COLOR`` takes the colours of headings and warnings too, and a pipe gets none.
    """
    return Console(highlight=False)
