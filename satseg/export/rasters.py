"""The mask and the probability as Cloud Optimised GeoTIFFs, cut out where wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from satseg.area import PixelRegion
from satseg.class_raster import (
    class_content,
    class_layer,
    class_tags,
    no_legend,
    open_classes,
)
from satseg.cog import Layer, cog_rows
from satseg.export import legend
from satseg.export.outlines import extent_of, inside_of
from satseg.export.subject import Subject, as_tags
from satseg.grids import Grid
from satseg.mask import MASK, mask_strips
from satseg.predict import PROBABILITY
from satseg.probability import NODATA
from satseg.probability_raster import open_probability, strips
from satseg.windows import Window

Progress = Callable[[int, int], None]
Strips = Iterator[tuple[Window, NDArray[np.uint8]]]

COLOURED_MASK = replace(MASK, colours=legend.MASK)
"""The mask's layer with its colour table."""

_STRIP_ROWS = 64


def write_mask_cog(subject: Subject, output: Path, *, progress: Progress | None = None) -> Grid:
    """Write where there is farmland as a COG and return its grid.

    The raster is uint8 (1 farmland, 0 other, 255 no data) with a colour table, on the
    prediction's own pixels. Where the subject is clipped the raster ends with the area of
    interest; pixels of which less than half lies inside are no data.

    Raises:
        RegionError: the area of interest lies outside of the map.
        SceneError: the prediction cannot be read.
        StorageError: the raster cannot be written; nothing is left behind.
    """
    raster = open_probability(subject.prediction.probability)
    found = mask_strips(raster, threshold=subject.threshold, min_area_m2=subject.min_area_m2)
    content = "1 farmland, 0 other, 255 no data"
    described = (COLOURED_MASK, content)
    return _write(subject, (raster.grid, found), described, output, progress)


def write_probability_cog(
    subject: Subject, output: Path, *, progress: Progress | None = None
) -> Grid:
    """Write the probability of farmland as a COG and return its grid.

    The raster is uint8: v stands for a probability of v / 254 (the file's scale says so), 255 for
    no data. Threshold and smallest area do not change it. See ``write_mask_cog`` for the rest.
    """
    raster = open_probability(subject.prediction.probability)
    content = "probability of farmland: value / 254; 255 no data"
    found = strips(raster, _STRIP_ROWS)
    return _write(subject, (raster.grid, found), (PROBABILITY, content), output, progress)


def write_classes_cog(subject: Subject, output: Path, *, progress: Progress | None = None) -> Grid:
    """Write the likeliest class of the land as a COG and return its grid.

    The raster is uint8, codes of satseg.classes with their colours and names; 255 for no data.
    Threshold and smallest area do not change it. See ``write_mask_cog`` for the rest.

    Raises:
        ModelError: the prediction's model tells no classes apart.
    """
    if subject.prediction.classes is None:
        raise no_legend()
    raster, legend = open_classes(subject.prediction.classes)
    found = strips(raster, _STRIP_ROWS)
    described = (class_layer(legend), class_content(legend))
    return _write(subject, (raster.grid, found), described, output, progress, class_tags(legend))


def _write(  # noqa: PLR0917 -- three callers, everything of them
    subject: Subject,
    source: tuple[Grid, Strips],
    described: tuple[Layer, str],
    output: Path,
    progress: Progress | None,
    further: Mapping[str, str] = MappingProxyType({}),
) -> Grid:
    (grid, found), (layer, content) = source, described
    inside = None if subject.clip is None else inside_of(subject.clip, grid)
    place = Window(0, 0, *grid.shape) if inside is None else extent_of(inside, grid)
    target = cropped(grid, place)
    provenance = {f"SATSEG_{key.upper()}": text for key, text in _tags(subject).items()}
    tags = {**provenance, **further, "SATSEG_CONTENT": content}
    with cog_rows(output, target, layer, tags=tags) as writer:
        for window, codes in found:
            first, last = max(window.row, place.row), min(window.row_stop, place.row_stop)
            if first < last:
                part = Window(first, place.col, last - first, place.width)
                rows = codes[first - window.row : last - window.row, place.col : place.col_stop]
                writer.write(rows if inside is None else _masked(rows, inside, part))
            if progress is not None:
                progress(window.row_stop, grid.height)
    return target


def cropped(grid: Grid, place: Window) -> Grid:
    """Return the grid of a window of a grid."""
    a, b, c, d, e, f = (grid.affine @ Affine.translation(place.col, place.row))[:6]
    return Grid(grid.crs, (a, b, c, d, e, f), place.height, place.width)


def _masked(rows: NDArray[np.uint8], inside: PixelRegion, part: Window) -> NDArray[np.uint8]:
    return np.where(inside.coverage(part) >= 0.5, rows, NODATA).astype(np.uint8)


def _tags(subject: Subject) -> dict[str, str]:
    return as_tags(subject.provenance())
