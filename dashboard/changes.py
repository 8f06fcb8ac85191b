"""Change between two predictions of the catalog, with small bounded caches. No Streamlit here."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapely.geometry import mapping

from dashboard.shelf import shelf

if TYPE_CHECKING:
    from satseg.change import JointHistogram

LEAST_M2 = 200.0
"""Patches of change below this are not listed."""

COUNT = 12


@dataclass(frozen=True, slots=True)
class Patch:
    """One changed patch: gain or loss, its area, its outline and bounds (lat, lon corners)."""

    kind: str
    area_m2: float
    geometry: Mapping[str, Any]
    bounds: tuple[tuple[float, float], tuple[float, float]]


@lru_cache(maxsize=32)
def joint(before_id: str, after_id: str, region_id: str) -> JointHistogram:
    """Return the areas of a region by the probabilities of two predictions."""
    from satseg.change import joint_histogram

    catalog = shelf().catalog
    return joint_histogram(
        catalog.prediction(before_id).probability,
        catalog.prediction(after_id).probability,
        catalog.region(region_id).geometry,
    )


@lru_cache(maxsize=16)
def patches(before_id: str, after_id: str, region_id: str, threshold: float) -> tuple[Patch, ...]:
    """Return the biggest patches of gain and loss in a region, the biggest first."""
    from satseg.change import biggest_patches, write_change

    catalog = shelf().catalog
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "change.tif"
        write_change(
            catalog.prediction(before_id).probability,
            catalog.prediction(after_id).probability,
            output,
            thresholds=threshold,
            min_area_m2=LEAST_M2,
        )
        frame = biggest_patches(output, 4 * COUNT)
    inside = frame[frame.intersects(catalog.region(region_id).geometry)].head(COUNT)
    found = []
    for row in inside.itertuples():
        west, south, east, north = row.geometry.bounds
        bounds = ((south, west), (north, east))
        found.append(Patch(row.change, float(row.area_m2), mapping(row.geometry), bounds))
    return tuple(found)
