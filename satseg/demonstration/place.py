"""The simulated place of the demonstration, its folder, its polygons."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from satseg.catalog import Catalog
from satseg.errors import TrainingError
from satseg.identifiers import slug
from satseg.storage import storing

if TYPE_CHECKING:
    from satseg.simulate.definition import Definition

Progress = Callable[[int, int], None]
PLACE = "demonstration"
DATES = (dt.date(2018, 6, 5), dt.date(2021, 6, 12))
TERMS = "CC0-1.0"


@dataclass(frozen=True, slots=True)
class Size:
    """How large the demonstration is.

    Attributes:
        scene_px: side of the scenes in pixels of 0.6 m.
        chip_px: side of the chips, a multiple of 32.
        training_steps: optimiser steps.
    """

    scene_px: int = 768
    chip_px: int = 128
    training_steps: int = 300

    def __post_init__(self) -> None:
        if self.chip_px % 32 or self.training_steps < 1 or self.scene_px < 4 * self.chip_px:
            raise TrainingError(
                expected="chips whose side is a multiple of 32 pixels and at most a quarter of the"
                " scene's, and at least 1 training step",
                found=f"{self.chip_px} of {self.scene_px} pixels, {self.training_steps} steps",
                fix="Correct the sizes, for example --training-steps 300",
            )


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A demonstration in a folder.

    Attributes:
        folder: where everything goes: catalog, polygons, chips, model, tables.
        size: see Size.
    """

    folder: Path
    size: Size = field(default_factory=Size)

    @property
    def catalog(self) -> Catalog:
        """The demonstration's own catalog."""
        return Catalog.open(self.folder / "catalog")

    @property
    def models(self) -> Path:
        """The folder of its one model."""
        return self.folder / "models"

    @property
    def osm(self) -> Path:
        """The simulator's farmland, tagged as OpenStreetMap tags it."""
        return self.folder / "polygons.geojson"

    def scene_id(self, date: dt.date) -> str:
        """Return the id of the scene of a date."""
        return slug(f"{PLACE}_{date.isoformat()}")

    def command(self, *words: str | Path) -> str:
        """Return a command line that works on the demonstration's catalog and model."""
        return f"SATSEG_MODELS={shlex.quote(str(self.models))} " + shlex.join(
            ["satseg", "--catalog", str(self.folder / "catalog"), *map(str, words)]
        )

    def prepare(self, progress: Progress) -> None:
        """Draw the scenes, put them into the catalog, and write the polygons.

        What is there already is kept; ``progress`` is called with (scenes there, scenes in all).
        """
        import shapely

        from satseg.regions import Region
        from satseg.simulate.render import grid_of
        from satseg.simulate.samples import sample_of, write_scene

        definition, catalog = self.definition(), self.catalog
        outline = shapely.Polygon(grid_of(definition).footprint())
        catalog.add_region(Region(PLACE, "Demonstration (simulated)", "", outline))
        known = {scene.id for scene in catalog.scenes()}
        for done, date in enumerate(DATES):
            progress(done, len(DATES))
            if self.scene_id(date) in known:
                continue
            sample = sample_of(definition, date, self.folder / "scenes")
            if not sample.scene_path.is_file():
                sample = write_scene(definition, date, self.folder / "scenes")
            catalog.add_scene(
                sample.scene_path,
                scene_id=self.scene_id(date),
                region_id=PLACE,
                title=f"Demonstration, {date}",
                truth=sample.truth_path,
                licence=TERMS,
            )
        if not self.osm.is_file():
            first = sample_of(definition, DATES[0], self.folder / "scenes")
            _write_osm(first.vector_path, self.osm)
        progress(len(DATES), len(DATES))

    def definition(self) -> Definition:
        """Return the simulated place and its story: a part of its paddies is built on."""
        from satseg.simulate.definition import Change, Definition, Layout

        return Definition(
            id=PLACE,
            region=PLACE,
            centre=(121.5, 31.1),
            size_px=self.size.scene_px,
            seed=7,
            mix={
                "paddies": 3.0,
                "strips": 1.5,
                "hamlet": 1.0,
                "ponds": 1.0,
                "industry": 1.0,
                "forest": 0.6,
            },
            layout=Layout(
                block_m=(70, 140),
                parcel_width_m=(8, 20),
                parcel_length_m=(40, 90),
                patches_m=150,
            ),
            story=(Change(dt.date(2019, 1, 1), ("paddies",), "construction", 0.3),),
            dates=DATES,
        )


def _write_osm(vectors: Path, target: Path) -> None:
    import pyogrio

    frame = pyogrio.read_dataframe(vectors, layer="farmland")[["geometry"]]
    tagged = frame.assign(landuse="farmland", note="simulated").to_crs("EPSG:4326")
    with storing(target.absolute()) as whole:
        pyogrio.write_dataframe(tagged, whole, driver="GeoJSON")
