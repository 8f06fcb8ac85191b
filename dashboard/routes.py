"""Routes beside the page: map tiles by catalog id, and a fixed list of browser assets."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from dashboard.browser_files import MEDIA, asset_content, packed_content
from dashboard.mapfirst import standing
from dashboard.scene_routes import scene_routes
from dashboard.shelf import shelf
from satseg.errors import SatsegError

FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=3600"


def base_path() -> str:
    """Return the path below which the server was told to live, "" or "/like/this"."""
    configured = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{configured}" if configured else ""


def routes(base: str) -> list[BaseRoute]:
    """Return the mounts for tiles, assets and maps that stand; what they lack is a 404.

    Streamlit would answer an unknown path with its own page and 200, so the mounts answer first.
    """
    tile_route = Route("/{item_id}/{kind}/{z:int}/{x:int}/{y:int}", tile, methods=["GET"])
    standing_route = Route("/{token}", map_stands, methods=["POST"])
    asset_route = Route("/{name}", asset, methods=["GET"])
    return [
        Mount(f"{base}/tiles", Router([tile_route], redirect_slashes=False)),
        Mount(f"{base}/assets", Router([asset_route], redirect_slashes=False)),
        Mount(f"{base}/standing", Router([standing_route], redirect_slashes=False)),
        *scene_routes(base),
    ]


def tile(request: Request) -> Response:
    """Answer one tile; the address carries the file's version, so browsers may keep it."""
    path = request.path_params
    try:
        found = shelf().tiles.tile(path["item_id"], path["kind"], path["z"], path["x"], path["y"])
    except SatsegError as error:
        return PlainTextResponse(str(error), status_code=404)
    caching = FOREVER if request.query_params.get("v") else BRIEFLY
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": caching})


def asset(request: Request) -> Response:
    """Answer one of the files in ``asset_files()``, or the bundle of them, and nothing else."""
    name = request.path_params["name"]
    content = asset_content(name)
    if content is None:
        return PlainTextResponse("no such asset", status_code=404)
    caching = FOREVER if request.query_params.get("v") else BRIEFLY
    headers = {"Cache-Control": caching, "Vary": "Accept-Encoding"}
    packed = packed_content(name) if "gzip" in request.headers.get("accept-encoding", "") else None
    if packed is not None:
        headers["Content-Encoding"] = "gzip"
    return Response(packed or content, media_type=MEDIA[Path(name).suffix], headers=headers)


def map_stands(request: Request) -> Response:
    """Take note that a visitor's map is complete; see ``dashboard.mapfirst``."""
    standing().stands(request.path_params["token"])
    return Response(status_code=204)
