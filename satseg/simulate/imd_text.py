"""Texts of a simulated delivery: .IMD, .TIL, .XML and README, in the supplier's format.

Source: DigitalGlobe, Imagery Support Data Documentation 1.1.2 (2014).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from satseg.grids import Grid
from satseg.radiometry import PAN, BandFactors
from satseg.simulate.lean import NADIR, View

_GROUPS = {
    PAN: "BAND_P",
    "coastal": "BAND_C",
    "blue": "BAND_B",
    "green": "BAND_G",
    "yellow": "BAND_Y",
    "red": "BAND_R",
    "red_edge": "BAND_RE",
    "nir1": "BAND_N",
    "nir2": "BAND_N2",
}


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True, slots=True)
class ProductText:
    """What the texts of all products of a delivery share.

    Attributes:
        moment: of the image, UTC.
        sun_elevation_deg: above the horizon.
        sun_azimuth_deg: clockwise from north.
        cloud_cover: 0 to 1.
        definition_id: of the simulated place.
        view: where the satellite stands.
        order: number of the order.
        part: of the order.
        satellite: short name.
        level: of processing.
    """

    moment: dt.datetime
    sun_elevation_deg: float
    sun_azimuth_deg: float
    cloud_cover: float
    definition_id: str
    view: View = NADIR
    order: str = "000000000000_01"
    part: str = "P001"
    satellite: str = "WV03"
    level: str = "LV2A"

    @property
    def date(self) -> dt.date:
        """Day of the image."""
        return self.moment.date()

    @property
    def part_id(self) -> str:
        """Order and part."""
        return f"{self.order}_{self.part}"

    def stem(self, kind: str, tile: str = "") -> str:
        """Return the name of a product's files without the ending."""
        month = _MONTHS[self.moment.month - 1]
        return f"{self.moment:%y}{month}{self.moment:%d%H%M%S}-{kind}{tile}-{self.part_id}"


def tile_name(text: ProductText, kind: str, number: int) -> str:
    """Return the name of a tile of the first row, counted from 1."""
    return f"{text.stem(kind, f'_R1C{number}')}.TIF"


def imd_text(text: ProductText, factors: Sequence[BandFactors], grid: Grid) -> str:
    """Return a product's .IMD."""
    kind = "P" if len(factors) == 1 else "Multi"
    time = f"{text.moment:%Y-%m-%dT%H:%M:%S.%f}Z"
    gsd = sum(grid.gsd_m()) / 2
    lines = [
        'version = "28.3";',
        f"generationTime = {time};",
        f'productOrderId = "{text.part_id}";',
        f'productCatalogId = "SIMULATED-{text.definition_id}";',
        'imageDescriptor = "ORStandard2A";',
        f'bandId = "{kind}";',
        'panSharpenAlgorithm = "None";',
        f"numRows = {grid.height};",
        f"numColumns = {grid.width};",
        f'productLevel = "{text.level}";',
        'productType = "Standard";',
        "numberOfLooks = 1;",
        'radiometricLevel = "Corrected";',
        'radiometricEnhancement = "Off";',
        "bitsPerPixel = 16;",
        'compressionType = "None";',
    ]
    for each in factors:
        name = _GROUPS[each.band]
        lines += [
            f"BEGIN_GROUP = {name}",
            f"\tabsCalFactor = {each.abs_cal_factor:.6e};",
            f"\teffectiveBandwidth = {each.effective_bandwidth_um:.6e};",
            f"END_GROUP = {name}",
        ]
    lines += [
        'outputFormat = "GeoTIFF";',
        "BEGIN_GROUP = IMAGE_1",
        f'\tsatId = "{text.satellite}";',
        '\tmode = "FullSwath";',
        '\tscanDirection = "Forward";',
        f'\tCatId = "SIMULATED-{text.definition_id}";',
        "\tnumTLC = 2;",
        f"\tTLCList = (\n(0, 0.000000),\n({grid.height}, 0.100000) );",
        f"\tfirstLineTime = {time};",
        f"\tmeanProductGSD = {gsd:.3f};",
        f"\tmeanSunAz = {text.sun_azimuth_deg:.4f};",
        f"\tmeanSunEl = {text.sun_elevation_deg:.4f};",
        f"\tmeanSatAz = {text.view.azimuth_deg:.1f};",
        f"\tmeanSatEl = {text.view.elevation_deg:.1f};",
        f"\tmeanOffNadirViewAngle = {text.view.off_nadir_deg:.1f};",
        f"\tcloudCover = {text.cloud_cover:.3f};",
        '\tresamplingKernel = "CC";',
        "END_GROUP = IMAGE_1",
        "BEGIN_GROUP = MAP_PROJECTED_PRODUCT",
        f"\tearliestAcqTime = {time};",
        f"\tproductGSD = {gsd:.3f};",
        "END_GROUP = MAP_PROJECTED_PRODUCT",
        "END;",
    ]
    return "\n".join(lines) + "\n"


def til_text(text: ProductText, kind: str, height: int, columns: Sequence[int]) -> str:
    """Return the .TIL of tiles side by side; ``columns`` are their borders in pixels."""
    lines = [
        f'bandId = "{"P" if kind.startswith("P") else "Multi"}";',
        f"numTiles = {len(columns) - 1};",
        'tileUnits = "Pixels";',
        "tileOverlap = 0;",
    ]
    for number, (start, stop) in enumerate(pairwise(columns), start=1):
        lines += [
            f"BEGIN_GROUP = TILE_{number}",
            f'\tfilename = "{tile_name(text, kind, number)}";',
            f"\tULColOffset = {start};",
            "\tULRowOffset = 0;",
            f"\tLRColOffset = {stop - 1};",
            f"\tLRRowOffset = {height - 1};",
            f"END_GROUP = TILE_{number}",
        ]
    return "\n".join([*lines, "END;"]) + "\n"


def xml_text(text: ProductText, kind: str) -> str:
    """Return a product's small .XML."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<isd><IMD><PRODUCTORDERID>{text.part_id}</PRODUCTORDERID><KIND>{kind}</KIND>"
        f"<SATID>{text.satellite}</SATID><SIMULATED>YES</SIMULATED></IMD></isd>\n"
    )


def readme_text(text: ProductText) -> str:
    """Return the delivery's README."""
    return (
        f"Simulated delivery of the place {text.definition_id}, {text.date}.\n\n"
        "Drawn by the program satseg, not by a satellite: for tests and demonstrations.\n"
        "Names, fields and calibration factors are those of a WorldView-3 Standard 2A delivery;\n"
        "every image carries the tag SATSEG_SIMULATED=YES.\n\n"
        "Add it to a catalog: satseg scenes add FOLDER\n"
    )
