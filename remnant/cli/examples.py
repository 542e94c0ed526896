"""The foot of every help text: examples, and what remnant is not."""

from remnant.wording.words import RESEARCH_USE


def epilogue(*commands: str) -> str:
    """Return example commands and the research-use line as Markdown."""
    lines = "\n".join(f"    {command}" for command in commands)
    return f"**Examples**\n\n{lines}\n\n{RESEARCH_USE}"
