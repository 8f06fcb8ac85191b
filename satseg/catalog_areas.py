"""Areas in the catalog: one prediction measured in one region, computed once and remembered."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from satseg.catalog_items import area_item
from satseg.catalog_records import PredictionRecord
from satseg.catalog_store import Store, write_json
from satseg.errors import CatalogError
from satseg.identifiers import composed
from satseg.regions import Region

if TYPE_CHECKING:
    from satseg.area import AreaHistogram


def area_of(
    store: Store, prediction: PredictionRecord, region: Region, date: dt.date, kind: str
) -> AreaHistogram:
    """Return the area by the codes of the probability or of the classes; see ``Catalog.area``."""
    parts = (region.id, prediction.id)
    area_id = composed(*parts) if kind == "probability" else composed(*parts, kind)
    raster = prediction.probability if kind == "probability" else prediction.classes
    if raster is None:
        raise CatalogError(
            expected="a prediction by a model with classes",
            found=f"{prediction.id} without a map of classes",
            fix="Predict the scene with a model that has classes",
        )
    remembered = _remembered(store, area_id)
    if remembered is not None:
        return remembered
    from satseg.area import area_histogram

    histogram = area_histogram(raster, region.geometry)
    with store.staging() as folder:
        write_json(folder / "histogram.json", json.loads(histogram.to_json()))
        item = area_item(
            area_id,
            region.geometry,
            date,
            prediction_id=prediction.id,
            region_id=region.id,
            simulated=prediction.simulated,
        )
        write_json(folder / f"{area_id}.json", item)
        try:
            store.register("areas", area_id, folder)
        except CatalogError:  # another process was faster
            if store.item("areas", area_id) is None:
                raise
    return histogram


def _remembered(store: Store, area_id: str) -> AreaHistogram | None:
    if store.item("areas", area_id) is None:
        return None
    from satseg.area import AreaHistogram

    path = store.folder("areas", area_id) / "histogram.json"
    return AreaHistogram.from_json(path.read_text(encoding="utf-8"))
