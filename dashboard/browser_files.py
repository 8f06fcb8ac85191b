"""The files that a browser fetches beside the page: a fixed list, each under a public name.

What the map's frame needs is one file, ``BUNDLE``: streamlit-folium fetches scripts one after the
other and waits for no style sheet, so that six scripts cost six journeys and the map was measured
before it had its size.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit as st

HERE = Path(__file__).resolve().parent
STATIC: Final = Path(st.__file__).parent / "static" / "static"
BUNDLE: Final = "map.bundle.js"
SCRIPTS: Final = ("leaflet.js", "layers.js", "place.js", "draw.js", "player.js", "map.js")
STYLES: Final = ("leaflet.css", "map.css")
ASSETS_FROM_FRAME: Final = "../../assets/"
MEDIA: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".woff2": "font/woff2",
}
_URL = re.compile(r'url\("?([\w.-]+\.\w+)"?\)')
_IMPORT = re.compile(r'(?:from|import)"\./([\w.-]+\.js)"')


@lru_cache(maxsize=1)
def asset_files() -> dict[str, Path]:
    """Return every file by its public name; ``BUNDLE`` is made of some of them."""
    leaflet = _leaflet_folder()
    return {
        "font.woff2": next((STATIC / "media").glob("SourceSansVF-Upright*.woff2"), STATIC / "none"),
        "leaflet.js": leaflet / "leaflet.js",
        "leaflet.css": leaflet / "leaflet.css",
        **{name: HERE / "assets" / name for name in (*SCRIPTS[1:], "map.css")},
        "districts.json": HERE.parent / "sample_data" / "districts.geojson",
    }


@lru_cache(maxsize=16)
def asset_content(name: str) -> bytes | None:
    """Return the bytes under a public name, or None where there are none."""
    if name == BUNDLE:
        return _bundle()
    file = asset_files().get(name)
    return file.read_bytes() if file is not None and file.is_file() else None


@lru_cache(maxsize=16)
def packed_content(name: str) -> bytes | None:
    """Return the same for a browser that unpacks gzip; None where it would not be smaller.

    Packed once, and well: Streamlit would pack it anew for each visitor, who waits meanwhile.
    """
    content = asset_content(name)
    if content is None or name.endswith(".woff2"):
        return None
    return gzip.compress(content, compresslevel=9, mtime=0)


@lru_cache(maxsize=16)
def asset_version(name: str) -> str:
    """Return a short hash of an asset, for addresses that change when the file does."""
    return hashlib.sha256(asset_content(name) or b"").hexdigest()[:12]


def _bundle() -> bytes:
    """Return a script that brings the map's styles and then runs the map's scripts in order."""
    files = asset_files()
    css = "\n".join(files[name].read_text(encoding="utf-8") for name in STYLES)
    style = json.dumps(_URL.sub(rf'url("{ASSETS_FROM_FRAME}\1")', css))
    head = (
        'document.head.appendChild(Object.assign(document.createElement("style"),'
        f" {{ textContent: {style} }}));"
    )
    scripts = [files[name].read_text(encoding="utf-8") for name in SCRIPTS]
    return "\n".join([head, *scripts]).encode()


def early_files() -> tuple[str, ...]:
    """Return values of ``Link`` headers: what opening a page with a map will ask for anyway.

    Addresses are relative to the page. Streamlit's browser code comes in pieces, of which the
    map's is asked for only when the page's script has come to the map; pieces of which the first
    page tells already are left out. Streamlit without them (another version) is no error. The
    frame's own script is served only from the first run of a page with a map on.
    """
    return _early_files(frame="streamlit_folium" in sys.modules)


@lru_cache(maxsize=2)
def _early_files(*, frame: bool) -> tuple[str, ...]:
    page = (STATIC.parent / "index.html").read_text(encoding="utf-8")
    pieces = [
        name
        for name in _with_imports(STATIC / "js", "ComponentInstance.*.js")
        if f"/{name}" not in page
    ]
    return (
        *(f"<./static/js/{name}>; rel=modulepreload; crossorigin" for name in pieces),
        *(
            f"<./{address}>; rel=prefetch; as=script"
            for address in (_frame_scripts() if frame else [])
        ),
        f"<./assets/{BUNDLE}?v={asset_version(BUNDLE)}>; rel=prefetch; as=script",
    )


def _with_imports(folder: Path, pattern: str) -> list[str]:
    """Return a module of a folder and all modules of the folder that it imports."""
    waiting = [file.name for file in folder.glob(pattern)]
    found: list[str] = []
    while waiting:
        name = waiting.pop(0)
        if name in found or not (folder / name).is_file():
            continue
        found.append(name)
        waiting += _IMPORT.findall((folder / name).read_text(encoding="utf-8"))
    return found


def _frame_scripts() -> list[str]:
    """Return the addresses of the scripts of streamlit-folium's frame."""
    spec = importlib.util.find_spec("streamlit_folium")
    if spec is None or not spec.submodule_search_locations:
        return []
    built = Path(spec.submodule_search_locations[0]) / "frontend" / "build"
    return [
        f"component/streamlit_folium.st_folium/{file.relative_to(built).as_posix()}"
        for file in sorted(built.glob("static/js/main.*.js"))
    ]


def _leaflet_folder() -> Path:
    """Return where the package django-js-lib-leaflet keeps Leaflet; Django is not needed."""
    spec = importlib.util.find_spec("js_lib_leaflet")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            "Leaflet is missing: install the requirements again (django-js-lib-leaflet)"
        )
    return Path(spec.submodule_search_locations[0]) / "static" / "js_lib_leaflet"
