from pathlib import Path

import pytest
from shelf_files import write_scene

from satseg.catalog import Catalog
from satseg.cli import main


def test_a_removed_scene_is_listed_and_brought_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SATSEG_CATALOG", str(tmp_path / "catalog"))
    catalog = Catalog.open(tmp_path / "catalog")
    catalog.add_scene(write_scene(tmp_path / "a.tif"), date="2016-05-03")

    def said(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
        return capsys.readouterr().out

    assert "empty" in said("bin", "list")
    told = said("scenes", "remove", "a")
    removal_id = told.split()[-1]
    assert "For 14 days this brings it back: satseg bin restore" in told
    assert removal_id in said("bin", "list")
    assert "The scene a is back" in said("bin", "restore", removal_id)
    assert [scene.id for scene in catalog.scenes()] == ["a"]
    said("scenes", "remove", "a")
    assert "Deleted for good: 1" in said("bin", "empty")
    assert "empty" in said("bin", "list")
