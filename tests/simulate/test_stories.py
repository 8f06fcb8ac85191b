import datetime as dt
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from satseg.simulate.changes import farmland_changes_m2, land_changes
from satseg.simulate.definition import read_definition
from satseg.simulate.landscape import plan, zones_on
from satseg.simulate.truth import farmland_area_m2

SAMPLES = sorted((Path(__file__).parents[2] / "sample_data").glob("*.toml"))


def table(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))


def states(item):
    """The first date of each state of the land: seasons in between change nothing."""
    layout = plan(item)
    zones = [zones_on(item, layout, date) for date in item.dates]
    return [date for k, date in enumerate(item.dates) if k == 0 or zones[k] != zones[k - 1]]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_stated_farmland_is_the_geodesic_area_of_the_truth(path):
    item, stated = read_definition(path), table(path)["farmland_ha"]
    assert list(stated) == [str(date) for date in item.dates]
    fresh = states(item)
    for before, date in pairwise(item.dates):
        if date not in fresh:
            assert stated[str(date)] == stated[str(before)]
    for date in fresh:
        area = farmland_area_m2(item, date) / 1e4
        assert area == pytest.approx(stated[str(date)], abs=0.0051), date


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_stated_changes_are_those_of_every_pair_of_dates(path):
    item, stated = read_definition(path), table(path)["farmland_ha"]
    told = table(path).get("changes_ha", {})
    fresh = states(item)
    assert len(told) == len(fresh) - 1
    for pair, change in told.items():
        first, second = pair.split("/")
        assert dt.date.fromisoformat(second) in fresh
        balance = stated[first] - change["lost"] + change["gained"]
        assert balance == pytest.approx(stated[second], abs=0.016)


def test_the_polygons_of_a_change_have_the_stated_area():
    """Songjiang's last pair: some parcels are given up, others taken back under the plough."""
    (path,) = [path for path in SAMPLES if path.stem == "songjiang"]
    pair, stated = list(table(path)["changes_ha"].items())[-1]
    first, second = (dt.date.fromisoformat(text) for text in pair.split("/"))
    lost, gained = farmland_changes_m2(land_changes(read_definition(path), first, second))
    assert lost / 1e4 == pytest.approx(stated["lost"], abs=0.0051)
    assert gained / 1e4 == pytest.approx(stated["gained"], abs=0.0051)
    assert min(stated.values()) > 1


def test_chongming_is_stable_lingang_loses_and_qingpu_and_songjiang_swap():
    area = {path.stem: table(path)["farmland_ha"] for path in SAMPLES}
    assert len(set(area["chongming"].values())) == 1
    lingang = list(area["lingang"].values())
    assert lingang == sorted(lingang, reverse=True)
    assert lingang[-1] < 0.6 * lingang[0]
    qingpu = list(area["qingpu"].values())
    assert qingpu[1] < 0.95 * qingpu[0]
    assert max(qingpu[2:]) > 1.05 * qingpu[1]
    songjiang = list(area["songjiang"].values())
    assert songjiang[:5] == sorted(songjiang[:5], reverse=True)
    assert songjiang[4] < 0.75 * songjiang[0] < songjiang[5]
