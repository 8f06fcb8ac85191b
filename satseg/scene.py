"""Scenes: one georeferenced image of one date, read as scaled windows at any resolution."""

from __future__ import annotations

import datetime
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyproj.exceptions
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from satseg.allocation import usable_cores
from satseg.bands import canonical, positions, resolve
from satseg.dates import parse_date
from satseg.errors import BandError, DateError, SceneError
from satseg.grids import Grid
from satseg.mosaics import driver_of
from satseg.reading import Layout, PixelReader, Validity, raster_environment
from satseg.scaling import Stretch, percentile_stretch
from satseg.windows import Window

SIMULATED_TAG = "SATSEG_SIMULATED"
_DATE_TAGS = ("ACQUISITION_DATE", "ACQUISITIONDATETIME", "TIFFTAG_DATETIME")
_DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")
_WHOLE_SIDE = 2048
_SAMPLE_SIDE = 128
_SAMPLES_PER_AXIS = 12


@dataclass(frozen=True, slots=True)
class Scene:
    """One georeferenced image.

    Attributes:
        path: the GeoTIFF.
        grid: its own pixel grid.
        bands: canonical band names in the order of the file.
        dtype: numpy name of the file's data type.
        date: day of acquisition, None where nobody said.
        stretch: digital numbers that become 0 and 1, one pair a band.
        simulated: whether the file calls itself simulated (tag SATSEG_SIMULATED=YES).
        tags: the file's metadata tags.
        layout: where the pixels stand in the file.
    """

    path: Path
    grid: Grid
    bands: tuple[str, ...]
    dtype: str
    date: datetime.date | None
    stretch: Stretch
    simulated: bool
    tags: Mapping[str, str]
    layout: Layout

    def grid_at(self, gsd_m: float | None) -> Grid:
        """Return the scene's grid at ``gsd_m`` metres, its own grid for None."""
        return self.grid if gsd_m is None else self.grid.at_gsd(gsd_m)

    def read(
        self, window: Window, *, gsd_m: float | None = None, bands: Sequence[str] | None = None
    ) -> np.ma.MaskedArray:
        """Return a window of ``grid_at(gsd_m)``; see ``SceneReader.read``."""
        with self.reader() as reader:
            return reader.read(window, gsd_m=gsd_m, bands=bands)

    @contextmanager
    def reader(self) -> Iterator[SceneReader]:
        """Open the file for many reads, in one thread at a time."""
        with PixelReader(self.layout) as pixels:
            yield SceneReader(self, pixels)


@dataclass(frozen=True, slots=True)
class SceneReader:
    """A scene whose file is open."""

    scene: Scene
    pixels: PixelReader

    def prepare(self, *, gsd_m: float | None = None) -> None:
        """Open what windows at ``gsd_m`` are read from: the first one is then there earlier.

        Raises:
            SceneError: the file cannot be read.
        """
        self.pixels.prepare(self.scene.grid_at(gsd_m))

    def close(self) -> None:
        """Close the file now; another read would open it again."""
        self.pixels.close()

    def read(
        self, window: Window, *, gsd_m: float | None = None, bands: Sequence[str] | None = None
    ) -> np.ma.MaskedArray:
        """Return scaled values of a window.

        Args:
            window: pixels of ``scene.grid_at(gsd_m)``. What lies outside of the scene is masked.
            gsd_m: ground sample distance in metres; None for the scene's own pixels. Coarser
                pixels are averages over their exact area, finer ones bilinear.
            bands: names in the wanted order; None for all bands of the scene.

        Returns:
            Masked float32 (bands, height, width) in [0, 1], 0 under the mask. The mask is the same
            for all bands: a pixel is valid where at least half of it is valid in the file. Neither
            value nor mask of a pixel depends on the window.

        Raises:
            BandError: the scene lacks a band.
            SceneError: the file cannot be read there.
        """
        count = len(self.scene.bands if bands is None else bands)
        scaled = np.empty((count, *window.shape), dtype=np.float32)
        valid = self.fill(scaled, window, gsd_m=gsd_m, bands=bands)
        mask = np.broadcast_to(~valid, scaled.shape).copy()
        return np.ma.MaskedArray(scaled, mask=mask, fill_value=0)

    def fill(
        self,
        scaled: NDArray[np.float32],
        window: Window,
        *,
        gsd_m: float | None = None,
        bands: Sequence[str] | None = None,
    ) -> NDArray[np.bool_]:
        """Write what ``read`` returns into ``scaled`` (bands, height, width); return validity.

        Returns:
            bool (height, width).

        Raises:
            BandError, SceneError: as ``read``.
        """
        scene = self.scene
        wanted = positions(scene.bands, scene.bands if bands is None else bands)
        grid = scene.grid_at(gsd_m)
        whole = self.pixels.unsampled(window, grid, wanted)
        numbers, valid = whole or self.pixels.read(window, grid, wanted, out=scaled)
        scene.stretch.select(wanted).apply(numbers, out=scaled)
        if not valid.all():
            scaled[:, ~valid] = 0
        return valid


def open_scene(
    path: Path | str,
    *,
    bands: Sequence[str] | None = None,
    date: datetime.date | str | None = None,
    only: Sequence[str] | None = None,
) -> Scene:
    """Return the scene in a GeoTIFF.

    Opening reads a sample of the pixels, for the stretch and to find damaged files: all of a scene
    of up to 2048 x 2048 pixels, 12 x 12 evenly spread squares of 128 x 128 pixels of a larger one.
    The stretch of a band is the same whether or not the scene has others.

    Args:
        path: a GeoTIFF or COG with 3 or more bands and a CRS. An alpha band or a mask says which
            pixels are valid, else the nodata value. Where a 16-bit file names neither, pixels that
            are 0 in all bands are the fill around WorldView imagery, not ground.
        bands: names in the order of the file; where there are as many as the file has bands, one
            marked as alpha counts as an ordinary band. Else the file's descriptions or the
            customary order apply (see ``bands.resolve``).
        date: day of acquisition; else the file's tags ACQUISITION_DATE or TIFFTAG_DATETIME.
        only: names of the bands that will be read; the scene then has no others, and opens as much
            faster as there are fewer of them.

    Raises:
        SceneError: no such file, no GeoTIFF, damaged, without CRS, or without valid pixels.
        BandError: the bands are not known by name, or some of ``only`` are missing.
        DateError: ``date`` is no date.
    """
    path = Path(path)
    day = parse_date(date) if isinstance(date, str) else date
    if not path.is_file():
        raise SceneError(
            expected="a GeoTIFF file",
            found=f"no file at {path}",
            fix="Check the path",
        )
    with raster_environment(), _opened(path) as dataset:
        grid = _grid(dataset, path)
        indexes, names = _named_bands(dataset, bands)
        layout = _layout(dataset, path, grid, indexes)
        tags = dict(dataset.tags())
        found = {**dataset.tags(ns="IMAGERY"), **tags}
        dtype = str(dataset.dtypes[indexes[0] - 1])
    kept = sorted(set(positions(names, names if only is None else only)))
    return Scene(
        path=path,
        grid=grid,
        bands=tuple(names[position] for position in kept),
        dtype=dtype,
        date=day or _tagged_date(found),
        stretch=_stretch(layout, kept),
        simulated=tags.get(SIMULATED_TAG, "").upper() == "YES",
        tags=tags,
        layout=layout.select(kept),
    )


@contextmanager
def _opened(path: Path) -> Iterator[rasterio.DatasetReader]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path, driver=driver_of(path))
    except (RasterioError, OSError) as error:
        raise SceneError(
            expected="a complete GeoTIFF",
            found=f"{path.name}: {error}",
            fix="Convert other formats with gdal_translate -of COG; copy a truncated file again",
        ) from error
    with dataset:
        yield dataset


def _grid(dataset: rasterio.DatasetReader, path: Path) -> Grid:
    if dataset.crs is None or dataset.transform.is_identity:
        missing = "no CRS" if dataset.crs is None else "no geotransform"
        raise SceneError(
            expected="a georeferenced image, with a CRS and a geotransform",
            found=f"{path.name}: {missing}",
            fix="Georeference it, for example with gdal_translate -a_srs EPSG:32651 -a_ullr ...",
        )
    number = dataset.crs.to_epsg(confidence_threshold=100)
    crs = dataset.crs.to_wkt() if number is None else f"EPSG:{number}"
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    grid = Grid(crs, (a, b, c, d, e, f), dataset.height, dataset.width)
    try:
        placed = all(math.isfinite(gsd) and gsd > 0 for gsd in grid.gsd_m())
    except (pyproj.exceptions.ProjError, ValueError):
        placed = False
    if not placed:
        raise SceneError(
            expected="a CRS and a geotransform that lie on the earth",
            found=f"{path.name}: bounds {grid.bounds} in {crs[:80]}",
            fix="Correct the georeference, for example with gdal_edit -a_srs or -a_ullr",
        )
    return grid


def _named_bands(
    dataset: rasterio.DatasetReader, requested: Sequence[str] | None
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    indexes = tuple(
        index
        for index, colour in zip(dataset.indexes, dataset.colorinterp, strict=True)
        if colour != ColorInterp.alpha
    )
    all_named = _all_canonical(dataset.descriptions)
    if (requested is not None and len(requested) == dataset.count) or all_named:
        indexes = tuple(dataset.indexes)
    kinds = {dataset.dtypes[index - 1] for index in indexes}
    if len(kinds) > 1 or not kinds <= set(_DTYPES):
        raise BandError(
            expected=f"bands of one data type out of {', '.join(_DTYPES)}",
            found=", ".join(sorted(kinds)) or "no band but alpha",
            fix="Convert the file, for example with gdal_translate -ot UInt16",
        )
    described = [dataset.descriptions[index - 1] for index in indexes]
    return indexes, resolve(len(indexes), described, requested)


def _all_canonical(descriptions: Sequence[str | None]) -> bool:
    try:
        return all(name is not None and bool(canonical(name)) for name in descriptions)
    except BandError:
        return False


def _layout(
    dataset: rasterio.DatasetReader, path: Path, grid: Grid, indexes: tuple[int, ...]
) -> Layout:
    flags = dataset.mask_flag_enums[indexes[0] - 1]
    alpha_is_data = MaskFlags.alpha in flags and len(indexes) == dataset.count
    nodata = [dataset.nodatavals[index - 1] for index in indexes]
    validity: Validity = "all"
    if MaskFlags.per_dataset in flags and not alpha_is_data:
        validity = "mask"
    elif all(value is not None for value in nodata):
        return Layout(path, grid, indexes, "nodata", tuple(float(value) for value in nodata))
    elif dataset.dtypes[0] == "uint16":
        validity = "blackfill"
    return Layout(path, grid, indexes, validity)


def _tagged_date(tags: Mapping[str, str]) -> datetime.date | None:
    for tag in _DATE_TAGS:
        try:
            return parse_date(tags.get(tag, ""))
        except DateError:
            continue
    return None


def _stretch(layout: Layout, wanted: Sequence[int]) -> Stretch:
    rows = _spread(layout.grid.height)
    count = min(len(rows), usable_cores())
    shares = [rows[first::count] for first in range(count)]
    with ExitStack() as files, ThreadPoolExecutor(len(shares)) as pool:
        # opened here: the first file that a thread opens takes it ten times as long as the next
        opened = [files.enter_context(PixelReader(layout)) for _ in shares]
        found = list(pool.map(lambda *of: _samples(wanted, *of), shares, opened))
    joined = [np.concatenate(band) for band in zip(*found, strict=True)]
    if not joined[0].size:
        raise SceneError(
            expected="valid pixels",
            found=f"{layout.path.name}: nothing but nodata",
            fix="Check the nodata value, the mask or the alpha band of the file",
        )
    return percentile_stretch(joined)


def _samples(
    wanted: Sequence[int], rows: Sequence[tuple[int, int]], pixels: PixelReader
) -> list[NDArray[np.number]]:
    """Return the valid numbers of the wanted bands in the sampled squares of some rows of squares.

    What is valid depends on all bands, but the others are read only where they matter.
    """
    every = range(len(pixels.layout.indexes))
    samples: list[list[NDArray[np.number]]] = [[] for _ in wanted]
    for row, height in rows:
        for col, width in _spread(pixels.layout.grid.width):
            window = Window(row, col, height, width)
            numbers, valid = pixels.native(window, wanted)
            whole = bool(valid.all())
            if len(wanted) < len(every) and (not whole or numbers.dtype.kind == "f"):
                numbers, valid = pixels.native(window, every)
                numbers, whole = numbers[list(wanted)], bool(valid.all())
            for band, values in zip(samples, numbers, strict=True):
                band.append(values.ravel() if whole else values[valid])
    return [np.concatenate(band) for band in samples]


def _spread(size: int) -> list[tuple[int, int]]:
    """Return (start, length) of the pieces of an axis to sample: all, or evenly spread ones."""
    if size <= _WHOLE_SIDE:
        starts = range(0, size, _SAMPLE_SIDE)
        return [(start, min(_SAMPLE_SIDE, size - start)) for start in starts]
    spread = np.linspace(0, size - _SAMPLE_SIDE, _SAMPLES_PER_AXIS)
    # whole multiples lie within one tile of the file, so that no more is decoded than that
    return [(int(start) // _SAMPLE_SIDE * _SAMPLE_SIDE, _SAMPLE_SIDE) for start in spread]
