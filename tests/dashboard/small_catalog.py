"""A small catalog with hand-made scenes and probabilities, for tests of the dashboard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.transform import from_origin
from shapely.geometry import box

from satseg.bands import WORLDVIEW3
from satseg.catalog import Catalog
from satseg.grids import to_lonlat
from satseg.regions import Region

CRS = "EPSG:32651"
GSD_M = 0.6
DATES = (dt.date(2016, 5, 3), dt.date(2019, 4, 12), dt.date(2022, 5, 20), dt.date(2025, 4, 30))
SHA = {"farmnet": "a" * 64, "unet8": "b" * 64}


@dataclass(frozen=True)
class Place:
    id: str
    name_en: str
    name_zh: str
    easting: float
    northing: float


PLACES = (
    Place("chongming", "Chongming paddies", "崇明稻田", 368_000.0, 3_502_000.0),
    Place("qingpu", "Qingpu lakeside", "青浦湖畔", 318_000.0, 3_445_000.0),
)


def build_catalog(
    root: Path, *, size_px: int = 256, predict: Sequence[str] = ("farmnet", "unet8")
) -> Catalog:
    """Return a catalog of two regions with four dates each, farmland shrinking from left to right.

    Farmland of date k is the left ``1 - k / 8`` of the scene; the last scene of each region has
    only red, green and blue. ``predict`` names the models whose probabilities are registered.
    """
    catalog = Catalog.open(root / "catalog")
    files = root / "files"
    files.mkdir(parents=True, exist_ok=True)
    for place in PLACES:
        catalog.add_region(_region(place, size_px))
        for number, date in enumerate(DATES):
            farmland = _farmland(size_px, number)
            bands = WORLDVIEW3 if number < len(DATES) - 1 else ("red", "green", "blue")
            image = files / f"{place.id}-{date}.tif"
            _write(image, _scene(farmland, bands, seed=number), place, names=bands)
            scene = catalog.add_scene(
                image, date=date, region_id=place.id, scene_id=f"{place.id}-{date}"
            )
            for model in predict:
                if model == "unet8" and bands != WORLDVIEW3:
                    continue
                raster = files / f"{scene.id}-{model}.tif"
                _write(raster, _probability(farmland, model)[np.newaxis], place, nodata=255)
                catalog.add_prediction(
                    scene.id,
                    model,
                    weights_sha256=SHA[model],
                    probability=raster,
                    runtime="by hand",
                )
    return catalog


def build_models(folder: Path) -> Path:
    """Write two model cards whose weights files are empty, and return their folder."""
    import tomli_w

    wanted = (("farmnet", "FarmNet", ["red", "green", "blue"]), ("unet8", "U-Net 8", WORLDVIEW3))
    for model, title, bands in wanted:
        home = folder / model
        home.mkdir(parents=True)
        (home / "model.safetensors").write_bytes(b"")
        card = {
            "id": model,
            "title": title,
            "summary": "Made by hand for tests.",
            "architecture": "unet",
            "arguments": {},
            "bands": list(bands),
            "gsd_m": GSD_M,
            "patch_px": 256,
            "overlap_px": 32,
            "threshold": 0.5,
            "licence": "MIT",
            "weights": {"file": "model.safetensors", "sha256": SHA[model]},
            "training": {},
        }
        (home / "card.toml").write_text(tomli_w.dumps(card), encoding="utf-8")
    return folder


def _region(place: Place, size_px: int) -> Region:
    side = size_px * GSD_M
    outline = box(place.easting, place.northing - side, place.easting + side, place.northing)
    lonlat = shapely.transform(outline, _lonlat)
    return Region(place.id, place.name_en, place.name_zh, lonlat, summary="Made by hand.")


def _lonlat(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack(to_lonlat(CRS).transform(points[:, 0], points[:, 1]))


def _farmland(size_px: int, number: int) -> NDArray[np.bool_]:
    columns = np.arange(size_px) < size_px * (1 - number / 8)
    return np.broadcast_to(columns, (size_px, size_px))


def _scene(farmland: NDArray[np.bool_], bands: Sequence[str], seed: int) -> NDArray[np.uint16]:
    rng = np.random.default_rng(seed)
    rows, cols = np.indices(farmland.shape)
    parcels = ((rows // 45 * 7 + cols // 65 * 13) % 11) / 11
    green = {"green": 620, "red": 420, "blue": 380, "nir1": 2600, "nir2": 2500, "red_edge": 1500}
    grey = {"green": 900, "red": 950, "blue": 850, "nir1": 1000, "nir2": 1000, "red_edge": 950}
    layers = []
    for band in bands:
        field = green.get(band, 450) * (0.7 + 0.6 * parcels)
        town = grey.get(band, 800) * (0.6 + 0.9 * (parcels * 3 % 1))
        layers.append(np.where(farmland, field, town) + rng.normal(0, 25, farmland.shape))
    return np.clip(np.stack(layers), 1, 2047).astype(np.uint16)


def _probability(farmland: NDArray[np.bool_], model: str) -> NDArray[np.uint8]:
    """0.9 in farmland and 0.1 elsewhere (U-Net 8: 0.7 and 0.2), with a nodata corner."""
    inside, outside = (0.9, 0.1) if model == "farmnet" else (0.7, 0.2)
    values = np.where(farmland, round(inside * 254), round(outside * 254)).astype(np.uint8)
    corner = max(4, farmland.shape[0] // 16)
    values[:corner, :corner] = 255
    return values


def _write(
    path: Path,
    pixels: NDArray[np.uint16] | NDArray[np.uint8],
    place: Place,
    *,
    names: Sequence[str] = (),
    nodata: int | None = None,
) -> None:
    count, height, width = pixels.shape
    profile = {
        "driver": "GTiff",
        "count": count,
        "height": height,
        "width": width,
        "dtype": pixels.dtype,
        "crs": CRS,
        "transform": from_origin(place.easting, place.northing, GSD_M, GSD_M),
        "nodata": nodata,
    }
    with rasterio.open(path, "w", **profile) as target:
        target.write(pixels)
        for number, name in enumerate(names, start=1):
            target.set_band_description(number, name)
