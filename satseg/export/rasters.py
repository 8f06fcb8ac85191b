"""Mask, probability and uncertainty as Cloud Optimised GeoTIFFs, cut out where wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from satseg.area import PixelRegion
from satseg.catalog_records import PredictionRecord
from satseg.class_raster import (
    class_content,
    class_layer,
    class_tags,
    no_legend,
    open_classes,
)
from satseg.cog import cog_rows
from satseg.cog_layer import Layer
from satseg.ensemble import content, uncertainty_layer
from satseg.errors import ModelError
from satseg.export import legend
from satseg.export.outlines import extent_of, inside_of
from satseg.export.subject import Subject, as_tags
from satseg.grids import Grid
from satseg.mask import MASK, mask_strips
from satseg.predict import PROBABILITY
from satseg.probability import NODATA, SCALE, encode
from satseg.probability_raster import open_probability, strips
from satseg.uncertainty import LARGEST, Uncertainty, uncertainty
from satseg.windows import Window

Progress = Callable[[int, int], None]
Strips = Iterator[tuple[Window, NDArray[np.uint8]]]

COLOURED_MASK = replace(MASK, colours=legend.MASK)
"""The mask's layer with its colour table."""

_STRIP_ROWS = 64


def write_raster_cog(
    subject: Subject,
    kind: Literal["mask", "probability", "classes"] | Uncertainty,
    output: Path,
    *,
    progress: Progress | None = None,
) -> Grid:
    """Write the raster of a kind as a COG and return its grid; see the functions below."""
    if kind == "mask":
        return write_mask_cog(subject, output, progress=progress)
    if kind == "classes":
        return write_classes_cog(subject, output, progress=progress)
    if kind == "probability":
        return write_probability_cog(subject, output, progress=progress)
    return write_uncertainty_cog(subject, kind, output, progress=progress)


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


def has_uncertainty(prediction: PredictionRecord, kind: Uncertainty) -> bool:
    """Return whether a map has this kind of uncertainty: any has entropy, ensembles have all."""
    return kind == "entropy" or kind in prediction.layers


def write_uncertainty_cog(
    subject: Subject, kind: Uncertainty, output: Path, *, progress: Progress | None = None
) -> Grid:
    """Write how sure the map is as a COG and return its grid.

    The raster is uint8, 255 for no data, with the factor to real values as the band's scale, as
    ``satseg uncertainty`` writes it. See ``write_mask_cog`` for the rest.

    Raises:
        ModelError: the map does not have this kind of uncertainty.
    """
    prediction = subject.prediction
    if not has_uncertainty(prediction, kind):
        raise ModelError(
            expected=f"the map of an ensemble for {kind}",
            found=f"{prediction.id} by {prediction.model_id}",
            fix="Map the scene with two models or more, or ask for the entropy",
        )
    raster = open_probability(prediction.layers.get(kind, prediction.probability))
    found = strips(raster, _STRIP_ROWS)
    if kind not in prediction.layers:
        found = ((window, _ENTROPY[codes]) for window, codes in found)
    described = (uncertainty_layer(kind), content(kind)["SATSEG_CONTENT"])
    return _write(subject, (raster.grid, found), described, output, progress)


def _entropy_codes() -> NDArray[np.uint8]:
    """Return the code (256) of the entropy of each code of probability."""
    values = (np.arange(256) / np.float32(SCALE)).clip(max=1).astype(np.float32)[None, None]
    share = uncertainty(values, (1.0,), "entropy") / np.float32(LARGEST["entropy"])
    codes: NDArray[np.uint8] = encode(share, np.arange(256)[None] != NODATA)[0]
    return codes


_ENTROPY = _entropy_codes()


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
