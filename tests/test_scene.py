import datetime
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from satseg.bands import WORLDVIEW3
from satseg.errors import BandError, DateError, SceneError
from satseg.scene import Scene, open_scene
from satseg.windows import Window

Factory = Callable[..., Path]
Numbers = Callable[..., NDArray[np.generic]]


def whole(scene: Scene, gsd_m: float | None = None) -> np.ma.MaskedArray:
    return scene.read(Window(0, 0, *scene.grid_at(gsd_m).shape), gsd_m=gsd_m)


def mask_of(scene: Scene) -> NDArray[np.bool_]:
    return np.ma.getmaskarray(whole(scene))[0]


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32651", "EPSG:3857"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
@pytest.mark.parametrize("layout", [{"tiled": True, "blockxsize": 16, "blockysize": 16}, {}])
def test_own_pixels_are_the_stretched_numbers(
    geotiff: Factory, random_dn: Numbers, crs: str, dtype: str, layout: dict[str, object]
) -> None:
    data = random_dn((3, 37, 29), dtype)
    scene = open_scene(geotiff(data, crs=crs, **layout))
    assert (scene.grid.crs, scene.grid.shape, scene.dtype) == (crs, (37, 29), dtype)
    values = whole(scene)
    low, high = np.percentile(data.reshape(3, -1), (1, 99), axis=1)[..., None, None]
    np.testing.assert_allclose(values.data, np.clip((data - low) / (high - low), 0, 1), atol=1e-6)
    assert not mask_of(scene).any()


@pytest.mark.parametrize(
    ("count", "names"), [(3, "red green blue"), (4, "red green blue nir1"), (8, WORLDVIEW3)]
)
def test_customary_band_orders(
    geotiff: Factory, random_dn: Numbers, count: int, names: str | tuple[str, ...]
) -> None:
    expected = tuple(names.split()) if isinstance(names, str) else names
    assert open_scene(geotiff(random_dn((count, 8, 8)))).bands == expected


def test_bands_come_in_the_wanted_order(geotiff: Factory, random_dn: Numbers) -> None:
    scene = open_scene(geotiff(random_dn((3, 8, 9)), names=("Blue", "Green", "Red")))
    picked = scene.read(Window(0, 0, 8, 9), bands=("red", "blue"))
    np.testing.assert_array_equal(picked, whole(scene)[[2, 0]])


def test_missing_band_is_named(geotiff: Factory, random_dn: Numbers) -> None:
    scene = open_scene(geotiff(random_dn((3, 8, 8))))
    with pytest.raises(BandError, match="missing: nir1"):
        scene.read(Window(0, 0, 8, 8), bands=("red", "nir1"))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_unnamed_odd_band_counts_are_refused(
    geotiff: Factory, random_dn: Numbers, count: int
) -> None:
    path = geotiff(random_dn((count, 8, 8)))
    with pytest.raises(BandError, match=f"found {count} band"):
        open_scene(path)
    assert len(open_scene(path, bands=WORLDVIEW3[:count]).bands) == count


def test_nodata_needs_all_bands_in_integers(geotiff: Factory, random_dn: Numbers) -> None:
    data = random_dn((3, 10, 10))
    data[:, 2, 3] = 0
    data[0, 5, 5] = 0
    mask = mask_of(open_scene(geotiff(data, nodata=0)))
    assert mask.sum() == 1
    assert mask[2, 3]


def test_nodata_and_nan_of_any_band_count_in_floats(geotiff: Factory, random_dn: Numbers) -> None:
    data = random_dn((3, 10, 10), "float32")
    data[0, 2, 3], data[1, 4, 4], data[2, 5, 5] = -9999, np.nan, np.inf
    scene = open_scene(geotiff(data, nodata=-9999))
    assert np.argwhere(mask_of(scene)).tolist() == [[2, 3], [4, 4], [5, 5]]
    assert np.isfinite(whole(scene).data).all()
    nan_tagged = open_scene(geotiff(np.where(data < 0, np.nan, data), nodata=float("nan")))
    assert mask_of(nan_tagged).sum() == 3


def test_black_fill_of_untagged_16_bit_files_is_no_ground(
    geotiff: Factory, random_dn: Numbers
) -> None:
    data = random_dn((3, 10, 10))
    data[:, :4] = 0
    assert mask_of(open_scene(geotiff(data)))[:, 0].tolist() == [True] * 4 + [False] * 6
    assert not mask_of(open_scene(geotiff(data.astype("uint8")))).any()


def test_alpha_is_a_mask_and_not_a_band(geotiff: Factory, random_dn: Numbers) -> None:
    data = random_dn((4, 10, 10), "uint8")
    data[3] = 255
    data[3, :, :5] = 0
    path = geotiff(data, photometric="RGB", alpha="YES")
    scene = open_scene(path)
    assert scene.bands == ("red", "green", "blue")
    assert mask_of(scene)[0].tolist() == [True] * 5 + [False] * 5
    named = open_scene(path, bands=("red", "green", "blue", "nir1"))
    assert len(named.bands) == 4
    assert not mask_of(named).any()


def test_internal_mask_is_honoured(geotiff: Factory, random_dn: Numbers) -> None:
    hidden = np.zeros((10, 10), dtype=bool)
    hidden[3:6, 2:9] = True
    scene = open_scene(geotiff(random_dn((3, 10, 10)), mask=~hidden))
    np.testing.assert_array_equal(mask_of(scene), hidden)
    assert (whole(scene).data[:, hidden] == 0).all()


def test_pixels_under_the_mask_are_0_even_where_numbers_are_negative(geotiff: Factory) -> None:
    data = np.random.default_rng(0).uniform(-5, 5, (3, 10, 10)).astype(np.float32)
    data[:, 4, 4] = -9999
    values = whole(open_scene(geotiff(data, nodata=-9999)))
    assert values.mask[:, 4, 4].all()
    assert (values.data[:, 4, 4] == 0).all()


def test_coarser_pixel_is_the_mean_of_its_valid_pixels(geotiff: Factory) -> None:
    data = np.tile(np.array([[100, 200], [300, 400]], np.uint16), (3, 4, 4))
    data[:, 0, 0] = 0
    data[:, 2:4, 2] = data[:, 2, 3] = 0
    scene = open_scene(geotiff(data, nodata=0))
    coarse = scene.read(Window(0, 0, 4, 4), gsd_m=1.2)
    assert scene.grid_at(1.2).shape == (4, 4)
    span = scene.stretch.high[0] - scene.stretch.low[0]
    expected = (np.array([300.0, 250.0]) - scene.stretch.low[0]) / span
    np.testing.assert_allclose(coarse.data[0, 0, :2], expected, atol=1e-6)
    assert np.argwhere(np.ma.getmaskarray(coarse)[0]).tolist() == [[1, 1]]


def test_finer_pixels_are_linear_between_centres(geotiff: Factory) -> None:
    data = np.tile(np.arange(100, 1700, 100, dtype=np.uint16), (3, 16, 1))
    scene = open_scene(geotiff(data))
    fine = whole(scene, gsd_m=0.3).data[0, 5]
    numbers = 100 + 100 * np.clip((np.arange(32) + 0.5) / 2 - 0.5, 0, 15)
    low, high = scene.stretch.low[0], scene.stretch.high[0]
    np.testing.assert_allclose(fine, np.clip((numbers - low) / (high - low), 0, 1), atol=1e-6)


@given(
    gsd=st.sampled_from([None, 0.25, 0.45, 0.6, 0.83, 1.2, 3.1]),
    seed=st.integers(0, 5),
    data=st.data(),
)
def test_value_does_not_depend_on_the_window(
    geotiff: Factory, random_dn: Numbers, gsd: float | None, seed: int, data: st.DataObject
) -> None:
    numbers = random_dn((3, 31, 43), seed=seed)
    numbers[:, np.random.default_rng(seed).random((31, 43)) < 0.3] = 0
    scene = open_scene(geotiff(numbers, nodata=0))
    full = whole(scene, gsd)
    height, width = scene.grid_at(gsd).shape
    row, col = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    window = Window(
        row, col, data.draw(st.integers(1, height - row)), data.draw(st.integers(1, width - col))
    )
    part = scene.read(window, gsd_m=gsd)
    expected = full[:, row : window.row_stop, col : window.col_stop]
    np.testing.assert_array_equal(part.data, expected.data)
    np.testing.assert_array_equal(np.ma.getmaskarray(part), np.ma.getmaskarray(expected))


def test_what_was_read_stays_when_more_is_read(geotiff: Factory, random_dn: Numbers) -> None:
    scene = open_scene(geotiff(random_dn((3, 20, 20))))
    with scene.reader() as reader:
        for gsd_m in (None, 1.0):
            first = reader.read(Window(0, 0, 8, 8), gsd_m=gsd_m)
            kept = first.copy()
            second = reader.read(Window(3, 3, 8, 8), gsd_m=gsd_m)
            np.testing.assert_array_equal(first.data, kept.data)
            assert (first.data != second.data).any()


def test_outside_of_the_scene_is_masked(geotiff: Factory, random_dn: Numbers) -> None:
    scene = open_scene(geotiff(random_dn((3, 5, 6))))
    around = scene.read(Window(-2, -3, 10, 12))
    visible = ~np.ma.getmaskarray(around)[0]
    assert visible.sum() == 30
    np.testing.assert_array_equal(around.data[:, 2:7, 3:9], whole(scene).data)
    assert scene.read(Window(50, 50, 2, 2)).mask.all()


@pytest.mark.parametrize(
    "transform",
    [
        Affine(0.6, 0, 380000, 0, 0.6, 3455000),
        Affine.translation(380000, 3455000) @ Affine.rotation(30) @ Affine.scale(0.6, -0.6),
    ],
    ids=["south-up", "rotated"],
)
def test_unusual_orientations_are_kept(
    geotiff: Factory, random_dn: Numbers, transform: Affine
) -> None:
    scene = open_scene(geotiff(random_dn((3, 24, 18)), transform=transform))
    assert scene.grid.affine.almost_equals(transform)
    assert scene.grid_at(1.2).shape == (12, 9)
    np.testing.assert_allclose(scene.grid_at(1.2).bounds, scene.grid.bounds)


def test_overviews_do_not_change_what_models_read(geotiff: Factory, random_dn: Numbers) -> None:
    data = random_dn((3, 640, 640))
    plain = open_scene(geotiff(data, "plain.tif", tiled=True))
    path = geotiff(data, "pyramid.tif", tiled=True)
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2, 4, 8], rasterio.enums.Resampling.nearest)
    pyramid = open_scene(path)
    assert pyramid.stretch == plain.stretch
    for gsd in (1.2, 2.4, 4.5):
        np.testing.assert_array_equal(whole(pyramid, gsd), whole(plain, gsd))
    coarse = whole(pyramid, 24)
    assert coarse.shape == (3, 16, 16)
    assert not np.array_equal(coarse, whole(plain, 24))
    np.testing.assert_allclose(coarse, whole(plain, 24), atol=0.2)


def test_overviews_of_averages_are_read_at_their_own_resolution(
    geotiff: Factory, random_dn: Numbers
) -> None:
    data = random_dn((3, 64, 96))
    data[:, :16, :16] = 0
    place = Affine(0.3, 0, 380000, 0, -0.3, 3455000)
    path = geotiff(data, transform=place, nodata=0, tiled=True)
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2], rasterio.enums.Resampling.average)
    scene = open_scene(path)
    expected = whole(scene, 0.6)
    assert expected.shape == (3, 32, 48)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(SATSEG_OVERVIEWS="average")
    found = whole(open_scene(path), 0.6)
    np.testing.assert_array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(expected))
    span = min(high - low for low, high in zip(scene.stretch.low, scene.stretch.high, strict=True))
    np.testing.assert_allclose(found.data, expected.data, atol=0.51 / span)
    assert not np.array_equal(found.data, expected.data)  # the overview's whole numbers


def test_averaging_overviews_give_the_thumbnail_of_the_full_pixels(
    geotiff: Factory, random_dn: Numbers
) -> None:
    data = random_dn((3, 640, 512), "float32")
    path = geotiff(data, tiled=True)
    exact = whole(open_scene(path), 9.6)
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2, 4, 8], rasterio.enums.Resampling.average)
    np.testing.assert_allclose(whole(open_scene(path), 9.6), exact, atol=1e-3)


def test_large_scene_is_sampled_evenly(geotiff: Factory) -> None:
    ramp = np.linspace(100, 60000, 4096, dtype=np.float32).astype(np.uint16)
    data = np.broadcast_to(ramp[:, None], (3, 4096, 300)).copy()
    stretch = open_scene(geotiff(data, tiled=True)).stretch
    np.testing.assert_allclose(stretch.low, np.percentile(ramp, 1), atol=600)
    np.testing.assert_allclose(stretch.high, np.percentile(ramp, 99), atol=600)


@pytest.mark.parametrize("dtype", ["uint16", "uint8", "int16", "float32"])
@pytest.mark.parametrize("nodata", [0, None])
@pytest.mark.parametrize("side", [200, 2304])
def test_a_band_is_stretched_the_same_whether_or_not_the_others_are_read(
    geotiff: Factory, random_dn: Numbers, dtype: str, nodata: int | None, side: int
) -> None:
    data = random_dn((4, side, 150), dtype)
    data[:3, : side // 2, 20:90] = 0  # only the fourth band tells that these are data
    data[3, side // 4 : side // 3] = 0
    data[:, :, 100:120] = 0
    path = geotiff(data, names=("Red", "Green", "Blue", "NIR1"), nodata=nodata, tiled=True)
    whole_scene = open_scene(path)
    scene = open_scene(path, only=("green", "red"))
    assert scene.bands == ("red", "green")
    assert scene.stretch == whole_scene.stretch.select((0, 1))
    for bands in (("red", "green"), ("green",)):
        window = Window(0, 0, side, 150)
        found, expected = (each.read(window, bands=bands) for each in (scene, whole_scene))
        np.testing.assert_array_equal(found.data, expected.data)
        np.testing.assert_array_equal(found.mask, expected.mask)


def test_bands_that_are_not_read_are_not_decoded(geotiff: Factory, random_dn: Numbers) -> None:
    path = geotiff(random_dn((4, 300, 300)), interleave="band", compress="deflate")
    with rasterio.open(path) as dataset:
        place = int(dataset.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=4))
    whole_file = path.read_bytes()
    path.write_bytes(whole_file[:place] + bytes(50) + whole_file[place + 50 :])
    assert open_scene(path, only=("red",)).bands == ("red",)
    with pytest.raises(SceneError, match="truncated or damaged"):
        open_scene(path, only=("red", "nir1"))


def test_a_band_that_is_missing_cannot_be_the_only_one(
    geotiff: Factory, random_dn: Numbers
) -> None:
    with pytest.raises(BandError, match="missing: nir1"):
        open_scene(geotiff(random_dn((3, 8, 8))), only=("red", "nir1"))


def test_date_given_wins_over_the_tag(geotiff: Factory, random_dn: Numbers) -> None:
    path = geotiff(random_dn((3, 8, 8)), tags={"TIFFTAG_DATETIME": "2017:03:04 10:00:00"})
    assert open_scene(path).date == datetime.date(2017, 3, 4)
    assert open_scene(path, date="2015-06-06").date == datetime.date(2015, 6, 6)


def test_acquisition_beats_file_date_and_nonsense_is_no_date(
    geotiff: Factory, random_dn: Numbers
) -> None:
    tags = {"TIFFTAG_DATETIME": "2017:03:04 10:00:00", "ACQUISITION_DATE": "2016-01-02"}
    assert open_scene(geotiff(random_dn((3, 8, 8)), tags=tags)).date == datetime.date(2016, 1, 2)
    nonsense = {"ACQUISITION_DATE": "soon"}
    assert open_scene(geotiff(random_dn((3, 8, 8)), "n.tif", tags=nonsense)).date is None


def test_bad_date_is_refused(geotiff: Factory, random_dn: Numbers) -> None:
    with pytest.raises(DateError):
        open_scene(geotiff(random_dn((3, 8, 8))), date="2015-13-40")


def test_simulated_scene_says_so(geotiff: Factory, random_dn: Numbers) -> None:
    assert open_scene(geotiff(random_dn((3, 8, 8)), tags={"SATSEG_SIMULATED": "YES"})).simulated
    assert not open_scene(geotiff(random_dn((3, 8, 8)), "real.tif")).simulated


def test_missing_file_and_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"no file at .*nowhere.tif"):
        open_scene(tmp_path / "nowhere.tif")
    text = tmp_path / "text.tif"
    text.write_text("no image")
    with pytest.raises(SceneError, match="gdal_translate -of COG"):
        open_scene(text)


def test_file_without_place_on_earth_is_refused(geotiff: Factory, random_dn: Numbers) -> None:
    data = random_dn((3, 8, 8))
    with pytest.raises(SceneError, match="no CRS"):
        open_scene(geotiff(data, crs=None))
    far = Affine(0.6, 0, 1e12, 0, -0.6, 1e12)
    with pytest.raises(SceneError, match="lie on the earth"):
        open_scene(geotiff(data, "far.tif", transform=far))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_crs_without_geotransform_is_refused(geotiff: Factory, random_dn: Numbers) -> None:
    with pytest.raises(SceneError, match="no geotransform"):
        open_scene(geotiff(random_dn((3, 8, 8)), transform=Affine.identity()))


def test_scene_of_nothing_but_nodata_is_refused(geotiff: Factory) -> None:
    with pytest.raises(SceneError, match="nothing but nodata"):
        open_scene(geotiff(np.zeros((3, 8, 8), np.uint16), nodata=0))


def test_mixed_use_of_unknown_dtype_is_refused(geotiff: Factory) -> None:
    with pytest.raises(BandError, match="complex64"):
        open_scene(geotiff(np.ones((3, 8, 8), np.complex64)))


@pytest.mark.parametrize("options", [{}, {"compress": "deflate"}, {"tiled": True}])
@pytest.mark.parametrize("side", [200, 2304])
def test_truncated_file_is_refused_at_opening(
    geotiff: Factory, random_dn: Numbers, options: dict[str, object], side: int
) -> None:
    path = geotiff(random_dn((3, side, 128), "uint8"), **options)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.8)])
    with pytest.raises(SceneError, match="truncated"):
        open_scene(path)


def test_file_cut_after_opening_is_an_error_and_never_zeros(
    geotiff: Factory, random_dn: Numbers
) -> None:
    path = geotiff(random_dn((3, 400, 100)), compress="deflate")
    scene = open_scene(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SceneError, match="truncated or damaged"):
        whole(scene)


def test_real_spacenet_tile_opens(shanghai_tile: Path) -> None:
    scene = open_scene(shanghai_tile, date="2015-06-06")
    assert scene.bands == ("red", "green", "blue")
    assert (scene.grid.crs, scene.grid.shape) == ("EPSG:4326", (650, 650))
    assert scene.stretch.low == (203.0, 331.0, 284.0)
    values = whole(scene, 0.6)
    assert values.shape == (3, 324, 279)
    assert 0.2 < values.mean() < 0.5
