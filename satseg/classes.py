"""Classes of the land that truth rasters hold, and which of them count as farmland."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LandClass:
    """One class of a truth raster.

    Attributes:
        code: value in the uint8 raster.
        key: short English word for code and tables.
        name_en: name shown in English.
        name_zh: name shown in Chinese.
        colour: (red, green, blue), 0 to 255.
        farmland: whether the class counts as farmland.
    """

    code: int
    key: str
    name_en: str
    name_zh: str
    colour: tuple[int, int, int]
    farmland: bool = False


CLASSES = (
    LandClass(0, "unlabelled", "Unlabelled", "未标注", (0, 0, 0)),
    LandClass(1, "farmland", "Farmland", "耕地", (214, 180, 76), farmland=True),
    LandClass(2, "water", "Water", "水体", (44, 96, 158)),
    LandClass(3, "built", "Built-up", "建筑", (178, 62, 58)),
    LandClass(4, "road", "Road", "道路", (150, 150, 156)),
    LandClass(5, "tree", "Trees", "林木", (34, 96, 52)),
    LandClass(6, "bare", "Bare ground", "裸地", (186, 148, 118)),
    LandClass(7, "greenhouse", "Greenhouse", "大棚", (206, 222, 236)),
    LandClass(8, "pond", "Fish pond", "鱼塘", (74, 146, 178)),
    LandClass(9, "grass", "Grass and other vegetation", "草地及其他植被", (132, 176, 92)),
)
"""All classes; a class's position is its code."""

UNLABELLED = 0
FARMLAND = 1
WATER = 2
BUILT = 3
ROAD = 4
TREE = 5
BARE = 6
GREENHOUSE = 7
POND = 8
GRASS = 9

FARMLAND_CODES = tuple(item.code for item in CLASSES if item.farmland)
