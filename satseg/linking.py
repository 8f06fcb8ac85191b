"""Scenes that are registered where they lie, on a web server or in a bucket, without a download."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import rasterio
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import CRSError, RasterioError

from satseg.addresses import Address
from satseg.errors import SceneError
from satseg.grids import Grid
from satseg.identifiers import slug
from satseg.mosaics import ALPHA, SUFFIX, Mosaic, Tile, write_mosaic
from satseg.reading import raster_environment

if TYPE_CHECKING:
    from satseg.catalog import Catalog
    from satseg.catalog_records import SceneRecord


def link_scene(catalog: Catalog, address: Address, **options: Any) -> SceneRecord:
    """Register the image at an address and return its record.

    Only the small copies that are shown are made here. What a model needs of the image is read
    from the address each time, by ranges, so that the server must understand those. The image is
    taken for one that does not change.

    Args:
        catalog: gets the scene.
        address: of a GeoTIFF, best a cloud-optimised one.
        options: as ``Catalog.add_scene`` takes them, but for ``copy`` and ``adopt``.

    Raises:
        SceneError: nothing can be read there, or no scene.
        SatsegError: as ``Catalog.add_scene``.
    """
    mosaic, tags = described(address)
    stem = PurePosixPath(address.name).stem
    with catalog.staging() as folder:
        path = folder / f"{slug(stem) or 'image'}{SUFFIX}"
        write_mosaic(path, mosaic, tags=tags)
        options = {**options, "title": options.get("title") or stem}
        return catalog.add_scene(path, adopt=True, **options)


def described(address: Address) -> tuple[Mosaic, dict[str, str]]:
    """Return the image at an address as a mosaic of one tile, and its metadata.

    Raises:
        SceneError: nothing can be read there, or it is no image that can be linked.
    """
    try:
        with raster_environment(), rasterio.open(address.gdal, driver="GTiff") as dataset:
            _check(dataset, address)
            height, width = dataset.shape
            a, b, c, d, e, f = tuple(dataset.transform)[:6]
            grid = Grid(dataset.crs.to_wkt(), (a, b, c, d, e, f), height, width)
            mosaic = Mosaic(
                [Tile(address, 0, 0, height, width)],
                height,
                width,
                _names(dataset),
                dataset.dtypes[0],
                grid,
                nodata=dataset.nodata,
            )
            return mosaic, dict(dataset.tags())
    except (RasterioError, CRSError) as error:
        raise SceneError(
            expected=f"a GeoTIFF that can be read at {address.text}",
            found=str(error),
            fix="Check the network, the address, and for a bucket the keys in AWS_ACCESS_KEY_ID"
            " and AWS_SECRET_ACCESS_KEY, or AWS_NO_SIGN_REQUEST=YES",
        ) from error


def _check(dataset: rasterio.DatasetReader, address: Address) -> None:
    inside = any(MaskFlags.per_dataset in flags for flags in dataset.mask_flag_enums)
    problems = {
        "no CRS": dataset.crs is None,
        "bands of several types": len(set(dataset.dtypes)) > 1,
        "a mask of its own": inside and ColorInterp.alpha not in dataset.colorinterp,
        "nodata values that differ by band": len(set(map(repr, dataset.nodatavals))) > 1,
    }
    found = ", ".join(name for name, there in problems.items() if there)
    if found:
        raise SceneError(
            expected="a GeoTIFF with a CRS, one type and one nodata value, without a mask",
            found=f"{found} at {address.text}",
            fix="Download it and add the file",
        )


def _names(dataset: rasterio.DatasetReader) -> tuple[str, ...]:
    pairs = zip(dataset.colorinterp, dataset.descriptions, strict=True)
    return tuple(ALPHA if kind is ColorInterp.alpha else name or "" for kind, name in pairs)
