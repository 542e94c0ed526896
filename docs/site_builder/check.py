"""Checks a built site: every link inside leads somewhere, and nothing is loaded from outside."""

import re
from collections.abc import Iterator
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

LOADED: Final = {"img": "src", "script": "src", "source": "src", "iframe": "src", "link": "href"}
"""Attribute of each element by which a page loads something as it opens."""
NAMED_ONLY: Final = {"canonical", "prev", "next", "alternate", "edit"}
"""Relations of a link element that load nothing."""
OUTSIDE: Final = re.compile(r"(?:https?:)?//")
STYLE_LOADS: Final = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])((?:https?:)?//[^'\")]+)")


class _Page(HTMLParser):
    """The anchors of a page, what it links to and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = {""}
        self.links: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element is called, links to and loads."""
        given = {name: value for name, value in attrs if value is not None}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        named = NAMED_ONLY & set(given.get("rel", "").split())
        if LOADED.get(tag) in given and not named:
            self.loads.append(given[LOADED[tag]])


class Site:
    """A built site in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def pages(self) -> dict[Path, _Page]:
        """Every page, by its file."""
        pages = {}
        for path in sorted(self.folder.rglob("*.html")):
            pages[path] = _Page()
            pages[path].feed(path.read_text(encoding="utf-8"))
        return pages

    def faults(self) -> Iterator[str]:
        """Yield what is wrong, in words: page, and the link or resource."""
        for path, page in self.pages.items():
            name = path.relative_to(self.folder)
            yield from (f"{name} loads {u}" for u in page.loads if OUTSIDE.match(u))
            inner = [u for u in (*page.links, *page.loads) if not urlsplit(u).scheme]
            yield from (f"{name} leads nowhere: {u}" for u in inner if not self._leads(path, u))
        for path in sorted(self.folder.rglob("*.css")):
            loads = STYLE_LOADS.findall(path.read_text(encoding="utf-8"))
            yield from (f"{path.relative_to(self.folder)} loads {url}" for url in loads)

    def _leads(self, page: Path, link: str) -> bool:
        parts = urlsplit(link)
        path = (self.folder if parts.path.startswith("/") else page.parent) / unquote(
            parts.path.lstrip("/")
        )
        target = (path if parts.path else page).resolve()
        if target.is_dir():
            target /= "index.html"
        known = self.pages.get(target)
        return target.is_file() and (known is None or unquote(parts.fragment) in known.anchors)
