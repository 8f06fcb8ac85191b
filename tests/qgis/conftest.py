"""A catalog with one scene, its prediction and its truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shelf_files import write_probability, write_raster, write_scene

from satseg.catalog import Catalog

SHAPE = (40, 60)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Farmland at columns 10 to 30 of rows 5 to 25 with a hole of 4 x 4, and a crumb of 2 x 2."""
    folder = tmp_path_factory.mktemp("shelf")
    catalog = Catalog.open(folder / "catalog")
    codes = np.full(SHAPE, 50, dtype=np.uint8)
    codes[5:25, 10:30] = 200
    codes[10:14, 20:24] = 100
    codes[30:32, 50:52] = 254
    codes[:, :3] = 255
    truth = write_raster(folder / "truth.tif", (codes[None] > 127).astype(np.uint8))
    image = write_scene(folder / "field.tif", bands=8, size=SHAPE)
    scene = catalog.add_scene(image, date="2015-06-06", truth=truth)
    catalog.add_prediction(
        scene.id,
        "made-up",
        weights_sha256="0" * 64,
        probability=write_probability(folder / "p.tif", codes),
        runtime="none",
    )
    return catalog


@pytest.fixture
def qgis_script() -> Path:
    return Path(__file__).with_name("open_in_qgis.py")
