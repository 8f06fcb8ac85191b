"""GeoPackages of the truth; the same definition gives the same bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from satseg.classes import CLASSES
from satseg.simulate.changes import LandChange
from satseg.simulate.definition import Definition
from satseg.simulate.landscape import Landscape
from satseg.simulate.render import CRS, grid_of
from satseg.simulate.truth import farmland_polygons, geodesic_m2, land_polygons, parcels
from satseg.storage import storing

if TYPE_CHECKING:
    import geopandas

KINDS_OF_TREES = ("broadleaf", "evergreen", "young or orchard", "poplar or dawn redwood")
"""By number, as ``Sketch.plant`` counts them."""


def write_fields(definition: Definition, date: dt.date, land: Landscape, path: Path) -> None:
    """Write the layers ``farmland`` and ``parcels`` of a date.

    Raises:
        StorageError: the file cannot be written; nothing is left behind.
    """
    _write(path, _field_layers(definition, date, land), date)


def write_land(definition: Definition, date: dt.date, land: Landscape, path: Path) -> None:
    """Write the layers ``farmland``, ``parcels``, ``land`` (classes) and ``trees`` of a date.

    Raises:
        StorageError: the file cannot be written; nothing is left behind.
    """
    layers = _field_layers(definition, date, land)
    found = land_polygons(definition, land)
    columns: dict[str, Sequence[object]] = {
        "class": [CLASSES[code].key for code in found],
        "code": list(found),
        "area_m2": [geodesic_m2(shape) for shape in found.values()],
    }
    layers["land"] = _frame(columns, list(found.values()), date)
    layers["trees"] = _trees(definition, land, date)
    _write(path, layers, date)


def write_changes(
    changes: Sequence[LandChange], dates: tuple[dt.date, dt.date], path: Path
) -> None:
    """Write the layer ``changes`` between two dates, one (multi)polygon a pair of classes.

    Raises:
        StorageError: the file cannot be written; nothing is left behind.
    """
    columns: dict[str, Sequence[object]] = {
        "before": [CLASSES[item.before].key for item in changes],
        "after": [CLASSES[item.after].key for item in changes],
        "farmland": [item.farmland for item in changes],
        "area_m2": [item.area_m2 for item in changes],
        "since": [dates[0].isoformat()] * len(changes),
    }
    frame = _frame(columns, [item.shape for item in changes], dates[1])
    _write(path, {"changes": frame}, dates[1])


def _field_layers(
    definition: Definition, date: dt.date, land: Landscape
) -> dict[str, geopandas.GeoDataFrame]:
    fields = farmland_polygons(definition, land)
    found = parcels(definition, date, land)
    columns = {
        "parcel": [item.id for item in found],
        "rotation": [item.rotation for item in found],
        "crop": [item.crop for item in found],
        "stage": [item.stage for item in found],
    }
    return {
        "farmland": _frame({"class": ["farmland"] * len(fields)}, fields, date),
        "parcels": _frame(columns, [item.shape for item in found], date),
    }


def _trees(definition: Definition, land: Landscape, date: dt.date) -> geopandas.GeoDataFrame:
    import shapely

    grid, trees = grid_of(definition), land.trees
    inside = ((trees[:, :2] >= 0) & (trees[:, :2] < definition.size_m)).all(axis=1)
    x, y, radius, height, kind, _ = trees[inside].T
    columns = {
        "kind": [KINDS_OF_TREES[int(k)] for k in kind],
        "crown_radius_m": np.round(radius, 2).tolist(),
        "height_m": np.round(height, 2).tolist(),
    }
    points = shapely.points(grid.transform[2] + x, grid.transform[5] - y)
    return _frame(columns, list(points), date)


def _frame(
    columns: Mapping[str, Sequence[object]], shapes: Sequence[object], date: dt.date
) -> geopandas.GeoDataFrame:
    import geopandas

    frame = geopandas.GeoDataFrame(dict(columns), geometry=list(shapes), crs=CRS)
    return frame.assign(date=date.isoformat(), simulated=True)


def _write(path: Path, layers: Mapping[str, geopandas.GeoDataFrame], date: dt.date) -> None:
    import pyogrio

    with storing(path.absolute()) as whole, _on_the_day(date):
        for name, frame in layers.items():
            mixed = set(frame.geom_type) > {"Polygon"}
            kind = "MultiPolygon" if mixed or frame.empty else None
            pyogrio.write_dataframe(
                frame, whole, layer=name, driver="GPKG", geometry_type=kind, promote_to_multi=mixed
            )


@contextmanager
def _on_the_day(date: dt.date) -> Iterator[None]:
    """Let GeoPackages that are written meanwhile carry the day as their time of change."""
    import pyogrio

    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{date.isoformat()}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
