"""Entry of a prediction into the catalog: copy, display copy, provenance, one rename."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import RasterioIOError

from satseg.catalog_items import display_name, prediction_item, sha256_of
from satseg.catalog_records import SceneRecord
from satseg.catalog_store import Store, write_json
from satseg.display import write_class_display, write_probability_display
from satseg.errors import CatalogError
from satseg.grids import Grid
from satseg.legend import CLASS_LAYER
from satseg.probability import NODATA
from satseg.storage import storing


def register_prediction(
    store: Store,
    prediction_id: str,
    scene: SceneRecord,
    rasters: Mapping[str, Path],
    provenance: Mapping[str, Any],
) -> None:
    """Register a probability and its further rasters by kind; see ``Catalog.add_prediction``."""
    grid, *others = [_grid(raster) for raster in rasters.values()]
    if any(other != grid for other in others):
        raise CatalogError(
            expected="further rasters on the grid of the probability",
            found="another grid",
            fix="Write them with satseg.ensemble or satseg.predict",
        )
    with store.staging() as folder:
        for kind, raster in rasters.items():
            whole = folder / f"{kind}.tif"
            with storing(whole) as copied:
                shutil.copyfile(raster, copied)
            write = write_class_display if kind == CLASS_LAYER else write_probability_display
            write(whole, folder / display_name(kind))
        item = prediction_item(
            prediction_id,
            scene,
            grid,
            provenance=provenance,
            checksums={kind: sha256_of(folder / f"{kind}.tif") for kind in rasters},
        )
        write_json(folder / f"{prediction_id}.json", item)

        def check() -> None:
            if store.item("scenes", scene.id) is None:
                raise CatalogError(
                    expected=f"the scene {scene.id!r} in the catalog until its map is finished",
                    found="that it was removed meanwhile",
                    fix="Bring the scene back, and predict again",
                )

        store.register("predictions", prediction_id, folder, guard=check)


def _grid(path: Path) -> Grid:
    """Return the grid of a probability raster; refuse what is none."""
    try:
        with rasterio.open(path) as source:
            found = f"{source.count} x {source.dtypes[0]} with nodata {source.nodata}"
            fits = source.count == 1 and source.dtypes[0] == "uint8" and source.nodata == NODATA
            crs = source.crs
            transform, height, width = source.transform, source.height, source.width
    except RasterioIOError as error:
        fits, found = False, f"no raster ({error})"
    if not fits or crs is None:
        raise CatalogError(
            expected=f"a probability raster of one uint8 band with nodata {NODATA} and a CRS",
            found=f"{path.name}: {found}",
            fix="Write it with satseg.predict",
        )
    epsg = crs.to_epsg()
    name = f"EPSG:{epsg}" if epsg else crs.to_wkt()
    return Grid(name, tuple(transform)[:6], height, width)
