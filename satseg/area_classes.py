"""Geodesic area of each class of a class raster, inside of any region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satseg.area import AreaHistogram, area_histogram
from satseg.class_raster import open_classes
from satseg.legend import Legend

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True)
class ClassAreas:
    """Area by class; every pixel belongs to its likeliest class.

    Attributes:
        m2: square metres of each class by its name in satseg.classes, in the legend's order.
        valid_m2: square metres with data: their sum.
        region_m2: square metres of the whole region, inside of the raster or not.
    """

    m2: Mapping[str, float]
    valid_m2: float
    region_m2: float

    @classmethod
    def of(cls, histogram: AreaHistogram, legend: Legend) -> ClassAreas:
        """Return the areas of a histogram of a class raster's codes."""
        m2 = {entry.key: float(histogram.m2[entry.land.code]) for entry in legend.entries}
        return cls(m2, histogram.valid_m2, histogram.region_m2)

    @property
    def valid_fraction(self) -> float:
        """Share of the region that has data, 0 to 1."""
        return min(1.0, self.valid_m2 / self.region_m2)

    def share(self, key: str) -> float:
        """Return a class's share of the area with data; NaN where there is no data."""
        return self.m2[key] / self.valid_m2 if self.valid_m2 > 0 else float("nan")


def class_areas(classes: Path, region: BaseGeometry | None = None) -> ClassAreas:
    """Return the geodesic area of each class; see ``satseg.area.area_histogram``.

    Args:
        classes: a class raster that ``predict_scene`` wrote.
        region: polygon or multipolygon in WGS 84 (longitude, latitude); None for the whole raster.

    Raises:
        RegionError: the region is no area, or shares none with the raster.
        SceneError: the raster cannot be read, or has no legend.
    """
    legend = open_classes(classes)[1]
    return ClassAreas.of(area_histogram(classes, region), legend)
