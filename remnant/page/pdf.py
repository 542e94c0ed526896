"""The report as PDF: the same page, printed by WeasyPrint without anything from outside."""

import logging
from hashlib import sha256
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final

from remnant.core.errors import InputError
from remnant.pictures.fonts import font_file

if TYPE_CHECKING:
    from weasyprint.urls import URLFetcherResponse

FONTS: Final = {
    "regular": "DejaVuSans.ttf",
    "bold": "DejaVuSans-Bold.ttf",
    "mono": "DejaVuSansMono.ttf",
}
"""Type that comes with matplotlib: a machine without any prints the same page."""
FONT_FACES: Final = """
@font-face { font-family: "Remnant Sans"; src: url("remnant-font:regular"); }
@font-face { font-family: "Remnant Sans"; font-weight: 600 900; src: url("remnant-font:bold"); }
@font-face { font-family: "Remnant Mono"; src: url("remnant-font:mono"); }
code, .hash { font-family: "Remnant Mono", monospace; }
"""
FONT_SCHEME: Final = "remnant-font:"
DATA_SCHEME: Final = "data:"
VARIANT: Final = "pdf/ua-1"


def render_pdf(page: str) -> bytes:
    """Print a page of `remnant.page.html` as PDF.

    Parameters
    ----------
    page
        HTML with everything inlined. Nothing is fetched: what it would load from anywhere is left
        out.

    Returns
    -------
    bytes
        Tagged PDF (PDF/UA-1) with bookmarks, title and language; the same page gives the same
        bytes.

    Raises
    ------
    InputError
        WeasyPrint is not installed, or lacks a library of the system.
    """
    weasyprint, fonts = _weasyprint(), _font_configuration()
    faces = weasyprint.CSS(string=FONT_FACES, font_config=fonts, url_fetcher=_fetcher())
    document = weasyprint.HTML(string=page, url_fetcher=_fetcher(), base_url=None)
    pdf: bytes = document.write_pdf(
        stylesheets=[faces],
        font_config=fonts,
        pdf_variant=VARIANT,
        pdf_identifier=sha256(page.encode()).hexdigest()[:32].encode("ascii"),
    )
    return pdf


def require_weasyprint() -> None:
    """Raise unless a page can be printed, see `render_pdf`."""
    _weasyprint()


def _weasyprint() -> ModuleType:
    # Late: only a PDF needs it, and it loads libraries of the system.
    try:
        weasyprint = import_module("weasyprint")
    except ModuleNotFoundError as fault:
        raise InputError(
            f"a PDF needs {fault.name}, which is not installed; pip install 'remnant[pdf]', or "
            f"print report.html from a browser"
        ) from fault
    except OSError as fault:
        raise InputError(
            f"a PDF needs Pango, which WeasyPrint did not find ({_first_line(fault)}); install it "
            f"with the system's packages, or print report.html from a browser"
        ) from fault
    # It warns of every property that only browsers know.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    return weasyprint


def _first_line(fault: OSError) -> str:
    return str(fault).splitlines()[0] if str(fault) else type(fault).__name__


def _font_configuration() -> object:
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


def _fetcher() -> object:
    """Return what reads inlined pictures and the page's own type, and refuses all else."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class InlinedOnly(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> "URLFetcherResponse":
            if url.startswith(FONT_SCHEME):
                name = url.removeprefix(FONT_SCHEME)
                return URLFetcherResponse(url, body=_font(name), headers={})
            if not url.startswith(DATA_SCHEME):
                raise ValueError(f"{url} is not inlined: a report loads nothing")
            return super().fetch(url, headers)

    return InlinedOnly()


def _font(name: str) -> bytes:
    return font_file(FONTS[name]).read_bytes()
