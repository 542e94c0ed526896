"""``remnant serve``: the review page of cases, in a browser."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from remnant.cli.help_page import page
from remnant.core.errors import InputError
from remnant.core.extras import require_extra

if TYPE_CHECKING:
    from remnant.web.settings import WebSettings

MOST_PORT = 65535

app = App(
    name="serve",
    help="Show cases in a browser: images, plans to try, corrections; for this machine alone.",
    help_formatter=page(
        "remnant serve CASE --image CT.nii.gz",
        "remnant serve FOLDER --images SCANS",
        "remnant serve COHORT --port 0",
        "remnant serve FOLDER --host 10.0.0.5 --token-file token.txt",
        "remnant serve FOLDER --token-file token.txt --address https://review.example.org",
    ),
)


@app.default
def serve(
    folder: Path,
    *,
    image: Path | None = None,
    images: Path | None = None,
    port: int = 8000,
    host: str = "127.0.0.1",
    token_file: Path | None = None,
    address: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
) -> None:
    """Show cases in a browser, until Ctrl-C. Nothing outside their folder is served.

    Parameters
    ----------
    folder
        A case, or a folder that holds cases (a cohort's, too).
    image
        The scan of the one case, which the case itself does not keep; it has to be the very one.
    images
        Folder in which the scans of cases are found by their digests.
    port
        Where the page is served; 0 picks a free port.
    host
        Address of this machine. Any but a loopback address needs --token-file.
    token_file
        File with the token that people log in with: at least 32 characters, readable by its owner
        alone.
    address
        Web address of a proxy through which the page is reached. It needs --token-file.
    """
    import sys

    _require_there(folder, image, images)
    if not 0 <= port <= MOST_PORT:
        raise InputError(f"--port {port}: allowed are 0 to {MOST_PORT}")
    require_extra("web", "the review page needs", "fastapi", "uvicorn")
    from remnant.web.app import create_app
    from remnant.web.serving import listening, reached_at, run

    settings = web_settings(
        folder, image=image, images=images, host=host, token_file=token_file, address=address
    )
    opened = listening(host, port)
    there = opened.getsockname()
    with opened:
        print(f"The review page is at {reached_at(there[0], there[1])}", file=sys.stderr)
        print("Ctrl-C ends it. Research use only.", file=sys.stderr, flush=True)
        run(create_app(settings), opened)
    print("The review page has ended; what was saved is kept.")


def web_settings(
    folder: Path,
    *,
    image: Path | None,
    images: Path | None,
    host: str,
    token_file: Path | None,
    address: tuple[str, ...],
) -> "WebSettings":
    """Return what is served to whom.

    Raises
    ------
    InputError
        Others could reach the page without a token, or something cannot be used.
    """
    from remnant.web.guard import origin_of
    from remnant.web.serving import is_loopback
    from remnant.web.settings import LOOPBACK, WebSettings, read_token

    local = is_loopback(host)
    if token_file is None and not (local and not address):
        asked = f"--host {host}" if not local else f"--address {address[0]}"
        raise InputError(f"{asked} lets other machines reach the page; give --token-file FILE, too")
    for one in address:
        if not one.startswith(("http://", "https://")):
            raise InputError(f"--address {one}: write it whole, e.g. https://review.example.org")
    named = [origin_of(one) for one in address]
    own = (host if ":" not in host else f"[{host}]").lower()
    return WebSettings(
        root=folder.resolve(),
        image=image,
        images=images,
        token=None if token_file is None else read_token(token_file),
        hosts=(*LOOPBACK, own, *(name for _, name in named)),
        any_address=not local,
        origins=tuple(origin for origin, _ in named),
    )


def _require_there(folder: Path, image: Path | None, images: Path | None) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; name a case, or a folder that holds cases")
    if image is not None and images is not None:
        raise InputError("--image and --images contradict each other; give one of them")
    if image is not None and not image.exists():
        raise InputError(f"--image {image} does not exist; give the scan of the case")
    if images is not None and not images.is_dir():
        raise InputError(f"--images {images} is no folder; name the folder of the scans")
