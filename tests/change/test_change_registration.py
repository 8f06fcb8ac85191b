from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.warp import reproject

from satseg.change import check_registration
from satseg.errors import BandError, SceneError
from satseg.scene import Scene, open_scene

Opener = Callable[..., Scene]
Ground = Callable[..., NDArray[np.float32]]
Sensor = Callable[..., NDArray[np.uint16]]
PLACE = Affine(0.6, 0, 380000.0, 0, -0.6, 3455000.0)
SIDE = 320


@pytest.fixture
def scene(geotiff: Callable[..., Path]) -> Opener:
    def write(pixels: NDArray[np.generic], name: str, **options: object) -> Scene:
        path = geotiff(pixels.astype(np.uint16), name, **{"transform": PLACE, **options})
        return open_scene(path, bands=("red", "green", "blue")[: len(pixels)] or None)

    return write


@pytest.mark.parametrize(
    ("dx", "dy"), [(0, 0), (0.2, -0.4), (1.4, 0.6), (-3.2, 7.8), (15.4, -12.6)]
)
def test_known_shifts_come_back_within_a_tenth_of_a_pixel(
    scene: Opener, ground: Ground, seen: Sensor, dx: float, dy: float
) -> None:
    land = ground(SIDE, 1)
    reference = scene(seen(land, seed=1), "a.tif")
    found = check_registration(reference, scene(seen(land, dx, dy, seed=2), "b.tif"))
    shift = found.shift
    assert shift is not None
    assert (shift.dx_px, shift.dy_px) == pytest.approx((dx, dy), abs=0.1)
    assert (shift.dx_m, shift.dy_m) == pytest.approx((0.6 * dx, 0.6 * dy), abs=0.06)
    assert (shift.gsd_m, found.reason) == (pytest.approx(0.6, rel=1e-3), "")
    assert shift.confidence > 0.8
    assert shift.spread_px < 0.2
    assert (shift.warning is None) == (np.hypot(dx, dy) < 0.5)


def test_changed_land_does_not_matter(scene: Opener, ground: Ground, seen: Sensor) -> None:
    land, other = ground(SIDE, 1), ground(SIDE, 99)
    later = land.copy()
    later[:1000] = 1400 - later[:1000]
    later[:, :700] = other[:, :700]
    reference = scene(seen(land, seed=1), "a.tif")
    shift = check_registration(reference, scene(seen(later, 1.4, 0.6, noise=40), "b.tif")).shift
    assert shift is not None
    assert (shift.dx_px, shift.dy_px) == pytest.approx((1.4, 0.6), abs=0.1)


def test_other_grids_and_georeferences_count(scene: Opener, ground: Ground, seen: Sensor) -> None:
    land = ground(SIDE, 1)
    reference = scene(seen(land, seed=1), "a.tif")
    cropped = PLACE @ Affine.translation(11, 7)
    found = check_registration(reference, scene(seen(land)[:, 7:, 11:], "b.tif", transform=cropped))
    assert found.shift is not None
    assert found.shift.length_px < 0.1
    wrong = PLACE @ Affine.translation(1, 0)
    found = check_registration(reference, scene(seen(land), "c.tif", transform=wrong))
    assert found.shift is not None
    assert (found.shift.dx_px, found.shift.dy_px) == pytest.approx((1, 0), abs=0.1)
    between = PLACE @ Affine.translation(0.4, -0.2)
    found = check_registration(reference, scene(seen(land, -0.4, 0.2), "d.tif", transform=between))
    assert found.shift is not None
    assert found.shift.length_px < 0.1


def test_scenes_are_compared_at_one_gsd(scene: Opener, ground: Ground, seen: Sensor) -> None:
    land = ground(SIDE, 1)
    reference = scene(seen(land, seed=1), "a.tif")
    coarse = seen(land, 2, -1).reshape(3, 160, 2, 160, 2).mean(axis=(2, 4))
    other = scene(coarse, "b.tif", transform=PLACE @ Affine.scale(2))
    for gsd_m, pixels in ((None, (1, -0.5)), (0.6, (2, -1))):
        shift = check_registration(reference, other, gsd_m=gsd_m).shift
        assert shift is not None
        assert (shift.dx_px, shift.dy_px) == pytest.approx(pixels, abs=0.1)
        assert (shift.dx_m, shift.dy_m) == pytest.approx((1.2, -0.6), abs=0.08)


def test_scenes_in_different_crs_lie_on_each_other(
    scene: Opener, ground: Ground, seen: Sensor
) -> None:
    land = ground(SIDE, 1)
    reference = scene(seen(land, seed=1), "a.tif")
    middle = land[250:-250, 250:-250]
    lon, lat = reference.grid.lonlat([(0, 0), (SIDE, SIDE)])
    place = Affine((lon[1] - lon[0]) / SIDE, 0, lon[0], 0, (lat[1] - lat[0]) / SIDE, lat[0])
    turned = np.zeros((SIDE, SIDE), dtype=np.float32)
    crs = {"src_crs": "EPSG:32651", "dst_crs": "EPSG:4326"}
    fine = PLACE @ Affine.scale(0.2)
    options = {"dst_transform": place, "resampling": Resampling.average}
    reproject(middle, turned, src_transform=fine, **crs, **options)
    other = scene(np.stack([turned] * 3), "b.tif", crs="EPSG:4326", transform=place)
    shift = check_registration(reference, other).shift
    assert shift is not None
    assert shift.length_px < 0.1


def no_texture(_: int) -> NDArray[np.float64]:
    return np.full((3, SIDE, SIDE), 400.0)


def only_noise(seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(300, 500, (3, SIDE, SIDE))


def stripes(seed: int) -> NDArray[np.float64]:
    wave = 500 + 200 * np.sin(2 * np.pi * (np.arange(SIDE) + 3 * seed) / 11)
    noise = np.random.default_rng(seed).normal(0, 5, (3, SIDE, SIDE))
    return np.broadcast_to(wave, noise.shape) + noise


@pytest.mark.parametrize("picture", [no_texture, only_noise, stripes])
def test_without_texture_there_is_no_answer(
    scene: Opener, picture: Callable[[int], NDArray[np.float64]]
) -> None:
    found = check_registration(scene(picture(1), "a.tif"), scene(picture(2), "b.tif"))
    assert (found.shift, found.tiles_clear, found.tiles_seen) == (None, 0, 16)
    assert found.reason == "only 0 of 16 tiles have edges that match clearly"


def test_unrelated_land_gives_no_answer(scene: Opener, ground: Ground, seen: Sensor) -> None:
    for seed in (1, 2, 3):
        first, second = seen(ground(SIDE, seed)), seen(ground(SIDE, seed + 50))
        assert check_registration(scene(first, "a.tif"), scene(second, "b.tif")).shift is None


def test_parts_that_moved_apart_give_no_answer(scene: Opener, ground: Ground, seen: Sensor) -> None:
    land = ground(SIDE, 1)
    other = seen(land, 3, 0)
    other[:, :170, 160:] = seen(land, -3, 0)[:, :170, 160:]
    other[:, 170:, 160:] = seen(land, 0, 6)[:, 170:, 160:]
    found = check_registration(scene(seen(land), "a.tif"), scene(other, "b.tif"))
    assert found.shift is None
    assert "tiles do not agree" in found.reason


def test_tiles_with_nodata_are_left_out(scene: Opener, ground: Ground, seen: Sensor) -> None:
    land = ground(SIDE, 1)
    empty = seen(land, 1, 0)
    empty[:, :, :150] = 0
    found = check_registration(scene(seen(land), "a.tif"), scene(empty, "b.tif"))
    assert found.tiles_seen == 8
    assert found.shift is not None
    assert found.shift.dx_px == pytest.approx(1, abs=0.1)
    empty[:, :, :300] = 0
    found = check_registration(scene(seen(land), "a.tif"), scene(empty, "c.tif"))
    assert found.shift is None
    assert found.reason == "only 0 tiles have data in both scenes, 3 are needed"


def test_scenes_apart_are_refused(scene: Opener) -> None:
    away = Affine.translation(1000, 0) @ PLACE
    scenes = scene(stripes(1), "a.tif"), scene(stripes(1), "b.tif", transform=away)
    with pytest.raises(SceneError, match="two scenes of one place.*no shared ground"):
        check_registration(*scenes)


def test_scenes_without_a_common_band_are_refused(geotiff: Callable[..., Path]) -> None:
    pixels = stripes(1).astype(np.uint16)
    first = open_scene(geotiff(pixels, "a.tif"), bands=("red", "green", "blue"))
    second = open_scene(geotiff(pixels, "b.tif"), bands=("nir1", "nir2", "rededge"))
    with pytest.raises(BandError, match="a band that a.tif and b.tif share"):
        check_registration(first, second)
    with pytest.raises(BandError):
        check_registration(first, first, bands=("nir1",))
