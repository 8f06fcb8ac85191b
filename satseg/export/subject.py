"""What is exported: one prediction of one scene at a threshold, inside of an outline."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shapely.geometry.base import BaseGeometry

from satseg import __version__
from satseg.catalog_records import PredictionRecord, SceneRecord
from satseg.errors import ModelError
from satseg.identifiers import slug
from satseg.probability import threshold_level
from satseg.regions import Region

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A map of farmland to export.

    Attributes:
        region: the region of the scene.
        scene: the scene.
        prediction: its farmland probability.
        threshold: probability from which a pixel is farmland, 0 to 1.
        min_area_m2: patches of farmland below this geodesic area are left out.
        clip: polygon or multipolygon in longitude and latitude (WGS 84) outside of which nothing
            is exported; None for the whole scene.
        clip_name: what ``clip`` is called, an identifier; empty for the region's own outline.
    """

    region: Region
    scene: SceneRecord
    prediction: PredictionRecord
    threshold: float
    min_area_m2: float = 0.0
    clip: BaseGeometry | None = None
    clip_name: str = ""

    def __post_init__(self) -> None:
        threshold_level(self.threshold)
        if not (math.isfinite(self.min_area_m2) and self.min_area_m2 >= 0):
            raise ModelError(
                expected="a smallest area of 0 m2 or more",
                found=str(self.min_area_m2),
                fix="Give the area of the smallest patch to keep, for example 500",
            )

    @property
    def place_id(self) -> str:
        """Identifier of what the map shows: the area of interest, or the region."""
        return self.clip_name or self.region.id

    def place(self, language: Language = "en") -> str:
        """Return the name of what the map shows."""
        if self.clip_name:
            return self.clip_name
        chinese = language == "zh" and self.region.name_zh
        return self.region.name_zh if chinese else self.region.name_en

    def provenance(self) -> dict[str, Any]:
        """Return where the map comes from, as plain values that JSON holds."""
        scene, prediction = self.scene, self.prediction
        clipped = "" if self.clip is None else self.place_id
        return {
            "region": self.region.id,
            "date": scene.date.isoformat(),
            "scene_id": scene.id,
            "scene_sha256": scene.sha256,
            "scene_licence": scene.licence,
            "simulated": scene.simulated,
            "prediction_id": prediction.id,
            "model": prediction.model_id,
            "members": list(prediction.members),
            "weights_sha256": prediction.weights_sha256,
            "parameters": dict(prediction.parameters),
            "runtime": prediction.runtime,
            "predicted": prediction.created.isoformat(),
            "predicted_with": f"satseg {prediction.software}",
            "threshold": self.threshold,
            "min_area_m2": self.min_area_m2,
            "clipped_to": clipped,
            **stamp(),
        }


def stamp() -> dict[str, str]:
    """Return which software exports, and when (UTC)."""
    now = dt.datetime.now(tz=dt.UTC).replace(microsecond=0)
    return {"software": f"satseg {__version__}", "exported": now.isoformat()}


def as_tags(provenance: Mapping[str, Any]) -> dict[str, str]:
    """Return a provenance as texts, for files whose metadata are texts.

    >>> as_tags({"threshold": 0.5, "members": ["a", "b"], "simulated": True, "licence": ""})
    {'threshold': '0.5', 'members': '["a", "b"]', 'simulated': 'true'}
    """
    import json

    texts = {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in provenance.items()
    }
    return {key: text for key, text in texts.items() if text not in ("", "[]", "{}")}


def file_stem(*parts: str, threshold: float | None = None) -> str:
    """Return a file name without its ending, safe on every system.

    >>> file_stem("chongming", "2025-04-30", "ensemble-farmnet+unet8", threshold=0.5)
    'chongming-2025-04-30-ensemble-farmnet-unet8-t0.50'
    """
    texts = [slug(part) for part in parts]
    if threshold is not None:
        texts.append(f"t{threshold:.2f}" if round(threshold, 2) == threshold else f"t{threshold:g}")
    return "-".join(text for text in texts if text)[:120]
