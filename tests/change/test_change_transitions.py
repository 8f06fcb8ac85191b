from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely

from satseg.change import Transitions, biggest_patches, transitions, write_change
from satseg.errors import RegionError, SceneError
from satseg.geodesy import pixel_areas_m2
from satseg.probability_raster import open_probability
from satseg.windows import Window

Factory = Callable[..., Path]
PIXEL_M2 = 1.000788


@pytest.fixture
def change(probability: Factory, tmp_path: Path) -> Callable[[object], Path]:
    """Write a change map with the codes given and return its path."""

    def write(codes: object) -> Path:
        wanted = np.asarray(codes)
        states = [
            np.where(wanted == 255, 255, np.isin(wanted, on) * 254) for on in ((1, 3), (1, 2))
        ]
        before, after = (probability(state, f"{i}.tif") for i, state in enumerate(states))
        write_change(before, after, tmp_path / "change.tif", thresholds=0.5)
        return tmp_path / "change.tif"

    return write


def polygon_of(path: Path, *corners: tuple[float, float]) -> shapely.Polygon:
    lon, lat = open_probability(path).grid.lonlat(corners)
    return shapely.Polygon(np.column_stack([lon, lat]))


def test_table_by_hand() -> None:
    found = Transitions(
        stable_other_m2=40, stable_farmland_m2=30, gain_m2=8, loss_m2=12, region_m2=100
    )
    assert (found.before_m2, found.after_m2, found.net_m2) == (42, 38, -4)
    assert (found.valid_m2, found.valid_fraction) == (90, 0.9)
    table = found.table()
    assert table.loc["farmland", "farmland"] == 30
    assert table.loc["farmland", "other"] == 12
    assert table.loc["other", "farmland"] == 8
    assert table.loc["other", "other"] == 40
    assert table.sum(axis=1).tolist() == [42, 48]


def test_areas_of_a_map_are_those_it_was_written_with(probability: Factory, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    before, after = (probability(rng.integers(0, 256, (130, 30)), f"{i}.tif") for i in range(2))
    found = write_change(before, after, tmp_path / "c.tif", thresholds=0.5).transitions
    read = transitions(tmp_path / "c.tif")
    for name in ("stable_other_m2", "stable_farmland_m2", "gain_m2", "loss_m2", "region_m2"):
        assert getattr(read, name) == pytest.approx(getattr(found, name), rel=1e-12)


def test_region_takes_shares_of_pixels(change: Factory) -> None:
    path = change([[2, 2, 3], [1, 255, 0]])
    found = transitions(path, polygon_of(path, (0.5, 0), (3, 0), (3, 2), (0.5, 2)))
    assert found.gain_m2 == pytest.approx(1.5 * PIXEL_M2, rel=1e-4)
    assert found.loss_m2 == pytest.approx(PIXEL_M2, rel=1e-4)
    assert found.stable_farmland_m2 == pytest.approx(0.5 * PIXEL_M2, rel=1e-4)
    assert found.valid_fraction == pytest.approx(4 / 5, rel=1e-4)


def test_region_outside_is_refused(change: Factory) -> None:
    path = change([[2]])
    with pytest.raises(RegionError, match="entirely outside"):
        transitions(path, polygon_of(path, (5, 5), (6, 5), (6, 6)))


def test_biggest_patches_by_hand(change: Factory) -> None:
    path = change([[2, 2, 0, 3], [0, 2, 0, 3], [3, 0, 2, 1]])
    found = biggest_patches(path, 2)
    assert found["change"].tolist() == ["gain", "loss"]
    assert found["area_m2"].to_numpy() == pytest.approx([3 * PIXEL_M2, 2 * PIXEL_M2], rel=1e-4)
    wanted = polygon_of(path, (0, 0), (2, 0), (2, 2), (1, 2), (1, 1), (0, 1))
    assert found.crs.to_epsg() == 4326
    assert found.geometry[0].symmetric_difference(wanted).area < 1e-6 * wanted.area


def test_patch_over_strips_is_one_polygon_with_its_hole(change: Factory) -> None:
    codes = np.zeros((150, 20))
    codes[10:140, 2:9] = 3
    codes[50:100, 4:6] = 255
    codes[140:142, 9:12] = 3
    path = change(codes)
    found = biggest_patches(path)
    assert found["change"].tolist() == ["loss", "loss"]
    assert len(found.geometry[0].interiors) == 1
    assert found["area_m2"][1] == pytest.approx(6 * PIXEL_M2, rel=1e-4)


def test_polygons_have_the_area_of_their_pixels(change: Factory) -> None:
    codes = np.random.default_rng(1).choice([0, 1, 2, 3, 255], (140, 40))
    path = change(codes)
    found = biggest_patches(path, 100_000)
    assert found.geometry.is_valid.all()
    assert set(found.geometry.geom_type) == {"Polygon"}
    areas = pixel_areas_m2(open_probability(path).grid, Window(0, 0, *codes.shape))
    for code, name in ((2, "gain"), (3, "loss")):
        total = found["area_m2"][found["change"] == name].sum()
        assert total == pytest.approx(areas[codes == code].sum(), rel=1e-5)
    assert found["area_m2"].is_monotonic_decreasing


def test_map_without_change_has_no_patches(change: Factory) -> None:
    found = biggest_patches(change(np.ones((5, 5))))
    assert len(found) == 0
    assert list(found.columns) == ["change", "area_m2", "geometry"]


def test_other_rasters_are_refused(probability: Factory, change: Factory) -> None:
    with pytest.raises(SceneError, match="a map of change.*says of itself: nothing"):
        transitions(probability([[2]], "p.tif"))
    with pytest.raises(SceneError, match="at least 1 patch"):
        biggest_patches(change([[2]]), 0)
