"""The routes of corrections: a draft is begun, drawn on, undone, committed or dropped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from remnant.core.corrections import Correction
from remnant.core.errors import RemnantError
from remnant.pipeline.drafts.boxes import box_outliner
from remnant.pipeline.drafts.commit import history
from remnant.pipeline.drafts.draft import Done, Draft, Tools, held_draft
from remnant.pipeline.drafts.faults import (
    CaseChangedError,
    DraftHeldError,
    NoDraftError,
    ScanNeededError,
)
from remnant.web.bodies import Body, revision_of
from remnant.web.committing import commit_stored
from remnant.web.draft_answer import draft_answer
from remnant.web.draft_desk import Desk
from remnant.web.draft_requests import asked_step, confirmed_parts
from remnant.web.jobs import Job, in_process
from remnant.web.open_cases import OpenCase, named_errors
from remnant.web.refusals import bare_line, changed_meanwhile, refused
from remnant.web.requests import Json, require_fields, text
from remnant.web.site import DRAFT, Site
from remnant.web.volumes import Layer, whole_box
from remnant.wording.corrections import what_was_done
from segmentation.edits.patch import MapName

MAP_OF: Final = {
    f"{DRAFT}structures": MapName.STRUCTURES,
    f"{DRAFT}lesions": MapName.LESIONS,
    f"{DRAFT}couinaud": MapName.COUINAUD,
}
GO_ON: Final = "load the page again"


def corrections_router(site: Site) -> APIRouter:
    """Return the routes of corrections; the other routes are told of open drafts."""
    router, desk = APIRouter(), Desk()
    site.hooks.draft_of = lambda case: _draft_of(desk, case)
    site.hooks.draft_layer = lambda case, layer: _layer(desk, case, layer)
    _add_begin_and_end(router, site, desk)
    _add_steps(router, site, desk)

    @router.get("/api/cases/{case}/history")
    def versions(case: str) -> Response:
        known = site.cases.get(case)
        with named_errors(known.folder):
            return JSONResponse([_version(one) for one in history(known.folder)])

    return router


def _add_begin_and_end(router: APIRouter, site: Site, desk: Desk) -> None:
    @router.post("/api/cases/{case}/draft")
    def begin(case: str, body: Body, request: Request) -> Response:
        require_fields(body, "by", "take_over")
        known = site.cases.get(case)
        asked = revision_of(request)
        if asked is not None and asked != known.revision:
            raise changed_meanwhile(known.revision)
        with _draft_errors(known):
            take_over = body.get("take_over") is True
            draft = desk.begin(known.folder, text(body, "by"), take_over=take_over)
            return JSONResponse(draft_answer(known, draft), status_code=201)

    @router.delete("/api/cases/{case}/draft")
    def drop(case: str, body: Body) -> Response:
        require_fields(body, "draft")
        known = site.cases.get(case)
        with desk.alone(known.folder), _draft_errors(known):
            desk.drop(known.folder, text(body, "draft"))
        return JSONResponse({"revision": known.revision, "draft": None})

    @router.post("/api/cases/{case}/draft/commit")
    def commit(case: str, body: Body) -> Response:
        require_fields(body, "draft", "confirm")
        known, confirm = site.cases.get(case), confirmed_parts(body.get("confirm"))
        name = text(body, "draft")
        with desk.alone(known.folder), _draft_errors(known):
            draft = desk.get(known.folder, name)
            if not draft.standing and not confirm.parts:
                raise refused(422, "nothing was corrected", "draw or confirm something first")

        def work(job: Job) -> Json:
            with desk.committing(known.folder):
                place = site.scans.place(known)
                folder = f"{known.folder}"
                done = in_process(job, commit_stored, folder, name, confirm, place)
                site.cases.forget(case)
                return done

        job = site.jobs.start(case, "commit", work, *known.private())
        return JSONResponse({"job": job.id, "revision": known.revision}, status_code=202)


def _add_steps(router: APIRouter, site: Site, desk: Desk) -> None:
    def stepped(case: str, body: Json, step: Callable[[OpenCase, Draft], Done]) -> Response:
        known = site.cases.get(case)
        with desk.alone(known.folder), _draft_errors(known):
            draft = desk.get(known.folder, text(body, "draft"))
            done = step(known, draft)
            return JSONResponse(draft_answer(known, draft, done))

    @router.post("/api/cases/{case}/draft/ops")
    def step(case: str, body: Body) -> Response:
        require_fields(body, "draft", "op")

        def do(known: OpenCase, draft: Draft) -> Done:
            return draft.do(asked_step(body.get("op")), _tools(site, known))

        return stepped(case, body, do)

    @router.post("/api/cases/{case}/draft/undo")
    def undo(case: str, body: Body) -> Response:
        require_fields(body, "draft")
        return stepped(case, body, lambda _, draft: draft.undo())

    @router.post("/api/cases/{case}/draft/redo")
    def redo(case: str, body: Body) -> Response:
        require_fields(body, "draft")
        return stepped(case, body, lambda _, draft: draft.redo())


def _tools(site: Site, case: OpenCase) -> Tools:
    """Return what steps need of the scan; read, and the network loaded, only when it is asked."""

    def outlined(*asked: object) -> object:
        from segmentation.engines.registry import DEFAULT_ENGINE, engine_named

        engine = engine_named(DEFAULT_ENGINE).segmenter()
        return box_outliner(case.folder, lambda: site.scans.get(case), engine)(*asked)  # type: ignore[arg-type]

    return Tools(scan=lambda: site.scans.get(case), boxes=outlined)  # type: ignore[arg-type]


@contextmanager
def _draft_errors(case: OpenCase) -> Iterator[None]:
    """Give what a draft refuses as the page expects it."""
    try:
        with named_errors(case.folder):
            try:
                yield
            except DraftHeldError as fault:
                raise refused(
                    409, bare_line(f"{fault}"), "wait, or take it over", **_holder(case)
                ) from fault
            except NoDraftError as fault:
                told = {"revision": case.revision, **_holder(case)}
                raise refused(409, bare_line(f"{fault}"), GO_ON, **told) from fault
            except CaseChangedError as fault:
                error = bare_line(f"{fault}")
                raise refused(412, error, GO_ON, revision=case.revision) from fault
            except ScanNeededError as fault:
                raise refused(422, bare_line(f"{fault}"), "serve the case with its scan") from fault
    except OSError as fault:
        raise refused(
            422, f"the case cannot be written: {fault.strerror}", "mend its folder"
        ) from fault


def _holder(case: OpenCase) -> Json:
    """Return who holds the draft of a case and since when; nothing where it has none."""
    head = held_draft(case.folder)
    return {} if head is None else {"by": head.by, "since": head.since}


def _draft_of(desk: Desk, case: OpenCase) -> Json | None:
    """Return the draft of a case as it stands; only who has it where it cannot go on."""
    try:
        head = held_draft(case.folder)
        if head is None:
            return None
        if desk.is_committing(case.folder):
            return {"draft": head.draft, "by": head.by, "since": head.since, "committing": True}
        with desk.alone(case.folder):
            draft = desk.of(case.folder)
            return None if draft is None else draft_answer(case, draft)
    except RemnantError as fault:
        words = bare_line(f"{fault}", *case.private())
        known = {} if head is None else {"draft": head.draft, "by": head.by, "since": head.since}
        return {**known, "stale": True, "error": words}


def _layer(desk: Desk, case: OpenCase, layer: str) -> Layer | None:
    name = MAP_OF.get(layer)
    if name is None:
        return None
    with desk.alone(case.folder), _draft_errors(case):
        draft = desk.of(case.folder)
        codes = None if draft is None else draft.sheet.maps.get(name)
        if draft is None or codes is None:
            return None
        return Layer(codes, whole_box(draft.sheet.geometry))


def _version(correction: Correction) -> Json:
    return {
        "version": correction.version,
        "at": correction.at,
        "by": correction.by,
        "what": what_was_done(correction),
        "changed_voxels": correction.changed_voxels,
        "sha256": correction.digest,
    }
