"""What a made-up Overpass answer holds, counted in cells of its lattice.

One cell is 0.0001 degrees a side, its origin (121, 31): areas can be counted by hand.
"""

from pathlib import Path

import shapely

from satseg.area import region_area_m2

ANSWER = Path(__file__).with_name("overpass_answer.json")
CELL = 1e-4
REGION = shapely.box(121.0, 31.0, 121.01, 31.006)
"""100 x 60 cells."""

CELL_M2 = region_area_m2(shapely.box(121.0, 31.003, 121.0001, 31.0031))
"""About 106 m2; cells at the lattice's edges differ by less than 4e-5 of it."""

FARMLAND_CELLS = {
    "way/11": 96,  # 10 x 10 without a farmyard of 2 x 2
    "relation/1": 96,  # two open ways around, a hole of 2 x 2
    "relation/2": 96,  # its outer way has the same tag
    "relation/3": 96,  # only its outer way has the tag
    "way/20": 50,  # a bow tie in 10 x 10
    "way/21": 50,  # half of it outside of the region
    "relation/4": 272,  # 20 x 20, a hole of 12 x 12, an island of 4 x 4
    "way/25": 100,
    "way/26": 100,  # half of it over way 25
    "relation/5": 49,  # a bow tie with a hole of 1 x 1
}
TOTAL_CELLS = 955
"""What overlaps counts once."""


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """Return a rectangle of cells in WGS 84."""
    x, y = 121.0, 31.0
    return shapely.box(x + west * CELL, y + south * CELL, x + east * CELL, y + north * CELL)
