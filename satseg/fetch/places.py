"""Where chips lie, learned from their first bytes, and which of them to take."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from scipy.spatial import cKDTree

from satseg.errors import FetchError
from satseg.reading import raster_environment

HEADER_BYTES = 16 * 1024
"""What is fetched of a chip to learn its place: GDAL writes a GeoTIFF's directory in front."""

_SHRINK = math.cos(math.radians(31.2))
"""Length of a degree of longitude at Shanghai's latitude, in degrees of latitude."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box in longitude and latitude on WGS 84, degrees."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        inside = -180 <= self.west < self.east <= 180 and -90 <= self.south < self.north <= 90
        if not inside:
            raise FetchError(
                expected="a box WEST,SOUTH,EAST,NORTH in degrees, west below east and south below"
                " north",
                found=f"{self.west:g},{self.south:g},{self.east:g},{self.north:g}",
                fix="Correct the order, for example --bbox 121.70,31.20,121.76,31.25",
            )

    @classmethod
    def parse(cls, text: str) -> Box:
        """Return the box in a text of four numbers with commas.

        Raises:
            FetchError: the text is none.

        >>> Box.parse("121.7,31.2,121.8,31.3").centre
        (121.75, 31.25)
        """
        try:
            west, south, east, north = (float(part) for part in text.split(","))
        except ValueError as error:
            raise FetchError(
                expected="four numbers WEST,SOUTH,EAST,NORTH in degrees",
                found=repr(text),
                fix="Write them with commas, for example --bbox 121.70,31.20,121.76,31.25",
            ) from error
        return cls(west, south, east, north)

    @property
    def centre(self) -> tuple[float, float]:
        """(longitude, latitude) of the middle."""
        return (self.west + self.east) / 2, (self.south + self.north) / 2

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(west, south, east, north)."""
        return self.west, self.south, self.east, self.north

    def touches(self, other: Box) -> bool:
        """Return whether the boxes share more than an edge."""
        return (
            self.west < other.east
            and other.west < self.east
            and self.south < other.north
            and other.south < self.north
        )


@contextmanager
def georeferenced_or_not() -> Iterator[None]:
    """Hold the GDAL settings under which a file without a place is opened without a warning."""
    with raster_environment(), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def box_of_header(header: bytes) -> Box | None:
    """Return the box of the chip whose file begins with ``header``, None where it does not say."""
    try:
        with (
            georeferenced_or_not(),
            MemoryFile(header) as memory,
            memory.open(driver="GTiff") as dataset,
        ):
            return _box(dataset)
    except (RasterioError, CPLE_BaseError, OSError):
        return None


def box_of_file(path: Path) -> Box | None:
    """Return the box of a chip on disk, None where the file does not say it."""
    try:
        with georeferenced_or_not(), rasterio.open(path, driver="GTiff") as dataset:
            return _box(dataset)
    except (RasterioError, CPLE_BaseError, OSError):
        return None


def choose(
    boxes: Mapping[int, Box | None], *, count: int | None, within: Box | None
) -> tuple[int, ...]:
    """Return the numbers of the chips to take, in ascending order.

    Args:
        boxes: the box of each chip by image number; None where it is not known. Such a chip is
            taken only where all are.
        count: how many at most: those nearest to the middle of ``within``, without it those that
            lie closest together. None for all.
        within: only chips that touch this box; None for all.
    """
    if within is None and (count is None or count >= len(boxes)):
        return tuple(sorted(boxes))
    known = {number: box for number, box in boxes.items() if box is not None}
    if within is not None:
        known = {number: box for number, box in known.items() if box.touches(within)}
    if count is None or count >= len(known):
        return tuple(sorted(known))
    numbers = sorted(known)
    points = _metric([known[number].centre for number in numbers])
    tree = cKDTree(points)
    middle = _densest(tree, points, count)
    if within is not None:
        middle = _metric([within.centre])[0]
    nearest = np.atleast_1d(tree.query(middle, k=count)[1])
    return tuple(sorted(numbers[index] for index in nearest))


def _densest(tree: cKDTree, points: np.ndarray, count: int) -> np.ndarray:
    """Return the chip around which the nearest ``count`` lie closest."""
    reach = tree.query(points, k=[count])[0][:, 0]
    return np.asarray(points[int(np.argmin(np.round(reach, 9)))])


def _metric(points: Sequence[tuple[float, float]]) -> np.ndarray:
    """Return positions whose distances compare like those on the ground around Shanghai."""
    return np.array(points) * (_SHRINK, 1.0)


def _box(dataset: rasterio.DatasetReader) -> Box | None:
    if dataset.crs is None or dataset.crs.to_epsg() != 4326:
        return None
    try:
        return Box(*dataset.bounds)
    except FetchError:
        return None
