"""The catalog: scenes, predictions and areas as STAC items in a folder.

Layout below the root::

    catalog.json                   root of the static STAC catalog
    regions.geojson                the regions whose farmland is measured
    scenes/<id>/<id>.json          one scene with its display copies and thumbnail
    predictions/<id>/<id>.json     one probability raster with provenance and display copy
    areas/<id>/<id>.json           one prediction measured in one region
    reference/<id>.gpkg            one sample of labelled points (satseg.sampling)
    removed/<id>/                  what was removed and can be brought back (satseg.catalog_bin)
    downloads/                     what ``satseg fetch`` brought, unless told otherwise
    osm/<query>/areas.gpkg         what OpenStreetMap answered to one query (satseg.osm)
    arrivals/<id>/                 images that wait to be looked at and added (satseg.intake)

An entry appears whole or not at all, and several processes may read and write at the same time.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from satseg.catalog_bin import Bin
from satseg.catalog_records import (
    PredictionRecord,
    SceneRecord,
    asset_path,
    prediction_record,
    scene_record,
)
from satseg.catalog_store import KINDS, Kind, Store, remove_areas, write_json
from satseg.errors import CatalogError, RegionError
from satseg.identifiers import MAX_LENGTH, composed
from satseg.regions import Region, feature_collection, load_regions

if TYPE_CHECKING:
    from satseg.area import AreaHistogram

Progress = Callable[[int, int], None]
Record = TypeVar("Record")
ENVIRONMENT = "SATSEG_CATALOG"


def default_root() -> Path:
    """Return the folder in SATSEG_CATALOG, or ``catalog`` in the working directory."""
    return Path(os.environ.get(ENVIRONMENT) or "catalog")


class Catalog:
    """Scenes, predictions and areas in one folder; open it with ``Catalog.open``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._scenes = store.remembered("scenes", self._scene)
        self._predictions = store.remembered("predictions", self._prediction)

    @classmethod
    def open(cls, root: Path | None = None, *, create: bool = True) -> Catalog:
        """Return the catalog in ``root`` (default: ``default_root()``).

        Raises:
            CatalogError: there is none and ``create`` is false.
            StorageError: it cannot be created.
        """
        store = Store((root or default_root()).absolute())
        exists = (store.root / "catalog.json").is_file()
        if not exists and not create:
            raise CatalogError(
                expected=f"a catalog in {store.root}",
                found="no catalog.json there",
                fix="Add a scene with 'satseg scenes add', or name another folder with --catalog",
            )
        if create:
            store.prepare()
            Bin(store).settle()
        if not exists:
            store.write_root()
        return cls(store)

    @property
    def root(self) -> Path:
        """The catalog's folder."""
        return self._store.root

    def regions(self) -> list[Region]:
        """Return all regions in the order in which they were added."""
        path = self.root / "regions.geojson"
        return load_regions(path) if path.exists() else []

    def region(self, region_id: str) -> Region:
        """Return one region.

        Raises:
            RegionError: the catalog has no such region.
        """
        regions = self.regions()
        for region in regions:
            if region.id == region_id:
                return region
        raise RegionError(
            expected=f"one of the regions {', '.join(r.id for r in regions) or '(there is none)'}",
            found=repr(region_id),
            fix="Choose one of them",
        )

    def add_region(self, region: Region) -> None:
        """Add a region; adding an equal one again changes nothing.

        Raises:
            RegionError: a region of that id exists with another outline.
        """
        with self._store.locked():
            self.add_region_unlocked(region)

    def replace_region(self, region: Region) -> None:
        """Add a region, or give it another outline; areas measured in the old one are removed."""
        with self._store.locked():
            regions = self.regions()
            old = next((known for known in regions if known.id == region.id), None)
            if old == region:
                return
            others = [region if known is old else known for known in regions]
            document = feature_collection(others if old else [*regions, region])
            write_json(self.root / "regions.geojson", document)
        remove_areas(self._store, "region_id", {region.id})

    def scenes(self, region_id: str | None = None) -> list[SceneRecord]:
        """Return the scenes, of one region if given, by date."""
        records = filter(None, map(self._scenes, self._store.ids("scenes")))
        chosen = [r for r in records if region_id in (None, r.region_id)]
        return sorted(chosen, key=lambda record: (record.date, record.id))

    def scene(self, scene_id: str) -> SceneRecord:
        """Return one scene.

        Raises:
            CatalogError: the catalog has no such scene.
        """
        return self._scene(self._item("scenes", scene_id))

    def add_scene(  # noqa: PLR0913 -- one keyword for each thing that the file may not tell
        self,
        path: Path,
        *,
        date: dt.date | str | None = None,
        region_id: str | None = None,
        new_region: Region | None = None,
        bands: Sequence[str] | None = None,
        scene_id: str | None = None,
        title: str | None = None,
        truth: Path | None = None,
        licence: str = "",
        properties: Mapping[str, Any] | None = None,
        copy: bool = False,
        adopt: bool = False,
        progress: Progress | None = None,
    ) -> SceneRecord:
        """Register an image with its display copies and return its record.

        Args:
            path: any georeferenced image that GDAL reads; it stays where it is unless ``copy``.
            date: day of acquisition; where the file does not tell it, it must be given.
            region_id: region of its series. Without it, the smallest region that contains the
                scene's centre; without such a region, a new one with the scene's outline.
            new_region: a region to add together with the scene, instead of ``region_id``.
            bands: names in the order of the file; see ``satseg.bands.resolve``.
            scene_id: identifier; made from the file's name without it.
            title: name to show; the file's name without it.
            truth: classes of the same scene (codes of ``satseg.classes``).
            licence: terms of the image, for example ``CC-BY-SA-4.0``.
            properties: further STAC properties of the scene, for example ``view:off_nadir``.
            copy: whether to copy the image and the truth into the catalog.
            adopt: whether to move the image, made in a folder of ``staging``, into the entry.
            progress: called with (percent done, 100).

        Raises:
            SatsegError: the image, its bands, its date, its region or its id cannot be used, it is
                in the catalog already, or the disk is full. The catalog is as before then.
        """
        from satseg.catalog_scenes import Registration, register_scene

        options = Registration(
            path=path,
            date=date,
            region_id=region_id,
            new_region=new_region,
            bands=None if bands is None else tuple(bands),
            scene_id=scene_id,
            title=title,
            truth=truth,
            licence=licence,
            copy=copy,
            properties=dict(properties or {}),
            adopt=adopt,
        )
        return self.scene(register_scene(self, self._store, options, progress))

    def predictions(
        self, scene_id: str | None = None, model_id: str | None = None
    ) -> list[PredictionRecord]:
        """Return the predictions, of one scene and of one model if given, oldest first."""
        records = filter(None, map(self._predictions, self._store.ids("predictions")))
        chosen = [
            record
            for record in records
            if scene_id in (None, record.scene_id) and model_id in (None, record.model_id)
        ]
        return sorted(chosen, key=lambda record: (record.created, record.id))

    def prediction(self, prediction_id: str) -> PredictionRecord:
        """Return one prediction.

        Raises:
            CatalogError: the catalog has no such prediction.
        """
        return self._prediction(self._item("predictions", prediction_id))

    def find_prediction(
        self, scene_id: str, model_id: str, weights_sha256: str | None = None
    ) -> PredictionRecord | None:
        """Return the newest prediction of a scene by a model with these weights, or None."""
        for record in reversed(self.predictions(scene_id, model_id)):
            if weights_sha256 in (None, record.weights_sha256):
                return record
        return None

    def staging(self) -> AbstractContextManager[Path]:
        """Return a context with an empty folder on the catalog's disk, removed at its end."""
        return self._store.staging()

    def workspace(
        self, name: str, cancelled: Callable[[], bool] | None = None
    ) -> AbstractContextManager[Path]:
        """Return a context with a folder for work that may be interrupted and goes on later.

        One process at a time has it; the others wait, or stop when ``cancelled`` says so.
        """
        return self._store.workspace(name, cancelled)

    def add_prediction(
        self,
        scene_id: str,
        model_id: str,
        *,
        weights_sha256: str,
        probability: Path,
        runtime: str,
        members: Sequence[str] = (),
        parameters: Mapping[str, Any] | None = None,
        layers: Mapping[str, Path] | None = None,
    ) -> PredictionRecord:
        """Register a probability raster (uint8, nodata 255), which is copied, and return it.

        Where another process registered the same prediction meanwhile, that one is returned.

        Args:
            scene_id: the scene it maps.
            model_id: model or ensemble that made it.
            weights_sha256: of the model's weights, hexadecimal.
            probability: the raster, in the scene's CRS.
            runtime: what computed it, for example ``torch-cpu``.
            members: ids of the models of an ensemble.
            parameters: what else decided the result.
            layers: further rasters by kind, copied likewise: its uncertainty
                (``satseg.uncertainty``), or its ``classes`` (``satseg.class_raster``).

        Raises:
            CatalogError: the catalog lacks the scene.
            StorageError: the disk is full. The catalog is as before then.
        """
        from satseg.catalog_predictions import register_prediction

        prediction_id = composed(scene_id, model_id, weights_sha256[:8])
        provenance = {
            "scene_id": scene_id,
            "model_id": model_id,
            "weights_sha256": weights_sha256,
            "runtime": runtime,
            "members": list(members),
            "parameters": dict(parameters or {}),
        }
        scene = self.scene(scene_id)
        try:
            rasters = {"probability": probability, **(layers or {})}
            register_prediction(self._store, prediction_id, scene, rasters, provenance)
        except CatalogError:
            if self._store.item("predictions", prediction_id) is None:
                raise
        return self.prediction(prediction_id)

    def area(
        self, prediction_id: str, region_id: str, *, kind: str = "probability"
    ) -> AreaHistogram:
        """Return the area of a prediction in a region by probability, or by ``classes``, once.

        Raises:
            CatalogError: the catalog lacks the prediction.
            RegionError: it lacks the region, or the region lies outside of the prediction.
        """
        from satseg.catalog_areas import area_of

        prediction = self.prediction(prediction_id)
        date = self.scene(prediction.scene_id).date
        return area_of(self._store, prediction, self.region(region_id), date, kind)

    def asset(self, item_id: str, key: str) -> Path:
        """Return a registered file of an entry of any kind.

        Raises:
            CatalogError: there is no such entry, or it has no such asset.
        """
        for kind in KINDS:
            item = self._store.item(kind, item_id)
            if item is None:
                continue
            if path := asset_path(item, self._store.folder(kind, item_id), key):
                return path
            raise CatalogError(
                expected=f"one of the assets {', '.join(item['assets'])} of {item_id}",
                found=repr(key[:MAX_LENGTH]),
                fix="Choose one of them",
            )
        raise CatalogError(
            expected="the id of a scene, a prediction or an area of the catalog",
            found=repr(item_id[:MAX_LENGTH]),
            fix="List the scenes with 'satseg scenes list'",
        )

    def remove_scene(self, scene_id: str) -> None:
        """Delete a scene with its predictions and areas for good (others: ``catalog_removal``).

        Raises:
            CatalogError: the catalog has no such scene.
        """
        self._item("scenes", scene_id)
        maps = {prediction.id for prediction in self.predictions(scene_id)}
        remove_areas(self._store, "prediction_id", maps)
        for prediction_id in maps:
            self._store.remove("predictions", prediction_id)
        self._store.remove("scenes", scene_id)

    @property
    def owner(self) -> str:
        """What tells the half-written entries of this process from those of others."""
        return self._store.owner

    def discard_staging_of(self, owner: str) -> None:
        """Remove what a process that is known to be dead left half-written."""
        self._store.discard_staging_of(owner)

    def add_region_unlocked(self, region: Region) -> None:
        """Add a region while the caller holds the write lock."""
        regions = self.regions()
        for known in regions:
            if known.id == region.id:
                if known.geometry.equals(region.geometry):
                    return
                raise RegionError(
                    expected=f"the outline that the catalog has of the region {region.id!r}",
                    found="another outline",
                    fix="Give the region another id",
                )
        write_json(self.root / "regions.geojson", feature_collection([*regions, region]))

    def _item(self, kind: Kind, entry_id: str) -> Mapping[str, Any]:
        item = self._store.item(kind, entry_id)
        if item is None:
            known = self._store.ids(kind)
            shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
            raise CatalogError(
                expected=f"one of the {kind} {shown or '(there is none)'}",
                found=repr(entry_id[:MAX_LENGTH]),
                fix="List the scenes with 'satseg scenes list'",
            )
        return item

    def _scene(self, item: Mapping[str, Any]) -> SceneRecord:
        return _read(scene_record, item, self._store.folder("scenes", item["id"]))

    def _prediction(self, item: Mapping[str, Any]) -> PredictionRecord:
        return _read(prediction_record, item, self._store.folder("predictions", item["id"]))


def _read(
    parse: Callable[[Mapping[str, Any], Path], Record], item: Mapping[str, Any], folder: Path
) -> Record:
    try:
        return parse(item, folder)
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogError(
            expected=f"an item written by this version of satseg in {folder}",
            found=f"{type(error).__name__}: {error}",
            fix="Remove the folder and add the entry again",
        ) from error
