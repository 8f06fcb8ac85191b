import numpy as np
import pytest
from PIL import Image

from satseg.cli import main
from satseg.errors import StorageError
from satseg.simulate.samples import build_samples
from satseg.simulate.sheet import write_sheet

TOML = """region = "{name}"
centre = [121.5, 31.1]
size_px = 64
seed = 2
dates = [2016-05-28, 2018-08-14]
[layout]
block_m = [30.0, 50.0]
[mix]
strips = 3.0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("definitions")
    for name in ("one", "two"):
        (path / f"{name}.toml").write_text(TOML.format(name=name))
    return path


def test_the_sheet_has_a_column_a_date_and_two_rows_a_region(folder, tmp_path):
    samples = build_samples(folder, tmp_path / "out", workers=1)
    assert write_sheet(samples, tmp_path / "sheet.png") == (2 * 306 + 6, 2 * 624)
    with Image.open(tmp_path / "sheet.png") as sheet:
        pixels = np.asarray(sheet)
    true, false = pixels[18:318, 6:306], pixels[318:618, 6:306]
    assert true.std() > 20
    assert false.std() > 20
    assert (true != false).any()
    assert (pixels[:18].min(axis=2) < 60).any(), "captions are missing"


def test_a_name_that_is_no_picture_is_refused(tmp_path):
    with pytest.raises(StorageError, match=r"ends in \.jpg.*; found sheet\.pdf"):
        write_sheet([], tmp_path / "sheet.pdf")


def test_the_command_writes_the_sheet(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SATSEG_CATALOG", str(tmp_path / "catalog"))
    path = tmp_path / "sheet.jpg"
    words = ["--definitions", str(folder), "--region", "one", "--contact-sheet", str(path)]
    with pytest.raises(SystemExit) as ended:
        main(["sample", *words])
    assert ended.value.code == 0
    assert "2 simulated scenes on 618 x 624 px" in capsys.readouterr().out.replace("\n", " ")
    assert path.read_bytes()[:3] == b"\xff\xd8\xff"
