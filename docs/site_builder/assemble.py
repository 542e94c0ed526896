"""Lays the site's sources into one folder: ``docs/``, the root's texts, and what is generated.

What the generator of the site then reads is plain Markdown and one ``mkdocs.yml``, so that another
generator could take its place.
"""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import yaml

from site_builder.error_pages import errors_page
from site_builder.links import moved_links
from site_builder.schema_pages import schema_pages

ROOT_TEXTS: Final = {
    "README.md": "index.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "NOTICE": "project/notice.md",
}
"""Texts outside of ``docs/``; links to the README lead to the site's own first page."""
OWN_FIRST_PAGE: Final = "README.md"
CARDS: Final = "models/bundles/*/docs/README.md"
LEFT_OUT: Final = ("site_builder", "__pycache__")
ERRORS: Final = "reference/errors.md"
NAVIGATION: Final = (
    ("Home", "index.md"),
    ("Tutorials", ("tutorials/radiologist.md", "tutorials/surgeon.md", "tutorials/researcher.md",
                   "tutorials/*.md")),
    ("How to", ("how-to/install.md", "how-to/*.md")),
    ("Reference", ("reference/cli.md", "reference/inputs.md", "reference/*.md", "glossary.md")),
    ("Documents", ("reference/documents/*.md",)),
    ("Networks", ("models/*.md",)),
    ("Explanation", ("explanation/*.md",)),
    ("Troubleshooting", ("troubleshooting.md",)),
    ("Project", ("project/*.md",)),
    ("Decisions", ("adr/*.md",)),
)  # fmt: skip
"""Sections in their order; a page stands where the first pattern takes it."""


def assemble(repository: Path, folder: Path) -> Path:
    """Write the sources of the site into a folder, made anew, and return its ``mkdocs.yml``."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "docs"
    shutil.copytree(repository / "docs", pages, ignore=shutil.ignore_patterns(*LEFT_OUT))
    _move_links(pages, _places(repository))
    for place, text in _further_pages(repository).items():
        (pages / place).parent.mkdir(parents=True, exist_ok=True)
        (pages / place).write_text(text, encoding="utf-8")
    settings = yaml.safe_load((repository / "mkdocs.yml").read_text(encoding="utf-8"))
    settings |= {"docs_dir": "docs", "site_dir": "site", "nav": navigation(pages)}
    written = folder / "mkdocs.yml"
    written.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), "utf-8")
    return written


def navigation(pages: Path) -> list[dict[str, Any]]:
    """Return the sections of the site with their pages, every page once.

    Raises
    ------
    LookupError
        A page stands in no section.
    """
    free = {path.relative_to(pages).as_posix() for path in pages.rglob("*.md")}
    sections: list[dict[str, Any]] = []
    for title, patterns in NAVIGATION:
        taken = _taken(free, [patterns] if isinstance(patterns, str) else patterns)
        free -= set(taken)
        entries = [{title_of(pages / name): name} for name in taken]
        sections.append({title: taken[0] if title == "Home" else entries})
    if free:
        raise LookupError(f"no section of the site holds {sorted(free)}")
    return sections


def title_of(page: Path) -> str:
    """Return a page's first heading."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return next(line.removeprefix("# ") for line in lines if line.startswith("# "))


def _taken(free: Iterable[str], patterns: Iterable[str]) -> list[str]:
    left, taken = sorted(free), []
    for pattern in patterns:
        fits = [name for name in left if PurePosixPath(name).match(pattern)
                and name.count("/") == pattern.count("/")]  # fmt: skip
        taken += [name for name in fits if name not in taken]
    return taken


def _places(repository: Path) -> dict[str, str]:
    cards = {
        path.relative_to(repository).as_posix(): f"models/{path.parts[-3]}.md"
        for path in sorted(repository.glob(CARDS))
    }
    schemas = {
        f"remnant/documents/schema/{place.name}": place.as_posix()
        for place in schema_pages(repository)
        if place.suffix == ".json"
    }
    beside = {
        path.relative_to(repository).as_posix(): f"models/{path.parents[1].name}/{path.name}"
        for path in sorted(repository.glob("models/bundles/*/configs/train.toml"))
        + sorted(repository.glob("models/bundles/*/docs/*.csv"))
    }
    return ROOT_TEXTS | cards | schemas | beside


def _further_pages(repository: Path) -> Mapping[Path, str]:
    places = _places(repository)
    pages = {Path(ERRORS): errors_page(repository), **schema_pages(repository)}
    for source, place in places.items():
        if source == OWN_FIRST_PAGE or Path(place) in pages:
            continue
        text = (repository / source).read_text(encoding="utf-8")
        if source == "NOTICE":
            text = f"# Notice\n\n```text\n{text}```\n"
        elif place.endswith(".md"):
            text = moved_links(text, PurePosixPath(source), PurePosixPath(place), places)
        pages[Path(place)] = text
    return pages


def _move_links(pages: Path, places: Mapping[str, str]) -> None:
    for path in pages.rglob("*.md"):
        place = PurePosixPath(path.relative_to(pages).as_posix())
        text = path.read_text(encoding="utf-8")
        path.write_text(moved_links(text, "docs" / place, place, places), encoding="utf-8")
