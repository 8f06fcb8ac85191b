"""Makes a plan's image and enters it into the catalog: whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satseg import __version__
from satseg.deliveries.image import Clipped, Plain, Values, write_image
from satseg.deliveries.ortho import Terrain
from satseg.deliveries.pixels import Pixels, mosaic_of, native_pixels, warped_pixels
from satseg.deliveries.plan import Plan, Source, stac_properties
from satseg.deliveries.sharpen import Sharpened, Statistics, statistics
from satseg.deliveries.toa import provenance
from satseg.errors import CatalogError, DateError
from satseg.grids import Grid
from satseg.identifiers import slug
from satseg.mosaics import SUFFIX
from satseg.scene import SIMULATED_TAG
from satseg.windows import Window

if TYPE_CHECKING:
    from satseg.catalog import Catalog
    from satseg.catalog_records import SceneRecord

Progress = Callable[[int, int], None]

_DECIMATED_PX = 256


def add_delivery(
    catalog: Catalog,
    plan: Plan,
    *,
    date: dt.date | None = None,
    region_id: str | None = None,
    scene_id: str | None = None,
    title: str | None = None,
    licence: str = "",
    progress: Progress | None = None,
) -> SceneRecord:
    """Make the image of a plan, register it and return its record.

    Args:
        catalog: where it is registered.
        plan: from ``understand``.
        date: the caller's idea of the day, which must be the .IMD's.
        region_id: region of its series; see ``Catalog.add_scene``.
        scene_id: identifier; made from the product's name without it.
        title: name to show; satellite and day without it.
        licence: terms of the imagery.
        progress: called with (percent done, 100).

    Raises:
        SatsegError: a tile is damaged, the scene is there already, the date is another, or the
            disk is full. The catalog is as before then.
    """
    name = scene_id or slug(plan.delivery.image.name)
    _refuse(catalog, plan, name, date)
    report = progress or (lambda done, total: None)
    with catalog.staging() as folder:
        path, made = make_image(
            plan, folder, progress=lambda done, total: report(60 * done // max(1, total), 100)
        )
        return catalog.add_scene(
            path,
            date=plan.delivery.image.metadata.acquired.date(),
            region_id=region_id,
            bands=plan.bands,
            scene_id=name,
            title=title or _title(plan),
            licence=licence,
            properties=stac_properties(plan, made),
            adopt=path.parent == folder,
            progress=lambda done, total: report(60 + 40 * done // max(1, total), 100),
        )


def _title(plan: Plan) -> str:
    metadata = plan.delivery.image.metadata
    title = f"{metadata.platform}, {metadata.acquired:%Y-%m-%d}"
    return f"{title}, simulated" if plan.simulated else title


def _refuse(catalog: Catalog, plan: Plan, name: str, date: dt.date | None) -> None:
    """Refuse before the work what would be refused after it."""
    acquired = plan.delivery.image.metadata.acquired.date()
    if date not in (None, acquired):
        raise DateError(
            expected=f"{acquired}, the day in {plan.delivery.image.metadata.path.name}",
            found=str(date),
            fix="Leave out --date; the delivery tells it",
        )
    if any(known.id == name for known in catalog.scenes()):
        raise CatalogError(
            expected="a scene that the catalog does not have",
            found=f"{name!r} in {catalog.root}",
            fix=f"Remove it with 'satseg scenes remove {name}', or give another --id",
        )


def make_image(
    plan: Plan, folder: Path, *, progress: Progress | None = None
) -> tuple[Path, dict[str, Any]]:
    """Return the image of a plan and how it was made.

    Args:
        plan: from ``understand``.
        folder: an empty folder of ``catalog.staging()``. The supplier's file itself is returned
            where it is used as it lies; else the image lies in ``folder``: ``image.tif``, or
            ``image.vrt`` for several tiles that are used as they lie.
        progress: called with (rows done, rows in all).

    Raises:
        SceneError: a tile is damaged or nothing in it has data.
        StorageError: the disk is full.
    """
    made = _made(plan)
    if plan.is_linked:
        path = mosaic_of(plan.image.checked, folder)
        if path.suffix == SUFFIX:
            path = path.rename(folder / f"image{SUFFIX}")
        return path, made
    path = folder / "image.tif"
    with _values(plan, folder) as (values, found):
        if found is not None:
            made["pansharpening"] |= found.tags()
        clipped = write_image(
            path,
            values,
            bands=plan.bands,
            unit=plan.unit,
            tags=_tags(plan, made),
            progress=progress,
        )
    return path, made | {"clipped": _counted(clipped)}


@contextmanager
def _values(plan: Plan, folder: Path) -> Iterator[tuple[Values, Statistics | None]]:
    """Open what is to be written, and what the sharpening found."""
    with ExitStack() as stack:
        grid = plan.grid
        if plan.pan is None:
            pixels = stack.enter_context(_pixels(plan.image, grid, folder, plan.choices.terrain))
            yield Plain(pixels, plan.image.linear), None
            return
        found = _statistics(plan, folder)
        both = [
            Plain(
                stack.enter_context(_pixels(source, grid, folder, plan.choices.terrain)),
                source.linear,
            )
            for source in (plan.image, plan.pan)
        ]
        yield Sharpened(both[0], both[1], found, plan.choices.method), found


def _statistics(plan: Plan, folder: Path) -> Statistics:
    """Return statistics of both images, averaged onto one coarse grid.

    Its pixels are never finer than the multispectral ones, so that both images show the same
    detail on it, and there are at most 256 a side.
    """
    finer = sum(plan.grid.gsd_m()) / 2 / plan.image.gsd_m
    share = min(1.0, finer, _DECIMATED_PX / max(plan.grid.shape))
    size = (max(1, round(n * share)) for n in plan.grid.shape)
    coarse = plan.grid.resized(*size)
    window = Window(0, 0, *coarse.shape)
    read: list[tuple[NDArray[np.float32], NDArray[np.bool_]]] = []
    for source in (plan.image, plan.pan):
        if source is not None:
            with _pixels(source, coarse, folder, plan.choices.terrain, average=True) as pixels:
                read.append(Plain(pixels, source.linear).read(window))
    (image, valid), (pan, seen) = read
    both = valid & seen
    return statistics(plan.bands, image[:, both].astype(float), pan[0, both].astype(float))


@contextmanager
def _pixels(
    source: Source, grid: Grid, folder: Path, terrain: Terrain | None, *, average: bool = False
) -> Iterator[Pixels]:
    """Open a product on ``grid``: as it is where that is its own, else warped."""
    rpc = None if source.rpc is None else source.rpc.to_gdal()
    path = mosaic_of(source.checked, folder, rpc=rpc)
    if rpc is None and source.checked.mosaic.grid == grid:
        with native_pixels(path, source.checked.mosaic) as pixels:
            yield pixels
        return
    options = {} if terrain is None or rpc is None else terrain.options
    # Averaging is asked for by calling the pixels of the source finer than they are.
    gsd_m = 0.0 if average else source.gsd_m
    with warped_pixels(path, grid, gsd_m=gsd_m, options=options) as warped:
        yield warped


def _made(plan: Plan) -> dict[str, Any]:
    """Return how the pixels are made, for the catalog and the file's tags."""
    made: dict[str, Any] = {
        "software": f"satseg {__version__}",
        "unit": plan.unit,
    }
    if plan.reason:
        made["digital_numbers_because"] = plan.reason
    else:
        made["reflectance"] = provenance(plan.delivery.image, plan.table)
    if plan.pan is not None:
        made["pansharpening"] = {
            "method": plan.choices.method,
            "gsd_m": plan.choices.pansharpen_m,
            "panchromatic": plan.pan.checked.part.name,
        }
        if not plan.reason:
            made["pansharpening"]["reflectance"] = provenance(plan.pan.checked.part, plan.table)
    if plan.image.rpc is not None and plan.choices.terrain is not None:
        made["orthorectification"] = {
            "heights": plan.choices.terrain.words,
            "method": "rational polynomials of the .RPB, GDAL, no ground control",
        }
    return made


def _tags(plan: Plan, made: dict[str, Any]) -> dict[str, str]:
    metadata = plan.delivery.image.metadata
    stored = "top-of-atmosphere reflectance x 10000" if not plan.reason else "digital numbers"
    tags = {
        "ACQUISITION_DATE": metadata.acquired.date().isoformat(),
        "SATSEG_DELIVERY": metadata.product_id,
        "SATSEG_UNIT": stored,
        "SATSEG_MADE": json.dumps(made, sort_keys=True),
    }
    if not plan.reason:
        tags["SATSEG_CALIBRATION"] = plan.table.name
    if plan.simulated:
        tags[SIMULATED_TAG] = "YES"
    return tags


def _counted(clipped: Clipped) -> dict[str, int]:
    return {"values": clipped.total, "low": clipped.low, "high": clipped.high}
