"""Farmland as polygons: outlined, measured, simplified without gaps or overlaps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely
from exactextract import exact_extract
from exactextract.raster import RasterSource
from numpy.typing import NDArray

from satseg.errors import ModelError
from satseg.export.outlines import Polygons, areas_m2, farmland_outlines, to_crs_xy
from satseg.export.subject import Subject
from satseg.grids import Grid
from satseg.probability import NODATA, SCALE
from satseg.probability_raster import ProbabilityRaster, codes, open_probability
from satseg.windows import Window

if TYPE_CHECKING:
    import geopandas as gpd

    from satseg.reading import PixelReader

Progress = Callable[[int, int], None]

_CELLS_IN_MEMORY = 4_000_000
_PIXELS = pyproj.CRS.from_wkt('LOCAL_CS["columns and rows",UNIT["pixel",1]]')
"""Stands for pixel space: exactextract wants to see that both sides share a CRS."""


@dataclass(frozen=True, slots=True, eq=False)
class FarmlandPolygons:
    """Polygons of farmland with their attributes.

    Attributes:
        frame: one row a polygon, from north to south, in the CRS of the prediction:

            - ``id``: counts from 1.
            - ``area_m2``: geodesic area of the farmland's pixels (cut at the border of the area
              of interest), before simplification, so that the sum is the mapped area.
            - ``mean_probability``: mean over the same pixels, 0 to 1.
            - ``region``, ``scene_id``, ``date`` (YYYY-MM-DD), ``model``, ``threshold``,
              ``simulated``.
        provenance: where they come from; see ``Subject.provenance``.
    """

    frame: gpd.GeoDataFrame
    provenance: Mapping[str, Any]

    @property
    def area_m2(self) -> float:
        """Square metres of all polygons."""
        return float(self.frame["area_m2"].sum())


def farmland_polygons(
    subject: Subject, *, simplify_m: float | None = None, progress: Progress | None = None
) -> FarmlandPolygons:
    """Return the farmland of a map as polygons.

    Args:
        subject: the map.
        simplify_m: how much detail simplification takes away, in metres: corners whose triangle is
            smaller than its square go. The size of a pixel without it, which turns staircases
            into straight lines; 0 keeps the pixels' sides. Patches never overlap and no hole
            closes, because all outlines are simplified together.
        progress: called with (steps done, steps in all).

    Raises:
        ModelError: threshold, smallest area or simplification are out of range.
        RegionError: the area of interest lies outside of the map.
        SceneError: the prediction cannot be read.
    """
    import geopandas as gpd

    if simplify_m is not None and not 0 <= simplify_m < np.inf:
        raise ModelError(
            expected="a simplification of 0 m or more",
            found=str(simplify_m),
            fix="Give 0 for the pixels' own sides, or for example 1.0",
        )
    raster = open_probability(subject.prediction.probability)
    exact = farmland_outlines(
        raster,
        threshold=subject.threshold,
        min_area_m2=subject.min_area_m2,
        clip=subject.clip,
        progress=progress,
    )
    exact = exact[_from_north_to_south(exact)]
    pixel_m = float(np.sqrt(np.prod(raster.grid.gsd_m())))
    tolerance_px = 1.0 if simplify_m is None else simplify_m / pixel_m
    tolerance_m = pixel_m if simplify_m is None else simplify_m
    drawn = on_the_map(simplified(exact, tolerance_px), raster.grid)
    frame = gpd.GeoDataFrame(
        {
            "id": np.arange(1, len(exact) + 1),
            "area_m2": areas_m2(exact, raster.grid),
            "mean_probability": mean_probabilities(exact, raster),
            "region": subject.region.id,
            "scene_id": subject.scene.id,
            "date": subject.scene.date.isoformat(),
            "model": subject.prediction.model_id,
            "threshold": subject.threshold,
            "simulated": subject.scene.simulated,
        },
        geometry=gpd.GeoSeries(list(drawn), crs=raster.grid.crs),
        crs=raster.grid.crs,
    )
    provenance = {**subject.provenance(), "simplified_m": round(tolerance_m, 4)}
    return FarmlandPolygons(frame, provenance)


def simplified(polygons: Polygons, tolerance_px: float) -> Polygons:
    """Return polygons with fewer corners; borders that two share stay common, holes stay.

    Source: Visvalingam and Whyatt (1993) over the whole coverage at once, as GEOS does it.
    """
    if tolerance_px == 0 or not len(polygons):
        return polygons
    return np.asarray(shapely.coverage_simplify(polygons, tolerance_px), dtype=object)


def on_the_map(polygons: Polygons, grid: Grid) -> Polygons:
    """Return polygons in pixels as polygons of the grid's CRS, outer rings counter-clockwise."""
    placed = shapely.transform(polygons, lambda xy: to_crs_xy(xy, grid))
    return np.asarray(shapely.orient_polygons(placed), dtype=object)


def mean_probabilities(polygons: Polygons, raster: ProbabilityRaster) -> NDArray[np.float64]:
    """Return the mean probability in each polygon (pixels), float64 (n,) from 0 to 1.

    A pixel counts with the share that lies inside; pixels without data do not count.
    """
    import geopandas as gpd

    if not len(polygons):
        return np.zeros(0)
    with raster.reader() as pixels:
        found = exact_extract(
            _Codes(pixels, raster.grid),
            gpd.GeoDataFrame(geometry=list(polygons), crs=_PIXELS),
            ["mean"],
            output="pandas",
            max_cells_in_memory=_CELLS_IN_MEMORY,
        )
    return np.asarray(found["mean"], dtype=np.float64) / SCALE


class _Codes(RasterSource):  # type: ignore[misc]  # exactextract has no types
    """The codes of a probability raster in the pixel space of its polygons."""

    def __init__(self, pixels: PixelReader, grid: Grid) -> None:
        super().__init__()
        self._pixels = pixels
        self._grid = grid

    def res(self) -> tuple[float, float]:
        return 1.0, 1.0

    def extent(self) -> tuple[float, float, float, float]:
        return 0.0, -float(self._grid.height), float(self._grid.width), 0.0

    def srs_wkt(self) -> str:
        return _PIXELS.to_wkt()

    def nodata_value(self) -> int:
        return NODATA

    def read_window(self, x0: int, y0: int, nx: int, ny: int) -> NDArray[np.uint8]:
        return codes(self._pixels, Window(y0, x0, ny, nx))


def _from_north_to_south(polygons: Polygons) -> NDArray[np.intp]:
    """Return the order by first row, then by first column, whatever order they were found in."""
    if not len(polygons):
        return np.zeros(0, dtype=np.intp)
    west, _, _, north = shapely.bounds(polygons).T
    corner = shapely.get_coordinates(shapely.get_point(shapely.get_exterior_ring(polygons), 0))
    return np.lexsort((corner[:, 1], corner[:, 0], west, -north))
