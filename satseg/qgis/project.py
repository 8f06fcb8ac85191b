"""A QGIS 3 project with relative paths, as a ``.qgz`` file."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

import pyproj

from satseg.qgis.styles import VERSION, to_text

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of the member of the archive, so that the same project is the same file."""


@dataclass(frozen=True, slots=True)
class MapLayer:
    """One layer of a project.

    Attributes:
        key: unique in the project; letters, digits and ``_``.
        name: shown in the list of layers.
        source: path relative to the project's folder, with ``|layername=`` for one of several.
        kind: ``raster`` or ``vector``.
        crs: as ``EPSG:n`` or WKT.
        style: see ``satseg.qgis.styles``.
        shown: whether it is switched on at first.
    """

    key: str
    name: str
    source: str
    kind: Literal["raster", "vector"]
    crs: str
    style: tuple[ET.Element, ...]
    shown: bool = True

    @property
    def id(self) -> str:
        """Identifier in the project: QGIS replaces those of ten characters and less."""
        return f"satseg_layer_{self.key}"


@dataclass(frozen=True, slots=True)
class Project:
    """What a project shows.

    Attributes:
        title: of its window.
        crs: of the map.
        extent: (xmin, ymin, xmax, ymax) in the CRS, what is shown at first.
        layers: from top to bottom.
    """

    title: str
    crs: str
    extent: tuple[float, float, float, float]
    layers: tuple[MapLayer, ...]


def write_project(project: Project, path: Path) -> None:
    """Write the project; ``path`` ends with ``.qgz``."""
    member = zipfile.ZipInfo(f"{path.stem}.qgs", date_time=_EPOCH)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, to_text(_root(project)), zipfile.ZIP_DEFLATED)


def _root(project: Project) -> ET.Element:
    root = ET.Element("qgis", version=VERSION, projectname=project.title)
    ET.SubElement(root, "homePath", path="")
    ET.SubElement(root, "title").text = project.title
    _crs(ET.SubElement(root, "projectCrs"), project.crs)
    tree = ET.SubElement(root, "layer-tree-group")
    for layer in project.layers:
        ET.SubElement(
            tree,
            "layer-tree-layer",
            id=layer.id,
            name=layer.name,
            source=layer.source,
            providerKey=_provider(layer),
            checked="Qt::Checked" if layer.shown else "Qt::Unchecked",
            expanded="0",
        )
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas", annotationsVisible="1")
    extent = ET.SubElement(canvas, "extent")
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), project.extent, strict=True):
        ET.SubElement(extent, name).text = repr(float(value))
    ET.SubElement(canvas, "rotation").text = "0"
    _crs(ET.SubElement(canvas, "destinationsrs"), project.crs)
    listed = ET.SubElement(root, "projectlayers")
    listed.extend(_map_layer(layer) for layer in project.layers)
    order = ET.SubElement(root, "layerorder")
    for layer in project.layers:
        ET.SubElement(order, "layer", id=layer.id)
    properties = ET.SubElement(root, "properties")
    paths = ET.SubElement(properties, "Paths")
    ET.SubElement(paths, "Absolute", type="bool").text = "false"
    enabled = ET.SubElement(properties, "SpatialRefSys")  # without it the map's CRS is not read
    ET.SubElement(enabled, "ProjectionsEnabled", type="int").text = "1"
    return root


def _map_layer(layer: MapLayer) -> ET.Element:
    attributes = {"type": layer.kind, "autoRefreshEnabled": "0"}
    if layer.kind == "vector":
        attributes |= {"geometry": "Polygon", "wkbType": "MultiPolygon", "readOnly": "0"}
    element = ET.Element("maplayer", attributes)
    ET.SubElement(element, "id").text = layer.id
    ET.SubElement(element, "datasource").text = layer.source
    ET.SubElement(element, "layername").text = layer.name
    _crs(ET.SubElement(element, "srs"), layer.crs)
    provider = ET.SubElement(element, "provider", encoding="UTF-8")
    provider.text = _provider(layer)
    element.extend(layer.style)
    return element


def _provider(layer: MapLayer) -> str:
    return "gdal" if layer.kind == "raster" else "ogr"


def _crs(parent: ET.Element, crs: str) -> None:
    known = pyproj.CRS.from_user_input(crs)
    element = ET.SubElement(parent, "spatialrefsys", nativeFormat="Wkt")
    ET.SubElement(element, "wkt").text = known.to_wkt()
    authority = known.to_authority()
    if authority is not None:
        ET.SubElement(element, "srid").text = authority[1]
        ET.SubElement(element, "authid").text = ":".join(authority)
    ET.SubElement(element, "description").text = known.name
    ET.SubElement(element, "geographicflag").text = str(known.is_geographic).lower()
