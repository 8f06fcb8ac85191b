"""Colours of maps, of texts and of rules, the same as in the dashboard."""

from __future__ import annotations

from typing import Final

FARMLAND: Final = "#ffc400"
"""Farmland over imagery: amber, which stands out from greens and greys with any colour vision.

The dashboard's map paints the same (dashboard/assets/layers.js); a test holds the two together.
"""

OPACITY: Final = 0.55
"""Of farmland over imagery; the dashboard starts with the same."""

SIMULATED: Final = "#7a1f5c"
INK: Final = "#1d2b33"
QUIET: Final = "#51626b"
GROUND: Final = "#e8ecee"
RULE: Final = "#dfe5e7"

MASK: Final = (
    (0, (255, 255, 255, 255)),
    (1, (255, 196, 0, 255)),
    (255, (0, 0, 0, 0)),
)
"""Colour table of a mask: other, farmland, no data."""
