import numpy as np
import pytest

from satseg.errors import TrainingError
from satseg.training.config import Blocks, load_config
from satseg.training.pictures import IGNORED, Picture, load_source
from satseg.training.splits import split_by_blocks


def _picture(height=120, width=160, gsd_m=1.0):
    pixels = np.arange(3 * height * width, dtype=np.uint16).reshape(3, height, width)
    return Picture("a.png", pixels, np.ones((height, width), dtype=np.uint8), gsd_m)


def test_no_pixel_counts_on_both_sides_and_a_margin_counts_on_none():
    picture = _picture()
    (train,), squares = split_by_blocks([picture], Blocks(40, share=0.3, margin_m=10))
    assert [square.mask.shape for square in squares] == [(40, 40)] * 4
    seen = set(train.pixels[0][train.mask != IGNORED].tolist())
    held = set(np.concatenate([square.pixels[0].ravel() for square in squares]).tolist())
    assert not seen & held
    assert (picture.mask == 1).all()  # the picture itself is left alone
    square = squares[0]
    row, col = np.argwhere(picture.pixels[0] == square.pixels[0, 0, 0])[0]
    if row >= 10:
        assert (train.mask[row - 10 : row, col] == IGNORED).all()
    assert len(seen) + len(held) < picture.mask.size


def test_the_draw_is_seeded():
    one, same, other = (
        split_by_blocks([_picture()], Blocks(20, share=0.2, seed=seed))[1] for seed in (1, 1, 2)
    )
    assert [p.name for p in one] == [p.name for p in same] != [p.name for p in other]


def test_a_picture_too_small_for_two_squares_is_refused():
    with pytest.raises(TrainingError, match=r"two squares of 500 m.*120 x 160 m"):
        split_by_blocks([_picture()], Blocks(500))


def test_a_source_can_be_split_by_blocks_beside_whole_pictures(toy):
    path = toy / "models" / "toy" / "train.toml"
    before = load_config(path).identity
    path.write_text(path.read_text() + "blocks = { side_m = 20, margin_m = 2 }\n")
    config = load_config(path)
    assert config.identity != before
    found = load_source(config.sources[0], toy / "data", ("red", "green", "blue"))
    assert len(found.train) == 2
    assert found.validation[0].name == "toy fields/c.png"
    assert len(found.validation) == 1 + 2 * 2
    assert all((picture.mask == IGNORED).sum() > 4 * 128 for picture in found.train)
