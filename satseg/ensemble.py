"""Several models' maps of one scene as one map, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from satseg.cog import cog_rows
from satseg.cog_layer import Layer
from satseg.errors import ModelError, SceneError
from satseg.grids import Grid
from satseg.pooling import Pooling
from satseg.predict import PROBABILITY, Progress
from satseg.probability import NODATA, SCALE, encode
from satseg.probability_raster import ProbabilityRaster, open_probability
from satseg.uncertainty import LARGEST, UNITS, Uncertainty, uncertainty
from satseg.windows import Window

_STRIP_ROWS = 64
_SAME_PLACE_PX = 0.5
_SINGLE: tuple[Uncertainty, ...] = ("entropy",)
_MEANING: dict[Uncertainty, str] = {
    "disagreement": "standard deviation of the members' probabilities",
    "entropy": "entropy of the mean probability",
    "information": "mutual information of label and member",
}


def combine(
    members: Sequence[Path],
    output: Path | None,
    *,
    pooling: Pooling | None = None,
    uncertainties: Mapping[Uncertainty, Path] | None = None,
    tags: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Grid:
    """Write the combined probability of several maps, with its uncertainty; return its grid.

    The map is on the grid of the finest member (the first of equally fine ones); coarser members
    are interpolated between their pixel centres. A pixel has data where every member has. The
    members are read once, in strips of whole rows: memory does not depend on their height.

    Args:
        members: probability rasters of one footprint, on any grids.
        output: where the COG goes; replaced where it exists. None for the uncertainties alone.
        pooling: how they become one; their mean without it.
        uncertainties: where the COG of each kind of uncertainty goes, if anywhere: uint8, 255 for
            no data, with the factor to real values as the band's scale (``uncertainty_layer``).
            One member has entropy alone.
        tags: metadata beside that of the finest member and SATSEG_ENSEMBLE.
        progress: called with (rows done, rows in all).

    Raises:
        ModelError: no member, a pooling of another number of members, or an uncertainty that a
            single member does not have.
        SceneError: a member cannot be read, or lies elsewhere.
        StorageError: a map cannot be written; nothing is left behind.
    """
    asked = dict(uncertainties or {})
    how = _checked(len(members), pooling, asked)
    rasters = [open_probability(path) for path in members]
    finest = min(rasters, key=lambda raster: max(raster.grid.gsd_m()))
    for raster in rasters:
        _check_place(raster, finest)
    grid = finest.grid
    provenance = {**_provenance(rasters, finest, how), **(tags or {})}
    with ExitStack() as stack:
        probability = None
        if output is not None:
            probability = stack.enter_context(cog_rows(output, grid, PROBABILITY, tags=provenance))
        writers = {
            kind: stack.enter_context(
                cog_rows(path, grid, uncertainty_layer(kind), tags=provenance | content(kind))
            )
            for kind, path in asked.items()
        }
        for window, values, valid in _strips(rasters, grid):
            if probability is not None:
                probability.write(encode(how.pooled(values), valid))
            for kind, writer in writers.items():
                share = uncertainty(values, how.shares, kind) / np.float32(LARGEST[kind])
                writer.write(encode(share, valid))
            if progress is not None:
                progress(window.row_stop, grid.height)
    return grid


def uncertainty_layer(kind: Uncertainty) -> Layer:
    """Return what the pixels of a raster of uncertainty are: uint8, 255 for no data."""
    return Layer(f"{_MEANING[kind]} ({UNITS[kind]})", nodata=NODATA, scale=LARGEST[kind] / SCALE)


def content(kind: Uncertainty) -> dict[str, str]:
    """Return the tag that says what a raster of uncertainty holds."""
    text = f"{_MEANING[kind]}, {UNITS[kind]} = value x {LARGEST[kind]:g} / {SCALE}"
    return {"SATSEG_CONTENT": f"{text}; {NODATA} no data"}


def _strips(
    rasters: Sequence[ProbabilityRaster], grid: Grid
) -> Iterator[tuple[Window, NDArray[np.float32], NDArray[np.bool_]]]:
    """Yield strips from top to bottom: window, probabilities (members, h, w), valid (h, w)."""
    with ExitStack() as stack:
        readers = [stack.enter_context(raster.reader()) for raster in rasters]
        for row in range(0, grid.height, _STRIP_ROWS):
            window = Window(row, 0, _STRIP_ROWS, grid.width).clipped(grid.shape)
            pieces = [reader.read(window, grid, (0,)) for reader in readers]
            values = np.stack([data[0] / np.float32(SCALE) for data, _ in pieces])
            yield window, values, np.logical_and.reduce([each for _, each in pieces])


def _checked(count: int, pooling: Pooling | None, asked: Mapping[Uncertainty, Path]) -> Pooling:
    how = Pooling.of(count) if pooling is None else pooling
    if len(how.shares) != count:
        raise ModelError(
            expected=f"a weight for each of {count} members",
            found=f"{len(how.shares)} weights",
            fix="Give a weight to each member, or none at all",
        )
    lacking = [kind for kind in asked if count == 1 and kind not in _SINGLE]
    if lacking:
        raise ModelError(
            expected=f"two or more members for {' and '.join(lacking)}",
            found="1 member",
            fix="Ask for the entropy, which a single model has, or for an ensemble",
        )
    return how


def _check_place(raster: ProbabilityRaster, finest: ProbabilityRaster) -> None:
    into = ~finest.grid.affine
    height, width = finest.grid.shape
    own = raster.grid
    corners = [(0, 0), (own.width, 0), (0, own.height), (own.width, own.height)]
    found = [into @ (own.affine @ corner) for corner in corners]
    wanted = [(0, 0), (width, 0), (0, height), (width, height)]
    if own.crs != finest.grid.crs or np.abs(np.subtract(found, wanted)).max() > _SAME_PLACE_PX:
        raise SceneError(
            expected=f"maps of one scene, with the footprint of {finest.path.name}",
            found=f"{raster.path.name} with bounds {own.bounds} in {own.crs[:40]}",
            fix="Combine only predictions of the same scene",
        )


def _provenance(
    rasters: Sequence[ProbabilityRaster], finest: ProbabilityRaster, how: Pooling
) -> dict[str, str]:
    kept = {key: value for key, value in finest.tags.items() if key.startswith("SATSEG_")}
    simulated = any(raster.tags.get("SATSEG_SIMULATED") == "YES" for raster in rasters)
    names = [
        f"{raster.tags.get('SATSEG_MODEL', raster.path.stem)} x {share:.4f}"
        for raster, share in zip(rasters, how.shares, strict=True)
    ]
    text = f"{how.method} of {', '.join(names)}"
    if how.method == "vote":
        text += f"; from {', '.join(f'{cut:g}' for cut in how.cuts)}"
    if how.temperature != 1:
        text += f"; temperature {how.temperature:g}"
    return {
        **kept,
        "SATSEG_ENSEMBLE": text,
        "SATSEG_SIMULATED": "YES" if simulated else "NO",
    }
