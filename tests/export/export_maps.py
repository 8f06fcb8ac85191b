"""Small maps for the tests of exports."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry
from shelf_files import write_probability, write_scene

from satseg.catalog import Catalog
from satseg.export.subject import Subject
from satseg.regions import Region

DAYS = (dt.date(2016, 5, 3), dt.date(2020, 5, 3))
SIZE = (60, 80)
PIXEL_M2 = 0.36
FARMLAND = 200
OTHER = 20


def field(last_col: int) -> NDArray[np.uint8]:
    """Farmland from column 10 to ``last_col`` in rows 10 to 50, with a hole of 4 x 5 pixels, one
    pixel apart from it, and a corner without data."""
    codes = np.full(SIZE, OTHER, dtype=np.uint8)
    codes[10:50, 10:last_col] = FARMLAND
    codes[20:24, 20:25] = OTHER
    codes[55, 70] = 254
    codes[:4, :4] = 255
    return codes


def build_catalog(root: Path) -> Catalog:
    """Return a catalog of one region with two dates, both mapped by farmnet, one by unet8 too."""
    catalog = Catalog.open(root / "catalog")
    for number, day in enumerate(DAYS):
        image = write_scene(root / f"s{number}.tif", bands=4, size=SIZE, seed=number)
        region = None if number == 0 else "s0"
        scene = catalog.add_scene(
            image, date=day, region_id=region, bands=("blue", "green", "red", "nir1")
        )
        models = ("farmnet", "unet8") if number else ("farmnet",)
        for model in models:
            last = 60 - 10 * number - (5 if model == "unet8" else 0)
            raster = write_probability(root / "p.tif", field(last))
            catalog.add_prediction(
                scene.id,
                model,
                weights_sha256=("ab" if model == "farmnet" else "cd") * 32,
                probability=raster,
                runtime="by hand",
                parameters={"gsd_m": 0.6},
            )
    return catalog


def subject(catalog: Catalog, *, date: int = 0, model: str = "farmnet", **options: Any) -> Subject:
    """Return a map of the catalog, cut at its region unless ``clip`` says otherwise."""
    region = catalog.regions()[0]
    scene = catalog.scenes()[date]
    (prediction,) = catalog.predictions(scene.id, model)
    options.setdefault("clip", region.geometry)
    return Subject(region, scene, prediction, **{"threshold": 0.5, **options})


def lonely(probability: Path, **options: Any) -> Subject:
    """Return a map without a catalog: only what polygons and rasters ask for."""
    scene = SimpleNamespace(
        id="scene", date=DAYS[0], sha256="0" * 64, licence="", simulated=False, title="Scene"
    )
    prediction = SimpleNamespace(
        id="prediction",
        model_id="farmnet",
        members=(),
        weights_sha256="1" * 64,
        parameters={},
        runtime="by hand",
        created=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        software="0",
        probability=probability,
    )
    place = Region("here", "Here", "这里", box(121, 31, 122, 32))
    return Subject(place, scene, prediction, **{"threshold": 0.5, **options})  # type: ignore[arg-type]


def half(geometry: BaseGeometry) -> BaseGeometry:
    """Return the western half of a shape's bounding box."""
    west, south, east, north = geometry.bounds
    return box(west, south, (west + east) / 2, north)
