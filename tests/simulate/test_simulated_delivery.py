"""A simulated scene written as a delivery, and the way back from its numbers to reflectance."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import rasterio

from satseg.bands import WORLDVIEW3
from satseg.deliveries import Choices, find_delivery, understand
from satseg.errors import SceneError, StorageError
from satseg.grids import Grid
from satseg.radiometry import (
    PAN,
    TABLES,
    Illumination,
    earth_sun_distance_au,
    radiance,
    reflectance,
    to_reflectance,
)
from satseg.simulate import Definition, SimulatedScene, random_definition, render_scene
from satseg.simulate.delivery import (
    FACTORS,
    PAN_FACTORS,
    first_delivery,
    products_of,
    write_delivery,
)
from satseg.simulate.sensor import PATH, Conditions, to_dn
from satseg.simulate.sun import sun_at

TABLE = TABLES["2016v0.Int"]
DATE = dt.date(2015, 6, 6)
SUN = sun_at(121.5, 31.2, DATE)
LIGHT = Illumination(SUN.elevation_deg, SUN.distance_au)


def conditions(noise: float) -> Conditions:
    return Conditions(0.4, (1.0,) * 8, 0.5, 0.0, noise, (0.0, 0.0))


@pytest.fixture(scope="module")
def place() -> Definition:
    return random_definition(5, size_px=128)


@pytest.fixture(scope="module")
def scene(place: Definition) -> SimulatedScene:
    return render_scene(place, place.dates[0])


@pytest.fixture(scope="module")
def folder(place: Definition, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_delivery(place, place.dates[0], tmp_path_factory.mktemp("sim") / "order")


@pytest.mark.parametrize("band", range(8))
@pytest.mark.parametrize("ground", [0.03, 0.2, 0.5])
def test_reflectance_comes_back_from_numbers_within_their_step(band: int, ground: float) -> None:
    """A flat field: at haze 0.4 the air takes 3 % and adds 0.4 of its path reflectance."""
    field = np.full((8, 8), ground, dtype=np.float32)
    numbers = to_dn(field, band, SUN, conditions(0.0), np.zeros((8, 8), np.float32))
    linear = to_reflectance([FACTORS[band]], LIGHT, TABLE)
    found = linear.apply(numbers[None])
    expected = 0.97 * ground + 0.4 * PATH[band]
    step = linear.slope[0]
    assert step < 1e-3
    np.testing.assert_allclose(found, expected, atol=0.51 * step)


@pytest.mark.parametrize("band", range(8))
def test_noise_is_the_only_difference(band: int) -> None:
    rng = np.random.default_rng(band)
    noise = rng.standard_normal((100, 100)).astype(np.float32)
    field = np.full((100, 100), 0.2, dtype=np.float32)
    numbers = to_dn(field, band, SUN, conditions(1.0), noise)
    linear = to_reflectance([FACTORS[band]], LIGHT, TABLE)
    found = linear.apply(numbers[None])[0]
    expected = 0.97 * 0.2 + 0.4 * PATH[band]
    spread = linear.slope[0] * np.sqrt(0.016 * float(numbers.mean()) + 2.2)
    assert abs(found.mean() - expected) < 4 * spread / 100
    assert found.std() == pytest.approx(spread, rel=0.05)


def test_a_delivery_has_what_a_real_one_has(folder: Path) -> None:
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    kinds = {Path(name).suffix for name in names}
    assert kinds == {".IMD", ".TIL", ".XML", ".TIF", ".TXT"}
    assert sum(name.endswith(".TIF") for name in names) == 4
    assert "Simulated delivery" in (folder / "000000000000_01_README.TXT").read_text()
    found = find_delivery(folder)
    assert found.image.metadata.names == WORLDVIEW3
    assert found.pan is not None
    assert found.pan.metadata.names == (PAN,)
    assert found.image.metadata.satellite == "WV03"


def test_every_image_says_that_it_is_simulated(folder: Path) -> None:
    for tile in folder.rglob("*.TIF"):
        with rasterio.open(tile) as dataset:
            assert dataset.tags()["SATSEG_SIMULATED"] == "YES"
    assert understand(folder).simulated


def test_the_imd_tells_the_suns_place_and_the_real_factors(folder: Path, place: Definition) -> None:
    plan = understand(folder)
    metadata = plan.delivery.image.metadata
    sun = sun_at(*place.centre, place.dates[0])
    assert metadata.view.sun_elevation_deg == pytest.approx(sun.elevation_deg, abs=1e-4)
    assert metadata.acquired.date() == place.dates[0]
    assert metadata.bands[1].abs_cal_factor == FACTORS[1].abs_cal_factor
    assert earth_sun_distance_au(metadata.acquired) == pytest.approx(sun.distance_au, abs=6e-4)


def test_multispectral_pixels_are_means_of_16(scene: SimulatedScene) -> None:
    multispectral, panchromatic = products_of(scene)
    assert multispectral.image.shape == (8, 32, 32)
    assert panchromatic.image.shape == (1, 128, 128)
    block = scene.image[3, 4:8, 8:12]
    assert multispectral.image[3, 1, 2] == round(float(block.mean()))
    assert multispectral.grid.transform[0] == 4 * panchromatic.grid.transform[0] == 2.4


def test_panchromatic_radiance_is_the_weighted_mean_of_what_it_covers(
    scene: SimulatedScene,
) -> None:
    panchromatic = products_of(scene)[1]
    seen = [k for k, name in enumerate(WORLDVIEW3) if name in ("blue", "green", "yellow", "red")]
    seen.append(WORLDVIEW3.index("red_edge"))
    widths = np.array([FACTORS[k].effective_bandwidth_um for k in seen])
    bands = np.stack([radiance(scene.image[k, 9, 9], FACTORS[k], TABLE) for k in seen])
    expected = float(widths @ bands / widths.sum())
    found = float(radiance(panchromatic.image[0, 9, 9], PAN_FACTORS, TABLE))
    step = 0.95 * PAN_FACTORS.abs_cal_factor / PAN_FACTORS.effective_bandwidth_um
    assert found == pytest.approx(expected, abs=0.51 * step)


def test_fill_is_fill_in_both_products(scene: SimulatedScene) -> None:
    image = scene.image.copy()
    image[:, :6, :] = 0
    holed = SimulatedScene(image, scene.classes, scene.grid, scene.date, scene.bands, scene.sun)
    multispectral, panchromatic = products_of(holed)
    assert (multispectral.image == 0).all(axis=0).sum() == 2 * 32
    assert (panchromatic.image == 0).sum() == 6 * 128


def test_without_the_panchromatic_product_pixels_stay_as_rendered(scene: SimulatedScene) -> None:
    (only,) = products_of(scene, pan=False)
    np.testing.assert_array_equal(only.image, scene.image)
    assert only.grid == scene.grid


def test_the_sharpened_delivery_is_near_the_rendered_scene(
    folder: Path, scene: SimulatedScene, catalog: object, tmp_path: Path
) -> None:
    from satseg.catalog import Catalog
    from satseg.deliveries import make_image

    assert isinstance(catalog, Catalog)
    plan = understand(folder, Choices(pansharpen_m=0.6))
    with catalog.staging() as staged:
        path, _ = make_image(plan, staged)
        with rasterio.open(path) as dataset:
            found = dataset.read() / 1e4
    linear = plan.image.linear
    assert linear is not None
    true = linear.apply(scene.image)
    coarse = linear.apply(products_of(scene)[0].image).repeat(4, axis=1).repeat(4, axis=2)
    for band in (1, 2, 3, 4):
        sharp = np.sqrt(np.mean((found[band] - true[band]) ** 2))
        blurred = np.sqrt(np.mean((coarse[band] - true[band]) ** 2))
        assert sharp < 0.4 * blurred, WORLDVIEW3[band]
        assert found[band].mean() == pytest.approx(true[band].mean(), rel=2e-3)


def test_a_folder_with_files_is_not_written_into(tmp_path: Path, place: Definition) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(StorageError, match="a new or empty folder"):
        write_delivery(place, place.dates[0], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_delivery_appears_whole_or_not_at_all(
    tmp_path: Path, place: Definition, scene: SimulatedScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("satseg.simulate.delivery.render_scene", lambda *_: scene)
    monkeypatch.setattr("satseg.simulate.delivery.imd_text", full)
    with pytest.raises(StorageError, match="No space left on device"):
        write_delivery(place, place.dates[0], tmp_path / "order")
    assert list(tmp_path.iterdir()) == []


def test_a_region_without_a_definition_is_refused(place: Definition) -> None:
    assert first_delivery([place], None) == first_delivery([place], place.region) == place
    with pytest.raises(SceneError, match=f"one of the regions {place.region}; found 'mars'"):
        first_delivery([place], "mars")


def test_scenes_that_are_too_small_or_lack_bands_are_refused(scene: SimulatedScene) -> None:
    grid = Grid(scene.grid.crs, scene.grid.transform, 4, 4)
    small = SimulatedScene(
        scene.image[:, :4, :4], scene.classes[:4, :4], grid, scene.date, scene.bands, scene.sun
    )
    with pytest.raises(SceneError, match="8 pixels or more; found coastal.*, 4 x 4"):
        products_of(small)


def test_reflectance_and_radiance_are_told_apart() -> None:
    bright = radiance(500, FACTORS[2], TABLE)
    assert float(reflectance(bright, "green", LIGHT, TABLE)) < 1 < float(bright)
