from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray

from satseg.ensemble import combine
from satseg.errors import ModelError, SceneError
from satseg.pooling import Pooling
from satseg.uncertainty import UNCERTAINTIES

Factory = Callable[..., Path]
FINE = Affine(1, 0, 380000.0, 0, -1, 3455000.0)


@pytest.fixture
def member(geotiff: Factory) -> Callable[..., Path]:
    def write(codes: object, name: str, **options: object) -> Path:
        data = np.asarray(codes, dtype=np.uint8)[None]
        return geotiff(data, name, nodata=255, **{"transform": FINE, **options})

    return write


def codes_of(path: Path) -> NDArray[np.uint8]:
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def test_mean_and_weighted_mean_by_hand(member: Factory, tmp_path: Path) -> None:
    members = [member([[0, 100, 254]], "a.tif"), member([[100, 200, 254]], "b.tif")]
    combine(members, tmp_path / "mean.tif")
    assert codes_of(tmp_path / "mean.tif").tolist() == [[50, 150, 254]]
    combine(members, tmp_path / "weighted.tif", pooling=Pooling.of(2, weights=[3, 1]))
    assert codes_of(tmp_path / "weighted.tif").tolist() == [[25, 125, 254]]


def test_median_of_three(member: Factory, tmp_path: Path) -> None:
    members = [member([[value, 9]], f"{value}.tif") for value in (10, 20, 90)]
    combine(members, tmp_path / "median.tif", pooling=Pooling.of(3, method="median"))
    assert codes_of(tmp_path / "median.tif").tolist() == [[20, 9]]


def test_nodata_of_any_member_is_nodata(member: Factory, tmp_path: Path) -> None:
    members = [member([[255, 100, 30]], "a.tif"), member([[100, 255, 40]], "b.tif")]
    combine(members, tmp_path / "mean.tif")
    assert codes_of(tmp_path / "mean.tif").tolist() == [[255, 255, 35]]


def test_coarser_member_is_interpolated_on_the_finest_grid(member: Factory, tmp_path: Path) -> None:
    fine = member(np.zeros((2, 4)), "fine.tif")
    coarse = member([[0, 200]], "coarse.tif", transform=FINE @ Affine.scale(2))
    grid = combine([coarse, fine], tmp_path / "mean.tif")
    assert grid.shape == (2, 4)
    assert codes_of(tmp_path / "mean.tif").tolist() == [[0, 25, 75, 100]] * 2


def test_nodata_of_a_coarser_member_covers_its_pixels(member: Factory, tmp_path: Path) -> None:
    fine = member(np.full((2, 6), 80), "fine.tif")
    coarse = member([[80, 255, 80]], "coarse.tif", transform=FINE @ Affine.scale(2))
    combine([fine, coarse], tmp_path / "mean.tif")
    assert codes_of(tmp_path / "mean.tif").tolist() == [[80, 80, 255, 255, 80, 80]] * 2


def test_single_member_comes_back_over_many_strips(member: Factory, tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (600, 30))
    calls: list[tuple[int, int]] = []
    combine(
        [member(codes, "a.tif")],
        tmp_path / "same.tif",
        progress=lambda *call: calls.append(call),
    )
    np.testing.assert_array_equal(codes_of(tmp_path / "same.tif"), codes)
    assert calls[0] == (64, 600)
    assert calls[-1] == (600, 600)


def test_provenance_names_members_and_keeps_simulated(member: Factory, tmp_path: Path) -> None:
    members = [
        member([[1, 2]], "a.tif", tags={"SATSEG_SIMULATED": "NO", "SATSEG_SCENE": "s.tif"}),
        member([[1, 2]], "b.tif", tags={"SATSEG_SIMULATED": "YES", "SATSEG_MODEL": "unet8"}),
    ]
    combine(members, tmp_path / "mean.tif", tags={"MORE": "yes"})
    with rasterio.open(tmp_path / "mean.tif") as dataset:
        tags = dataset.tags()
    assert tags["SATSEG_ENSEMBLE"] == "mean of a x 0.5000, unet8 x 0.5000"
    assert (tags["SATSEG_SIMULATED"], tags["SATSEG_SCENE"]) == ("YES", "s.tif")
    assert tags["MORE"] == "yes"


@pytest.mark.parametrize(
    "options",
    [
        {"weights": [1]},
        {"weights": [1, 0]},
        {"weights": [1, float("nan")]},
        {"method": "median", "weights": [1, 2]},
        {"method": "maximum", "weights": [1, 2]},
        {"method": "sum"},
        {"method": "vote", "cuts": [0.5, 1.0]},
        {"method": "vote", "temperature": 2.0},
        {"temperature": 0.0},
    ],
)
def test_weights_that_do_not_fit_are_refused(
    member: Factory, tmp_path: Path, options: dict[str, object]
) -> None:
    members = [member([[1]], "a.tif"), member([[1]], "b.tif")]
    with pytest.raises(ModelError, match="Give a weight to each member"):
        combine(members, tmp_path / "mean.tif", pooling=Pooling.of(2, **options))
    with pytest.raises(ModelError, match="one or more members"):
        combine([], tmp_path / "mean.tif")


@pytest.mark.parametrize(
    "other", [{"transform": Affine.translation(3, 0) @ FINE}, {"crs": "EPSG:32650"}]
)
def test_maps_of_different_places_are_refused(
    member: Factory, tmp_path: Path, other: dict[str, object]
) -> None:
    members = [member([[1, 2]], "a.tif"), member([[1, 2]], "b.tif", **other)]
    with pytest.raises(SceneError, match="predictions of the same scene"):
        combine(members, tmp_path / "mean.tif")
    assert not (tmp_path / "mean.tif").exists()


def test_maximum_and_votes_by_hand(member: Factory, tmp_path: Path) -> None:
    members = [member([[0, 100, 254]], "a.tif"), member([[100, 200, 254]], "b.tif")]
    combine(members, tmp_path / "max.tif", pooling=Pooling.of(2, method="maximum"))
    assert codes_of(tmp_path / "max.tif").tolist() == [[100, 200, 254]]
    votes = Pooling.of(2, method="vote", weights=[3, 1], cuts=[0.9, 0.3])
    combine(members, tmp_path / "vote.tif", pooling=votes)
    assert codes_of(tmp_path / "vote.tif").tolist() == [[64, 64, 254]]  # 63.5 rounds to even


def test_a_pooling_for_other_members_is_refused(member: Factory, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a weight for each of 1 members"):
        combine([member([[1]], "a.tif")], tmp_path / "o.tif", pooling=Pooling.of(2))


def test_uncertainty_lies_beside_the_map_on_its_grid(member: Factory, tmp_path: Path) -> None:
    members = [member([[0, 127, 255]], "a.tif"), member([[254, 127, 9]], "b.tif")]
    kinds = {kind: tmp_path / f"{kind}.tif" for kind in UNCERTAINTIES}
    combine(members, tmp_path / "mean.tif", uncertainties=kinds)
    assert codes_of(tmp_path / "mean.tif").tolist() == [[127, 127, 255]]
    found = {kind: codes_of(path).tolist() for kind, path in kinds.items()}
    # Members that contradict each other; members that are both unsure; no data.
    assert found == {
        "disagreement": [[254, 0, 255]],
        "entropy": [[254, 254, 255]],
        "information": [[254, 0, 255]],
    }
    with rasterio.open(kinds["disagreement"]) as dataset:
        assert dataset.nodata == 255
        assert dataset.scales == (0.5 / 254,)
        assert "standard deviation" in dataset.tags()["SATSEG_CONTENT"]
        assert dataset.tags()["SATSEG_ENSEMBLE"] == "mean of a x 0.5000, b x 0.5000"


def test_a_single_map_has_entropy_alone(member: Factory, tmp_path: Path) -> None:
    one = [member([[0, 127, 254, 255]], "a.tif")]
    combine(one, None, uncertainties={"entropy": tmp_path / "e.tif"})
    assert codes_of(tmp_path / "e.tif").tolist() == [[0, 254, 0, 255]]
    with pytest.raises(ModelError, match="two or more members for information; found 1 member"):
        combine(one, None, uncertainties={"information": tmp_path / "i.tif"})
    assert not (tmp_path / "i.tif").exists()


def test_uncertainty_is_the_same_over_many_strips(member: Factory, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    pair = [rng.integers(0, 255, (150, 9)) for _ in range(2)]
    members = [member(codes, f"{number}.tif") for number, codes in enumerate(pair)]
    combine(members, None, uncertainties={"disagreement": tmp_path / "d.tif"})
    # Half the difference is the standard deviation of two, and 254 stands for a half.
    expected = np.abs(pair[0] - pair[1])
    assert np.abs(codes_of(tmp_path / "d.tif") - expected).max() <= 1


def test_provenance_tells_votes_and_temperature(member: Factory, tmp_path: Path) -> None:
    members = [member([[1, 2]], "a.tif"), member([[1, 2]], "b.tif")]
    for number, pooling in enumerate(
        [Pooling.of(2, method="vote", cuts=[0.3, 0.6]), Pooling.of(2, temperature=1.5)]
    ):
        combine(members, tmp_path / f"{number}.tif", pooling=pooling)
    with rasterio.open(tmp_path / "0.tif") as dataset:
        assert dataset.tags()["SATSEG_ENSEMBLE"].endswith("; from 0.3, 0.6")
    with rasterio.open(tmp_path / "1.tif") as dataset:
        assert dataset.tags()["SATSEG_ENSEMBLE"].endswith("; temperature 1.5")
