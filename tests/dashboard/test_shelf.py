import datetime as dt
from pathlib import Path

import pytest
from small_catalog import DATES, GSD_M

from dashboard.shelf import Selection, Shelf, cards, shelf

SCENE_M2 = (128 * GSD_M) ** 2
UTM_SCALE = 0.002  # the scale factor of UTM moves areas by less than this here


@pytest.fixture
def store(served: Path) -> Shelf:
    return shelf()


def rows(store: Shelf, *models: str, threshold: float = 0.5) -> list:
    scenes = store.scenes()["chongming"]
    return store.series(scenes, Selection.of(models), threshold, store.predictions())


def test_scenes_are_grouped_by_region_and_sorted_by_date(store: Shelf) -> None:
    scenes = store.scenes()
    assert set(scenes) == {region.id for region in store.regions()} == {"chongming", "qingpu"}
    assert [scene.date for scene in scenes["qingpu"]] == list(DATES)


def test_farmland_shrinks_by_an_eighth_of_the_scene_each_time(store: Shelf) -> None:
    corner = (8 / 128) ** 2  # without data, in the farmland
    for number, row in enumerate(rows(store, "farmnet")):
        expected = (1 - number / 8 - corner) * SCENE_M2
        assert row.area_m2 == pytest.approx(expected, rel=UTM_SCALE)
        assert row.valid_fraction == pytest.approx(1 - corner, abs=0.002)
        assert row.share == pytest.approx(row.area_m2 / (1 - corner) / SCENE_M2, rel=UTM_SCALE)
        if number:
            assert row.change_m2 == pytest.approx(-SCENE_M2 / 8, rel=0.01)
            assert row.since == DATES[number - 1]


def test_the_first_date_has_no_change(store: Shelf) -> None:
    first = rows(store, "farmnet")[0]
    assert first.change_m2 is None
    assert first.since is None


def test_a_threshold_above_every_probability_leaves_nothing(store: Shelf) -> None:
    assert [row.area_m2 for row in rows(store, "farmnet", threshold=0.95)] == [0, 0, 0, 0]
    low, high = rows(store, "unet8", threshold=0.1)[0], rows(store, "unet8", threshold=0.5)[0]
    assert low.share == pytest.approx(1)
    assert high.area_m2 <= low.area_m2


def test_what_is_not_predicted_is_a_gap(store: Shelf) -> None:
    last = rows(store, "unet8")[-1]
    assert last.date == DATES[-1]
    assert (last.prediction, last.area_m2, last.change_m2) == (None, None, None)
    assert all(row.area_m2 is None for row in rows(store, "farmnet", "unet8"))


def test_a_prediction_by_other_weights_does_not_count(store: Shelf, models: Path) -> None:
    card = models / "farmnet" / "card.toml"
    card.write_text(card.read_text().replace("a" * 64, "c" * 64))
    assert all(row.area_m2 is None for row in rows(store, "farmnet"))


def test_an_ensemble_needs_the_bands_of_all_and_has_a_threshold_of_its_own(store: Shelf) -> None:
    both = Selection.of(["unet8", "farmnet"])
    assert both.model_ids == ("farmnet", "unet8")
    assert both == Selection.of(["farmnet", "unet8"])
    assert both.is_ensemble
    assert both.threshold == 0.5
    assert "nir2" in both.lacking(("red", "green", "blue"))
    assert Selection.of(["farmnet"]).lacking(("red", "green", "blue")) == ()


def test_the_default_model_comes_first_and_no_folder_means_no_models(
    store: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert [card.id for card in cards()] == ["farmnet", "unet8"]
    monkeypatch.setenv("SATSEG_MODELS", str(tmp_path / "none"))
    assert cards() == []


def test_dates_are_days(store: Shelf) -> None:
    assert all(type(row.date) is dt.date for row in rows(store, "farmnet"))
