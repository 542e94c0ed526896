"""The routes of what-if, of saved plans, of searches, and of all jobs."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from remnant.web import case_answer, saved_plans, search, what_if
from remnant.web.bodies import Body, revision_of
from remnant.web.jobs import Job, in_process
from remnant.web.requests import Json
from remnant.web.site import Site


def plan_router(site: Site) -> APIRouter:
    """Return the routes of what-if and of saved plans."""
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

    return router


def job_router(site: Site) -> APIRouter:
    """Return the routes of searches, and of all jobs."""
    router = APIRouter()

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
