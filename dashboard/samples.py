"""The samples of this server's catalog, with small bounded caches. No Streamlit in here."""

from __future__ import annotations

import datetime as dt
import logging
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from satseg.catalog import default_root
from satseg.errors import AccuracyError
from satseg.sampling import Sample, SampleStore, adjusted_area, adjusted_by_date

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from satseg.accuracy import Estimate

log = logging.getLogger("dashboard")

LARGE_M = 100.0
"""Pictures of more ground than this are drawn large."""

NEW = ""
"""Stands for a sample yet to be drawn."""


def store() -> SampleStore:
    """Return the samples of this server's catalog."""
    return SampleStore(default_root())


def sample_of(sample_id: str) -> Sample:
    """Return a sample; read again only when its file has changed."""
    return _read(str(default_root()), sample_id, store().version(sample_id))


def first_date(sample: Sample) -> dt.date | None:
    """Return the date whose points a sample visits again; None where that sample is gone."""
    try:
        return sample_of(sample.first_id).date
    except AccuracyError:
        return None


def known_samples(scene_id: str | None = None, region_id: str | None = None) -> list[Sample]:
    """Return the samples, of one scene or of one region if given, oldest first.

    Files that hold no sample are left out, and the log says so.
    """
    found = []
    for name in store().ids():
        try:
            found.append(sample_of(name))
        except AccuracyError as error:
            log.warning("the sample %s is left out: %s", name, error)
    chosen = [
        s for s in found if scene_id in (None, s.scene_id) and region_id in (None, s.region_id)
    ]
    return sorted(chosen, key=lambda s: (s.date, s.created, s.id))


def adjusted_areas(region_id: str) -> dict[dt.date, Estimate]:
    """Return the adjusted farmland area of each date of a region that has enough labels."""

    def area(sample: Sample) -> Estimate | None:
        return _adjusted(str(default_root()), sample.id, store().version(sample.id))

    return adjusted_by_date(known_samples(region_id=region_id), area)


@lru_cache(maxsize=256)
def picture(
    display: Path, lon: float, lat: float, side_m: float, unit_m: float | None
) -> NDArray[np.uint8]:
    """Return the ground around a point; see ``satseg.sampling.views.view_of_point``."""
    from satseg.sampling.views import view_of_point

    pixels = 720 if side_m > LARGE_M else 344
    return view_of_point(display, lon, lat, side_m=side_m, side_px=pixels, unit_m=unit_m)


@lru_cache(maxsize=64)
def _adjusted(root: str, sample_id: str, version: int) -> Estimate | None:
    return adjusted_area(_read(root, sample_id, version))


@lru_cache(maxsize=64)
def _read(root: str, sample_id: str, version: int) -> Sample:
    return SampleStore(Path(root)).sample(sample_id)
