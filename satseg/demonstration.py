"""The whole way from areas of OpenStreetMap to an area of farmland, on simulated scenes.

It shows how the steps follow each other and what each leaves behind, in a minute or two on a
laptop. The place is drawn by the simulator, the polygons are its own truth written as OpenStreetMap
would have them, and the network is tiny: nothing here says how well a model does on real imagery.
"""

from __future__ import annotations

import datetime as dt
import shlex
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from satseg.catalog import Catalog
from satseg.cog import storing
from satseg.errors import CatalogError, TrainingError
from satseg.identifiers import slug

if TYPE_CHECKING:
    from satseg.scene import Scene
    from satseg.simulate.definition import Definition
    from satseg.zoo.card import ModelCard

Progress = Callable[[int, int], None]
STEPS = ("locate", "masks", "train", "evaluate", "predict", "area")
"""The steps in their order; the scenes are drawn before the first of them."""

MODEL = "demonstration"
_PLACE = "demonstration"
_HOLDOUT = 0.25
_TERMS = "CC0-1.0"
_DATES = (dt.date(2018, 6, 5), dt.date(2021, 6, 12))


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
class Outcome:
    """One step: its name, the command that does the same, and what came out, line by line."""

    step: str
    command: str
    lines: tuple[str, ...]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A demonstration in a folder; what is there already is not made again.

    Attributes:
        folder: where everything goes: catalog, polygons, chips, model, tables.
        size: see Size.
    """

    folder: Path
    size: Size = field(default_factory=Size)

    def run(
        self,
        steps: Sequence[str] = STEPS,
        *,
        progress: Callable[[str], Progress] | None = None,
    ) -> Iterator[Outcome]:
        """Do the steps in their order and yield what came of each.

        Args:
            steps: some of ``STEPS``; what they need must be there from an earlier run.
            progress: called with a step's name; gives what is called with (done, in all).

        Raises:
            SatsegError: a step is unknown, needs another one first, or fails.
        """
        unknown = [name for name in steps if name not in STEPS]
        if unknown or not steps:
            raise CatalogError(
                expected=f"steps out of {', '.join(STEPS)}",
                found=", ".join(unknown) or "none",
                fix="Correct --steps",
            )
        listen = progress or (lambda name: lambda done, total: None)
        self.prepare(listen("scenes"))
        for name in STEPS:
            if name in steps:
                yield _DOING[name](self, listen(name))

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
        return slug(f"{_PLACE}_{date.isoformat()}")

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
        catalog.add_region(Region(_PLACE, "Demonstration (simulated)", "", outline))
        known = {scene.id for scene in catalog.scenes()}
        for done, date in enumerate(_DATES):
            progress(done, len(_DATES))
            if self.scene_id(date) in known:
                continue
            sample = sample_of(definition, date, self.folder / "scenes")
            if not sample.scene_path.is_file():
                sample = write_scene(definition, date, self.folder / "scenes")
            catalog.add_scene(
                sample.scene_path,
                scene_id=self.scene_id(date),
                region_id=_PLACE,
                title=f"Demonstration, {date}",
                truth=sample.truth_path,
                licence=_TERMS,
            )
        if not self.osm.is_file():
            first = sample_of(definition, _DATES[0], self.folder / "scenes")
            _write_osm(first.vector_path, self.osm)
        progress(len(_DATES), len(_DATES))

    def definition(self) -> Definition:
        """Return the simulated place and its story: a part of its paddies is built on."""
        from satseg.simulate.definition import Change, Definition, Layout

        return Definition(
            id=_PLACE,
            region=_PLACE,
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
            dates=_DATES,
        )


def _write_osm(vectors: Path, target: Path) -> None:
    import pyogrio

    frame = pyogrio.read_dataframe(vectors, layer="farmland")[["geometry"]]
    tagged = frame.assign(landuse="farmland", note="simulated").to_crs("EPSG:4326")
    with storing(target.absolute()) as whole:
        pyogrio.write_dataframe(tagged, whole, driver="GeoJSON")


def _locate(demo: Demonstration, progress: Progress) -> Outcome:
    from satseg.osm import TAGS, find_areas, locate, read_located, wanted_region

    target = demo.folder / "located.gpkg"
    side = demo.size.chip_px
    command = demo.command(
        *("locate", "--osm", demo.osm, "--chip-px", str(side), "--output", target)
    )
    repeated = target.is_file()
    if not repeated:
        catalog = demo.catalog
        areas = find_areas(catalog, wanted_region(catalog, None, None), TAGS, file=demo.osm)
        locate(catalog, areas, chip_px=side, progress=progress).write(target)
    scenes, chips = read_located(target, "scenes"), read_located(target, "chips")
    lines = [f"{r.scene_id}: {r.share:.1%} farmland by its polygons" for r in scenes.itertuples()]
    rich = int((chips["share"] >= 0.5).sum())
    lines.append(f"{rich} of {len(chips)} chips are at least half farmland: {target}")
    return Outcome("locate", command, tuple(lines), repeated)


def _masks(demo: Demonstration, progress: Progress) -> Outcome:
    from satseg.masks import ChipOptions, Sources, Split, read_ground, write_chips, write_truth

    scene_id = demo.scene_id(_DATES[0])
    target, chips = demo.folder / "truth.tif", demo.folder / "chips"
    side = demo.size.chip_px
    command = demo.command(
        *("masks", scene_id, "--osm", demo.osm, "--output", target, "--chips", chips),
        *("--chip-px", str(side), "--block", "2", "--holdout", str(_HOLDOUT)),
    )
    repeated = target.is_file() and chips.is_dir()
    image = _scene(demo, scene_id)
    sources = Sources(osm=demo.osm)
    if not target.is_file():
        write_truth(image, read_ground(sources, image.grid), target, progress=progress)
    if not chips.is_dir():
        options = ChipOptions(side, split=Split(_HOLDOUT, block=2), terms=_TERMS)
        write_chips(image, scene_id, sources, chips, options=options, progress=progress)
    held = len(_holdout(demo))
    count = len(list((chips / "images").glob("*.png")))
    line = f"{count} pairs of {side} px, {held} of them for validation: {chips}"
    return Outcome("masks", command, (f"Mask: {target}", line), repeated)


def _train(demo: Demonstration, progress: Progress) -> Outcome:
    from satseg.training.loop import TrainingState
    from satseg.training.run import Listeners, train
    from satseg.zoo.card import load_card

    _need(demo.folder / "chips" / "source.toml", "masks")
    folder = demo.models / MODEL
    config = folder / "train.toml"
    run = demo.folder / "run"
    command = demo.command("train", config, "--data", demo.folder, "--run", run)
    repeated = (folder / "card.toml").is_file()
    if not repeated:
        _write_config(demo, config)

        def step(state: TrainingState) -> None:
            progress(state.step, state.steps)

        train(config, data=demo.folder, run=run, listeners=Listeners(step=step), device="cpu")
    facts = load_card(folder).training
    found = ", ".join(f"{value:.2f}" for value in facts["validation_iou"].values())
    lines = (f"{facts['steps']} steps of a tiny network; IoU on validation chips {found}",)
    return Outcome("train", command, lines, repeated)


def _evaluate(demo: Demonstration, progress: Progress) -> Outcome:
    from satseg.evaluation import load_sets, measure
    from satseg.runtime import load_predictor
    from satseg.zoo.measured import record

    card = _card(demo)
    sets = demo.folder / "chips" / "evaluation.toml"
    command = demo.command("evaluate", MODEL, "--data", demo.folder, "--sets", sets)
    repeated = bool(card.metrics)
    if not repeated:
        found = load_sets(sets)
        predictor = load_predictor(card)
        rows = [
            measure(
                predictor, item, folder=demo.folder, threshold=card.threshold, progress=progress
            ).row()
            for item in found
        ]
        card = record(card, rows, {item.name: item.note for item in found}, demo.models)
    (row,) = card.metrics
    text = (
        f"IoU {row['iou']:.2f}, F1 {row['f1']:.2f} on {row['images']} chips held out of the same"
        " simulated scene"
    )
    return Outcome("evaluate", command, (text,), repeated)


def _predict(demo: Demonstration, progress: Progress) -> Outcome:
    from satseg.workflow import is_predicted, predict_to_catalog

    _card(demo)
    catalog, ids = demo.catalog, [demo.scene_id(date) for date in _DATES]
    command = demo.command("predict", "-m", MODEL)
    repeated = all(is_predicted(catalog, name, [MODEL], models=demo.models) for name in ids)
    found = [
        predict_to_catalog(catalog, name, [MODEL], models=demo.models, progress=progress)
        for name in ids
    ]
    return Outcome("predict", command, tuple(record.id for record in found), repeated)


def _area(demo: Demonstration, progress: Progress) -> Outcome:
    from satseg.simulate.truth import farmland_area_m2
    from satseg.workflow import series

    card = _card(demo)
    target = demo.folder / "areas.csv"
    command = demo.command("area", "--threshold", f"{card.threshold:g}", "--csv", target)
    frame = series(demo.catalog, _PLACE, [[MODEL]], threshold=card.threshold)
    if frame.empty:
        raise _missing("a prediction", "predict")
    with storing(target.absolute()) as whole:
        frame.to_csv(whole, index=False, date_format="%Y-%m-%d")
    lines = []
    definition = demo.definition()
    for done, row in enumerate(frame.itertuples(), start=1):
        true_ha = farmland_area_m2(definition, row.date.date()) / 1e4
        lines.append(
            f"{row.date:%Y-%m-%d}: {row.area_ha:,.2f} ha mapped (simulated truth {true_ha:,.2f} ha)"
        )
        progress(done, len(frame))
    return Outcome("area", command, (*lines, f"Table: {target}"))


_DOING: dict[str, Callable[[Demonstration, Progress], Outcome]] = {
    "locate": _locate,
    "masks": _masks,
    "train": _train,
    "evaluate": _evaluate,
    "predict": _predict,
    "area": _area,
}


def _write_config(demo: Demonstration, path: Path) -> None:
    """Write a configuration that trains in about a minute, from the chips' own source."""
    steps = demo.size.training_steps
    source = tomllib.loads((demo.folder / "chips" / "source.toml").read_text(encoding="utf-8"))
    table: dict[str, Any] = {
        "pretrained": False,
        "model": {
            "id": MODEL,
            "title": "Demonstration",
            "summary": "A tiny network trained on one simulated scene; of no use elsewhere.",
            "architecture": "unet",
            "arguments": {"widths": [8, 16, 32, 64]},
            "bands": ["red", "green", "blue"],
            "gsd_m": 0.6,
            "patch_px": 256,
            "overlap_px": 64,
            "licence": "CC0-1.0",
        },
        "schedule": {
            "steps": steps,
            "batch": 4,
            "crop_px": demo.size.chip_px,
            "learning_rate": 3e-3,
            "warmup": max(1, steps // 10),
            "ema": 0.98,
            "validate_every": max(1, steps // 2),
        },
        **source,
    }
    with storing(path.absolute()) as whole:
        whole.write_text(tomli_w.dumps(table), encoding="utf-8")


def _holdout(demo: Demonstration) -> list[str]:
    text = (demo.folder / "chips" / "source.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["sources"][0]["holdout"])


def _scene(demo: Demonstration, scene_id: str) -> Scene:
    from satseg.scene import open_scene

    record = demo.catalog.scene(scene_id)
    return open_scene(record.image, bands=record.bands, date=record.date)


def _card(demo: Demonstration) -> ModelCard:
    from satseg.zoo.card import load_card

    _need(demo.models / MODEL / "card.toml", "train")
    return load_card(demo.models / MODEL)


def _need(path: Path, step: str) -> None:
    if not path.is_file():
        raise _missing(str(path), step)


def _missing(what: str, step: str) -> CatalogError:
    return CatalogError(
        expected=f"{what} from an earlier step",
        found="none",
        fix=f"Do the step {step} first, for example with --steps {step}",
    )
