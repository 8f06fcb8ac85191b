"""Orthorectification of raw (1B) products through their rational polynomials (.RPB)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.errors import RasterioError, TransformError
from rasterio.rpc import RPC
from rasterio.transform import RPCTransformer
from rasterio.warp import transform as transform_points
from rasterio.warp import transform_bounds

from satseg.deliveries import pvl
from satseg.deliveries.folder import Part
from satseg.errors import SceneError
from satseg.grids import WGS84, Grid
from satseg.reading import raster_environment

_EDGE_POINTS = 21
_COEFFICIENTS = 20
_DEFAULT_OFF_NADIR_DEG = 20.0


@dataclass(frozen=True, slots=True)
class Terrain:
    """Heights to orthorectify with: a raster, or one height everywhere.

    Attributes:
        dem: elevation model with a CRS, metres; None for a constant height.
        height_m: above the WGS 84 ellipsoid, as rational polynomials count.
    """

    dem: Path | None = None
    height_m: float | None = None

    def __post_init__(self) -> None:
        if (self.dem is None) == (self.height_m is None):
            raise SceneError(
                expected="either an elevation model or one height",
                found="both" if self.dem is not None else "neither",
                fix="Give one of --dem FILE and --height METRES",
            )
        if self.height_m is not None and not -500 <= self.height_m <= 9000:
            raise SceneError(
                expected="a height of -500 to 9000 m above the WGS 84 ellipsoid",
                found=f"{self.height_m:g} m",
                fix="Give the mean height of the ground, in metres",
            )

    @property
    def options(self) -> dict[str, Any]:
        """Options of GDAL's transformer. Pixels beyond the elevation model become nodata."""
        if self.dem is not None:
            return {"RPC_DEM": str(self.dem.resolve())}
        return {"RPC_HEIGHT": float(self.height_m or 0)}

    @property
    def words(self) -> str:
        """The heights, as provenance and terminal name them."""
        return f"elevation model {self.dem.name}" if self.dem else f"height {self.height_m:g} m"


def polynomials(part: Part) -> RPC:
    """Return a product's rational polynomials.

    Raises:
        SceneError: there is no .RPB, or it is damaged.
    """
    if part.rpb is None:
        raise SceneError(
            expected=f"the rational polynomials {part.name}.RPB beside the image",
            found="no such file",
            fix="Copy the delivery again, with all of its files",
        )
    group = pvl.read(part.rpb).group("IMAGE")
    if group is None:
        raise _damaged(part.rpb, "no group IMAGE")
    names = ("line", "samp", "lat", "long", "height")
    single = {f"{name}{kind}": group.number(f"{name}{kind}") for name in names for kind in _KINDS}
    missing = [name for name, value in single.items() if value is None]
    scales = [single[f"{name}Scale"] for name in names]
    if missing or not all(scales):
        raise _damaged(part.rpb, f"no {', '.join(missing) or 'scale that is not 0'}")
    lists = {}
    for name in ("lineNumCoef", "lineDenCoef", "sampNumCoef", "sampDenCoef"):
        lists[name] = list(group.numbers(name))
        if len(lists[name]) != _COEFFICIENTS:
            raise _damaged(part.rpb, f"{len(lists[name])} numbers in {name}")
    return RPC(
        height_off=single["heightOffset"],
        height_scale=single["heightScale"],
        lat_off=single["latOffset"],
        lat_scale=single["latScale"],
        line_den_coeff=lists["lineDenCoef"],
        line_num_coeff=lists["lineNumCoef"],
        line_off=single["lineOffset"],
        line_scale=single["lineScale"],
        long_off=single["longOffset"],
        long_scale=single["longScale"],
        samp_den_coeff=lists["sampDenCoef"],
        samp_num_coeff=lists["sampNumCoef"],
        samp_off=single["sampOffset"],
        samp_scale=single["sampScale"],
        err_bias=group.number("errBias"),
        err_rand=group.number("errRand"),
    )


_KINDS = ("Offset", "Scale")


def ortho_grid(rpc: RPC, shape: tuple[int, int], terrain: Terrain, gsd_m: float) -> Grid:
    """Return the north-up UTM grid of ``gsd_m`` that holds the image's outline on the ground.

    Corners lie on whole multiples of ``gsd_m``.

    Raises:
        SceneError: the polynomials do not place the image, or the elevation model misses it.
    """
    height, width = shape
    steps = np.linspace(0, 1, _EDGE_POINTS)
    rows = np.concatenate([steps * 0, steps, steps * 0 + 1, steps]) * height
    columns = np.concatenate([steps, steps * 0 + 1, steps, steps * 0]) * width
    try:
        with raster_environment(), RPCTransformer(rpc, **terrain.options) as placing:
            lon, lat = placing.xy(rows, columns, offset="ul")
    except (RasterioError, TransformError) as error:
        raise _unplaced(str(error), terrain) from error
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    placed = np.isfinite(lon) & np.isfinite(lat)
    inside = placed & (np.abs(lon) <= 180) & (np.abs(lat) <= 84)
    if not inside.all():
        raise _unplaced(f"{int(inside.sum())} of {inside.size} points of the edge placed", terrain)
    zone = min(60, int((lon.mean() + 180) // 6) + 1)
    crs = f"EPSG:{(32600 if lat.mean() >= 0 else 32700) + zone}"
    x, y = (np.asarray(each) for each in transform_points("EPSG:4326", crs, lon, lat))
    left, top = math.floor(x.min() / gsd_m) * gsd_m, math.ceil(y.max() / gsd_m) * gsd_m
    return Grid(
        crs,
        (gsd_m, 0.0, left, 0.0, -gsd_m, top),
        max(1, math.ceil((top - y.min()) / gsd_m)),
        max(1, math.ceil((x.max() - left) / gsd_m)),
    )


def raw_gsd_m(rpc: RPC, shape: tuple[int, int], height_m: float) -> float:
    """Return the ground sample distance at the image's centre, mean of both directions."""
    row, column = shape[0] / 2, shape[1] / 2
    with raster_environment(), RPCTransformer(rpc, RPC_HEIGHT=height_m) as placing:
        lon, lat = placing.xy([row, row + 1, row], [column, column, column + 1], offset="ul")
    down, across = (WGS84.inv(lon[0], lat[0], lon[k], lat[k])[2] for k in (1, 2))
    return float(down + across) / 2


def check_dem(path: Path, around: Mapping[str, float]) -> None:
    """Raise SceneError unless an elevation model can be read and covers the image.

    Args:
        path: GeoTIFF with one band of heights in metres.
        around: ``west``, ``south``, ``east``, ``north`` of the image in degrees.
    """
    try:
        with raster_environment(), rasterio.open(path, driver="GTiff") as dataset:
            crs, box, count = dataset.crs, dataset.bounds, dataset.count
    except (RasterioError, OSError) as error:
        raise _no_dem(path, str(error)) from error
    if crs is None or count != 1:
        raise _no_dem(path, "no CRS" if crs is None else f"{count} bands")
    west, south, east, north = transform_bounds(crs, CRS.from_epsg(4326), *box)
    covers = west <= around["west"] and south <= around["south"]
    if not (covers and east >= around["east"] and north >= around["north"]):
        raise _no_dem(
            path,
            f"only {west:.4f} to {east:.4f} east, {south:.4f} to {north:.4f} north, and the image"
            f" {around['west']:.4f} to {around['east']:.4f}, {around['south']:.4f} to"
            f" {around['north']:.4f}",
        )


def outline(grid: Grid) -> dict[str, float]:
    """Return west, south, east and north of a grid in degrees."""
    lon, lat = (np.array(each) for each in zip(*grid.footprint(), strict=True))
    return {
        "west": float(lon.min()),
        "south": float(lat.min()),
        "east": float(lon.max()),
        "north": float(lat.max()),
    }


def warning(part: Part, terrain: Terrain, rpc: RPC) -> str:
    """Return what to know about the accuracy of an orthorectified image."""
    angle = part.metadata.view.off_nadir_deg
    tilt = _DEFAULT_OFF_NADIR_DEG if angle is None else angle
    shift = math.tan(math.radians(tilt))
    bias = f"; the supplier states a bias of {rpc.err_bias:g} m" if rpc.err_bias else ""
    what = (
        "every metre by which the ground differs from it"
        if terrain.dem is None
        else "every metre of error in it"
    )
    return (
        f"Orthorectified with the {terrain.words} and without ground control{bias}."
        f" At {tilt:.0f}° off nadir {what} moves the ground by about {shift:.2f} m. Heights count"
        " from the WGS 84 ellipsoid, not from the sea. Compare the image with known points before"
        " you compare dates."
    )


def _damaged(path: Path, found: str) -> SceneError:
    return SceneError(
        expected="offsets, scales and four lists of 20 coefficients in the group IMAGE",
        found=f"{found} in {path.name}",
        fix="Copy the delivery again; the .RPB is damaged",
    )


def _unplaced(found: str, terrain: Terrain) -> SceneError:
    return SceneError(
        expected="rational polynomials that place the image on the ground",
        found=f"{found}, with the {terrain.words}",
        fix="Check that height or elevation model belong to this place",
    )


def _no_dem(path: Path, found: str) -> SceneError:
    return SceneError(
        expected="an elevation model: a GeoTIFF of one band with a CRS that covers the image",
        found=f"{path.name}: {found}",
        fix="Give another file with --dem, or one height with --height",
    )
