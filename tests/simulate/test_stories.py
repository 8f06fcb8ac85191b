import tomllib
from pathlib import Path

import pytest

from satseg.simulate.definition import read_definition
from satseg.simulate.truth import farmland_area_m2

SAMPLES = sorted((Path(__file__).parents[2] / "sample_data").glob("*.toml"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_stated_farmland_is_what_the_land_has(path):
    """The last date only: the whole table costs too much time."""
    item = read_definition(path)
    stated = tomllib.loads(path.read_text(encoding="utf-8"))["farmland_ha"]
    assert set(stated) == {str(date) for date in item.dates}
    date = item.dates[-1]
    assert farmland_area_m2(item, date) / 1e4 == pytest.approx(stated[str(date)], abs=0.01)


def test_chongming_is_stable_lingang_loses_and_qingpu_swaps():
    area = {
        path.stem: list(tomllib.loads(path.read_text(encoding="utf-8"))["farmland_ha"].values())
        for path in SAMPLES
    }
    assert max(area["chongming"]) - min(area["chongming"]) < 0.01
    assert area["lingang"] == sorted(area["lingang"], reverse=True)
    assert area["lingang"][-1] < 0.6 * area["lingang"][0]
    assert area["qingpu"][1] < 0.95 * area["qingpu"][0]
    assert area["qingpu"][2] > 1.05 * area["qingpu"][1]
