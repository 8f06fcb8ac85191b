from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from landcover_models import KEYS, legend, write_class_model

from satseg.area_classes import class_areas
from satseg.augmentation import Augmented
from satseg.class_raster import open_classes
from satseg.engine.store import codes
from satseg.engine.sums import UNIT
from satseg.errors import ModelError, SceneError
from satseg.legend import Legend
from satseg.predict import ThisProcess, predict_scene
from satseg.runtime import load_predictor
from satseg.scene import open_scene
from satseg.zoo.card import load_card, read_table, write_table

Factory = Callable[..., Path]


@dataclass(frozen=True)
class Shares:
    """A model that says of every pixel what it was given; the first band chooses between two."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    legend: Legend
    bands: tuple[str, ...] = ("red", "green", "blue")
    gsd_m: float | None = None
    patch_px: int = 16
    overlap_px: int = 4

    def probabilities(self, batch: np.ndarray) -> np.ndarray:
        dark = batch[:, :1] < 0.5
        low, high = (
            np.array(one, dtype=np.float32)[:, None, None] for one in (self.low, self.high)
        )
        return np.where(dark, low, high).astype(np.float32)


@pytest.fixture
def halves(geotiff: Factory) -> Path:
    """A scene that is dark on the left and bright on the right, without data in its top row."""
    pixels = np.full((3, 30, 40), 100, dtype=np.uint16)
    pixels[:, :, 20:] = 900
    pixels[:, 0] = 0
    return geotiff(pixels, nodata=0)


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read(1)


@pytest.mark.parametrize("runtime", ["torch", "openvino"])
def test_probabilities_of_all_classes_add_up_and_do_not_depend_on_the_batch(
    tmp_path: Path, runtime: str
) -> None:
    card = load_card(write_class_model(tmp_path))
    predictor = load_predictor(card, runtime=runtime, device="cpu")
    batch = np.random.default_rng(0).random((3, 3, 32, 32), dtype=np.float32)
    together = predictor.probabilities(batch)
    assert together.shape == (3, 7, 32, 32)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-6)
    alone = np.concatenate([predictor.probabilities(batch[i : i + 1]) for i in range(3)])
    np.testing.assert_array_equal(together, alone)


def test_runtimes_agree_on_classes(tmp_path: Path) -> None:
    card = load_card(write_class_model(tmp_path))
    batch = np.random.default_rng(0).random((1, 3, 32, 32), dtype=np.float32)
    first, second = (
        load_predictor(card, runtime=name, device="cpu").probabilities(batch)
        for name in ("torch", "openvino")
    )
    np.testing.assert_allclose(first, second, atol=1e-4)


def test_a_higher_temperature_makes_classes_less_sure(tmp_path: Path) -> None:
    folder = write_class_model(tmp_path)
    batch = np.random.default_rng(0).random((1, 3, 32, 32), dtype=np.float32)
    sure = load_predictor(load_card(folder), runtime="torch").probabilities(batch)
    write_table(folder, read_table(folder) | {"temperature": 5.0})
    unsure = load_predictor(load_card(folder), runtime="torch").probabilities(batch)
    expected = np.exp(np.log(sure) / 5)
    np.testing.assert_allclose(unsure, expected / expected.sum(axis=1, keepdims=True), atol=1e-5)


def test_weights_of_another_number_of_classes_are_refused(tmp_path: Path) -> None:
    folder = write_class_model(tmp_path)
    table = read_table(folder)
    table["classes"] = table["classes"][:-1]
    write_table(folder, table)
    with pytest.raises(ModelError, match="classes in arguments to be the number of classes, 6"):
        load_card(folder)
    table["arguments"]["classes"] = 6
    write_table(folder, table)
    with pytest.raises(ModelError, match="weights that fit unet"):
        load_predictor(load_card(folder), runtime="torch")


def test_the_likeliest_class_and_the_sum_of_all_farmland_are_mapped(
    halves: Path, tmp_path: Path
) -> None:
    fields = legend(("greenhouse", "farmland", "water"))
    entries = tuple(
        type(entry)(entry.key, entry.colour, entry.key != "water") for entry in fields.entries
    )
    model = Shares((0.2, 0.3, 0.5), (0.3, 0.6, 0.1), Legend(entries))
    classes = tmp_path / "c.tif"
    predict_scene(open_scene(halves), model, tmp_path / "p.tif", classes=classes)
    found, farmland = read(classes), read(tmp_path / "p.tif")
    assert (found[0] == 255).all()
    assert (farmland[0] == 255).all()
    assert (found[1:, :20] == 2).all()
    assert (found[1:, 20:] == 1).all()
    assert (farmland[1:, :20] == 127).all()
    assert (farmland[1:, 20:] == round(0.9 * 254)).all()


def test_equal_classes_give_the_first_one() -> None:
    sums = np.full((2, 1, 1), UNIT // 2, dtype=np.int32)
    assert codes(sums, legend(("tree", "farmland")))[1].item() == 5
    assert codes(sums, legend(("farmland", "tree")))[1].item() == 1


def test_a_class_raster_is_a_cog_with_colours_and_its_legend(halves: Path, tmp_path: Path) -> None:
    model = Shares((0.1, 0.9), (0.9, 0.1), legend(("farmland", "water")))
    path = tmp_path / "c.tif"
    predict_scene(open_scene(halves), model, tmp_path / "p.tif", classes=path)
    with rasterio.open(path) as dataset:
        assert (dataset.dtypes, dataset.nodata) == (("uint8",), 255)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.colormap(1)[2] == (0, 80, 168, 255)
        assert dataset.tags()["SATSEG_CONTENT"] == "land cover: 1 farmland, 2 water; 255 no data"
        assert dataset.tags()["SATSEG_SCENE"] == halves.name
    assert open_classes(path)[1] == model.legend
    with pytest.raises(SceneError, match="SATSEG_CLASSES"):
        open_classes(tmp_path / "p.tif")


def test_maps_have_the_same_bytes_for_any_batch_blocks_and_order(
    tmp_path: Path, geotiff: Factory, random_dn: Callable[..., np.ndarray]
) -> None:
    card = load_card(write_class_model(tmp_path))
    scene = open_scene(geotiff(random_dn((3, 90, 120))))
    predictor = load_predictor(card, runtime="torch", device="cpu")
    found = set()
    for batch, block_px in ((1, 2048), (3, 40), (8, 64), (2, 33)):
        classes = tmp_path / "c.tif"
        predict_scene(
            scene,
            predictor,
            tmp_path / "p.tif",
            engine=ThisProcess(batch),
            block_px=block_px,
            classes=classes,
        )
        found.add(((tmp_path / "p.tif").read_bytes(), classes.read_bytes()))
    assert len(found) == 1
    assert len(np.unique(read(tmp_path / "c.tif"))) > 2


def test_the_farmland_map_is_the_same_with_and_without_the_map_of_classes(
    tmp_path: Path, geotiff: Factory, random_dn: Callable[..., np.ndarray]
) -> None:
    predictor = load_predictor(load_card(write_class_model(tmp_path)), runtime="torch")
    scene = open_scene(geotiff(random_dn((3, 50, 40))))
    predict_scene(scene, predictor, tmp_path / "a.tif")
    predict_scene(scene, predictor, tmp_path / "b.tif", classes=tmp_path / "c.tif")
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_a_model_of_farmland_only_maps_no_classes(
    halves: Path, tmp_path: Path, constant_predictor: Callable[..., object]
) -> None:
    with pytest.raises(ModelError, match="card has classes"):
        predict_scene(
            open_scene(halves),
            constant_predictor(0.5),
            tmp_path / "p.tif",
            classes=tmp_path / "c.tif",
        )
    assert not list(tmp_path.glob("?.tif"))


def test_flips_and_turns_of_a_window_give_flipped_and_turned_classes(tmp_path: Path) -> None:
    predictor = load_predictor(load_card(write_class_model(tmp_path)), runtime="torch")
    augmented = Augmented(predictor)
    window = np.random.default_rng(1).random((1, 3, 32, 64), dtype=np.float32)
    found = augmented.probabilities(window)
    assert found.shape == (1, len(KEYS), 32, 64)
    turned = augmented.probabilities(np.ascontiguousarray(np.rot90(window, 1, axes=(2, 3))))
    np.testing.assert_array_equal(turned, np.rot90(found, 1, axes=(2, 3)))


def test_areas_of_classes_are_geodesic_and_add_up_to_what_was_seen(
    halves: Path, tmp_path: Path
) -> None:
    model = Shares((0.1, 0.9, 0.0), (0.9, 0.1, 0.0), legend(("farmland", "water", "tree")))
    path = tmp_path / "c.tif"
    predict_scene(open_scene(halves), model, tmp_path / "p.tif", classes=path)
    areas = class_areas(path)
    pixel_m2 = 0.36
    assert list(areas.m2) == ["farmland", "water", "tree"]
    assert areas.m2["farmland"] == pytest.approx(29 * 20 * pixel_m2, rel=0.02)
    assert areas.m2["tree"] == 0
    assert areas.valid_m2 == pytest.approx(sum(areas.m2.values()))
    assert areas.valid_fraction == pytest.approx(29 / 30, rel=1e-3)
    assert areas.share("water") == pytest.approx(0.5, rel=1e-3)
