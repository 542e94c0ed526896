"""The routes of cases, what-if, plans, searches and files; what they answer is made elsewhere.

Routes that work are plain functions: they run in threads, so that one slow case does not keep
the others waiting.
"""

from importlib.util import find_spec
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse

from remnant.core.boxes import box_geometry
from remnant.core.geometry import Geometry
from remnant.io.nifti_stream import packed_nifti
from remnant.web import case_answer, saved_plans, search, volumes, what_if
from remnant.web.downloads import download
from remnant.web.guard import OF_FILES
from remnant.web.jobs import Job, in_process
from remnant.web.library import searched_words
from remnant.web.open_cases import OpenCase
from remnant.web.plan_surface import plan_layer, plan_mask
from remnant.web.refusals import refused
from remnant.web.requests import Json, json_object, require_fields
from remnant.web.sessions import COOKIE
from remnant.web.site import DRAFT, Site

PLAN = "plan"
KEPT = "private, no-cache"
"""Kept by the browser, which asks each time whether it is still the same."""


async def body_of(request: Request) -> Json:
    """Return the JSON object that a request holds."""
    return json_object(await request.body())


Body = Annotated[Json, Depends(body_of)]


def revision_of(request: Request) -> str | None:
    """Return the state of a case that a change rests on, as the request says."""
    given = request.headers.get("if-match")
    return None if given is None else given.strip().removeprefix("W/").strip('"')


def all_routers(site: Site) -> list[APIRouter]:
    """Return the routers of a server."""
    routers = [case_router(site), volume_router(site), plan_router(site), session_router(site)]
    if find_spec("remnant.web.corrections") is not None:
        from importlib import import_module

        corrections: Any = import_module("remnant.web.corrections")
        routers.append(corrections.corrections_router(site))
    return routers


def session_router(site: Site) -> APIRouter:
    """Return the route by which a person logs in."""
    router = APIRouter()

    @router.post("/api/login")
    def login(body: Body, request: Request) -> Response:
        require_fields(body, "token")
        if site.settings.token is None:
            raise refused(404, "this server asks for no token", "")
        session = site.sessions.login(body.get("token"))
        answer = JSONResponse({"ok": True})
        secure = request.headers.get("origin", "").startswith("https://")
        answer.set_cookie(
            COOKIE, session, httponly=True, samesite="strict", secure=secure, path="/"
        )
        return answer

    return router


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
        return JSONResponse(_told(site, site.cases.get(case)))

    @router.get("/api/cases/{case}/downloads/{name}")
    def downloads(case: str, name: str) -> Response:
        path, kind = download(site.cases.get(case), site.library.root, name)
        shown = kind.startswith(("text/html", "application/pdf"))
        headers = {"content-security-policy": OF_FILES} if kind != "application/pdf" else {}
        return FileResponse(
            path, media_type=kind, filename=name, headers=headers,
            content_disposition_type="inline" if shown else "attachment",
        )  # fmt: skip

    return router


def _told(site: Site, case: OpenCase) -> Json:
    return {**case_answer.answer(case, site.scans), "draft": site.hooks.draft_of(case)}


def volume_router(site: Site) -> APIRouter:
    """Return the routes of volumes, slices and surfaces."""
    router = APIRouter()

    @router.get("/api/cases/{case}/volumes/{layer}.nii.gz")
    def volume(case: str, layer: str, request: Request, detail: str = "preview") -> Response:
        known = site.cases.get(case)
        drafted = site.hooks.draft_layer(known, layer) if layer.startswith(DRAFT) else None
        if drafted is not None:
            return _packed(drafted, known, detail)
        volumes.require_layer(layer)
        tag = volumes.etag_of(known, layer, detail, site.scans.is_there(known))
        if _is_known(request, tag):
            return Response(status_code=304, headers={"etag": tag, "cache-control": KEPT})
        pieces = volumes.packed_volume(known, site.scans, layer, detail)
        return StreamingResponse(
            pieces, media_type="application/gzip", headers={"etag": tag, "cache-control": KEPT}
        )

    @router.get("/api/cases/{case}/slices/{plane}/{index}")
    def one_slice(
        case: str, plane: str, index: str, request: Request, layer: str = "image", plan: str = ""
    ) -> Response:
        if not (index.isascii() and index.isdecimal() and len(index) < 7):  # noqa: PLR2004
            raise refused(404, "there is no such slice", "give its number, from 0")
        known = site.cases.get(case)
        of_plan = (plan, known.revision) if layer == PLAN else ()
        tag = volumes.etag_of(known, layer, plane, index, *of_plan, site.scans.is_there(known))
        kept = {} if layer.startswith(DRAFT) else {"etag": tag, "cache-control": KEPT}
        if kept and _is_known(request, tag):
            return Response(status_code=304, headers=kept)
        found = volumes.slice_of(*_shown(site, known, layer, plan), plane, int(index))
        return Response(
            found.content,
            media_type="application/octet-stream",
            headers={
                **kept,
                "x-shape": f"{found.shape[0]},{found.shape[1]}",
                "x-type": found.type,
                "x-affine": ",".join(f"{number:.9g}" for number in found.affine),
            },
        )

    @router.get("/api/cases/{case}/meshes/{name}.mz3")
    def mesh(case: str, name: str, request: Request, plan: str = "", part: str = "") -> Response:
        known = site.cases.get(case)
        of_plan = (plan, part, known.revision) if name == PLAN else ()
        tag = volumes.etag_of(known, "mesh", name, *of_plan)
        if _is_known(request, tag):
            return Response(status_code=304, headers={"etag": tag, "cache-control": KEPT})
        content = known.keep(
            ("mesh", name, plan, part), lambda: _mesh(known, name, plan=plan, part=part)
        )
        return Response(
            content, media_type="application/x-mz3", headers={"etag": tag, "cache-control": KEPT}
        )

    return router


def _shown(site: Site, case: OpenCase, layer: str, plan: str) -> tuple[volumes.Layer, Geometry]:
    """Return a layer at full resolution, and the grid that it lies on."""
    if layer == volumes.IMAGE:
        return volumes.shown_image(case, site.scans)
    grid = volumes.maps_of(case).grid
    if layer == PLAN:
        return plan_layer(case, plan), grid
    drafted = site.hooks.draft_layer(case, layer) if layer.startswith(DRAFT) else None
    if drafted is not None:
        return drafted, grid
    volumes.require_layer(layer)
    return volumes.layer_of(case, site.scans, layer), grid


def _packed(layer: volumes.Layer, case: OpenCase, detail: str) -> Response:
    """Pack a layer of a draft, which changes too often to be kept."""
    maps = volumes.maps_of(case)
    whole = detail == volumes.FULL
    box = volumes.whole_box(maps.grid) if whole else volumes.liver_box(maps)
    pieces = packed_nifti(volumes.cut(layer, box), box_geometry(maps.grid, box))
    return StreamingResponse(pieces, media_type="application/gzip")


def _mesh(known: OpenCase, name: str, *, plan: str, part: str) -> bytes:
    found = plan_mask(known, plan, part) if name == "plan" else volumes.surface_mask(known, name)
    return volumes.mesh(*found)


def plan_router(site: Site) -> APIRouter:
    """Return the routes of what-if, of saved plans, and of searches."""
    router = APIRouter()

    @router.post("/api/cases/{case}/what-if")
    def whatif(case: str, body: Body) -> Response:
        return JSONResponse(what_if.answer(site.cases.get(case), body))

    @router.get("/api/cases/{case}/plans")
    def plans(case: str) -> Response:
        known = site.cases.get(case)
        return JSONResponse({"revision": known.revision, "plans": case_answer.plans_of(known)})

    @router.post("/api/cases/{case}/plans")
    def save(case: str, body: Body, request: Request) -> Response:
        known = site.cases.get(case)
        saved = saved_plans.save_plan(known, body, revision_of(request))
        entry = case_answer.saved_entry(saved)
        return JSONResponse({"revision": known.revision, **entry}, status_code=201)

    @router.post("/api/cases/{case}/search")
    def start_search(case: str, body: Body) -> Response:
        known = site.cases.get(case)
        asked = search.require_searchable(known, body)
        folder, root = f"{known.folder}", f"{site.library.root}"

        def work(job: Job) -> Json:
            return in_process(job, search.searched, folder, root, case, asked)

        job = site.jobs.start(case, "search", work, *known.private())
        return JSONResponse({"job": job.id}, status_code=202)

    @router.get("/api/jobs/{job}")
    def job_state(job: str) -> Response:
        return JSONResponse(site.jobs.get(job).document())

    @router.delete("/api/jobs/{job}")
    def cancel(job: str) -> Response:
        return JSONResponse(site.jobs.cancel(job).document())

    return router


def _is_known(request: Request, tag: str) -> bool:
    """Tell whether the browser has the content already."""
    given = request.headers.get("if-none-match", "")
    return tag in (one.strip().removeprefix("W/") for one in given.split(","))
