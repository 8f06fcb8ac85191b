"""Truth from polygons: masks on a scene's grid, and pairs of chips to train on.

Polygons drawn in QGIS go over areas of OpenStreetMap; ground may be marked as not to count, and a
completeness polygon says where everything is drawn. What nobody knows is 255, never "other".
"""

from satseg.masks.burn import Ground
from satseg.masks.chips import ChipOptions, ChipSet, write_chips
from satseg.masks.codes import OTHER, UNKNOWN, ClassTable, name_of
from satseg.masks.polygons import Meaning, Polygons, read_polygons
from satseg.masks.sources import Sources, read_ground
from satseg.masks.split import Split, held_out
from satseg.masks.write import MaskReport, write_truth

__all__ = [
    "OTHER",
    "UNKNOWN",
    "ChipOptions",
    "ChipSet",
    "ClassTable",
    "Ground",
    "MaskReport",
    "Meaning",
    "Polygons",
    "Sources",
    "Split",
    "held_out",
    "name_of",
    "read_ground",
    "read_polygons",
    "write_chips",
    "write_truth",
]
