"""The routes of the list of cases, of one case, and of its files."""

from fastapi import APIRouter
from fastapi.responses import FileResponse, JSONResponse, Response

from remnant.web import case_answer
from remnant.web.downloads import download, made, type_of
from remnant.web.guard import OF_FILES
from remnant.web.library import searched_words
from remnant.web.open_cases import OpenCase
from remnant.web.requests import Json
from remnant.web.site import Site


def case_router(site: Site) -> APIRouter:
    """Return the routes of the list of cases and of one case."""
    router = APIRouter()

    @router.get("/api/cases")
    def cases(search: str = "", status: str = "") -> Response:
        words = search.lower()[:100].split()
        rows = [
            row
            for row in site.library.rows()
            if status in ("", row["status"]) and all(word in searched_words(row) for word in words)
        ]
        return JSONResponse({"cases": rows})

    @router.get("/api/cases/{case}")
    def one_case(case: str) -> Response:
        found = site.cases.get(case)
        site.scans.read_ahead(found)
        return JSONResponse(_told(site, found))

    @router.get("/api/cases/{case}/downloads/{name}")
    def downloads(case: str, name: str) -> Response:
        found, kind = site.cases.get(case), type_of(name)
        shown = kind.startswith(("text/html", "application/pdf"))
        headers = {"content-security-policy": OF_FILES} if kind != "application/pdf" else {}
        content = made(found, name)
        if content is not None:
            headers["content-disposition"] = f'inline; filename="{name}"'
            return Response(content, media_type=kind, headers=headers)
        path, kind = download(found, site.library.root, name)
        return FileResponse(
            path, media_type=kind, filename=name, headers=headers,
            content_disposition_type="inline" if shown else "attachment",
        )  # fmt: skip

    return router


def _told(site: Site, case: OpenCase) -> Json:
    return {**case_answer.answer(case, site.scans), "draft": site.hooks.draft_of(case)}
