"""All routes of the page; what they answer is made elsewhere.

Routes that work are plain functions: they run in threads, so that one slow case does not keep
the others waiting.
"""

from fastapi import APIRouter

from remnant.web.case_routes import case_router
from remnant.web.corrections import corrections_router
from remnant.web.plan_routes import job_router, plan_router
from remnant.web.session_routes import session_router
from remnant.web.site import Site
from remnant.web.volume_routes import mesh_router, slice_router, volume_router


def all_routers(site: Site) -> list[APIRouter]:
    """Return the routers of a server."""
    makers = (
        session_router, case_router, volume_router, slice_router, mesh_router, plan_router,
        job_router, corrections_router,
    )  # fmt: skip
    return [make(site) for make in makers]
