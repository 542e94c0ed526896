"""The route by which a person logs in."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from remnant.web.bodies import Body
from remnant.web.refusals import refused
from remnant.web.requests import require_fields
from remnant.web.sessions import COOKIE
from remnant.web.site import Site


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
