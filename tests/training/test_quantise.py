from pathlib import Path

import numpy as np
import pytest
from shelf_models import write_model

from satseg.errors import ModelError
from satseg.runtime import int8_predictor, load_predictor
from satseg.training.config import SourceConfig
from satseg.training.pictures import Picture, PictureSet
from satseg.training.quantise import quantise
from satseg.zoo.card import ModelCard, load_card, read_table, write_table

pytestmark = pytest.mark.filterwarnings("ignore")  # those of nncf, which is not ours


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    folder = write_model(tmp_path_factory.mktemp("models"), "one", seed=1)
    rng = np.random.default_rng(0)
    pixels = rng.integers(50, 900, (3, 600, 600)).astype(np.uint16)
    picture = Picture("p", pixels, np.ones((600, 600), dtype=np.uint8), 0.6)
    config = SourceConfig("fields", "masks", 1, 0.6, (0.6, 0.6), "made up")
    return quantise(load_card(folder), [PictureSet(config, (picture,), ())], windows=8)


def test_the_card_tells_how_the_int8_network_was_made(card: ModelCard) -> None:
    assert card.int8 is not None
    assert card.int8.made_from == card.sha256
    assert card.int8.windows == {"fields": 8}
    assert card.int8.software.startswith("nncf ")
    assert not list(card.folder.glob(".int8*"))


def test_it_agrees_with_float32(card: ModelCard) -> None:
    batch = np.random.default_rng(1).random((2, 3, 64, 96)).astype(np.float32)
    small = load_predictor(card, runtime="openvino-int8", device="cpu")
    exact = load_predictor(card, runtime="openvino", device="cpu")
    assert small.runtime.endswith("cpu int8")
    assert exact.runtime.endswith("cpu float32")
    found, expected = small.probabilities(batch), exact.probabilities(batch)
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert np.abs(found - expected).max() > 0  # it is another network


@pytest.mark.parametrize(
    ("measured", "chosen"),
    [
        ([(0.9, 0.904), (0.7, 0.697)], "int8"),
        ([(0.9, 0.9), (0.7, 0.694)], "float32"),
        ([(0.9, None)], "float32"),
        ([], "float32"),
    ],
)
def test_it_is_chosen_by_itself_where_it_was_measured_to_be_as_good(
    card: ModelCard, measured: list[tuple[float, float | None]], chosen: str
) -> None:
    rows = [
        {"data": str(number), "iou": exact} | ({} if small is None else {"iou_int8": small})
        for number, (exact, small) in enumerate(measured)
    ]
    table = read_table(card.folder)
    try:
        write_table(card.folder, table | {"metrics": rows})
        found = load_predictor(load_card(card.folder), device="cpu")
    finally:
        write_table(card.folder, table)
    assert found.runtime.endswith(chosen)


def test_changed_or_missing_files_are_refused(card: ModelCard, tmp_path: Path) -> None:
    binary = card.int8_path.with_suffix(".bin")
    whole = binary.read_bytes()
    try:
        binary.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(ModelError, match="do not use weights of unknown origin"):
            int8_predictor(card)
        binary.unlink()
        with pytest.raises(ModelError, match="make it anew with satseg quantise one"):
            int8_predictor(card)
    finally:
        binary.write_bytes(whole)


def test_an_int8_network_of_other_weights_is_refused(card: ModelCard) -> None:
    table = read_table(card.folder)
    try:
        stale = table | {"int8": table["int8"] | {"made_from": "0" * 64}}
        write_table(card.folder, stale)
        with pytest.raises(ModelError, match="Make it anew with satseg quantise one"):
            load_predictor(load_card(card.folder), runtime="openvino-int8", device="cpu")
    finally:
        write_table(card.folder, table)


def test_a_model_without_int8_says_how_to_make_it(tmp_path: Path) -> None:
    card = load_card(write_model(tmp_path, "two"))
    assert load_predictor(card, device="cpu").runtime.endswith("float32")
    with pytest.raises(ModelError, match="satseg quantise two"):
        load_predictor(card, runtime="openvino-int8", device="cpu")
