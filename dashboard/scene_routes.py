"""Routes of the page Scenes: thumbnails by catalog id, and uploads that go straight to the disk."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from dashboard.shelf import desk, shelf
from satseg.errors import Cancelled, SatsegError
from satseg.intake import Receiving

FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=60"
PIECE_BYTES = 1 << 20
_SAFE = {"X-Content-Type-Options": "nosniff"}


def scene_routes(base: str) -> list[BaseRoute]:
    """Return the mounts ``<base>/thumbnails`` and ``<base>/arrivals``; what they lack is a 404."""
    picture = Route("/{scene_id}", thumbnail, methods=["GET"])
    upload = Route("/{ticket}", receive, methods=["POST"])
    return [
        Mount(f"{base}/thumbnails", routes=[picture]),
        Mount(f"{base}/arrivals", routes=[upload]),
    ]


def thumbnail(request: Request) -> Response:
    """Answer the small picture of a scene of the catalog."""
    try:
        file = shelf().catalog.scene(request.path_params["scene_id"]).thumbnail
    except SatsegError as error:
        return PlainTextResponse(str(error), status_code=404)
    if not file.is_file():
        return PlainTextResponse("no such picture", status_code=404)
    caching = FOREVER if request.query_params.get("v") else BRIEFLY
    return FileResponse(file, media_type="image/png", headers={**_SAFE, "Cache-Control": caching})


async def receive(request: Request) -> Response:
    """Take an upload: the body is the file, piece by piece; the answer is its id, or an error.

    The ticket comes from a page of this server, so that no other site can send files.
    """
    name = request.query_params.get("name", "")
    ticket = request.path_params["ticket"]
    try:
        receiving = await run_in_threadpool(lambda: desk().begin(ticket, name, _length(request)))
    except SatsegError as error:
        return _refusal(error)
    try:
        await _pieces(request, receiving)
        arrival_id = await run_in_threadpool(receiving.finish)
    except SatsegError as error:
        return _refusal(error)
    except (Cancelled, ClientDisconnect):
        await run_in_threadpool(receiving.abandon)
        return PlainTextResponse("stopped", status_code=499)
    except BaseException:
        receiving.abandon()
        raise
    return JSONResponse({"id": arrival_id})


async def _pieces(request: Request, receiving: Receiving) -> None:
    held = bytearray()
    async for piece in request.stream():
        held += piece
        if len(held) >= PIECE_BYTES:
            await run_in_threadpool(receiving.write, bytes(held))
            held.clear()
    await run_in_threadpool(receiving.write, bytes(held))


def _length(request: Request) -> int | None:
    text = request.headers.get("content-length", "")
    return int(text) if text.isdecimal() and len(text) < 20 else None


def _refusal(error: SatsegError) -> Response:
    found = {"expected": error.expected, "found": error.found, "fix": error.fix}
    return JSONResponse(found, status_code=422, headers={"Connection": "close"})
