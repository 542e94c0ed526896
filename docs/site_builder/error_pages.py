"""The page of all errors: what each says, by what it is about."""

import re
from pathlib import Path
from typing import Final

from site_builder.error_texts import ErrorText, error_kinds, error_texts

AREAS: Final = (
    ("DICOM", ("remnant/io/dicom", "remnant/io/archive", "remnant/io/series", "remnant/io/stack",
               "remnant/io/slice", "remnant/io/mr_", "remnant/io/stored", "remnant/io/encaps",
               "remnant/io/body", "remnant/io/phase", "remnant/io/study")),
    ("Structure sets and segmentations", ("remnant/io/rtstruct", "remnant/io/contour",
               "remnant/io/polygons", "remnant/io/seg", "remnant/io/named")),
    ("NIfTI, NRRD, MetaImage", ("remnant/io/nifti", "remnant/io/nrrd", "remnant/io/meta",
               "remnant/io/detached", "remnant/io/volume", "remnant/io/grid",
               "remnant/io/scaling")),
    ("Masks and label maps", ("remnant/io/mask", "remnant/io/lesion", "remnant/io/label",
               "remnant/io/nested", "remnant/io/role", "remnant/io/stored_codes",
               "remnant/pipeline/fit", "remnant/core/labels", "remnant/core/volumes")),
    ("Other files", ("remnant/io/", "remnant/documents/")),
    ("Options and facts", ("remnant/cli/", "remnant/core/clinical", "remnant/core/patient",
               "remnant/core/plan", "remnant/core/recipe", "planning/")),
    ("Cases, runs and folders", ("remnant/pipeline/", "remnant/page/", "remnant/pictures/")),
    ("Networks and their weights", ("models/", "segmentation/")),
    ("Measuring, comparing and the rest", ("",)),
)  # fmt: skip
"""Subject of a module by the start of its path; the first that fits counts."""
LEFT_OUT: Final = ("remnant/testing/",)
MARKUP: Final = re.compile(r"([\\*_\[\]<>|#])")
PIECE: Final = re.compile(r"(`[^`]*`)")


def errors_page(repository: Path) -> str:
    """Return the page, as Markdown."""
    texts = [one for one in error_texts(repository) if not one.module.startswith(LEFT_OUT)]
    kinds = error_kinds(repository)
    return "\n".join((*_head(len(texts)), *_kinds(kinds), *_areas(texts), ""))


def area_of(module: str) -> str:
    """Return what a module's errors are about.

    >>> area_of("remnant/io/dicom_series.py"), area_of("models/index.py")
    ('DICOM', 'Networks and their weights')
    """
    return next(title for title, starts in AREAS if module.startswith(starts))


def as_markdown(text: str) -> str:
    r"""Return a text whose signs are no markup, its commands in backticks left as they are.

    >>> as_markdown("a_b <c> `d_e`")
    'a\\_b \\<c\\> `d_e`'
    """
    pieces = PIECE.split(text)
    return "".join(p if PIECE.fullmatch(p) else MARKUP.sub(r"\\\1", p) for p in pieces)


def _head(count: int) -> tuple[str, ...]:
    return (
        "# Every error and what it says",
        "",
        f"The {count} texts of errors, read from the sources when this site is built; … stands for",
        "what is filled in. Each ends the command with exit code 2 and one line; nothing half",
        "written stays behind. The usual ones, with more words, are under",
        "[troubleshooting](../troubleshooting.md).",
        "",
    )


def _kinds(kinds: dict[str, str]) -> tuple[str, ...]:
    rows = (f"| `{name}` | {as_markdown(means)} |" for name, means in kinds.items())
    return ("## Kinds", "", "| class | meaning |", "|---|---|", *rows, "")


def _areas(texts: list[ErrorText]) -> tuple[str, ...]:
    lines: list[str] = []
    for title, _ in AREAS:
        here = sorted({one.text for one in texts if area_of(one.module) == title}, key=str.lower)
        lines += [f"## {title}", "", *(f"- {as_markdown(text)}" for text in here), ""]
    return tuple(lines)
