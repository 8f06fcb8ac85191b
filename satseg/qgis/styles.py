"""QGIS 3 styles as XML: pictures, ramps of colour, classes, polygons to be edited.

Source: what QGIS 3.22 reads (QgsRasterRenderer, QgsColorRampShader, QgsFillSymbol::readXml).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

Colour = tuple[int, int, int]
VERSION = "3.22.0"
"""Oldest QGIS for which the files are written."""

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"


@dataclass(frozen=True, slots=True)
class Stop:
    """One value of a ramp or one class: its colour, its name and how opaque it is (0 to 255)."""

    value: float
    colour: Colour
    label: str
    alpha: int = 255


PROBABILITY = (
    Stop(0.0, (255, 255, 229), "0 %", 0),
    Stop(0.25, (247, 252, 185), "25 %", 90),
    Stop(0.5, (173, 221, 142), "50 %", 160),
    Stop(0.75, (65, 171, 93), "75 %", 210),
    Stop(1.0, (0, 90, 50), "100 %", 235),
)
"""Farmland probability. Source: ColorBrewer, YlGn."""

UNCERTAINTY = (
    Stop(0.0, (255, 255, 255), "sure", 0),
    Stop(0.5, (253, 187, 132), "0.5", 130),
    Stop(1.0, (215, 48, 31), "undecided", 230),
)
"""Source: ColorBrewer, OrRd."""

FARMLAND_COLOUR: Colour = (214, 140, 0)
IGNORE_COLOUR: Colour = (200, 30, 30)
COMPLETE_COLOUR: Colour = (30, 110, 200)


def document(style: Sequence[ET.Element]) -> str:
    """Return a style as the text of a ``.qml`` file."""
    root = ET.Element("qgis", version=VERSION, styleCategories="AllStyleCategories")
    root.extend(style)
    return to_text(root)


def to_text(root: ET.Element) -> str:
    """Return a document as QGIS expects it, with its document type."""
    ET.indent(root)
    return _DOCTYPE + ET.tostring(root, encoding="unicode")


def picture(bands: Sequence[int], low: Sequence[float], high: Sequence[float]) -> list[ET.Element]:
    """Return the style of three bands (from 1) as red, green, blue, each stretched low to high."""
    names = ("red", "green", "blue")
    numbers = {f"{n}Band": str(b) for n, b in zip(names, bands, strict=True)}
    renderer = _renderer("multibandcolor", **numbers)
    for name, least, most in zip(names, low, high, strict=True):
        stretch = ET.SubElement(renderer, f"{name}ContrastEnhancement")
        ET.SubElement(stretch, "minValue").text = f"{least:.6g}"
        ET.SubElement(stretch, "maxValue").text = f"{most:.6g}"
        ET.SubElement(stretch, "algorithm").text = "StretchToMinimumMaximum"
    return [_pipe(renderer)]


def ramp(stops: Sequence[Stop]) -> list[ET.Element]:
    """Return the style of one band whose colours run from stop to stop."""
    limits = {"classificationMin": str(stops[0].value), "classificationMax": str(stops[-1].value)}
    renderer = _renderer("singlebandpseudocolor", band="1", **limits)
    shader = ET.SubElement(
        ET.SubElement(renderer, "rastershader"),
        "colorrampshader",
        colorRampType="INTERPOLATED",
        classificationMode="1",
        clip="0",
        minimumValue=str(stops[0].value),
        maximumValue=str(stops[-1].value),
    )
    for stop in stops:
        ET.SubElement(shader, "item", _entry(stop))
    return [_pipe(renderer)]


def palette(stops: Sequence[Stop]) -> list[ET.Element]:
    """Return the style of one band of classes."""
    renderer = _renderer("paletted", band="1")
    entries = ET.SubElement(renderer, "colorPalette")
    for stop in stops:
        ET.SubElement(entries, "paletteEntry", _entry(stop) | {"value": f"{stop.value:g}"})
    return [_pipe(renderer)]


def outline(
    colour: Colour, *, fill_alpha: int = 60, choices: Mapping[str, str] | None = None
) -> list[ET.Element]:
    """Return the style of polygons with a clear outline and a translucent fill.

    Args:
        colour: of both.
        fill_alpha: of the fill, 0 to 255.
        choices: for the field ``class``, what may be chosen when editing, name by value; the first
            is what a new polygon gets.
    """
    renderer = ET.Element("renderer-v2", type="singleSymbol", symbollevels="0", enableorderby="0")
    symbol = ET.SubElement(
        ET.SubElement(renderer, "symbols"), "symbol", type="fill", name="0", alpha="1"
    )
    layer = ET.SubElement(
        symbol, "layer", {"class": "SimpleFill", "enabled": "1", "pass": "0", "locked": "0"}
    )
    _properties(
        layer,
        {
            "color": _rgba(colour, fill_alpha),
            "style": "solid",
            "outline_color": _rgba(colour, 255),
            "outline_style": "solid",
            "outline_width": "0.5",
            "outline_width_unit": "MM",
            "joinstyle": "miter",
        },
    )
    style = [renderer, *_blend()]
    return style if choices is None else [*style, *_form(choices)]


def _form(choices: Mapping[str, str]) -> list[ET.Element]:
    """Return the editing widget of the field ``class`` and its value for new polygons."""
    configuration = ET.Element("fieldConfiguration")
    widget = ET.SubElement(
        ET.SubElement(configuration, "field", name="class"), "editWidget", type="ValueMap"
    )
    options = ET.SubElement(ET.SubElement(widget, "config"), "Option", type="Map")
    listed = ET.SubElement(options, "Option", name="map", type="List")
    for value, name in choices.items():
        one = ET.SubElement(listed, "Option", type="Map")
        ET.SubElement(one, "Option", name=name, value=value, type="QString")
    defaults = ET.Element("defaults")
    first = next(iter(choices))
    ET.SubElement(defaults, "default", field="class", expression=f"'{first}'", applyOnUpdate="0")
    return [configuration, defaults]


def _properties(layer: ET.Element, values: Mapping[str, str]) -> None:
    """Add a symbol layer's properties in the new spelling and in the one before QGIS 3.18."""
    options = ET.SubElement(layer, "Option", type="Map")
    for name, value in values.items():
        ET.SubElement(options, "Option", name=name, value=value, type="QString")
    for name, value in values.items():
        ET.SubElement(layer, "prop", k=name, v=value)


def _blend() -> list[ET.Element]:
    opacity = ET.Element("layerOpacity")
    opacity.text = "1"
    return [opacity]


def _renderer(kind: str, **attributes: str) -> ET.Element:
    common = {"type": kind, "opacity": "1", "alphaBand": "-1", "nodataColor": ""}
    renderer = ET.Element("rasterrenderer", common | attributes)
    ET.SubElement(renderer, "rasterTransparency")
    return renderer


def _pipe(renderer: ET.Element) -> ET.Element:
    pipe = ET.Element("pipe")
    pipe.append(renderer)
    ET.SubElement(pipe, "brightnesscontrast", brightness="0", contrast="0", gamma="1")
    ET.SubElement(pipe, "huesaturation", saturation="0", grayscaleMode="0", colorizeOn="0")
    ET.SubElement(pipe, "rasterresampler", maxOversampling="2")
    return pipe


def _entry(stop: Stop) -> dict[str, str]:
    red, green, blue = stop.colour
    return {
        "value": f"{stop.value:g}",
        "label": stop.label,
        "color": f"#{red:02x}{green:02x}{blue:02x}",
        "alpha": str(stop.alpha),
    }


def _rgba(colour: Colour, alpha: int) -> str:
    return ",".join(str(part) for part in (*colour, alpha))
