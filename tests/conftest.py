"""Tiny GeoTIFFs and predictors that the tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray
from shelf_files import write_scene

from satseg.catalog import Catalog

settings.register_profile(
    "satseg",
    deadline=None,
    max_examples=25,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("satseg")


def pytest_configure(config: pytest.Config) -> None:
    # rasterio 1.4 and rio-tiler still write transform * point, which affine 3 wants as @.
    config.addinivalue_line(
        "filterwarnings", "ignore:Use `@` matmul instead of:PendingDeprecationWarning"
    )


_MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def own_main_module() -> Iterator[None]:
    """Give the process its main module back: Streamlit's AppTest may leave its script in its place,
    which every process that is spawned later would run."""
    yield
    sys.modules["__main__"] = _MAIN


ROOT = Path(__file__).resolve().parents[1]

PLACES = {
    "EPSG:4326": Affine(2.7e-6, 0, 121.734, 0, -2.7e-6, 31.229),
    "EPSG:32651": Affine(0.6, 0, 380000.0, 0, -0.6, 3455000.0),
    "EPSG:3857": Affine(0.6, 0, 13551000.0, 0, -0.6, 3662000.0),
}


@dataclass(frozen=True)
class ConstantPredictor:
    """Answers the same probability everywhere."""

    value: float
    bands: tuple[str, ...] = ("red", "green", "blue")
    gsd_m: float | None = None
    patch_px: int = 16
    overlap_px: int = 4

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.full((len(batch), *batch.shape[2:]), self.value, dtype=np.float32)


@dataclass(frozen=True)
class IdentityPredictor:
    """Answers its first band, so that the map is the scene."""

    bands: tuple[str, ...] = ("red",)
    gsd_m: float | None = None
    patch_px: int = 16
    overlap_px: int = 4

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return batch[:, 0]


@pytest.fixture
def constant_predictor() -> type[ConstantPredictor]:
    return ConstantPredictor


@pytest.fixture
def identity_predictor() -> type[IdentityPredictor]:
    return IdentityPredictor


@pytest.fixture
def geotiff(tmp_path: Path) -> Callable[..., Path]:
    """Write an array (bands, height, width) as a GeoTIFF and return its path."""

    def write(
        data: NDArray[np.generic],
        name: str = "scene.tif",
        *,
        crs: str | None = "EPSG:32651",
        transform: Affine | None = None,
        mask: NDArray[np.bool_] | None = None,
        names: tuple[str, ...] = (),
        tags: dict[str, str] | None = None,
        **profile: object,
    ) -> Path:
        path = tmp_path / name
        count, height, width = data.shape
        place = PLACES.get(crs or "", Affine(0.6, 0, 100, 0, -0.6, 100))
        options = {"photometric": "minisblack", **profile}
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(
                path,
                "w",
                driver="GTiff",
                count=count,
                height=height,
                width=width,
                dtype=data.dtype,
                crs=crs,
                transform=place if transform is None else transform,
                **options,
            ) as dataset,
        ):
            dataset.write(data)
            dataset.update_tags(**(tags or {}))
            for index, each in enumerate(names, start=1):
                dataset.set_band_description(index, each)
            if mask is not None:
                dataset.write_mask(mask)
        return path

    return write


@pytest.fixture
def random_dn() -> Callable[..., NDArray[np.generic]]:
    """Return random digital numbers above 0, (bands, height, width)."""

    def draw(
        shape: tuple[int, int, int], dtype: str = "uint16", seed: int = 0
    ) -> NDArray[np.generic]:
        top = 255 if dtype == "uint8" else 2000
        return np.random.default_rng(seed).integers(1, top, shape).astype(dtype)

    return draw


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real imagery outside of the repository, or skip."""
    folder = Path(os.environ.get("SATSEG_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real imagery in {folder}; set SATSEG_SHARED_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def shanghai_tile(shared_data: Path) -> Path:
    """Return the original SpaceNet tile, or skip."""
    name = "RGB-PanSharpen_AOI_4_Shanghai_img6917.tif"
    path = shared_data / "worldview3_shanghai" / name
    if not path.is_file():
        pytest.skip(f"no real SpaceNet tile at {path}")
    return path


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """An empty catalog."""
    return Catalog.open(tmp_path / "catalog")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A small image of three bands, as a user has it."""
    return write_scene(tmp_path / "Chongming North.tif")
