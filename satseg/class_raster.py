"""Class rasters on disk: codes of satseg.classes with their colours, 255 for no data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from satseg.cog import RowWriter, cog_rows
from satseg.cog_layer import Layer
from satseg.errors import ModelError, SceneError
from satseg.grids import Grid
from satseg.legend import NODATA, Legend, legend_of
from satseg.probability_raster import ProbabilityRaster, open_probability

CLASSES_TAG = "SATSEG_CLASSES"
"""Tag of a class raster: its classes in the model's order, ``name:#rrggbb:farmland or not``."""


@contextmanager
def class_rows(
    path: Path, grid: Grid, legend: Legend, tags: Mapping[str, str]
) -> Iterator[RowWriter]:
    """Yield a writer of the rows of a class raster at ``path``; see ``satseg.cog.cog_rows``."""
    kept = {**tags, **class_tags(legend), "SATSEG_CONTENT": class_content(legend)}
    with cog_rows(path, grid, class_layer(legend), tags=kept) as writer:
        yield writer


def class_layer(legend: Legend) -> Layer:
    """Return what the pixels of a class raster are, with its colour table."""
    colours = tuple((entry.land.code, (*entry.rgb, 255)) for entry in legend.entries)
    return Layer("class", nodata=NODATA, overviews="mode", colours=colours)


def class_content(legend: Legend) -> str:
    """Return what the values of a class raster mean, as one line."""
    values = ", ".join(f"{entry.land.code} {entry.key}" for entry in legend.entries)
    return f"land cover: {values}; {NODATA} no data"


def class_tags(legend: Legend) -> dict[str, str]:
    """Return the tag from which ``open_classes`` reads the legend."""
    return {CLASSES_TAG: _written(legend)}


def open_classes(path: Path) -> tuple[ProbabilityRaster, Legend]:
    """Return a class raster, whose codes are read as those of a probability raster, and its legend.

    Raises:
        SceneError: no such file, or no class raster.
    """
    raster = open_probability(path)
    try:
        legend = legend_of(_read(raster.tags[CLASSES_TAG]))
    except (KeyError, ValueError, ModelError):
        legend = None
    if legend is None:
        raise SceneError(
            expected="a class raster with its legend",
            found=f"{path.name} without a usable tag {CLASSES_TAG}",
            fix="Give a raster of classes that `satseg predict` wrote",
        )
    return raster, legend


def no_legend() -> ModelError:
    """Return the error for a model that tells no classes apart."""
    return ModelError(
        expected="a model with classes, for a map of them",
        found="a model that knows farmland only",
        fix="Choose a model whose card has classes, for example landcover",
    )


def _written(legend: Legend) -> str:
    kinds = {True: "farmland", False: "other"}
    return ",".join(f"{one.key}:{one.colour}:{kinds[one.farmland]}" for one in legend.entries)


def _read(text: str) -> list[dict[str, object]]:
    rows = []
    for part in text.split(","):
        name, colour, kind = part.split(":")
        rows.append({"name": name, "colour": colour, "farmland": kind == "farmland"})
    return rows
