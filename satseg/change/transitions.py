"""How much ground changed: the table of transitions in m², and the biggest changed patches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio.features
import shapely
from affine import Affine
from numpy.typing import NDArray
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from satseg.area import area_histogram, region_area_m2
from satseg.change.legend import CHANGE_CLASSES, CHANGED, GAIN, LOSS, STABLE_FARMLAND, STABLE_OTHER
from satseg.change.states import STRIP_ROWS
from satseg.errors import SceneError
from satseg.grids import Grid
from satseg.patches import find_patches, pieces
from satseg.probability_raster import ProbabilityRaster, open_probability, strips

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

KIND_TAG = "SATSEG_KIND"
"""Tag that tells maps of change and of trends from probability rasters."""

CHANGE_KIND = "change"
_SEGMENT_PX = 256


@dataclass(frozen=True, slots=True)
class Transitions:
    """Geodesic areas in square metres of what became of the ground between two dates.

    These are mapped areas: they carry the errors of both maps. For an estimate with an interval,
    see the README of this package.

    Attributes:
        stable_other_m2: no farmland at either date.
        stable_farmland_m2: farmland at both.
        gain_m2: farmland at the later date only.
        loss_m2: farmland at the earlier date only.
        region_m2: the whole region or map, with data or not.
    """

    stable_other_m2: float
    stable_farmland_m2: float
    gain_m2: float
    loss_m2: float
    region_m2: float

    @classmethod
    def of_codes(cls, m2: NDArray[np.float64], region_m2: float) -> Transitions:
        """Return the transitions of areas (256,) at each code of a change map."""
        order = (STABLE_OTHER, STABLE_FARMLAND, GAIN, LOSS)
        other, farmland, gain, loss = (float(m2[code]) for code in order)
        return cls(other, farmland, gain, loss, region_m2)

    @property
    def before_m2(self) -> float:
        """Farmland at the earlier date."""
        return self.stable_farmland_m2 + self.loss_m2

    @property
    def after_m2(self) -> float:
        """Farmland at the later date."""
        return self.stable_farmland_m2 + self.gain_m2

    @property
    def net_m2(self) -> float:
        """Gain less loss."""
        return self.gain_m2 - self.loss_m2

    @property
    def valid_m2(self) -> float:
        """Ground with data at both dates."""
        return self.stable_other_m2 + self.stable_farmland_m2 + self.gain_m2 + self.loss_m2

    @property
    def valid_fraction(self) -> float:
        """Share of the region that has data at both dates, 0 to 1."""
        return min(1.0, self.valid_m2 / self.region_m2)

    def table(self) -> pd.DataFrame:
        """Return square metres by state at the earlier (rows) and later date (columns)."""
        import pandas as pd

        names = ["farmland", "other"]
        return pd.DataFrame(
            [[self.stable_farmland_m2, self.loss_m2], [self.gain_m2, self.stable_other_m2]],
            index=pd.Index(names, name="before"),
            columns=pd.Index(names, name="after"),
        )


def transitions(change: Path, region: BaseGeometry | None = None) -> Transitions:
    """Return the areas of a change map, in a region where one is given.

    Pixels at the region's border count with the share that lies inside.

    Args:
        change: a raster that ``write_change`` wrote.
        region: (multi)polygon in WGS 84 (longitude, latitude); None for the whole map.

    Raises:
        SceneError: the raster cannot be read, or is no change map.
        RegionError: the region is no area, or shares none with the map.
    """
    _open_change(change)
    found = area_histogram(change, region)
    return Transitions.of_codes(found.m2, found.region_m2)


def biggest_patches(change: Path, count: int = 20) -> gpd.GeoDataFrame:
    """Return the biggest patches of gain and loss as polygons, the biggest first.

    The map is read three times in strips. Memory grows with the outlines of what is returned.

    Args:
        change: a raster that ``write_change`` wrote.
        count: how many patches at most.

    Returns:
        Columns ``change`` ("gain" or "loss"), ``area_m2`` (geodesic) and ``geometry`` (Polygon in
        WGS 84 whose sides are those of pixels).

    Raises:
        SceneError: the raster cannot be read, is no change map, or ``count`` is below 1.
    """
    import geopandas as gpd

    raster = _open_change(change)
    if count < 1:
        raise SceneError(
            expected="at least 1 patch to show",
            found=str(count),
            fix="Give how many patches to return, for example 20",
        )
    sizes = find_patches(strips(raster, STRIP_ROWS), raster.grid, CHANGED, biggest=count).biggest_m2
    rows = []
    if len(sizes):
        large = find_patches(
            strips(raster, STRIP_ROWS), raster.grid, CHANGED, min_area_m2=float(sizes[-1])
        ).large
        for code, outline in _outlines(raster, large):
            ground = _lonlat(outline, raster.grid)
            rows.append((CHANGE_CLASSES[code].key, region_area_m2(ground), ground))
    rows.sort(key=lambda row: (-row[1], row[2].bounds))
    named = [dict(zip(("change", "area_m2", "geometry"), row, strict=True)) for row in rows[:count]]
    return gpd.GeoDataFrame(
        named, columns=["change", "area_m2", "geometry"], geometry="geometry", crs="EPSG:4326"
    )


def _outlines(
    raster: ProbabilityRaster, large: NDArray[np.uint8]
) -> Iterator[tuple[int, BaseGeometry]]:
    """Yield code and outline of each large patch in pixels: x is the column, y the row.

    In whole pixels the parts of a patch in neighbouring strips share their edges exactly; parts
    that meet in a corner only stay apart, like the patches.
    """
    parts: dict[int, list[BaseGeometry]] = {GAIN: [], LOSS: []}
    before = 0
    for window, found in strips(raster, STRIP_ROWS):
        labels, count = pieces(found, CHANGED)
        chosen = np.append(np.uint8(0), large[before : before + count])[labels] == 1
        before += count
        place = Affine.translation(window.col, window.row)
        for polygon, code in rasterio.features.shapes(found, chosen, 4, place):
            parts[int(code)].append(shape(polygon))
    for code, polygons in parts.items():
        for outline in shapely.get_parts(shapely.union_all(polygons)):
            yield code, outline


def _lonlat(outline: BaseGeometry, grid: Grid) -> BaseGeometry:
    def place(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(grid.lonlat([(x, y) for x, y in pixels.tolist()]))

    return shapely.transform(shapely.segmentize(outline, _SEGMENT_PX), place)


def _open_change(path: Path) -> ProbabilityRaster:
    raster = open_probability(path)
    if raster.tags.get(KIND_TAG) != CHANGE_KIND:
        raise SceneError(
            expected="a map of change between two dates",
            found=f"{path.name}, which says of itself: {raster.tags.get(KIND_TAG, 'nothing')}",
            fix="Make one with 'satseg change', or with write_change",
        )
    return raster
