"""Change between two predictions of the catalog, with small bounded caches. No Streamlit here."""

from __future__ import annotations

import datetime as dt
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
CANDIDATES = 500
"""Patches of the whole map that are looked at for those inside of the region."""


@dataclass(frozen=True, slots=True)
class Patch:
    """One changed patch: gain or loss, its area, its outline and bounds (lat, lon corners)."""

    kind: str
    area_m2: float
    geometry: Mapping[str, Any]
    bounds: tuple[tuple[float, float], tuple[float, float]]


def joint(before_id: str, after_id: str, region_id: str) -> JointHistogram:
    """Return the areas of a region by the probabilities of two predictions."""
    return _joint(before_id, after_id, region_id, _made(before_id, after_id))


def patches(before_id: str, after_id: str, region_id: str, threshold: float) -> tuple[Patch, ...]:
    """Return the biggest patches of gain and loss in a region, the biggest first.

    Of a patch that crosses the region's border the part inside counts.
    """
    made = _made(before_id, after_id)
    return _patches(before_id, after_id, region_id, threshold, made)


def _made(*prediction_ids: str) -> tuple[dt.datetime, ...]:
    """Return when predictions were made: one made anew keeps its id."""
    return tuple(shelf().catalog.prediction(name).created for name in prediction_ids)


@lru_cache(maxsize=32)
def _joint(
    before_id: str, after_id: str, region_id: str, made: tuple[dt.datetime, ...]
) -> JointHistogram:
    from satseg.change import joint_histogram

    catalog = shelf().catalog
    return joint_histogram(
        catalog.prediction(before_id).probability,
        catalog.prediction(after_id).probability,
        catalog.region(region_id).geometry,
    )


@lru_cache(maxsize=16)
def _patches(
    before_id: str, after_id: str, region_id: str, threshold: float, made: tuple[dt.datetime, ...]
) -> tuple[Patch, ...]:
    from satseg.area import region_area_m2
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
        frame = biggest_patches(output, CANDIDATES)
    found = []
    for row in frame.itertuples():
        inside = row.geometry.intersection(catalog.region(region_id).geometry)
        if inside.geom_type not in ("Polygon", "MultiPolygon") or inside.is_empty:
            continue
        west, south, east, north = inside.bounds
        area_m2 = region_area_m2(inside)
        if area_m2 >= LEAST_M2:
            bounds = ((south, west), (north, east))
            found.append(Patch(row.change, area_m2, mapping(inside), bounds))
    return tuple(sorted(found, key=lambda patch: -patch.area_m2)[:COUNT])
