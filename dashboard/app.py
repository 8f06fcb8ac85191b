"""The launcher: ``streamlit run dashboard/app.py`` serves page, tiles and assets on one port."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))

from dashboard import warmup  # noqa: E402
from dashboard.guard import guarded  # noqa: E402
from dashboard.routes import base_path, routes  # noqa: E402
from dashboard.sockets import lifespan  # noqa: E402

warmup.start()

app = st.App(
    HERE / "main.py",
    lifespan=lifespan,
    routes=routes(base_path()),
    middleware=guarded(),
)
