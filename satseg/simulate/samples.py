"""Writes scenes and their truth to files, and builds the sample scenes of a folder."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from satseg.classes import CLASSES
from satseg.cog import cog_rows
from satseg.cog_layer import Layer
from satseg.errors import SceneError, StorageError
from satseg.simulate.definition import Definition, read_definition
from satseg.simulate.delivery import FACTORS, text_of
from satseg.simulate.imd_text import imd_text
from satseg.simulate.landscape import landscape_on
from satseg.simulate.render import SimulatedScene, render_scene
from satseg.simulate.vectors import write_fields
from satseg.storage import storing

RENDERER = "5"
"""Raised whenever the same definition gives other pixels, so that old files are made anew."""


@dataclass(frozen=True, slots=True)
class SampleScene:
    """Files of one simulated scene.

    Attributes:
        scene_path: GeoTIFF, uint16, 8 bands.
        truth_path: COG, uint8, codes of ``satseg.classes``.
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

    @property
    def imd_path(self) -> Path:
        """Sidecar of the image in the supplier's format: factors, sun, time, cloud cover."""
        return self.scene_path.with_suffix(".IMD")


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


def definitions_of(folder: Path, region: str | None) -> list[Definition]:
    """Return the definitions in ``folder`` of a region, or all of them without one.

    Raises:
        SceneError: there is none, or one cannot be read.
    """
    found = load_definitions(folder)
    chosen = [item for item in found if region is None or item.region == region]
    if not chosen:
        raise SceneError(
            expected=f"one of the regions {', '.join(sorted({item.region for item in found}))}",
            found=repr(region),
            fix="Correct the id of the region, or leave it out for all",
        )
    return chosen


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
    """Render a scene and write image, .IMD, truth and vectors into ``out``; return their paths.

    Each file appears complete or not at all; the image comes last.

    Raises:
        StorageError: a file cannot be written.
    """
    sample = sample_of(definition, date, out)
    land = landscape_on(definition, date)
    scene = render_scene(definition, date, land=land)
    tags = tags_of(definition, scene)
    try:
        write_fields(definition, date, land, sample.vector_path)
        write_classes(scene, sample.truth_path, tags)
        with storing(sample.imd_path.absolute()) as whole:
            text = imd_text(text_of(definition, scene), FACTORS, scene.grid)
            whole.write_text(text, encoding="utf-8")
        _write_image(scene, sample.scene_path, tags)
    except (OSError, RuntimeError) as error:
        raise StorageError(
            expected=f"room and permission to write the sample scene {sample.scene_path.name}",
            found=str(error),
            fix=f"Free some space or choose another folder than {out}",
        ) from error
    return sample


def tags_of(definition: Definition, scene: SimulatedScene) -> dict[str, str]:
    """Return the metadata that all rasters of a scene carry."""
    return {
        "SATSEG_SIMULATED": "YES",
        "SATSEG_DEFINITION": f"{definition.id} {definition.digest()} renderer {RENDERER}",
        "ACQUISITION_DATE": scene.date.isoformat(),
        "SUN_AZIMUTH_DEG": f"{scene.sun.azimuth_deg:.2f}",
        "SUN_ELEVATION_DEG": f"{scene.sun.elevation_deg:.2f}",
    }


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
    wanted = [(item, date) for item in definitions_of(folder, region) for date in item.dates]
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

    files = (sample.scene_path, sample.imd_path, sample.truth_path, sample.vector_path)
    if not all(path.exists() for path in files):
        return False
    try:
        with rasterio.open(sample.scene_path) as source:
            made_from = str(source.tags().get("SATSEG_DEFINITION", ""))
    except RasterioError:
        return False
    return made_from == f"{definition.id} {definition.digest()} renderer {RENDERER}"


def write_classes(scene: SimulatedScene, path: Path, tags: Mapping[str, str]) -> None:
    """Write the classes of a scene as a COG with nodata 0 and a colour table.

    Raises:
        StorageError: the file cannot be written; nothing is left behind.
    """
    named = {f"CLASS_{item.code}": item.key for item in CLASSES}
    colours = tuple((item.code, (*item.colour, 255)) for item in CLASSES)
    layer = Layer("class", nodata=0, overviews="mode", colours=colours)
    with cog_rows(path.absolute(), scene.grid, layer, tags={**tags, **named}) as rows:
        rows.write(scene.classes)


def _write_image(scene: SimulatedScene, path: Path, tags: Mapping[str, str]) -> None:
    """Write the image as a tiled GeoTIFF with nodata 0, all or nothing."""
    import rasterio

    profile = {
        "driver": "GTiff",
        "count": len(scene.bands),
        "dtype": "uint16",
        "crs": scene.grid.crs,
        "height": scene.grid.height,
        "width": scene.grid.width,
        "transform": scene.grid.affine,
        "nodata": 0,
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "interleave": "band",
        "compress": "zstd",  # without a predictor half the time of DEFLATE, which maps notice
        "zstd_level": 1,
        "photometric": "minisblack",
    }
    with storing(path.absolute()) as whole, rasterio.open(whole, "w", **profile) as target:
        target.write(scene.image)
        target.update_tags(**tags)
        target.descriptions = scene.bands
