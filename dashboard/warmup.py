"""What takes long to import, imported before the first visitor asks for it."""

from __future__ import annotations

import gc
import importlib
import logging
import threading

from satseg.errors import SatsegError

log = logging.getLogger(__name__)
HEAVY = (
    *("pandas", "plotly.graph_objects", "leafmap.foliumap", "satseg.tiles", "scipy.ndimage"),
    *("satseg.area", "satseg.series", "satseg.change", "satseg.accuracy"),
)
"""Not streamlit_folium: a component that is imported before the server runs is never served."""


def start() -> None:
    """Warm up in a background thread."""
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()


def warm_up() -> None:
    """Import the heavy packages and open the catalog once.

    All of it stays for good, so the garbage collector need not look at it again: that would halt
    every visitor for a fifth of a second at each full collection. A package that cannot be imported
    is named in the log; the page then says so itself.
    """
    for name in HEAVY:
        try:
            importlib.import_module(name)
        except ImportError:
            log.exception("cannot import %s", name)
    try:
        from dashboard.browser_files import BUNDLE, early_files, packed_content
        from dashboard.shelf import shelf

        early_files()
        packed_content(BUNDLE)
        shelf().regions()
    except SatsegError as error:
        log.warning("the catalog cannot be opened: %s", error)
    gc.collect()
    gc.freeze()
