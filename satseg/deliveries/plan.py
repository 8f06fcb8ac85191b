"""What is to become of a delivery: understood and checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasterio.rpc import RPC

from satseg.deliveries.folder import Delivery, Part, find_delivery
from satseg.deliveries.image import Unit
from satseg.deliveries.ortho import (
    Terrain,
    check_dem,
    ortho_grid,
    outline,
    polynomials,
    raw_gsd_m,
    warning,
)
from satseg.deliveries.pixels import CheckedPart, check_part
from satseg.deliveries.sharpen import METHODS, Method
from satseg.deliveries.toa import conversion, refusal
from satseg.errors import SceneError
from satseg.grids import Grid
from satseg.radiometry import DEFAULT_TABLE, CalibrationTable, Linear, table_named

_FINEST = 0.75
"""Smallest GSD of a sharpened image, as share of the panchromatic one's."""

_COARSEST = 0.95
"""Largest, as share of the multispectral one's; beyond it there is nothing to sharpen."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the caller wants.

    Attributes:
        toa: whether to convert to reflectance; None for: where it is allowed.
        table: name of the calibration table.
        pansharpen_m: ground sample distance to pan-sharpen to, None for no sharpening.
        method: of pan-sharpening.
        terrain: heights to orthorectify with, None for none.
        copy: whether digital numbers are copied into the catalog too.
    """

    toa: bool | None = None
    table: str = DEFAULT_TABLE
    pansharpen_m: float | None = None
    method: Method = "gram-schmidt"
    terrain: Terrain | None = None
    copy: bool = False

    def __post_init__(self) -> None:
        table_named(self.table)
        if self.method not in METHODS:
            raise SceneError(
                expected=f"one of the methods {', '.join(METHODS)}",
                found=repr(self.method),
                fix="Choose one of them",
            )


@dataclass(frozen=True, slots=True)
class Source:
    """One product as it is read for the image.

    Attributes:
        checked: the product with its tiles.
        gsd_m: its ground sample distance in metres.
        rpc: its polynomials where it is orthorectified, else None.
        linear: from digital numbers to reflectance, None where numbers are kept.
    """

    checked: CheckedPart
    gsd_m: float
    rpc: RPC | None
    linear: Linear | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a delivery is and what is made of it.

    Attributes:
        delivery: its parts.
        choices: what was asked for.
        image: the product to map.
        pan: the panchromatic product where the image is sharpened, else None.
        grid: of the image to be made.
        unit: of the image to be made.
        reason: why digital numbers are kept; empty for reflectance.
        warnings: what the user should know before trusting the result.
    """

    delivery: Delivery
    choices: Choices
    image: Source
    pan: Source | None
    grid: Grid
    unit: Unit
    reason: str
    warnings: tuple[str, ...]

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands of the image."""
        return self.delivery.image.metadata.names

    @property
    def table(self) -> CalibrationTable:
        """The calibration table."""
        return table_named(self.choices.table)

    @property
    def simulated(self) -> bool:
        """Whether a tile calls itself simulated."""
        return self.image.checked.simulated

    @property
    def is_linked(self) -> bool:
        """Whether the supplier's own pixels are used where they lie."""
        made = self.unit == "reflectance" or self.pan is not None or self.image.rpc is not None
        return not made and not self.choices.copy


def understand(folder: Path, choices: Choices | None = None, *, part: str | None = None) -> Plan:
    """Return what is to become of the delivery in ``folder``; nothing is written.

    Args:
        folder: of the order or of one product.
        choices: what is wanted; reflectance where allowed, without them.
        part: part of the order (``P002``) where there are several.

    Raises:
        SceneError: the delivery is damaged or incomplete, or cannot become what is wanted.
    """
    wanted = choices or Choices()
    delivery = find_delivery(folder, part=part)
    sharpened = wanted.pansharpen_m is not None
    products = [delivery.image, *([_pan_of(delivery)] if sharpened else [])]
    reason = _reason(products, wanted)
    table = None if reason else table_named(wanted.table)
    sources = [_source(product, wanted.terrain, table) for product in products]
    image = sources[0]
    if wanted.pansharpen_m is not None:
        _check_gsd(wanted.pansharpen_m, sources[1].gsd_m, image.gsd_m)
    grid = _grid(image, wanted)
    return Plan(
        delivery,
        wanted,
        image,
        sources[1] if sharpened else None,
        grid,
        "digital numbers" if reason else "reflectance",
        reason,
        _warnings(image, wanted),
    )


def _pan_of(delivery: Delivery) -> Part:
    if delivery.pan is None or delivery.image.kind != "multispectral":
        raise SceneError(
            expected="a multispectral and a panchromatic product, to pan-sharpen",
            found=" and ".join(part.name for part in delivery.parts),
            fix="Leave out --pansharpen, or give the folder that holds both",
        )
    return delivery.pan


def _reason(products: list[Part], wanted: Choices) -> str:
    """Return why digital numbers are kept, empty for reflectance."""
    if wanted.toa is False:
        return "asked for with --no-toa"
    if wanted.toa:
        return ""
    return next((f"{each.name}: {refusal(each)}" for each in products if refusal(each)), "")


def _source(part: Part, terrain: Terrain | None, table: CalibrationTable | None) -> Source:
    linear = None if table is None else conversion(part, table)
    checked = check_part(part)
    if part.is_raw and terrain is None:
        assumed = polynomials(part).height_off
        raise SceneError(
            expected=f"heights to orthorectify {part.name} with, which is a raw 1B product",
            found="neither an elevation model nor a height",
            fix="Give --dem FILE, or --height METRES above the WGS 84 ellipsoid (the supplier's"
            f" polynomials are centred on {assumed:g} m)",
        )
    if terrain is None:
        return Source(checked, _mean_gsd(checked), None, linear)
    rpc = polynomials(part)
    height = rpc.height_off if terrain.height_m is None else terrain.height_m
    mosaic = checked.mosaic
    gsd = raw_gsd_m(rpc, (mosaic.height, mosaic.width), height)
    return Source(checked, gsd, rpc, linear)


def _mean_gsd(checked: CheckedPart) -> float:
    grid = checked.mosaic.grid
    if grid is None:
        raise ValueError("a projected product has a grid")
    return sum(grid.gsd_m()) / 2


def _check_gsd(wanted: float, pan: float, image: float) -> None:
    if not pan * _FINEST <= wanted <= image * _COARSEST:
        raise SceneError(
            expected=f"a GSD to sharpen to between the panchromatic {pan:.2f} m and the"
            f" multispectral {image:.2f} m",
            found=f"{wanted:g} m",
            fix=f"Give for example --pansharpen {pan:.2f}",
        )


def _grid(image: Source, wanted: Choices) -> Grid:
    mosaic = image.checked.mosaic
    if image.rpc is None or wanted.terrain is None:
        if mosaic.grid is None:
            raise ValueError("a projected product has a grid")
        return (
            mosaic.grid if wanted.pansharpen_m is None else mosaic.grid.at_gsd(wanted.pansharpen_m)
        )
    gsd = wanted.pansharpen_m or image.checked.part.metadata.gsd_m or round(image.gsd_m, 2)
    shape = (mosaic.height, mosaic.width)
    if wanted.terrain.dem is not None:
        flat = Terrain(height_m=image.rpc.height_off)
        check_dem(wanted.terrain.dem, outline(ortho_grid(image.rpc, shape, flat, gsd)))
    return ortho_grid(image.rpc, shape, wanted.terrain, gsd)


def _warnings(image: Source, wanted: Choices) -> tuple[str, ...]:
    if image.rpc is None or wanted.terrain is None:
        return ()
    return (warning(image.checked.part, wanted.terrain, image.rpc),)


def stac_properties(plan: Plan, made: Mapping[str, Any]) -> dict[str, Any]:
    """Return the STAC properties of the scene; ``made`` tells how its pixels were made.

    Source: STAC 1.1.0 common metadata, extensions view 1.0.0, eo 2.0.0 and processing 1.2.0.
    """
    metadata = plan.delivery.image.metadata
    view = metadata.view
    properties: dict[str, Any] = {
        "datetime": metadata.acquired.isoformat(),
        "platform": metadata.platform.lower(),
        "constellation": "maxar",
        "view:sun_elevation": view.sun_elevation_deg,
        "view:sun_azimuth": None if view.sun_azimuth_deg is None else view.sun_azimuth_deg % 360,
        "view:off_nadir": view.off_nadir_deg,
        "view:azimuth": None if view.azimuth_deg is None else view.azimuth_deg % 360,
        "eo:cloud_cover": None
        if metadata.cloud_cover is None
        else round(metadata.cloud_cover * 100, 3),
        "processing:level": metadata.level or None,
        "satseg:delivery": {
            "product_id": metadata.product_id,
            "catalog_id": metadata.catalog_id,
            "product_type": metadata.product_type,
            "part": plan.delivery.part,
            "scan_direction": metadata.scan_direction,
            "files": [tile.path.name for part in plan.delivery.parts for tile in part.tiles],
        },
        "satseg:unit": plan.unit,
        "satseg:made": dict(made),
    }
    return {key: value for key, value in properties.items() if value is not None}
