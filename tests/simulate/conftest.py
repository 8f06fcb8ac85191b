import datetime as dt

import pytest

from satseg.simulate.definition import Change, Definition, Layout
from satseg.simulate.render import render_scene

SUMMER = dt.date(2016, 7, 30)
WINTER = dt.date(2017, 2, 10)
LATER = dt.date(2021, 7, 30)


@pytest.fixture(scope="session")
def small():
    """A farmed place of 240 m x 240 m that loses fields to a building site in 2019."""
    layout = Layout(
        orientation_deg=20.0,
        block_m=(60.0, 110.0),
        parcel_width_m=(10.0, 18.0),
        parcel_length_m=(40.0, 80.0),
    )
    site = Change(dt.date(2019, 1, 1), ("strips",), "construction", 0.5, (1.0, 0.5))
    return Definition(
        id="small",
        region="small",
        centre=(121.8, 31.0),
        size_px=400,
        seed=5,
        layout=layout,
        mix={"strips": 3.0, "village": 1.0, "forest": 0.5},
        story=(site,),
        dates=(SUMMER, WINTER, LATER),
    )


@pytest.fixture(scope="session")
def summer(small):
    return render_scene(small, SUMMER)


@pytest.fixture(scope="session")
def winter(small):
    return render_scene(small, WINTER)
