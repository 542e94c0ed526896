"""The routes of volumes, slices and surfaces."""

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from remnant.core.boxes import box_geometry
from remnant.core.geometry import Geometry
from remnant.io.nifti_stream import packed_nifti
from remnant.web import volumes
from remnant.web.bodies import kept_headers, known_already
from remnant.web.open_cases import OpenCase
from remnant.web.plan_surface import plan_layer, plan_mask
from remnant.web.refusals import refused
from remnant.web.site import DRAFT, Site

PLAN = "plan"
MOST_DIGITS = 6
NOTHING = 204
"""Status of the answer about a part of a plan that there is nothing of."""


def volume_router(site: Site) -> APIRouter:
    """Return the route of volumes."""
    router = APIRouter()

    @router.get("/api/cases/{case}/volumes/{layer}.nii.gz")
    def volume(case: str, layer: str, request: Request, detail: str = "preview") -> Response:
        known = site.cases.get(case)
        drafted = _drafted(site, known, layer)
        if drafted is not None:
            return _packed(drafted, known, detail)
        volumes.require_layer(layer)
        tag = volumes.etag_of(known, layer, detail, site.scans.is_there(known))
        return known_already(request, tag) or StreamingResponse(
            volumes.packed_volume(known, site.scans, layer, detail),
            media_type="application/gzip",
            headers=kept_headers(tag),
        )

    return router


def slice_router(site: Site) -> APIRouter:
    """Return the route of slices."""
    router = APIRouter()

    @router.get("/api/cases/{case}/slices/{plane}/{index}")
    def one_slice(
        case: str, plane: str, index: str, request: Request, layer: str = "image", plan: str = ""
    ) -> Response:
        if not (index.isascii() and index.isdecimal() and len(index) <= MOST_DIGITS):
            raise refused(404, "there is no such slice", "give its number, from 0")
        known = site.cases.get(case)
        of_plan = (plan, known.revision) if layer == PLAN else ()
        tag = volumes.etag_of(known, layer, plane, index, *of_plan, site.scans.is_there(known))
        drafted = layer.startswith(DRAFT)
        there = None if drafted else known_already(request, tag)
        if there is not None:
            return there
        found = volumes.slice_of(*_shown(site, known, layer, plan), plane, int(index))
        return _sliced(found, {} if drafted else kept_headers(tag))

    return router


def mesh_router(site: Site) -> APIRouter:
    """Return the route of surfaces."""
    router = APIRouter()

    @router.get("/api/cases/{case}/meshes/{name}.mz3")
    def mesh(case: str, name: str, request: Request, plan: str = "", part: str = "") -> Response:
        known = site.cases.get(case)
        of_plan = (plan, part, known.revision) if name == PLAN else ()
        tag = volumes.etag_of(known, "mesh", name, *of_plan)
        there = known_already(request, tag)
        if there is not None:
            return there
        made = _mesh(known, name, plan=plan, part=part)
        if made is None:
            return Response(status_code=NOTHING)
        return Response(made, media_type="application/x-mz3", headers=kept_headers(tag))

    return router


def _drafted(site: Site, case: OpenCase, layer: str) -> volumes.Layer | None:
    return site.hooks.draft_layer(case, layer) if layer.startswith(DRAFT) else None


def _sliced(found: volumes.Slice, headers: dict[str, str]) -> Response:
    told = {
        "x-shape": f"{found.shape[0]},{found.shape[1]}",
        "x-type": found.type,
        "x-affine": ",".join(f"{number:.9g}" for number in found.ras_from_pixel),
    }
    kind = "application/octet-stream"
    return Response(found.content, media_type=kind, headers={**headers, **told})


def _shown(site: Site, case: OpenCase, layer: str, plan: str) -> tuple[volumes.Layer, Geometry]:
    """Return a layer at full resolution, and the grid that it lies on."""
    if layer == volumes.IMAGE:
        return volumes.shown_image(case, site.scans)
    grid = volumes.maps_of(case).grid
    if layer == PLAN:
        return plan_layer(case, plan), grid
    drafted = _drafted(site, case, layer)
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


def _mesh(known: OpenCase, name: str, *, plan: str, part: str) -> bytes | None:
    """Return a surface; those of the case itself are kept, those of plans are too many."""
    if name == PLAN:
        found = plan_mask(known, plan, part)
        return None if found is None else volumes.mesh(*found)
    made: bytes = known.keep(
        ("mesh", name), lambda: volumes.mesh(*volumes.surface_mask(known, name))
    )
    return made
