"""Quick looks: a small picture of a scene that is not in the catalog yet."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from satseg.display import GAMMA, true_colour_bands
from satseg.errors import Cancelled
from satseg.scene import Scene
from satseg.windows import Window

Progress = Callable[[int, int], None]

SIDE_PX: Final = 640
_ROWS: Final = 16


@dataclass(frozen=True, slots=True)
class QuickLook:
    """A small picture of all bands of a scene.

    Attributes:
        values: uint8 (bands, height, width), stretched and lifted for the eye; 0 without data.
        valid: bool (height, width).
    """

    values: NDArray[np.uint8]
    valid: NDArray[np.bool_]

    @property
    def valid_fraction(self) -> float:
        """Share of the picture's pixels with data, 0 to 1; of the scene's own to within 1 %."""
        return float(self.valid.mean())

    def png(self, bands: Sequence[str]) -> bytes:
        """Return the true colour picture as PNG, nodata transparent.

        Args:
            bands: canonical name of each band of ``values``.
        """
        chosen = [list(bands).index(name) for name in true_colour_bands(bands)]
        alpha = np.where(self.valid, 255, 0).astype(np.uint8)
        rgba = np.dstack([*self.values[chosen], alpha])
        target = io.BytesIO()
        Image.fromarray(rgba).save(target, "PNG")
        return target.getvalue()


def quick_look(
    scene: Scene,
    *,
    side_px: int = SIDE_PX,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> QuickLook:
    """Return a picture of at most about ``side_px`` pixels a side; pixels are averages.

    A file without overviews is read as a whole, in strips: memory does not depend on its size.

    Raises:
        SceneError: the file cannot be read to the end.
        Cancelled: ``cancelled`` returned true.
    """
    across = sum(scene.grid.gsd_m()) / 2
    factor = max(scene.grid.shape) / side_px
    gsd_m = across * factor if factor > 1 else None
    height, width = scene.grid_at(gsd_m).shape
    values = np.zeros((len(scene.bands), height, width), dtype=np.uint8)
    valid = np.zeros((height, width), dtype=np.bool_)
    with scene.reader() as reader:
        for row in range(0, height, _ROWS):
            if cancelled():
                raise Cancelled
            count = min(_ROWS, height - row)
            pixels = reader.read(Window(row, 0, count, width), gsd_m=gsd_m)
            lifted = np.clip(pixels.filled(0), 0, 1) ** np.float32(GAMMA)
            values[:, row : row + count] = np.rint(lifted * 255)
            valid[row : row + count] = ~np.ma.getmaskarray(pixels)[0]
            if progress is not None:
                progress(row + count, height)
    return QuickLook(values, valid)
