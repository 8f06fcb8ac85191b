"""Pan-sharpening on arrays that can be counted by hand, and from files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from delivery_files import GRID, edit, write_multispectral, write_panchromatic

from satseg.bands import WORLDVIEW3
from satseg.catalog import Catalog
from satseg.deliveries import Choices, add_delivery, understand
from satseg.deliveries.sharpen import Statistics, brovey, gram_schmidt, statistics
from satseg.errors import SceneError

BANDS = ("blue", "nir2")


def found(weights: tuple[float, ...] = (1.0, 0.0), **other: float) -> Statistics:
    numbers = {"pan_mean": 2.0, "pan_std": 1.0, "simulated_mean": 2.0, "simulated_std": 1.0}
    return Statistics(np.array(weights), np.array([1.0, 0.5]), **{**numbers, **other})


def image(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32).reshape(-1, 1, 1)


def pan(value: float) -> np.ndarray:
    return np.full((1, 1), value, dtype=np.float32)


def test_brovey_multiplies_all_bands_by_one_ratio() -> None:
    # simulated = 1 * 2 = 2, ratio = 3 / 2
    assert brovey(image(2, 4), pan(3), found()).ravel().tolist() == [3.0, 6.0]


def test_brovey_leaves_pixels_without_a_simulated_value_alone() -> None:
    assert brovey(image(0, 4), pan(3), found()).ravel().tolist() == [0.0, 4.0]
    assert brovey(image(-1, 4), pan(3), found()).ravel().tolist() == [-1.0, 4.0]


def test_brovey_stops_at_8_times() -> None:
    assert brovey(image(0.01, 4), pan(3), found()).ravel().tolist() == pytest.approx([0.08, 32.0])


def test_gram_schmidt_adds_what_the_panchromatic_band_sees_more() -> None:
    # matched = (3 - 2) * 1 / 1 + 2 = 3; detail = 3 - 2 = 1, times the gains 1 and 0.5
    assert gram_schmidt(image(2, 4), pan(3), found()).ravel().tolist() == [3.0, 4.5]


def test_gram_schmidt_matches_mean_and_spread_first() -> None:
    # matched = (30 - 20) * 1 / 10 + 2 = 3: a panchromatic band in other units sharpens alike
    other = found(pan_mean=20.0, pan_std=10.0)
    assert gram_schmidt(image(2, 4), pan(30), other).ravel().tolist() == [3.0, 4.5]


def test_an_image_that_the_panchromatic_band_confirms_stays_as_it_is() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(0.1, 0.4, (8, 400))
    weights = np.array([0, 0.3, 0.3, 0.1, 0.3, 0, 0, 0])
    seen = statistics(WORLDVIEW3, values, weights @ values)
    np.testing.assert_allclose(seen.weights, weights, atol=1e-9)
    block = values.reshape(8, 20, 20).astype(np.float32)
    fine = (weights @ values).reshape(20, 20).astype(np.float32)
    for method in (brovey, gram_schmidt):
        np.testing.assert_allclose(method(block, fine, seen), block, rtol=1e-5)


def test_weights_are_fitted_only_to_bands_that_the_panchromatic_one_covers() -> None:
    values = np.random.default_rng(0).uniform(0.1, 0.4, (8, 100))
    seen = statistics(WORLDVIEW3, values, values[0] + values[7])
    assert seen.weights[[0, 7]].tolist() == [0, 0]
    assert (seen.weights >= 0).all()


def test_gains_are_slopes_on_the_simulated_band() -> None:
    blue = np.linspace(0.1, 0.4, 50)
    seen = statistics(BANDS, np.stack([blue, 0.5 * blue + 0.1]), 2 * blue)
    np.testing.assert_allclose(seen.weights, [2, 0], atol=1e-9)
    np.testing.assert_allclose(seen.gains, [0.5, 0.25], atol=1e-9)
    assert seen.simulated_mean == pytest.approx(0.5)


@pytest.mark.parametrize("count", [0, 15])
def test_too_few_common_places_are_refused(count: int) -> None:
    with pytest.raises(SceneError, match=f"found {count} places with data in both"):
        statistics(BANDS, np.ones((2, count)), np.arange(count, dtype=float))


def test_a_flat_panchromatic_image_is_refused() -> None:
    with pytest.raises(SceneError, match="leave out --pansharpen"):
        statistics(BANDS, np.random.default_rng(0).random((2, 50)), np.ones(50))


def two_fields() -> np.ndarray:
    """Dark at the left, bright from column 75 of 240 on: inside of a pixel of 2.4 m."""
    fine = np.full((1, 160, 240), 300, dtype=np.uint16)
    fine[:, :, 75:] = 700
    return fine


@pytest.mark.parametrize("method", ["gram-schmidt", "brovey"])
def test_an_edge_inside_of_a_coarse_pixel_is_found_back(
    catalog: Catalog, tmp_path: Path, method: str
) -> None:
    fine = two_fields()
    coarse = fine.reshape(1, 40, 4, 60, 4).mean(axis=(2, 4)).astype(np.uint16)
    write_multispectral(tmp_path / "m", np.repeat(coarse, 8, axis=0))
    write_panchromatic(tmp_path / "p", fine)
    choices = Choices(toa=False, pansharpen_m=0.6, method=method)  # type: ignore[arg-type]
    record = add_delivery(catalog, understand(tmp_path, choices))
    with rasterio.open(record.image) as dataset:
        red = dataset.read(5)[80].astype(int)
        assert dataset.shape == (160, 240)
    assert record.gsd_m == pytest.approx(0.6, rel=1e-3)
    # The blurred ramp of the multispectral image would reach from column 70 to 82.
    np.testing.assert_allclose(red[:73], 300, atol=25)
    np.testing.assert_allclose(red[77:], 700, atol=25)
    assert red[76] - red[73] > 300


def test_both_products_become_reflectance_before_they_are_sharpened(
    catalog: Catalog, delivery: Path
) -> None:
    record = add_delivery(catalog, understand(delivery, Choices(pansharpen_m=1.2)))
    with rasterio.open(record.image) as dataset:
        assert (dataset.shape, dataset.scales[0]) == ((80, 120), 1e-4)
        text = dataset.tags()["SATSEG_MADE"]
    assert '"method": "gram-schmidt"' in text
    assert '"injection_gains"' in text
    assert '"absCalFactor": 0.0568' in text
    assert record.bands == WORLDVIEW3


def test_fill_of_either_product_is_nodata(catalog: Catalog, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    coarse = rng.integers(200, 900, (8, 40, 60)).astype(np.uint16)
    fine = rng.integers(200, 900, (1, 160, 240)).astype(np.uint16)
    coarse[:, :10] = 0
    fine[:, 120:] = 0
    write_multispectral(tmp_path / "m", coarse)
    write_panchromatic(tmp_path / "p", fine)
    record = add_delivery(catalog, understand(tmp_path, Choices(pansharpen_m=0.6)))
    with rasterio.open(record.image) as dataset:
        valid = dataset.read_masks(1) > 0
    assert valid[40:120].all()
    assert not valid[:39].any()
    assert not valid[121:].any()


@pytest.mark.parametrize("gsd", [0.3, 2.4, 5.0])
def test_a_gsd_that_the_products_cannot_give_is_refused(delivery: Path, gsd: float) -> None:
    with pytest.raises(SceneError, match=f"panchromatic 0.60 m.* 2.40 m; found {gsd:g} m"):
        understand(delivery, Choices(pansharpen_m=gsd))


def test_sharpening_needs_both_products(tmp_path: Path) -> None:
    write_multispectral(tmp_path)
    with pytest.raises(SceneError, match="a multispectral and a panchromatic product"):
        understand(tmp_path, Choices(pansharpen_m=0.6))


def test_numbers_are_sharpened_where_the_panchromatic_ones_measure_nothing(delivery: Path) -> None:
    pan_imd = next((delivery / "PAN").glob("*.IMD"))
    edit(pan_imd, ('Enhancement = "Off"', 'Enhancement = "DRA"'))
    plan = understand(delivery, Choices(pansharpen_m=0.6))
    assert (plan.unit, "P2AS" in plan.reason) == ("digital numbers", True)


def test_a_multispectral_image_that_lies_aside_of_the_panchromatic_is_refused(
    catalog: Catalog, tmp_path: Path
) -> None:
    a, b, c, d, e, f = GRID.transform
    far = replace(GRID, transform=(a / 4, b, c + 10_000, d, e / 4, f), height=160, width=240)
    write_multispectral(tmp_path / "m")
    write_panchromatic(tmp_path / "p", grid=far)
    plan = understand(tmp_path, Choices(pansharpen_m=0.6))
    with pytest.raises(SceneError, match="found 0 places with data in both"):
        add_delivery(catalog, plan)
    assert catalog.scenes() == []
