"""The page Scenes as the tests use it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from small_catalog import CRS, GSD_M, PLACES
from streamlit.testing.v1 import AppTest

from dashboard.session import Keys
from dashboard.shelf import desk
from satseg.intake import Status
from satseg.intake.status import ACTIVE


def page() -> None:
    import streamlit as st

    from dashboard import scenes
    from dashboard.session import Keys

    st.session_state.setdefault(Keys.LANGUAGE, "en")
    scenes.page()


def read_typed() -> None:
    """Do what the button beside the path does; AppTest can type no new option into a list."""
    import streamlit as st

    from dashboard.notices import attempt, show_failed
    from dashboard.scene_adding import _take
    from dashboard.words import words

    attempt(_take)
    show_failed(words("en"))
    st.stop()


def write_image(path: Path, *, bands: int = 4, tags: dict[str, str] | None = None) -> None:
    rng = np.random.default_rng(7)
    profile = {
        "driver": "GTiff",
        "count": bands,
        "height": 80,
        "width": 80,
        "dtype": "uint16",
        "crs": CRS,
        "transform": from_origin(PLACES[0].easting, PLACES[0].northing, GSD_M, GSD_M),
    }
    with rasterio.open(path, "w", **profile) as target:
        target.write(rng.integers(100, 2000, (bands, 80, 80)).astype(np.uint16))
        target.update_tags(**(tags or {}))


def section(app: AppTest, name: str) -> AppTest:
    app.session_state[Keys.SECTION] = name
    app.run()
    assert not app.exception
    return app


def html_of(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def said(app: AppTest) -> str:
    return "\n".join(
        str(item.value) for kind in (app.error, app.info, app.warning) for item in kind
    )


def settled(app: AppTest) -> Status:
    """Wait until what is on the desk is ready or has failed, and draw it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        (status,) = desk().statuses()
        if status.state not in ACTIVE:
            app.run()
            assert not app.exception
            return status
        time.sleep(0.02)
    raise AssertionError(desk().statuses())


def take(app: AppTest, name: str) -> Status:
    section(app, "add")
    app.session_state[Keys.WAY] = "folder"
    app.run()
    app.session_state[Keys.SERVER_PATH] = name
    app.button(key="folder_read").click().run()
    return settled(app)
