"""Farmland mapping in very-high-resolution satellite imagery.

Nothing leaves the machine but what a user asks for. OpenVINO and NNCF report their use to a server
when they are imported, by the package openvino_telemetry and a process of its own, unless it is
missing: for them it is, in every process that imports this package before them.
"""

import sys
from typing import Any

__version__ = "0.1.0"

_modules: dict[str, Any] = sys.modules
_modules.setdefault("openvino_telemetry", None)
