"""The steps of the demonstration, each with the command that does the same."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from satseg.demonstration.place import DATES, PLACE, TERMS, Demonstration
from satseg.errors import CatalogError
from satseg.storage import storing

if TYPE_CHECKING:
    from satseg.scene import Scene
    from satseg.zoo.card import ModelCard

Progress = Callable[[int, int], None]
STEPS = ("locate", "masks", "train", "evaluate", "predict", "area")
"""The steps in their order; the scenes are drawn before the first of them."""

MODEL = "demonstration"
_HOLDOUT = 0.25


@dataclass(frozen=True, slots=True)
class Outcome:
    """One step: its name, the command that does the same, and what came out, line by line."""

    step: str
    command: str
    lines: tuple[str, ...]
    repeated: bool = False


def run(
    demo: Demonstration,
    steps: Sequence[str] = STEPS,
    *,
    progress: Callable[[str], Progress] | None = None,
) -> Iterator[Outcome]:
    """Do steps in their order and yield what came of each; what is there is not made again.

    Args:
        demo: folder and size.
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
    demo.prepare(listen("scenes"))
    for name in STEPS:
        if name in steps:
            yield _DOING[name](demo, listen(name))


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

    scene_id = demo.scene_id(DATES[0])
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
        tags = {"SATSEG_SCENE_ID": scene_id, "SATSEG_TRUTH_FROM": sources.origin()}
        ground = read_ground(sources, image.grid)
        write_truth(image, ground, target, tags=tags, progress=progress)
    if not chips.is_dir():
        options = ChipOptions(side, split=Split(_HOLDOUT, block=2), terms=TERMS)
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
    from satseg.evaluation import measure
    from satseg.evaluation_sets import load_sets
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
        record(card, rows, {item.name: item.note for item in found}, demo.models)
        card = _card(demo)
    (row,) = card.metrics
    text = (
        f"IoU {row['iou']:.2f}, F1 {row['f1']:.2f} on {row['images']} chips held out of the same"
        " simulated scene"
    )
    return Outcome("evaluate", command, (text,), repeated)


def _predict(demo: Demonstration, progress: Progress) -> Outcome:
    from satseg.workflow import is_predicted, predict_to_catalog

    _card(demo)
    catalog, ids = demo.catalog, [demo.scene_id(date) for date in DATES]
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
    frame = series(demo.catalog, PLACE, [[MODEL]], threshold=card.threshold)
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
