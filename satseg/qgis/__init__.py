"""Predictions handed to QGIS: polygons to correct, rasters, styles and a project."""

from satseg.qgis.export import QgisFolder, QgisOptions, way_back, write_qgis
from satseg.qgis.layers import editable_polygons, write_uncertainty

__all__ = [
    "QgisFolder",
    "QgisOptions",
    "editable_polygons",
    "way_back",
    "write_qgis",
    "write_uncertainty",
]
