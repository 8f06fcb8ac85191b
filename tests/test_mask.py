from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import scipy.ndimage
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from satseg.errors import ModelError
from satseg.geodesy import pixel_areas_m2
from satseg.mask import write_mask
from satseg.probability_raster import open_probability
from satseg.windows import Window

Factory = Callable[..., Path]
METRE = Affine(1, 0, 500000.0, 0, -1, 3455000.0)


@pytest.fixture
def probability(geotiff: Factory) -> Callable[[object], Path]:
    def write(codes: object) -> Path:
        data = np.asarray(codes, dtype=np.uint8)[None]
        return geotiff(data, "probability.tif", nodata=255, transform=METRE)

    return write


def mask_of(path: Path) -> NDArray[np.uint8]:
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def test_threshold_and_nodata_by_hand(probability: Factory, tmp_path: Path) -> None:
    write_mask(probability([[0, 126, 127, 254, 255]]), tmp_path / "m.tif", threshold=0.5)
    assert mask_of(tmp_path / "m.tif").tolist() == [[0, 0, 1, 1, 255]]
    write_mask(probability([[0, 126, 127, 254, 255]]), tmp_path / "m.tif", threshold=0)
    assert mask_of(tmp_path / "m.tif").tolist() == [[1, 1, 1, 1, 255]]


def test_small_patches_go_and_corners_do_not_join(probability: Factory, tmp_path: Path) -> None:
    codes = np.array([[9, 9, 0, 0], [0, 0, 9, 0], [9, 0, 9, 9]]) * 25
    write_mask(probability(codes), tmp_path / "m.tif", threshold=0.5, min_area_m2=2.5)
    assert mask_of(tmp_path / "m.tif").tolist() == [[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]]


def test_patch_over_strips_counts_as_one(probability: Factory, tmp_path: Path) -> None:
    codes = np.zeros((600, 9))
    codes[:, 1] = codes[100:600, 3] = codes[255:258, 5] = codes[0:256, 7] = 254
    codes[599, 1:4] = 254
    path = probability(codes)
    write_mask(path, tmp_path / "m.tif", threshold=0.5, min_area_m2=1050)
    kept = mask_of(tmp_path / "m.tif")
    assert kept[:, 1].all()
    assert kept[100:, 3].all()
    assert not kept[:, 5:].any()


@given(seed=st.integers(0, 99), density=st.floats(0.2, 0.8), smallest=st.floats(0.5, 60))
def test_strips_agree_with_one_labelling_of_the_whole(
    probability: Factory, tmp_path: Path, seed: int, density: float, smallest: float
) -> None:
    rng = np.random.default_rng(seed)
    codes = np.where(rng.random((530, 23)) < density, 254, 0)
    codes[rng.random(codes.shape) < 0.05] = 255
    path = probability(codes)
    write_mask(path, tmp_path / "m.tif", threshold=0.5, min_area_m2=smallest)
    labels, _ = scipy.ndimage.label(codes == 254)
    areas = pixel_areas_m2(open_probability(path).grid, Window(0, 0, *codes.shape))
    total = np.bincount(labels.ravel(), areas.ravel())
    expected = np.where(codes == 255, 255, (labels > 0) & (total[labels] >= smallest))
    np.testing.assert_array_equal(mask_of(tmp_path / "m.tif"), expected)


def test_map_without_farmland_stays_empty(probability: Factory, tmp_path: Path) -> None:
    write_mask(probability(np.zeros((9, 9))), tmp_path / "m.tif", threshold=0.5, min_area_m2=10)
    assert not mask_of(tmp_path / "m.tif").any()


def test_mask_tells_how_it_was_made(probability: Factory, tmp_path: Path) -> None:
    write_mask(probability([[1]]), tmp_path / "m.tif", threshold=0.25, min_area_m2=500)
    with rasterio.open(tmp_path / "m.tif") as dataset:
        tags = dataset.tags()
        assert dataset.nodata == 255
    assert (tags["SATSEG_THRESHOLD"], tags["SATSEG_MIN_AREA_M2"]) == ("0.25", "500")


@pytest.mark.parametrize("options", [{"threshold": 2}, {"threshold": 0.5, "min_area_m2": -1}])
def test_options_out_of_range_are_refused(
    probability: Factory, tmp_path: Path, options: dict[str, float]
) -> None:
    with pytest.raises(ModelError):
        write_mask(probability([[1]]), tmp_path / "m.tif", **options)
    assert not (tmp_path / "m.tif").exists()
