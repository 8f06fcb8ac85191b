"""Where the sun stands when WorldView-3 passes over."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

OVERPASS = dt.time(10, 40)
"""Local mean solar time of the passage.

Source: DigitalGlobe, WorldView-3 Data Sheet (2014): descending node at 10:30, rounded up by the
minutes between the node and 31 degrees north.
"""


@dataclass(frozen=True, slots=True)
class Sun:
    """Direction and distance of the sun.

    Attributes:
        azimuth_deg: clockwise from north.
        elevation_deg: above the horizon.
        distance_au: of the Earth from the sun, astronomical units.
    """

    azimuth_deg: float
    elevation_deg: float
    distance_au: float

    @property
    def image_direction(self) -> tuple[float, float]:
        """Unit vector (x right, y down) in a north-up image that points towards the sun."""
        azimuth = math.radians(self.azimuth_deg)
        return math.sin(azimuth), -math.cos(azimuth)

    @property
    def cosine_zenith(self) -> float:
        """Cosine of the sun's zenith angle."""
        return math.sin(math.radians(self.elevation_deg))

    def shadow_m(self, height_m: float) -> float:
        """Return the length in metres of the shadow that ``height_m`` casts on flat ground."""
        return height_m / math.tan(math.radians(self.elevation_deg))


def sun_at(lon: float, lat: float, date: dt.date) -> Sun:
    """Return the sun at the overpass on ``date`` over ``lon``, ``lat`` (degrees, WGS 84).

    Source: positions by the ``astral`` package (NOAA's solar equations); distance after Spencer
    (1971), good to 0.0005 au.
    """
    from astral import Observer
    from astral.sun import azimuth, elevation

    clock = dt.datetime.combine(date, OVERPASS, tzinfo=dt.UTC) - dt.timedelta(hours=lon / 15)
    place = Observer(latitude=lat, longitude=lon)
    angle = 2 * math.pi * (date.timetuple().tm_yday - 1) / 365
    inverse_square = 1.00011 + 0.034221 * math.cos(angle) + 0.00128 * math.sin(angle)
    inverse_square += 0.000719 * math.cos(2 * angle) + 0.000077 * math.sin(2 * angle)
    return Sun(float(azimuth(place, clock)), float(elevation(place, clock)), inverse_square**-0.5)
