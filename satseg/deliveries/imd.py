"""What a product's .IMD says about it.

Source: DigitalGlobe, Imagery Support Data Documentation 1.1.2 (2014), "Image metadata file".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from satseg.deliveries import pvl
from satseg.errors import SceneError
from satseg.radiometry import PAN

SATELLITES = {
    "WV03": "WorldView-3",
    "WV02": "WorldView-2",
    "WV04": "WorldView-4",
    "WV01": "WorldView-1",
    "GE01": "GeoEye-1",
    "QB02": "QuickBird",
}

_BANDS = {
    "BAND_P": PAN,
    "BAND_C": "coastal",
    "BAND_B": "blue",
    "BAND_G": "green",
    "BAND_Y": "yellow",
    "BAND_R": "red",
    "BAND_RE": "red_edge",
    "BAND_N": "nir1",
    "BAND_N2": "nir2",
}
_LETTERS = {"R": "red", "G": "green", "B": "blue", "N": "nir1"}
_ORDERS = ("RGB", "BGRN", "NRG", "RGBN")
_NONE = {"", "none", "off", "n/a"}


@dataclass(frozen=True, slots=True)
class BandEntry:
    """One band of the .IMD.

    Attributes:
        name: canonical name, or ``pan``.
        abs_cal_factor: W/m²/sr per digital number, None where it is not given.
        effective_bandwidth_um: micrometres, None where it is not given.
    """

    name: str
    abs_cal_factor: float | None
    effective_bandwidth_um: float | None


@dataclass(frozen=True, slots=True)
class View:
    """Where the sun and the satellite stood, in degrees; None where the .IMD does not tell.

    Attributes:
        sun_elevation_deg: above the horizon.
        sun_azimuth_deg: clockwise from north.
        off_nadir_deg: between the line of sight and the vertical at the satellite.
        azimuth_deg: of the satellite seen from the ground, clockwise from north.
    """

    sun_elevation_deg: float | None = None
    sun_azimuth_deg: float | None = None
    off_nadir_deg: float | None = None
    azimuth_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an .IMD says.

    Attributes:
        path: the .IMD.
        satellite: short name, ``WV03``.
        product_id: order and part, ``056789012010_01_P001``.
        catalog_id: of the acquisition.
        level: ``LV1B``, ``LV2A``, ``LV3D``, ...
        product_type: ``Basic``, ``Standard``, ``Ortho``, ...
        rows: of the whole product in pixels.
        columns: of the whole product in pixels.
        bands: in the order of the image file.
        acquired: moment of the first line, UTC.
        view: directions of the sun and of the satellite.
        cloud_cover: share under cloud, 0 to 1, None where nobody assessed it.
        gsd_m: of the product in metres, None where it is not told.
        scan_direction: ``Forward`` or ``Reverse``, or empty.
        sharpened_by: name of the supplier's pan-sharpening, empty for none.
        enhancement: supplier's change of the numbers (``DRA``, ``ACOMP``), empty for none.
        images: how many acquisitions the product is joined from.
    """

    path: Path
    satellite: str
    product_id: str
    catalog_id: str
    level: str
    product_type: str
    rows: int
    columns: int
    bands: tuple[BandEntry, ...]
    acquired: dt.datetime
    view: View
    cloud_cover: float | None
    gsd_m: float | None
    scan_direction: str
    sharpened_by: str
    enhancement: str
    images: int

    @property
    def platform(self) -> str:
        """Full name of the satellite."""
        return SATELLITES.get(self.satellite, self.satellite or "an unnamed satellite")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bands in the order of the image file."""
        return tuple(band.name for band in self.bands)


def read_metadata(path: Path) -> Metadata:
    """Return what an .IMD says.

    Raises:
        SceneError: it is no .IMD, or lacks what every delivery has (size, bands, time).
    """
    top = pvl.read(path)
    images = [group for name, group in top.groups.items() if name.startswith("IMAGE_")]
    image = images[0] if images else pvl.Group("IMAGE_1", {}, {})
    projected = top.group("MAP_PROJECTED_PRODUCT") or pvl.Group("", {}, {})
    return Metadata(
        path=path,
        satellite=image.text("satId").upper(),
        product_id=top.text("productOrderId") or path.stem,
        catalog_id=image.text("CatId") or top.text("productCatalogId"),
        level=top.text("productLevel"),
        product_type=top.text("productType"),
        rows=_count(top, "numRows", path),
        columns=_count(top, "numColumns", path),
        bands=_bands(top, path),
        acquired=_moment(image, projected, path),
        view=View(
            _within(image, "meanSunEl", -90, 90),
            _within(image, "meanSunAz", -360, 360),
            _within(image, "meanOffNadirViewAngle", 0, 90),
            _within(image, "meanSatAz", -360, 360),
        ),
        cloud_cover=_within(image, "cloudCover", 0, 1),
        gsd_m=_gsd(image, projected),
        scan_direction=image.text("scanDirection"),
        sharpened_by=_unless_none(top.text("panSharpenAlgorithm")),
        enhancement=_unless_none(top.text("radiometricEnhancement")),
        images=max(1, len(images)),
    )


def _bands(top: pvl.Group, path: Path) -> tuple[BandEntry, ...]:
    entries = {
        _BANDS[name]: BandEntry(
            _BANDS[name], group.number("absCalFactor"), group.number("effectiveBandwidth")
        )
        for name, group in top.groups.items()
        if name in _BANDS
    }
    order = top.text("bandId").upper()
    if order in _ORDERS:
        names: Sequence[str] = [_LETTERS[letter] for letter in order]
        return tuple(entries.get(name, BandEntry(name, None, None)) for name in names)
    if not entries:
        raise SceneError(
            expected="bands as groups BAND_C, BAND_B, ... or a bandId such as RGB",
            found=f"bandId {order!r} and no group of a known band in {path.name}",
            fix="Give the product's image file itself, with --bands and --date",
        )
    return tuple(entries.values())


def _count(top: pvl.Group, key: str, path: Path) -> int:
    value = top.number(key)
    if value is None or value < 1 or value != int(value):
        raise SceneError(
            expected=f"{key} as a whole number above 0",
            found=f"{'none' if value is None else value} in {path.name}",
            fix="Copy the delivery again; this is no complete .IMD",
        )
    return int(value)


def _moment(image: pvl.Group, projected: pvl.Group, path: Path) -> dt.datetime:
    text = (
        image.text("firstLineTime")
        or projected.text("earliestAcqTime")
        or image.text("TLCTime")
        or image.text("acquisitionTime")
    )
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise SceneError(
            expected="the time of the image as firstLineTime or earliestAcqTime",
            found=f"{text!r} in {path.name}",
            fix="Copy the delivery again; this is no complete .IMD",
        ) from error
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _within(group: pvl.Group, key: str, low: float, high: float) -> float | None:
    """Return a number of its range; what is outside (-999: unknown) counts as not told."""
    value = group.number(key)
    return value if value is not None and low <= value <= high else None


def _gsd(image: pvl.Group, projected: pvl.Group) -> float | None:
    found = (
        projected.number("productGSD"),
        image.number("meanProductGSD"),
        image.number("meanCollectedGSD"),
    )
    return next((value for value in found if value is not None and 0 < value < 1000), None)


def _unless_none(text: str) -> str:
    return "" if text.strip().lower() in _NONE else text.strip()
