"""Farmland as OpenStreetMap draws it, and which scenes and chips show it.

A region is asked of an Overpass server (kept in the catalog with its date) or read from a local
extract; farmyards, ponds and woods are cut out; shares are geodesic areas. OpenStreetMap is not
complete: what it does not call farmland may be farmland all the same.
"""

from satseg.osm.areas import ATTRIBUTION, OsmAreas
from satseg.osm.files import read_areas
from satseg.osm.locate import Located, find_areas, locate, read_located, wanted_region
from satseg.osm.overpass import OVERPASS, Server
from satseg.osm.tags import TAGS, Tag, counting

__all__ = [
    "ATTRIBUTION",
    "OVERPASS",
    "TAGS",
    "Located",
    "OsmAreas",
    "Server",
    "Tag",
    "counting",
    "find_areas",
    "locate",
    "read_areas",
    "read_located",
    "wanted_region",
]
