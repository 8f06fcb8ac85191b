"""Orthorectification with polynomials that are linear, so that each pixel's place is known.

line   = 20 + 20 * (31 - latitude) / 0.001
sample = 30 + 30 * (longitude - 121.5) / 0.001 + height / 10
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from delivery_files import GRID, TEXT, drop, edit, write_multispectral, write_panchromatic
from shelf_files import snapshot

from satseg.catalog import Catalog
from satseg.deliveries import (
    Choices,
    Terrain,
    add_delivery,
    described,
    find_delivery,
    make_image,
    understand,
)
from satseg.deliveries.ortho import polynomials
from satseg.errors import SceneError

RAW = replace(TEXT, level="LV1B")
GSD = 4.0


def coefficients(**at: float) -> str:
    values = [0.0] * 20
    for name, value in at.items():
        values[{"one": 0, "lon": 1, "lat": 2, "height": 3}[name]] = value
    return "(\n" + ",\n".join(f"\t\t\t{value:.6e}" for value in values) + ")"


def rpb_text(lines: float = 20.0, samples: float = 30.0, *, scale: float = 1.0) -> str:
    """Return an .RPB; ``scale`` is how many pixels of it make one of the formulas above."""
    return f"""satId = "WV03";
bandId = "Multi";
SpecId = "RPC00B";
BEGIN_GROUP = IMAGE
\terrBias = 4.50;
\terrRand = 0.10;
\tlineOffset = {lines};
\tsampOffset = {samples};
\tlatOffset = 31.0000;
\tlongOffset = 121.5000;
\theightOffset = 8;
\tlineScale = {20 * scale};
\tsampScale = {30 * scale};
\tlatScale = 0.0010;
\tlongScale = 0.0010;
\theightScale = 300;
\tlineNumCoef = {coefficients(lat=-1.0)};
\tlineDenCoef = {coefficients(one=1.0)};
\tsampNumCoef = {coefficients(lon=1.0, height=1.0, one=8 / 300)};
\tsampDenCoef = {coefficients(one=1.0)};
END_GROUP = IMAGE
END;
"""


def ramps() -> np.ndarray:
    """Bands 1 to 4 tell the sample, 5 to 8 the line: 1000 + 10 for each pixel."""
    sample, line = np.arange(60)[None], np.arange(40)[:, None]
    bands = [np.broadcast_to(1000 + 10 * each, (40, 60)) for each in (sample, line)]
    return np.repeat(np.stack(bands), 4, axis=0).astype(np.uint16)


def raw(folder: Path, image: np.ndarray | None = None) -> Path:
    """Write a 1B product and return its .IMD."""
    grid = replace(GRID, crs="EPSG:4326")  # what a 1B tile says of its place must not count
    imd = write_multispectral(
        folder, ramps() if image is None else image, grid=grid, text=RAW, kind="M1BS"
    )
    edit(imd, ("productGSD = [^;]*", f"productGSD = {GSD}"))
    imd.with_suffix(".RPB").write_text(rpb_text())
    return imd


@pytest.fixture
def basic(tmp_path: Path) -> Path:
    raw(tmp_path / "order")
    return tmp_path / "order"


@pytest.fixture
def write_dem(tmp_path: Path) -> Callable[..., Path]:
    """Write heights on 0.001 degree pixels from 121.495 east, 31.005 north on; 10 x 10."""

    def write(heights: np.ndarray, place: Affine | None = None, crs: str = "EPSG:4326") -> Path:
        path = tmp_path / "dem.tif"
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=heights.shape[0],
            width=heights.shape[1],
            count=1,
            dtype="float32",
            crs=crs,
            transform=place or Affine(0.001, 0, 121.495, 0, -0.001, 31.005),
        ) as dataset:
            dataset.write(heights[None].astype("float32"))
        return path

    return write


def expected(dataset: rasterio.DatasetReader, height: float | np.ndarray) -> np.ndarray:
    """Return (2, h, w): sample and line under the centre of each pixel of an image."""
    columns, rows = np.meshgrid(np.arange(dataset.width) + 0.5, np.arange(dataset.height) + 0.5)
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    x, y = c + a * columns + b * rows, f + d * columns + e * rows
    lon, lat = pyproj.Transformer.from_crs(dataset.crs, 4326, always_xy=True).transform(x, y)
    sample = 30 + 30 * (lon - 121.5) / 0.001 + np.asarray(height) / 10
    return np.stack([sample, 20 + 20 * (31 - lat) / 0.001])


def compare(path: Path, height: float | np.ndarray) -> int:
    """Check every valid pixel of an image of ramps and return how many there are."""
    with rasterio.open(path) as dataset:
        assert dataset.crs == "EPSG:32651"
        sample, line = expected(dataset, height)
        found = dataset.read()
    inside = (found > 0).all(axis=0) & (sample > 2) & (sample < 57) & (line > 2) & (line < 37)
    np.testing.assert_allclose(found[0][inside], 1000 + 10 * sample[inside], atol=1)
    np.testing.assert_allclose(found[7][inside], 1000 + 10 * line[inside], atol=1)
    return int(inside.sum())


def made(catalog: Catalog, folder: Path, terrain: Terrain, **choices: object) -> Path:
    options = Choices(toa=False, terrain=terrain, **choices)  # type: ignore[arg-type]
    return add_delivery(catalog, understand(folder, options), scene_id="ortho").image


@pytest.mark.parametrize("height", [0.0, 50.0])
def test_each_pixel_comes_from_where_the_polynomials_say(
    catalog: Catalog, basic: Path, height: float
) -> None:
    """60 x 40 pixels of 3.2 x 5.5 m are about 191 x 222 m: some 2600 pixels of 4 m."""
    path = made(catalog, basic, Terrain(height_m=height))
    assert compare(path, height) > 1900
    with rasterio.open(path) as dataset:
        assert dataset.transform.a == GSD
        assert (dataset.transform.c % GSD, dataset.transform.f % GSD) == (0, 0)
        assert dataset.shape == (57, 50)  # 194 m and 225 m, for north is 0.8° aside in UTM


def test_a_constant_elevation_model_is_a_constant_height(
    catalog: Catalog, basic: Path, write_dem: Callable[..., Path]
) -> None:
    dem = write_dem(np.full((10, 10), 50.0))
    assert compare(made(catalog, basic, Terrain(dem=dem)), 50.0) > 1900


def test_a_slope_in_the_elevation_model_bends_the_image(
    catalog: Catalog, basic: Path, write_dem: Callable[..., Path]
) -> None:
    """Heights grow by 20 m for each 0.001 degrees of latitude, on pixel centres."""
    north = 31.005 - 0.001 * (np.arange(10) + 0.5)
    heights = np.broadcast_to(((north - 31) * 20_000 + 60)[:, None], (10, 10))
    path = made(catalog, basic, Terrain(dem=write_dem(heights)))
    with rasterio.open(path) as dataset:
        line = expected(dataset, 0)[1]
    assert compare(path, 60 + (20 - line)) > 1900  # one line is 0.00005 degrees, so 1 m


def test_reflectance_is_of_the_orthorectified_numbers(catalog: Catalog, basic: Path) -> None:
    plan = understand(basic, Choices(terrain=Terrain(height_m=0)))
    assert (plan.unit, plan.grid.crs) == ("reflectance", "EPSG:32651")
    record = add_delivery(catalog, plan)
    with rasterio.open(record.image) as dataset:
        assert '"heights": "height 0 m"' in dataset.tags()["SATSEG_MADE"]
        middle = dataset.read(8)[28, 24] / 1e4
        line = expected(dataset, 0)[1][28, 24]
    linear = plan.image.linear
    assert linear is not None
    assert middle == pytest.approx(
        linear.slope[7] * (1000 + 10 * line) + linear.intercept[7], abs=1e-3
    )
    assert record.gsd_m == pytest.approx(GSD, rel=1e-3)


def test_two_raw_products_are_sharpened_on_one_grid(catalog: Catalog, basic: Path) -> None:
    fine = np.repeat(np.repeat(ramps()[:1], 4, axis=1), 4, axis=2)
    imd = write_panchromatic(basic / "pan", fine, text=RAW)
    imd.with_suffix(".RPB").write_text(rpb_text(81.5, 121.5, scale=4))
    path = made(catalog, basic, Terrain(height_m=0), pansharpen_m=2.0)
    with rasterio.open(path) as dataset:
        sample = expected(dataset, 0)[0]
        found = dataset.read(3)
    inside = (found > 0) & (sample > 3) & (sample < 56)
    assert inside.sum() > 7000
    # A step of the panchromatic staircase is 10 high; the ramp runs through its middles.
    assert np.abs(found[inside] - (1000 + 10 * sample[inside])).max() < 12


def test_the_user_is_warned_of_the_accuracy(basic: Path) -> None:
    edit(next(basic.glob("*.IMD")), ("ViewAngle = 0.0", "ViewAngle = 20.0"))
    plan = understand(basic, Choices(terrain=Terrain(height_m=5)))
    (text,) = [text for label, text in described(plan) if label == "Warning"]
    assert "height 5 m and without ground control; the supplier states a bias of 4.5 m" in text
    assert "20° off nadir every metre by which the ground differs from it" in text
    assert "about 0.36 m" in text  # tan 20°


def test_raw_products_need_heights(basic: Path) -> None:
    with pytest.raises(SceneError) as refused:
        understand(basic)
    assert "a raw 1B product" in str(refused.value)
    assert "--height METRES" in str(refused.value)
    assert "centred on 8 m" in str(refused.value)


def test_projected_products_with_polynomials_may_be_orthorectified_too(
    catalog: Catalog, tmp_path: Path
) -> None:
    imd = write_multispectral(tmp_path / "d", ramps())
    edit(imd, ("productGSD = [^;]*", f"productGSD = {GSD}"))
    imd.with_suffix(".RPB").write_text(rpb_text())
    assert compare(made(catalog, tmp_path / "d", Terrain(height_m=50)), 50.0) > 1900


def test_polynomials_beside_a_projected_product_do_not_move_it(
    catalog: Catalog, delivery: Path, imd: Path
) -> None:
    plan = understand(delivery, Choices(pansharpen_m=1.2))
    with catalog.staging() as plain, catalog.staging() as beside:
        before = make_image(plan, plain)[0].read_bytes()
        for path in (imd, *imd.parent.glob("*.TIF")):
            path.with_suffix(".RPB").write_text(rpb_text())
        assert make_image(plan, beside)[0].read_bytes() == before


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda rpb: rpb.unlink(), "the rational polynomials 15JUN06024100-M1BS"),
        (lambda rpb: drop(rpb, "latScale"), "no latScale in"),
        (lambda rpb: edit(rpb, ("latScale = 0.0010", "latScale = 0")), "no scale that is not 0"),
        (lambda rpb: edit(rpb, ("GROUP = IMAGE", "GROUP = IMAGES")), "no group IMAGE in"),
        (lambda rpb: edit(rpb, (r"lineNumCoef = \(\n[^,]*,", "lineNumCoef = (")), "19 numbers in"),
    ],
)
def test_damaged_polynomials_are_refused(
    basic: Path, damage: Callable[[Path], object], told: str
) -> None:
    damage(next(basic.glob("*.RPB")))
    with pytest.raises(SceneError) as refused:
        understand(basic, Choices(terrain=Terrain(height_m=0)))
    assert told in str(refused.value)


def test_line_breaks_and_a_missing_end_do_not_matter(basic: Path) -> None:
    edit(next(basic.glob("*.RPB")), (r"\(\n", "("), ("END;", ""))
    found = polynomials(find_delivery(basic).image)
    assert (found.lat_off, found.line_num_coeff[2], found.err_bias) == (31.0, -1.0, 4.5)


def test_polynomials_that_place_nothing_are_refused(basic: Path) -> None:
    edit(next(basic.glob("*.RPB")), ("latOffset = 31.0000", "latOffset = 89.9999"))
    with pytest.raises(SceneError, match="place the image on the ground; found"):
        understand(basic, Choices(terrain=Terrain(height_m=0)))


def test_elevation_models_must_cover_the_image(
    catalog: Catalog, basic: Path, write_dem: Callable[..., Path]
) -> None:
    before = snapshot(catalog.root)
    east = write_dem(np.zeros((10, 10)), Affine(0.001, 0, 121.5, 0, -0.001, 31.005))
    with pytest.raises(SceneError, match=r"dem.tif: only 121.5000 to 121.5100 east"):
        made(catalog, basic, Terrain(dem=east))
    basic.joinpath("dem.txt").write_text("no raster")
    with pytest.raises(SceneError, match="an elevation model: a GeoTIFF"):
        made(catalog, basic, Terrain(dem=basic / "dem.txt"))
    assert snapshot(catalog.root) == before


def test_heights_are_one_of_two_kinds_and_on_earth(tmp_path: Path) -> None:
    for arguments in ({}, {"dem": tmp_path, "height_m": 1.0}):
        with pytest.raises(SceneError, match="--dem FILE and --height METRES"):
            Terrain(**arguments)
    with pytest.raises(SceneError, match="found 10000 m"):
        Terrain(height_m=10_000)
