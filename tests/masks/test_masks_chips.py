import tomllib

import numpy as np
import pyogrio
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from mask_scenes import box, vector
from PIL import Image
from shelf_files import write_raster, write_scene

from satseg.cli import main
from satseg.errors import StorageError, TrainingError
from satseg.evaluation_sets import load_sets
from satseg.masks import ChipOptions, Sources, Split, held_out, write_chips
from satseg.scene import open_scene
from satseg.training.config import SourceConfig
from satseg.training.pictures import load_source

OPTIONS = ChipOptions(chip_px=32, min_known=0.5, split=Split(0.25, block=2), terms="mine")


@pytest.fixture
def image(tmp_path):
    return open_scene(write_scene(tmp_path / "big.tif", size=(140, 130)))


@pytest.fixture
def fields(tmp_path):
    path = vector(tmp_path / "fields.gpkg", [box(0, 0, 64, 32)])
    return Sources((str(path),))


def test_training_reads_the_pairs_with_their_holdout(image, fields, tmp_path):
    made = write_chips(image, "big", fields, tmp_path / "chips", options=OPTIONS)
    assert len(made.chips) == 16
    row = tomllib.loads((tmp_path / "chips" / "source.toml").read_text())["sources"][0]
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    pictures = load_source(SourceConfig(**values), tmp_path, ("red", "green", "blue"))
    assert (len(pictures.train), len(pictures.validation)) == (12, 4)
    assert row["terms"] == "mine; masks from fields.gpkg"
    shares = {picture.name: picture.mask.mean() for picture in pictures.train + pictures.validation}
    assert shares["big/big_000000_000032.png"] == 1
    assert shares["big/big_000032_000000.png"] == 0
    (data,) = load_sets(tmp_path / "chips" / "evaluation.toml")
    assert set(data.pictures) == {chip.name for chip in made.validation}


def test_pictures_show_the_scene_as_it_is_stretched(image, fields, tmp_path):
    write_chips(image, "big", fields, tmp_path / "chips", options=OPTIONS)
    shown = np.asarray(Image.open(tmp_path / "chips" / "images" / "big_000032_000064.png"))
    from satseg.windows import Window

    scaled = image.read(Window(32, 64, 32, 32), bands=("red", "green", "blue"))
    np.testing.assert_allclose(shown, 1 + 254 * np.moveaxis(scaled.data, 0, -1), atol=0.51)


def test_chips_without_enough_knowledge_are_left_out(tmp_path, fields):
    pixels = np.full((3, 128, 128), 500, dtype=np.uint16)
    pixels += np.arange(128, dtype=np.uint16)
    pixels[:, :, :48] = 0
    wedge = open_scene(write_raster(tmp_path / "wedge.tif", pixels, nodata=0))
    made = write_chips(wedge, "wedge", fields, tmp_path / "chips", options=OPTIONS)
    assert (len(made.chips), made.left_out) == (12, 4)
    mask = np.asarray(Image.open(tmp_path / "chips" / "masks" / "wedge_000000_000032.png"))
    assert (mask[:, :16] == 255).all()
    assert (mask[:, 16:] == 1).all()
    shown = np.asarray(Image.open(tmp_path / "chips" / "images" / "wedge_000000_000032.png"))
    assert (shown[:, :16] == 0).all()
    assert (shown[:, 16:] > 0).all()


def test_a_scene_in_degrees_gives_square_pixels(tmp_path):
    place = Affine(2.7e-6, 0, 121.734, 0, -2.7e-6, 31.229)
    path = write_scene(tmp_path / "s.tif", size=(140, 140), crs="EPSG:4326", transform=place)
    image = open_scene(path)
    fields = vector(tmp_path / "f.gpkg", [box(0, 0, 1, 1)])
    made = write_chips(image, "s", Sources((str(fields),)), tmp_path / "c", options=OPTIONS)
    assert made.gsd_m == pytest.approx(0.2784, abs=1e-3)
    assert {(chip.row, chip.col) for chip in made.chips} == {
        (row, col) for row in range(4) for col in range(4)
    }


def test_the_map_of_the_chips_tells_both_sides(image, fields, tmp_path):
    made = write_chips(image, "big", fields, tmp_path / "chips", options=OPTIONS)
    frame = pyogrio.read_dataframe(tmp_path / "chips" / "chips.gpkg", layer="chips")
    assert frame["split"].value_counts().to_dict() == {"training": 12, "validation": 4}
    held = {(chip.row // 2, chip.col // 2) for chip in made.validation}
    assert len(held) == 1


def test_a_folder_that_is_there_is_kept(image, fields, tmp_path):
    (tmp_path / "chips").mkdir()
    with pytest.raises(StorageError, match="Choose another folder"):
        write_chips(image, "big", fields, tmp_path / "chips", options=OPTIONS)


def test_a_failure_leaves_nothing_behind(image, fields, tmp_path, monkeypatch):
    before = sorted(tmp_path.iterdir())

    def full(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr("satseg.masks.chips.write_layers", full)
    with pytest.raises(StorageError, match="disk full"):
        write_chips(image, "big", fields, tmp_path / "chips", options=OPTIONS)
    assert sorted(tmp_path.iterdir()) == before


def test_too_few_chips_are_told(image, fields, tmp_path):
    with pytest.raises(TrainingError, match="16 chips in 1 blocks of 9 x 9"):
        write_chips(
            image, "b", fields, tmp_path / "c", options=ChipOptions(32, split=Split(0.2, block=9))
        )
    with pytest.raises(TrainingError, match="at least one chip of 256 pixels"):
        write_chips(image, "b", fields, tmp_path / "c", options=ChipOptions(256))
    assert not (tmp_path / "c").exists()


@given(
    rows=st.integers(1, 12),
    cols=st.integers(3, 12),
    block=st.integers(1, 2),
    holdout=st.floats(0.05, 0.9),
    seed=st.integers(0, 99),
)
def test_blocks_go_to_one_side_and_both_sides_get_some(rows, cols, block, holdout, seed):
    places = [(row, col) for row in range(rows) for col in range(cols)]
    split = Split(holdout, block, seed)
    held = held_out(places, split)
    assert held == held_out(places, split)
    sides: dict[tuple[int, int], set[bool]] = {}
    for (row, col), side in zip(places, held, strict=True):
        sides.setdefault((row // block, col // block), set()).add(side)
    assert all(len(found) == 1 for found in sides.values())
    assert 0 < sum(held) < len(places)
    most = (len(sides) - 1) * block**2
    assert sum(held) < holdout * len(places) + block**2
    assert sum(held) >= min(holdout * len(places), len(places) - most) - block**2


def test_without_a_holdout_all_chips_train():
    assert held_out([(0, 0), (0, 1)], Split(0)) == [False, False]


@pytest.mark.parametrize("bad", [{"holdout": 1.0}, {"holdout": -0.1}, {"block": 0}])
def test_a_split_has_bounds(bad):
    with pytest.raises(TrainingError, match="a holdout from 0 to below 1"):
        Split(**bad)


def _run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_the_command_writes_mask_and_chips_and_tells_what_it_did(
    catalog, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("SATSEG_CATALOG", str(catalog.root))
    catalog.add_scene(write_scene(tmp_path / "s.tif", size=(140, 130)), date="2015-06-06")
    shapes = [box(0, 0, 64, 32), box(500, 0, 510, 9)]
    path = vector(tmp_path / "f.gpkg", shapes, {"kind": ["paddy", "paddy"]})
    arguments = ["masks", "s", path, "--class-field", "kind"]
    assert _run(*arguments) == 1
    assert "--class paddy=1" in capsys.readouterr().err
    arguments += ["--class", "paddy=1", "--output", tmp_path / "t.tif"]
    arguments += ["--chips", tmp_path / "c", "--chip-px", 32, "--block", 2]
    assert _run(*arguments) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "│ Farmland │ 1 │ 0.07 ha │" in told
    assert "Not used: f.gpkg|f 2: outside of the scene" in told
    assert "say where it is, with --complete" in told
    assert "Wrote 16 pairs of 32 px at 0.60 m" in told
    assert "12 for training, 4 for validation" in told
    assert (tmp_path / "t.tif").is_file()
    assert _run("masks", "s") == 1
    assert "with --osm" in capsys.readouterr().err
