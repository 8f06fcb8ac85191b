"""Routes beside the page: map tiles by catalog id, and a fixed list of browser assets."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from dashboard.scene_routes import scene_routes
from dashboard.shelf import shelf
from satseg.errors import SatsegError

HERE = Path(__file__).resolve().parent
FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=3600"
MEDIA = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".woff2": "font/woff2",
}


def base_path() -> str:
    """Return the path below which the server was told to live, "" or "/like/this"."""
    configured = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{configured}" if configured else ""


def routes(base: str) -> list[BaseRoute]:
    """Return the mounts ``<base>/tiles`` and ``<base>/assets``; what they lack is a 404.

    Streamlit would answer an unknown path with its own page and 200, so the mounts answer first.
    """
    tile_route = Route("/{item_id}/{kind}/{z:int}/{x:int}/{y:int}", tile, methods=["GET"])
    asset_route = Route("/{name}", asset, methods=["GET"])
    return [
        Mount(f"{base}/tiles", Router([tile_route], redirect_slashes=False)),
        Mount(f"{base}/assets", Router([asset_route], redirect_slashes=False)),
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
    """Answer one of the files in ``asset_files()`` and nothing else."""
    file = asset_files().get(request.path_params["name"])
    if file is None or not file.is_file():
        return PlainTextResponse("no such asset", status_code=404)
    caching = FOREVER if request.query_params.get("v") else BRIEFLY
    media = MEDIA[Path(request.path_params["name"]).suffix]
    return FileResponse(file, media_type=media, headers={"Cache-Control": caching})


@lru_cache(maxsize=1)
def asset_files() -> dict[str, Path]:
    """Return every browser asset by its public name."""
    leaflet = _leaflet_folder()
    fonts = Path(st.__file__).parent / "static" / "static" / "media"
    return {
        "font.woff2": next(fonts.glob("SourceSansVF-Upright*.woff2"), fonts / "none"),
        "leaflet.js": leaflet / "leaflet.js",
        "leaflet.css": leaflet / "leaflet.css",
        "layers.js": HERE / "assets" / "layers.js",
        "place.js": HERE / "assets" / "place.js",
        "draw.js": HERE / "assets" / "draw.js",
        "player.js": HERE / "assets" / "player.js",
        "map.js": HERE / "assets" / "map.js",
        "map.css": HERE / "assets" / "map.css",
        "districts.json": HERE.parent / "sample_data" / "districts.geojson",
    }


@lru_cache(maxsize=16)
def asset_version(name: str) -> str:
    """Return a short hash of an asset, for addresses that change when the file does."""
    return hashlib.sha256(asset_files()[name].read_bytes()).hexdigest()[:12]


def _leaflet_folder() -> Path:
    """Return where the package django-js-lib-leaflet keeps Leaflet; Django is not needed."""
    spec = importlib.util.find_spec("js_lib_leaflet")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            "Leaflet is missing: install the requirements again (django-js-lib-leaflet)"
        )
    return Path(spec.submodule_search_locations[0]) / "static" / "js_lib_leaflet"
