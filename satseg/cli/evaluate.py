"""``satseg evaluate``."""

from __future__ import annotations

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
    samples: Annotated[
        Path, typer.Option(help="Where the simulated sample scenes are, or are written.")
    ] = Path("catalog/samples"),
    sets: Annotated[
        Path | None,
        typer.Option(help="What to measure on. Default: evaluation.toml beside the models."),
    ] = None,
) -> None:
    """Measure models on labelled data and write the results into their cards.

    Each model's card.toml and CARD.md and the comparison in models/README.md are rewritten. Results
    on data sets that are not there this time are kept.

    Example: satseg evaluate farmnet --data ../data
    """
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from satseg.evaluation import load_sets, measure, usable
    from satseg.runtime import load_predictor
    from satseg.simulate.samples import build_samples
    from satseg.zoo import default_models_folder, find_card, list_cards
    from satseg.zoo.measured import record

    console = Console()
    models = default_models_folder()
    found = load_sets(sets or models / "evaluation.toml")
    cards = [find_card(name, models) for name in model] if model else list_cards(models)
    definitions = Path(__file__).resolve().parents[2] / "sample_data"
    scenes = build_samples(definitions, samples)
    simulated = [(scene.scene_path, scene.truth_path) for scene in scenes]
    table = Table("Model", "Data", "Images", "IoU", "F1", "Area bias", "ECE")
    for card in cards:
        predictor = load_predictor(card)
        rows = []
        for item in found:
            reason = usable(item, card.bands, data)
            if reason:
                console.print(f"{card.id}: skipping {item.name}: it {reason}.")
                continue
            with Progress(console=console, transient=True) as bars:
                task = bars.add_task(f"{card.id} on {item.name}", total=None)
                result = measure(
                    predictor,
                    item,
                    folder=data,
                    simulated=simulated,
                    threshold=card.threshold,
                    progress=lambda done, total, bars=bars, task=task: bars.update(  # type: ignore[misc]
                        task, completed=done, total=total
                    ),
                )
            row = result.row()
            rows.append(row)
            table.add_row(
                card.id,
                item.name,
                str(result.images),
                *(f"{row[key]:.3f}" for key in ("iou", "f1", "area_bias", "ece")),
            )
        record(card, rows, {item.name: item.note for item in found}, models)
    console.print(table)
