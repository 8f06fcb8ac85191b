"""Entry of a scene into the catalog: checks, display copies, item, one rename."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from satseg.catalog_items import scene_item, sha256_of
from satseg.catalog_records import SceneRecord
from satseg.catalog_store import Store, write_json
from satseg.display import false_colour_bands, true_colour_bands, write_pictures
from satseg.errors import CatalogError, DateError, RegionError, SceneError
from satseg.identifiers import check_identifier, slug
from satseg.regions import Region, containing
from satseg.scene import Scene, open_scene
from satseg.storage import storing

if TYPE_CHECKING:
    from satseg.catalog import Catalog

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Registration:
    """What is asked for when a scene is added; see ``Catalog.add_scene``."""

    path: Path
    date: dt.date | str | None
    region_id: str | None
    bands: tuple[str, ...] | None
    scene_id: str | None
    title: str | None
    truth: Path | None
    licence: str
    copy: bool
    properties: Mapping[str, Any]
    adopt: bool
    new_region: Region | None = None


def register_scene(
    catalog: Catalog, store: Store, wanted: Registration, progress: Progress | None
) -> str:
    """Register a scene and return its id; see ``Catalog.add_scene``."""
    path = wanted.path.resolve()
    scene = open_scene(path, bands=wanted.bands, date=wanted.date)
    date = _date_of(scene)
    sha256 = sha256_of(path, _share(progress, 0, 10))
    _refuse_known(catalog, path, sha256)
    scene_id = _scene_id(store, wanted, path, date, sha256)
    footprint = orient(Polygon(scene.grid.footprint()))
    _region(catalog, wanted, scene_id, scene, footprint)  # refuse before the work
    truth = _existing(wanted.truth)
    with store.staging() as folder:
        hrefs, valid = _write_files(scene, folder, wanted, truth, progress)
        if valid == 0:
            raise SceneError(
                expected="an image with data",
                found=f"only nodata in {path.name}",
                fix="Check the file's nodata value, mask or alpha band",
            )

        def enter() -> None:
            """Decide what depends on other entries, under the lock."""
            _refuse_known(catalog, path, sha256)
            region = _region(catalog, wanted, scene_id, scene, footprint)
            record = SceneRecord(
                id=scene_id,
                title=wanted.title or path.stem,
                region_id=region.id,
                date=date,
                bands=tuple(scene.bands),
                gsd_m=sum(scene.grid.gsd_m()) / 2,
                image=folder / hrefs["image"],
                display=folder / "display.tif",
                false_colour=None,
                thumbnail=folder / "thumbnail.png",
                simulated=scene.simulated,
                valid_fraction=valid,
                footprint=footprint,
                truth=truth,
                sha256=sha256,
                licence=wanted.licence,
            )
            item = scene_item(record, scene.grid, hrefs, wanted.properties)
            write_json(folder / f"{scene_id}.json", item)
            catalog.add_region_unlocked(region)

        store.register("scenes", scene_id, folder, guard=enter)
    if progress is not None:
        progress(100, 100)
    return scene_id


def _write_files(
    scene: Scene,
    folder: Path,
    wanted: Registration,
    truth: Path | None,
    progress: Progress | None,
) -> tuple[dict[str, str], float]:
    """Write the entry's files; return the address of each asset and the share of valid pixels."""
    pictures: dict[Path, Sequence[str]] = {folder / "display.tif": true_colour_bands(scene.bands)}
    hrefs = {"display": "./display.tif", "thumbnail": "./thumbnail.png"}
    infrared = false_colour_bands(scene.bands)
    if infrared is not None:
        pictures[folder / "false_colour.tif"] = infrared
        hrefs["false_colour"] = "./false_colour.tif"
    valid = write_pictures(
        scene,
        pictures,
        thumbnail=folder / "thumbnail.png",
        progress=_share(progress, 10, 100),
    )
    if wanted.adopt:
        hrefs["image"] = _adopted(scene.path, folder)
    else:
        hrefs["image"] = _href(scene.path, folder, "image", wanted.copy)
    if truth is not None:
        hrefs["truth"] = _href(truth, folder, "truth", wanted.copy)
    return hrefs, valid


def _adopted(path: Path, folder: Path) -> str:
    """Move an image out of another staging folder; one disk, so that it is a rename."""
    if path.parent.parent != folder.parent.resolve():
        raise ValueError(f"{path} does not lie in a folder of the catalog's staging area")
    target = folder / f"image{path.suffix.lower()}"
    path.replace(target)
    return f"./{target.name}"


def _href(path: Path, folder: Path, name: str, copy: bool) -> str:
    if not copy:
        return str(path)
    target = folder / f"{name}{path.suffix.lower()}"
    with storing(target) as whole:
        shutil.copyfile(path, whole)
    return f"./{target.name}"


def _date_of(scene: Scene) -> dt.date:
    if scene.date is None:
        raise DateError(
            expected="the day of acquisition",
            found=f"none in the tags of {scene.path.name}",
            fix="Give it, for example --date 2015-06-06",
        )
    return scene.date


def _refuse_known(catalog: Catalog, path: Path, sha256: str) -> None:
    for known in catalog.scenes():
        same_file = known.image == path
        if same_file or known.sha256 == sha256:
            what = "the same file" if same_file else "a file of the same content"
            raise CatalogError(
                expected="an image that the catalog does not have",
                found=f"{path.name}, {what} as scene {known.id!r} of {known.date}",
                fix=f"Use scene {known.id!r}, or remove it with 'satseg scenes remove {known.id}'",
            )


def _scene_id(store: Store, wanted: Registration, path: Path, date: dt.date, sha256: str) -> str:
    if wanted.scene_id is not None:
        scene_id = check_identifier(wanted.scene_id, what="a scene id")
        store.refuse_taken(scene_id)
        return scene_id
    scene_id = slug(path.stem) or f"scene-{sha256[:8]}"
    if store.folder("scenes", scene_id).exists():
        scene_id = slug(f"{scene_id}-{date:%Y%m%d}")
        store.refuse_taken(scene_id)
    return scene_id


def _region(
    catalog: Catalog, wanted: Registration, scene_id: str, scene: Scene, footprint: BaseGeometry
) -> Region:
    if wanted.region_id is not None or wanted.new_region is not None:
        region = wanted.new_region or catalog.region(str(wanted.region_id))
        if not region.geometry.intersects(footprint):
            west, south, east, north = footprint.bounds
            raise RegionError(
                expected=f"a scene that touches the region {region.id!r}",
                found=f"{scene.path.name} from ({west:.4f}, {south:.4f}) to ({east:.4f},"
                f" {north:.4f})",
                fix="Choose another region, or leave it out to have it chosen",
            )
        return region
    centre = footprint.centroid
    found = containing(catalog.regions(), centre.x, centre.y)
    if found is not None:
        return found
    return Region(
        id=scene_id,
        name_en=wanted.title or scene.path.stem,
        name_zh="",
        geometry=footprint,
        summary=f"The outline of the scene {wanted.title or scene.path.name}.",
        summary_zh=f"影像 {wanted.title or scene.path.name} 的范围。",
    )


def _existing(truth: Path | None) -> Path | None:
    if truth is not None and not truth.is_file():
        raise SceneError(
            expected="a raster of the true classes of the scene",
            found=f"no file {truth}",
            fix="Correct the path, or leave it out",
        )
    return None if truth is None else truth.resolve()


def _share(progress: Progress | None, start: int, stop: int) -> Progress | None:
    """Return a callback that maps (done, total) of one step to percent of all."""
    if progress is None:
        return None

    def step(done: int, total: int) -> None:
        progress(start + (stop - start) * done // max(1, total), 100)

    return step
