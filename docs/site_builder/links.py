"""Links of a text that moves: from its place in the repository to its place in the site."""

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from posixpath import normpath, relpath
from typing import Final

LINK: Final = re.compile(r"(\]\()([^)\s#]+)([^)\s]*\))")
FENCE: Final = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)
SCHEME: Final = re.compile(r"[a-z]+:")


def moved_links(
    text: str, source: PurePosixPath, target: PurePosixPath, places: Mapping[str, str]
) -> str:
    """Return a Markdown text with its relative links mended.

    Parameters
    ----------
    text
        The text; what lies within code fences is left alone.
    source, target
        Where it lies in the repository, and where it will lie in the site.
    places
        Place in the site of files of the repository that move too. A file of ``docs/`` that is not
        there keeps its place below the site's root; any other link is left as it is.

    >>> moved_links("[a](docs/b.md#c)", PurePosixPath("X.md"), PurePosixPath("p/x.md"), {})
    '[a](../b.md#c)'
    """
    mend = _mender(source, target, places)
    parts = FENCE.split(text)
    return "".join(part if FENCE.fullmatch(part) else LINK.sub(mend, part) for part in parts)


def _mender(
    source: PurePosixPath, target: PurePosixPath, places: Mapping[str, str]
) -> Callable[[re.Match[str]], str]:
    def mended(match: re.Match[str]) -> str:
        before, link, after = match.groups()
        if SCHEME.match(link):
            return match[0]
        wanted = normpath((source.parent / link).as_posix())
        inside = wanted.removeprefix("docs/") if wanted.startswith("docs/") else None
        place = places.get(wanted, inside)
        return match[0] if place is None else before + relpath(place, target.parent) + after

    return mended
