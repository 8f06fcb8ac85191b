"""From WorldView-3's digital numbers to reflectance at the top of the atmosphere.

    L   = gain * DN * absCalFactor / effectiveBandwidth + offset      W/m²/sr/µm
    rho = L * d² * pi / (E * cos(theta))                              1

DN are the product's digital numbers; absCalFactor (W/m²/sr) and effectiveBandwidth (µm) stand in
its .IMD for each band; gain, offset (W/m²/sr/µm) and E (W/m²/µm) are a table's; d is the distance
of the Earth from the sun (au), theta the sun's zenith angle: 90 degrees less its elevation.

Source: DigitalGlobe, Radiometric Use of WorldView-3 Imagery, technical note of 2016-02-22.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satseg.bands import WORLDVIEW3
from satseg.errors import BandError, SceneError

PAN = "pan"
"""Name of the panchromatic band, which no map is made of: it only sharpens others."""

_TABLE_BANDS = (PAN, *WORLDVIEW3)


@dataclass(frozen=True, slots=True)
class CalibrationTable:
    """What turns a product's radiance into true radiance and reflectance.

    Attributes:
        name: version, as its publisher writes it.
        gain: factor of each band, 1.
        offset: of each band, W/m²/sr/µm.
        irradiance: of the sun at 1 au in each band, W/m²/µm.
        source: where the numbers were published.
    """

    name: str
    gain: Mapping[str, float]
    offset: Mapping[str, float]
    irradiance: Mapping[str, float]
    source: str

    def of(self, band: str) -> tuple[float, float, float]:
        """Return (gain, offset, irradiance) of a band.

        Raises:
            BandError: the table lacks the band.
        """
        if band not in self.gain:
            raise BandError(
                expected=f"a band of the calibration table {self.name}: {', '.join(self.gain)}",
                found=repr(band),
                fix="Keep the digital numbers, with --no-toa",
            )
        return self.gain[band], self.offset[band], self.irradiance[band]


def _table(name: str, gain: Sequence[float], offset: Sequence[float]) -> CalibrationTable:
    return CalibrationTable(
        name,
        dict(zip(_TABLE_BANDS, gain, strict=True)),
        dict(zip(_TABLE_BANDS, offset, strict=True)),
        dict(zip(_TABLE_BANDS, THUILLIER_2003, strict=True)),
        f"DigitalGlobe, Absolute Radiometric Calibration {name}, WorldView-3; sun: Thuillier 2003",
    )


THUILLIER_2003 = (1574.41, 1757.89, 2004.61, 1830.18, 1712.07, 1535.33, 1348.08, 1055.94, 858.77)
"""Band-averaged solar irradiance at 1 au, W/m²/µm: pan, then WorldView-3's order.

Source: DigitalGlobe, Radiometric Use of WorldView-3 Imagery (2016), Thuillier 2003 column.
"""

DEFAULT_TABLE = "2016v0.Int"

TABLES: Mapping[str, CalibrationTable] = {
    table.name: table
    for table in (
        _table(
            DEFAULT_TABLE,
            (0.950, 0.905, 0.940, 0.938, 0.962, 0.964, 1.000, 0.961, 0.978),
            (-3.629, -8.604, -5.809, -4.996, -3.649, -3.021, -4.521, -5.522, -2.992),
        ),
        _table(
            "2018v0",
            (0.955, 0.938, 0.946, 0.958, 0.979, 0.969, 1.027, 0.977, 1.007),
            (-5.505, -13.099, -9.409, -7.771, -5.489, -4.579, -5.552, -6.508, -3.699),
        ),
    )
}
"""Calibration tables by version. An area series should keep to one of them."""


def table_named(name: str) -> CalibrationTable:
    """Return a calibration table.

    Raises:
        SceneError: there is none of that name.
    """
    if name not in TABLES:
        raise SceneError(
            expected=f"one of the calibration tables {', '.join(TABLES)}",
            found=repr(name),
            fix="Choose one of them",
        )
    return TABLES[name]


def earth_sun_distance_au(moment: dt.datetime) -> float:
    """Return the distance of the Earth from the sun in astronomical units, 0.983 to 1.017.

    ``moment`` counts as UTC where it has no time zone. Good to 0.0001 au from 1950 to 2050.

    Source: U.S. Naval Observatory, Approximate Solar Coordinates, which DigitalGlobe's technical
    note cites: d = 1.00014 - 0.01671 cos g - 0.00014 cos 2g, with the mean anomaly g = 357.529 +
    0.98560028 (JD - 2451545) degrees.

    >>> round(earth_sun_distance_au(dt.datetime(2015, 7, 6, 20)), 4)
    1.0167
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    noon_2000 = dt.datetime(2000, 1, 1, 12, tzinfo=dt.UTC)
    days = (aware - noon_2000).total_seconds() / 86400
    anomaly = math.radians(357.529 + 0.98560028 * days)
    return 1.00014 - 0.01671 * math.cos(anomaly) - 0.00014 * math.cos(2 * anomaly)


@dataclass(frozen=True, slots=True)
class Illumination:
    """How the sun lights a scene.

    Attributes:
        elevation_deg: of the sun above the horizon, above 0 to 90.
        distance_au: of the Earth from the sun.
    """

    elevation_deg: float
    distance_au: float

    def __post_init__(self) -> None:
        if not 0 < self.elevation_deg <= 90:
            raise SceneError(
                expected="a sun above the horizon, elevation above 0 to 90 degrees",
                found=f"{self.elevation_deg} degrees",
                fix="Keep the digital numbers of this image, with --no-toa",
            )

    @property
    def cosine_zenith(self) -> float:
        """Cosine of the sun's zenith angle."""
        return math.sin(math.radians(self.elevation_deg))


@dataclass(frozen=True, slots=True)
class BandFactors:
    """A band's entry in a product's .IMD.

    Attributes:
        band: canonical name, or ``pan``.
        abs_cal_factor: W/m²/sr per digital number.
        effective_bandwidth_um: micrometres.
    """

    band: str
    abs_cal_factor: float
    effective_bandwidth_um: float

    def __post_init__(self) -> None:
        for name in ("abs_cal_factor", "effective_bandwidth_um"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise SceneError(
                    expected=f"{name} of the band {self.band} above 0",
                    found=str(value),
                    fix="Keep the digital numbers of this product, with --no-toa",
                )


@dataclass(frozen=True, slots=True)
class Linear:
    """Maps digital numbers of several bands to reflectance: rho = slope * DN + intercept.

    Attributes:
        slope: float64 (bands,), 1 per digital number.
        intercept: float64 (bands,), 1.
    """

    slope: NDArray[np.float64]
    intercept: NDArray[np.float64]

    def apply(self, numbers: NDArray[np.number]) -> NDArray[np.float32]:
        """Return float32 (bands, h, w) of digital numbers (bands, h, w)."""
        slope = self.slope[:, None, None]
        return np.asarray(numbers * slope + self.intercept[:, None, None], dtype=np.float32)


def radiance(
    numbers: NDArray[np.number] | float, factors: BandFactors, table: CalibrationTable
) -> NDArray[np.float64]:
    """Return the spectral radiance of one band's digital numbers, W/m²/sr/µm."""
    gain, offset, _ = table.of(factors.band)
    per_number = factors.abs_cal_factor / factors.effective_bandwidth_um
    return np.asarray(gain * np.asarray(numbers, dtype=np.float64) * per_number + offset)


def reflectance(
    spectral_radiance: NDArray[np.float64], band: str, light: Illumination, table: CalibrationTable
) -> NDArray[np.float64]:
    """Return the reflectance at the top of the atmosphere of one band's radiance, 1."""
    scale = light.distance_au**2 * math.pi / (table.of(band)[2] * light.cosine_zenith)
    return np.asarray(spectral_radiance * scale)


def to_reflectance(
    bands: Sequence[BandFactors], light: Illumination, table: CalibrationTable
) -> Linear:
    """Return the map from digital numbers to reflectance at the top of the atmosphere.

    Both formulas are linear in DN, so two points of each band fix it.

    Raises:
        BandError: the table lacks a band.
    """
    ends = [
        reflectance(radiance(np.array([0.0, 1.0]), each, table), each.band, light, table)
        for each in bands
    ]
    zero, one = np.array(ends).reshape(-1, 2).T
    return Linear(one - zero, zero)
