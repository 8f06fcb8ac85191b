"""Areas by the probability at two dates: change at any threshold, without reading again."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window as RasterWindow
from shapely.geometry.base import BaseGeometry

from satseg.area import PixelRegion, region_area_m2
from satseg.change.states import STRIP_ROWS, maps_on_first, open_states
from satseg.change.transitions import Transitions
from satseg.errors import RegionError
from satseg.geodesy import pixel_areas_m2
from satseg.probability import NODATA, threshold_level
from satseg.reading import raster_environment, reading
from satseg.windows import Window


@dataclass(frozen=True, slots=True, eq=False)
class JointHistogram:
    """Area by the probability codes of two dates.

    Attributes:
        m2: float64 (256, 256), square metres by code at the earlier (rows) and the later date
            (columns); 255 is no data. Not writeable.
        region_m2: square metres of the whole region, with data or not.
    """

    m2: NDArray[np.float64]
    region_m2: float

    def transitions(self, before: float, after: float) -> Transitions:
        """Return what became of the ground at a threshold for each date, 0 to 1.

        Raises:
            ModelError: a threshold is outside of [0, 1].
        """
        first, second = threshold_level(before), threshold_level(after)
        seen = self.m2[:NODATA, :NODATA]
        return Transitions(
            stable_other_m2=float(seen[:first, :second].sum()),
            stable_farmland_m2=float(seen[first:, second:].sum()),
            gain_m2=float(seen[:first, second:].sum()),
            loss_m2=float(seen[first:, :second].sum()),
            region_m2=self.region_m2,
        )


def joint_histogram(
    before: Path, after: Path, region: BaseGeometry | None = None
) -> JointHistogram:
    """Return the geodesic area at each pair of probability codes.

    The later map is brought to the grid of the earlier one by the nearest pixel. Pixels at the
    region's border count with the share that lies inside. Memory does not depend on the rasters'
    size.

    Args:
        before, after: rasters that ``predict_scene`` wrote, the earlier first.
        region: polygon or multipolygon in WGS 84; None for the whole of the first raster.

    Raises:
        SceneError: a raster cannot be read, or they share no ground.
        RegionError: the region is no area, or shares none with the first raster.
    """
    states = open_states([before, after], 0.5, [None, None])
    grid = states[0].raster.grid
    inside = None if region is None else PixelRegion(region, grid)
    m2 = np.zeros(256 * 256)
    with ExitStack() as stack, raster_environment():
        maps = maps_on_first(states, stack)
        for row in range(0, grid.height, STRIP_ROWS):
            window = Window(row, 0, STRIP_ROWS, grid.width).clipped(grid.shape)
            share = None if inside is None else inside.coverage(window)
            if share is not None and not share.any():
                continue
            areas = pixel_areas_m2(grid, window)
            place = RasterWindow(window.col, window.row, window.width, window.height)
            found = []
            for state, source in zip(states, maps, strict=True):
                with reading(state.raster.path):
                    found.append(source.read(1, window=place).astype(np.int64))
            pairs = (found[0] * 256 + found[1]).ravel()
            weights = areas if share is None else areas * share
            m2 += np.bincount(pairs, weights=weights.ravel(), minlength=m2.size)
    if not m2.any():
        raise RegionError(
            expected="a region that overlaps the map",
            found="a region entirely outside of it",
            fix="Choose a region inside of the scene",
        )
    table = m2.reshape(256, 256)
    table.setflags(write=False)
    return JointHistogram(table, float(m2.sum()) if region is None else region_area_m2(region))
