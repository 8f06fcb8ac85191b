"""Several models' maps of one scene as one map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from satseg.cog import cog_rows
from satseg.errors import ModelError, SceneError
from satseg.grids import Grid
from satseg.predict import PROBABILITY, Progress
from satseg.probability import SCALE, encode
from satseg.probability_raster import ProbabilityRaster, open_probability
from satseg.windows import Window

Method = Literal["mean", "median"]
_STRIP_ROWS = 64
_SAME_PLACE_PX = 0.5


def combine(
    members: Sequence[Path],
    output: Path,
    *,
    method: Method = "mean",
    weights: Sequence[float] | None = None,
    tags: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Grid:
    """Write the combined probability of several maps and return its grid.

    The map is on the grid of the finest member (the first of equally fine ones); coarser members
    are interpolated between their pixel centres. A pixel has data where every member has.

    Args:
        members: probability rasters of one footprint, on any grids.
        output: where the COG goes; replaced where it exists.
        method: weighted mean or median of the probabilities.
        weights: one weight above 0 a member, for the mean; equal where None.
        tags: metadata beside that of the finest member and SATSEG_ENSEMBLE.
        progress: called with (rows done, rows in all).

    Raises:
        ModelError: no member, or weights that do not fit.
        SceneError: a member cannot be read, or lies elsewhere.
        StorageError: the map cannot be written; nothing is left behind.
    """
    shares = _shares(len(members), weights, method)
    rasters = [open_probability(path) for path in members]
    finest = min(rasters, key=lambda raster: max(raster.grid.gsd_m()))
    for raster in rasters:
        _check_place(raster, finest)
    grid = finest.grid
    with ExitStack() as stack:
        readers = [stack.enter_context(raster.reader()) for raster in rasters]
        provenance = {**_provenance(rasters, finest, shares, method), **(tags or {})}
        writer = stack.enter_context(cog_rows(output, grid, PROBABILITY, tags=provenance))
        for row in range(0, grid.height, _STRIP_ROWS):
            window = Window(row, 0, _STRIP_ROWS, grid.width).clipped(grid.shape)
            pieces = [reader.read(window, grid, (0,)) for reader in readers]
            values = np.stack([data[0] / np.float32(SCALE) for data, _ in pieces])
            valid = np.logical_and.reduce([each for _, each in pieces])
            writer.write(encode(_combined(values, shares, method), valid))
            if progress is not None:
                progress(window.row_stop, grid.height)
    return grid


def _combined(
    values: NDArray[np.float32], shares: NDArray[np.float64], method: Method
) -> NDArray[np.float32]:
    if method == "median":
        return np.asarray(np.median(values, axis=0), dtype=np.float32)
    return np.asarray(np.tensordot(shares, values, axes=1), dtype=np.float32)


def _shares(count: int, weights: Sequence[float] | None, method: Method) -> NDArray[np.float64]:
    chosen = np.array([1.0] * count if weights is None else weights, dtype=np.float64)
    usable = len(chosen) == count > 0 and bool(np.isfinite(chosen).all() and (chosen > 0).all())
    if not usable or method not in ("mean", "median") or (method == "median" and weights):
        raise ModelError(
            expected="one or more members, with one weight above 0 each for the mean",
            found=f"{count} members, weights {weights}, method {method}",
            fix="Give a weight to each member, or none at all",
        )
    return np.asarray(chosen / chosen.sum())


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
    rasters: Sequence[ProbabilityRaster],
    finest: ProbabilityRaster,
    shares: NDArray[np.float64],
    method: Method,
) -> dict[str, str]:
    kept = {key: value for key, value in finest.tags.items() if key.startswith("SATSEG_")}
    simulated = any(raster.tags.get("SATSEG_SIMULATED") == "YES" for raster in rasters)
    names = [
        f"{raster.tags.get('SATSEG_MODEL', raster.path.stem)} x {share:.4f}"
        for raster, share in zip(rasters, shares, strict=True)
    ]
    return {
        **kept,
        "SATSEG_ENSEMBLE": f"{method} of {', '.join(names)}",
        "SATSEG_SIMULATED": "YES" if simulated else "NO",
    }
