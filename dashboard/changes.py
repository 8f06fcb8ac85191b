"""Difference between two predictions of the catalog, in small bounded caches. No Streamlit."""

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
    from shapely.geometry.base import BaseGeometry

    from satseg.change import JointHistogram
    from satseg.interest import Interest

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


def joint(
    before_id: str, after_id: str, region_id: str, interest: Interest | None = None
) -> JointHistogram:
    """Return the areas of a region, or of an area of it, by the probabilities of two maps."""
    return _joint(before_id, after_id, region_id, interest, _made(before_id, after_id))


def patches(
    before_id: str,
    after_id: str,
    region_id: str,
    interest: Interest | None,
    thresholds: tuple[float, float],
) -> tuple[Patch, ...]:
    """Return the biggest patches that two maps show differently, the biggest first.

    Gain is farmland on the second map only, loss on the first only. Of a patch that crosses the
    border of the region, or of the area of interest, the part inside counts.
    """
    made = _made(before_id, after_id)
    return _patches((before_id, after_id), region_id, interest, thresholds, made)


def _made(*prediction_ids: str) -> tuple[dt.datetime, ...]:
    """Return when predictions were made: one made anew keeps its id."""
    return tuple(shelf().catalog.prediction(name).created for name in prediction_ids)


def _outline(region_id: str, interest: Interest | None) -> BaseGeometry:
    return shelf().catalog.region(region_id).geometry if interest is None else interest.geometry


@lru_cache(maxsize=32)
def _joint(
    before_id: str,
    after_id: str,
    region_id: str,
    interest: Interest | None,
    made: tuple[dt.datetime, ...],
) -> JointHistogram:
    from satseg.change import joint_histogram

    catalog = shelf().catalog
    return joint_histogram(
        catalog.prediction(before_id).probability,
        catalog.prediction(after_id).probability,
        _outline(region_id, interest),
    )


@lru_cache(maxsize=16)
def _patches(
    prediction_ids: tuple[str, str],
    region_id: str,
    interest: Interest | None,
    thresholds: tuple[float, float],
    made: tuple[dt.datetime, ...],
) -> tuple[Patch, ...]:
    from satseg.area import region_area_m2
    from satseg.change import biggest_patches, write_change

    catalog = shelf().catalog
    outline = _outline(region_id, interest)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "change.tif"
        write_change(
            *(catalog.prediction(name).probability for name in prediction_ids),
            output,
            thresholds=thresholds,
            min_area_m2=LEAST_M2,
        )
        frame = biggest_patches(output, CANDIDATES)
    found = []
    for row in frame.itertuples():
        inside = row.geometry.intersection(outline)
        if inside.geom_type not in ("Polygon", "MultiPolygon") or inside.is_empty:
            continue
        west, south, east, north = inside.bounds
        area_m2 = region_area_m2(inside)
        if area_m2 >= LEAST_M2:
            bounds = ((south, west), (north, east))
            found.append(Patch(row.change, area_m2, mapping(inside), bounds))
    return tuple(sorted(found, key=lambda patch: -patch.area_m2)[:COUNT])
