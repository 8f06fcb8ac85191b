"""Writes scenes and their truth to files, and builds the sample scenes of a folder."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satseg.classes import CLASSES
from satseg.errors import SceneError, StorageError
from satseg.grids import Grid
from satseg.simulate.definition import Definition, read_definition
from satseg.simulate.landscape import landscape_on
from satseg.simulate.render import CRS, SimulatedScene, render_scene
from satseg.simulate.truth import farmland_polygons, parcels

RENDERER = "4"
"""Raised whenever the same definition gives other pixels, so that old files are made anew."""


@dataclass(frozen=True, slots=True)
class SampleScene:
    """Files of one simulated scene.

    Attributes:
        scene_path: GeoTIFF, uint16, 8 bands.
        truth_path: GeoTIFF, uint8, codes of ``satseg.classes``.
        vector_path: GeoPackage with the layers ``farmland`` and ``parcels``.
        region_id: id of the region of interest.
        date: of the image.
        definition_id: id of the definition.
    """

    scene_path: Path
    truth_path: Path
    vector_path: Path
    region_id: str
    date: dt.date
    definition_id: str


def load_definitions(folder: Path) -> list[Definition]:
    """Return the definitions of all ``*.toml`` files in ``folder``, by name.

    Raises:
        SceneError: there is none, or one cannot be read.
    """
    found = [read_definition(path) for path in sorted(folder.glob("*.toml"))]
    if not found:
        raise SceneError(
            expected="scene definitions (*.toml)",
            found=f"none in {folder}",
            fix="Give the folder sample_data of the project",
        )
    return found


def sample_of(definition: Definition, date: dt.date, out: Path) -> SampleScene:
    """Return where the files of a scene belong under ``out``."""
    stem = f"{definition.id}_{date.isoformat()}"
    return SampleScene(
        out / f"{stem}.tif",
        out / f"{stem}_truth.tif",
        out / f"{stem}_farmland.gpkg",
        definition.region,
        date,
        definition.id,
    )


def write_scene(definition: Definition, date: dt.date, out: Path) -> SampleScene:
    """Render a scene and write image, truth and vectors into ``out``; return their paths.

    Each file appears complete or not at all; the image comes last.

    Raises:
        StorageError: a file cannot be written.
    """
    sample = sample_of(definition, date, out)
    scene = render_scene(definition, date)
    tags = {
        "SATSEG_SIMULATED": "YES",
        "SATSEG_DEFINITION": f"{definition.id} {definition.digest()} renderer {RENDERER}",
        "ACQUISITION_DATE": date.isoformat(),
        "SUN_AZIMUTH_DEG": f"{scene.sun.azimuth_deg:.2f}",
        "SUN_ELEVATION_DEG": f"{scene.sun.elevation_deg:.2f}",
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write_vectors(definition, date, sample.vector_path)
        _write_truth(scene, sample.truth_path, tags)
        _write_image(scene, sample.scene_path, tags)
    except (OSError, RuntimeError) as error:
        raise StorageError(
            expected=f"room and permission to write the sample scene {sample.scene_path.name}",
            found=str(error),
            fix=f"Free some space or choose another folder than {out}",
        ) from error
    return sample


def build_samples(
    folder: Path,
    out: Path,
    *,
    region: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    workers: int = 2,
) -> list[SampleScene]:
    """Write all scenes of the definitions in ``folder`` that ``out`` lacks; return all of them.

    With ``region`` only the scenes of that region count.

    A scene that was written from the same definition by the same renderer is kept. ``progress``
    is called with (scenes there, scenes in all). ``workers`` processes share the work; with 1 it
    is done in this process.
    """
    found = load_definitions(folder)
    chosen = [item for item in found if region is None or item.region == region]
    if not chosen:
        raise SceneError(
            expected=f"one of the regions {', '.join(sorted({item.region for item in found}))}",
            found=repr(region),
            fix="Correct the id of the region, or leave it out for all",
        )
    wanted = [(item, date) for item in chosen for date in item.dates]
    samples = [sample_of(item, date, out) for item, date in wanted]
    missing = [
        pair for pair, sample in zip(wanted, samples, strict=True) if not _is_there(pair[0], sample)
    ]
    done, total = len(wanted) - len(missing), len(wanted)
    report = progress or (lambda done, total: None)
    report(done, total)
    if workers <= 1 or len(missing) < 2:
        for item, date in missing:
            write_scene(item, date, out)
            report(done := done + 1, total)
        return samples
    with ProcessPoolExecutor(min(workers, len(missing)), mp_context=get_context("spawn")) as pool:
        waiting: list[Future[SampleScene]] = [
            pool.submit(write_scene, item, date, out) for item, date in missing
        ]
        try:
            for future in as_completed(waiting):
                future.result()
                report(done := done + 1, total)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return samples


def _is_there(definition: Definition, sample: SampleScene) -> bool:
    import rasterio
    from rasterio.errors import RasterioError

    files = (sample.scene_path, sample.truth_path, sample.vector_path)
    if not all(path.exists() for path in files):
        return False
    try:
        with rasterio.open(sample.scene_path) as source:
            made_from = str(source.tags().get("SATSEG_DEFINITION", ""))
    except RasterioError:
        return False
    return made_from == f"{definition.id} {definition.digest()} renderer {RENDERER}"


def _write_image(scene: SimulatedScene, path: Path, tags: dict[str, str]) -> None:
    _write_raster(path, scene.image, scene.grid, tags, scene.bands)


def _write_truth(scene: SimulatedScene, path: Path, tags: dict[str, str]) -> None:
    import rasterio

    named = {f"CLASS_{item.code}": item.key for item in CLASSES}
    _write_raster(path, scene.classes[None], scene.grid, tags | named, ("class",))
    with rasterio.open(path, "r+") as target:
        target.write_colormap(1, {item.code: (*item.colour, 255) for item in CLASSES})


def _write_raster(
    path: Path, data: NDArray[Any], grid: Grid, tags: dict[str, str], names: tuple[str, ...]
) -> None:
    """Write ``data`` (bands, h, w) as a tiled GeoTIFF with nodata 0, all or nothing."""
    import rasterio

    part = path.with_name(f".{path.stem}.{os.getpid()}.part.tif")
    profile = {
        "driver": "GTiff",
        "count": data.shape[0],
        "dtype": data.dtype.name,
        "crs": grid.crs,
        "height": grid.height,
        "width": grid.width,
        "transform": grid.affine,
        "nodata": 0,
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "interleave": "band",
        "compress": "zstd",  # a third less time to decode than DEFLATE, which maps notice
        "zstd_level": 1,
        "predictor": 2 if data.dtype == np.uint16 else 1,
        "photometric": "minisblack",
    }
    try:
        with rasterio.open(part, "w", **profile) as target:
            target.write(data)
            target.update_tags(**tags)
            target.descriptions = names
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _write_vectors(definition: Definition, date: dt.date, path: Path) -> None:
    import geopandas

    land = landscape_on(definition, date)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part.gpkg")
    fields = farmland_polygons(definition, land)
    shapes, stages = parcels(definition, date, land)
    try:
        part.unlink(missing_ok=True)
        about = {"date": date.isoformat(), "simulated": True}
        table = geopandas.GeoDataFrame(
            {"class": ["farmland"] * len(fields)}, geometry=fields, crs=CRS
        )
        table.assign(**about).to_file(part, layer="farmland", driver="GPKG")
        table = geopandas.GeoDataFrame({"stage": stages}, geometry=shapes, crs=CRS)
        table.assign(**about).to_file(part, layer="parcels", driver="GPKG")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
