"""What is removed together, into the bin, and what must hold before it comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shapely.geometry import shape

from satseg.catalog import Catalog
from satseg.catalog_bin import Bin, Contents, Removal
from satseg.catalog_records import MULTIHASH_SHA256
from satseg.catalog_store import Store
from satseg.ensemble_store import MAX_KEPT as MOST_ENSEMBLES
from satseg.ensemble_store import EnsembleStore
from satseg.errors import AccuracyError, CatalogError
from satseg.interest import MAX_KEPT as MOST_AREAS
from satseg.interest import InterestStore
from satseg.sampling.store import SUFFIX, SampleStore
from satseg.zoo.ensembles import find_ensemble

if TYPE_CHECKING:
    from satseg.sampling import Sample


def bin_of(catalog: Catalog) -> Bin:
    """Return the bin of a catalog."""
    return Bin(Store(catalog.root))


def remove_scene(catalog: Catalog, scene_id: str) -> Removal:
    """Move a scene with its maps, their areas and its samples into the bin.

    An image outside of the catalog stays where it is. Jobs are the caller's.

    Raises:
        CatalogError: the catalog has no such scene.
    """

    def gather() -> Contents:
        scene = catalog.scene(scene_id)
        maps = [found.id for found in catalog.predictions(scene_id)]
        areas = [name for name, made_from in _measured(catalog) if made_from in maps]
        samples = [sample.id for sample in samples_of(catalog, scene_id)]
        return Contents(
            kind="scene",
            name=scene.title,
            key=scene_id,
            paths=(
                f"scenes/{scene_id}",
                *(f"predictions/{name}" for name in maps),
                *(f"areas/{name}" for name in areas),
                *(f"reference/{name}{SUFFIX}" for name in samples),
            ),
            counts={"maps": len(maps), "areas": len(areas), "samples": len(samples)},
        )

    return bin_of(catalog).put(gather)


def remove_area(catalog: Catalog, interest_id: str) -> Removal:
    """Move an area of interest into the bin.

    Raises:
        RegionError: there is none of that id.
    """

    def gather() -> Contents:
        found = InterestStore(catalog.root).get(interest_id)
        return Contents("area", found.name, found.id, (f"interests/{found.id}.geojson",))

    return bin_of(catalog).put(gather)


def remove_ensemble(catalog: Catalog, ensemble_id: str) -> Removal:
    """Move an ensemble that was put together by hand into the bin; its maps stay in the catalog.

    Raises:
        ModelError: there is none of that id.
    """

    def gather() -> Contents:
        found = find_ensemble(ensemble_id, EnsembleStore(catalog.root).folder)
        return Contents("ensemble", found.title, found.id, (f"ensembles/{found.id}",))

    return bin_of(catalog).put(gather)


def remove_sample(catalog: Catalog, sample_id: str) -> Removal:
    """Move a sample with its labels into the bin.

    Raises:
        AccuracyError: there is none of that id.
    """

    def gather() -> Contents:
        found = SampleStore(catalog.root).sample(sample_id)
        name = f"{found.region_id} {found.date}, {len(found.points)}"
        return Contents("sample", name, found.id, (f"reference/{found.id}{SUFFIX}",))

    return bin_of(catalog).put(gather)


def restore(catalog: Catalog, removal_id: str) -> Removal:
    """Bring back what was removed, byte for byte, with all that went with it.

    Areas that were measured in an outline that their region no longer has stay away; they are
    measured anew when asked for.

    Raises:
        CatalogError: there is no such removal, its place is taken, its image or its scene is in
            the catalog or gone, or there are too many of its kind.
    """

    def check(removal: Removal, files: Path) -> Sequence[str]:
        if removal.kind == "scene":
            _refuse_known(catalog, removal, files)
        elif removal.kind == "area":
            _refuse_full(len(InterestStore(catalog.root).ids()), MOST_AREAS, "areas of interest")
        elif removal.kind == "ensemble":
            _refuse_full(len(EnsembleStore(catalog.root).ensembles()), MOST_ENSEMBLES, "ensembles")
        return _outdated(catalog, removal, files)

    return bin_of(catalog).restore(removal_id, check)


def samples_of(catalog: Catalog, scene_id: str) -> list[Sample]:
    """Return the samples of a scene; files that hold no sample are left alone."""
    store = SampleStore(catalog.root)
    found = []
    for name in store.ids():
        try:
            found.append(store.sample(name))
        except AccuracyError:
            continue
    return [sample for sample in found if sample.scene_id == scene_id]


def _measured(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Yield each measured area with the prediction in which it was measured."""
    for item in Store(catalog.root).items("areas"):
        yield item["id"], item["properties"]["satseg:prediction_id"]


def _refuse_known(catalog: Catalog, removal: Removal, files: Path) -> None:
    item = json.loads((files / removal.paths[0] / f"{removal.key}.json").read_text("utf-8"))
    sha256 = item["assets"]["image"]["file:checksum"][len(MULTIHASH_SHA256) :]
    for known in catalog.scenes():
        if known.sha256 == sha256:
            raise CatalogError(
                expected="a scene whose image the catalog does not have",
                found=f"the image of {removal.name!r} as scene {known.id!r}, added since",
                fix="Use that scene, or remove it first",
            )


def _refuse_full(count: int, most: int, what: str) -> None:
    if count >= most:
        raise CatalogError(
            expected=f"at most {most} {what}",
            found=f"{count} already",
            fix="Remove one that is not needed any more",
        )


def _outdated(catalog: Catalog, removal: Removal, files: Path) -> list[str]:
    """Return the areas that were measured in another outline than their region has now."""
    outlines = {region.id: region.geometry for region in catalog.regions()}
    found = []
    for path in removal.paths:
        if path.startswith("areas/"):
            item = json.loads((files / path / f"{Path(path).name}.json").read_text("utf-8"))
            outline = outlines.get(item["properties"]["satseg:region_id"])
            if outline is None or not outline.equals(shape(item["geometry"])):
                found.append(path)
    return found
