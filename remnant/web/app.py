"""The review page's application: routes behind a guard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from remnant.web.guard import Guard
from remnant.web.refusals import Refusal, RefusedError, refused
from remnant.web.routes import all_routers
from remnant.web.settings import WebSettings
from remnant.web.site import Site

STATIC: Final = Path(__file__).with_name("static")
KEPT: Final = {"cache-control": "no-cache"}


def create_app(settings: WebSettings) -> FastAPI:
    """Return the application that serves what the settings name.

    Its state is `app.state.site`. There are no pages of documentation: nothing but the page's own
    routes is answered.
    """
    site = Site.of(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        site.jobs.close()

    app = FastAPI(
        title="remnant", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan,
        redirect_slashes=False,
    )  # fmt: skip
    app.state.site = site
    for router in all_routers(site):
        app.include_router(router)
    _add_pages(app, site)
    _add_refusals(app)
    app.add_middleware(Guard, settings=settings, sessions=site.sessions)
    return app


def _add_pages(app: FastAPI, site: Site) -> None:
    def page(name: str, request: Request) -> Response:
        token, headers = site.settings.token, request.headers
        if token is None or site.sessions.admits(headers):
            return _page(name)
        return _page("login.html", status=401)

    @app.get("/")
    def start(request: Request) -> Response:
        return page("index.html", request)

    @app.get("/case/{case}")
    def case_page(case: str, request: Request) -> Response:  # noqa: ARG001  (the page asks for it)
        return page("case.html", request)

    if STATIC.is_dir():
        app.mount("/static", StaticFiles(directory=STATIC), name="static")


def _page(name: str, *, status: int = 200) -> Response:
    path = STATIC / name
    if not path.is_file():
        raise refused(404, "this installation has no pages", "install remnant[web] anew")
    kind = "text/html; charset=utf-8"
    return FileResponse(path, status_code=status, media_type=kind, headers=KEPT)


def _add_refusals(app: FastAPI) -> None:
    """Answer every error in one line of JSON."""

    @app.exception_handler(RefusedError)
    async def refusal(_: Request, fault: RefusedError) -> Response:
        return _answer(fault.refusal)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, __: RequestValidationError) -> Response:
        return _answer(Refusal(400, "the request cannot be read", "load the page again"))

    @app.exception_handler(HTTPException)
    async def other(_: Request, fault: HTTPException) -> Response:
        words = {404: "there is no such page", 405: "this is not done here"}
        error = words.get(fault.status_code, "the request cannot be answered")
        return _answer(Refusal(fault.status_code, error, "go back to the list of cases"))

    @app.exception_handler(Exception)
    async def bug(_: Request, fault: Exception) -> Response:
        error = f"a fault of this program ({type(fault).__name__})"
        return _answer(Refusal(500, error, "please report it"))


def _answer(refusal: Refusal) -> Response:
    return JSONResponse(refusal.document(), status_code=refusal.status)
