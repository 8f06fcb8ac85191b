"""``satseg evaluate``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("evaluate")(evaluate)


def evaluate(
    model: Annotated[
        list[str] | None, typer.Argument(help="Models to measure. Default: all models.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder that holds the labelled pictures; sets not there are skipped."),
    ] = None,
    sets: Annotated[
        Path | None,
        typer.Option(help="What to measure on. Default: evaluation.toml beside the models."),
    ] = None,
) -> None:
    """Measure models on labelled data and write the results into their cards.

    Each model's card.toml and CARD.md and the comparison in models/README.md are rewritten. Results
    on data sets that are not there this time are kept. Measured is the network in float32; where
    the model has one in int8, its IoU is stated beside it, and maps are made with it where it is
    within 0.005 on every data set.

    Example: satseg evaluate farmnet --data ../data
    """
    from rich.console import Console

    from satseg.cli.terminal import bar, show, table
    from satseg.evaluation import load_sets, measure, usable
    from satseg.runtime import load_predictor
    from satseg.zoo import default_models_folder, find_card, list_cards
    from satseg.zoo.measured import record

    models = default_models_folder()
    found = load_sets(sets or models / "evaluation.toml")
    cards = [find_card(name, models) for name in model] if model else list_cards(models)
    needed = any(item.kind == "simulated" for item in found)
    simulated = _sample_scenes() if needed else []
    results = table(("Model", "Data"), ("Images", "IoU", "F1", "Area bias", "ECE"))
    for card in cards:
        predictor = load_predictor(card, runtime="openvino")
        small = load_predictor(card, runtime="openvino-int8") if card.int8 else None
        rows = []
        for item in found:
            reason = usable(item, card.bands, data)
            if reason:
                Console(stderr=True).print(f"{card.id}: skipping {item.name}: it {reason}.")
                continue
            on = partial(
                measure, data=item, folder=data, simulated=simulated, threshold=card.threshold
            )
            with bar(f"{card.id} on {item.name}") as progress:
                result = on(predictor, progress=progress)
            rows.append(result.row())
            if small is not None:
                with bar(f"{card.id} in int8 on {item.name}") as progress:
                    rows[-1]["iou_int8"] = on(small, progress=progress).row()["iou"]
            figures = [f"{rows[-1][key]:.3f}" for key in ("iou", "f1", "area_bias", "ece")]
            results.add_row(card.id, item.name, str(result.images), *figures)
        record(card, rows, {item.name: item.note for item in found}, models)
    show(results)


def _sample_scenes() -> list[tuple[Path, Path]]:
    """Return scene and truth of each sample scene, rendered where they are missing."""
    from satseg.catalog import Catalog
    from satseg.cli.terminal import bar
    from satseg.sample_scenes import default_definitions
    from satseg.simulate.samples import build_samples

    folder = Catalog.open().root / "samples"
    with bar("Rendering the sample scenes") as progress:
        scenes = build_samples(default_definitions(), folder, progress=progress)
    return [(scene.scene_path, scene.truth_path) for scene in scenes]
