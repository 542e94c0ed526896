"""What routes read of a request: its JSON, the state of a case it rests on, what a browser has."""

from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.responses import Response

from remnant.web.requests import Json, json_object

KEPT: Final = "private, no-cache"
"""Kept by the browser, which asks each time whether it is still the same."""


async def body_of(request: Request) -> Json:
    """Return the JSON object that a request holds."""
    return json_object(await request.body())


Body = Annotated[Json, Depends(body_of)]


def revision_of(request: Request) -> str | None:
    """Return the state of a case that a change rests on, as the request says."""
    given = request.headers.get("if-match")
    return None if given is None else given.strip().removeprefix("W/").strip('"')


def known_already(request: Request, tag: str) -> Response | None:
    """Return the answer to a browser that has the content already; ``None`` where it has not."""
    given = request.headers.get("if-none-match", "")
    if tag not in (one.strip().removeprefix("W/") for one in given.split(",")):
        return None
    return Response(status_code=304, headers=kept_headers(tag))


def kept_headers(tag: str) -> dict[str, str]:
    """Return the headers of what a browser keeps."""
    return {"etag": tag, "cache-control": KEPT}
