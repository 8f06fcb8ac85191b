"""``satseg ablate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from satseg.evaluation_sets import EvaluationSet
    from satseg.zoo.card import ModelCard


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("ablate")(ablate)


def ablate(
    config: Annotated[
        Path, typer.Argument(help="Training configuration; ablation.toml lies beside it.")
    ],
    data: Annotated[
        Path, typer.Option(help="Folder that holds the data sets of training and evaluation.")
    ],
    run: Annotated[
        Path | None,
        typer.Option(help="Folder of the trainings. Default: runs/ablation-MODEL."),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda. Default: cuda where there is one.")
    ] = None,
) -> None:
    """Measure what one data set is worth, and write it into the model's card.

    The same short training runs with it, without it and on it alone, once for each seed, and each
    result is measured as 'satseg evaluate' does on the pictures that are held out or external. The
    same command goes on where an interrupted one stopped.

    Example: satseg ablate models/farmnet/train.toml --data ../data
    """
    from satseg.cli.terminal import bar, show, table
    from satseg.training.ablation import ABLATION_FILE, load_ablation, run_trial, summary, trials
    from satseg.training.config import load_config
    from satseg.training.run import Listeners, load_sources
    from satseg.zoo import find_card
    from satseg.zoo.measured import record_ablation

    settings = load_config(config)
    ablation = load_ablation(config.parent / ABLATION_FILE)
    planned = trials(settings, ablation)
    sets = _usable_sets(settings.bands, data)
    folder = run or Path("runs") / f"ablation-{settings.model['id']}"
    with bar("Loading data") as progress:
        sources = load_sources(
            settings, data, Listeners(source=lambda _, done, total: progress(done, total))
        )
    found = {}
    for trial in planned:
        with bar(f"Training {trial.name}") as progress:
            card = run_trial(
                trial,
                sources,
                folder,
                report=lambda state: progress(state.step, state.steps),
                device=device,
            )
        with bar(f"Measuring {trial.name}") as progress:
            found[trial.arm, trial.config.schedule.seed] = _rows(card, sets, data, progress)
    result = summary(ablation, found)
    lines = table(("Data", "Training"), ("IoU, mean", "spread"))
    for row in result["rows"]:
        arm = f"{row['arm']} {ablation.source}"
        lines.add_row(row["data"], arm, f"{row['mean']:.3f}", f"{row['spread']:.3f}")
    show(lines)
    record_ablation(find_card(str(settings.model["id"])), result)


def _usable_sets(bands: Sequence[str], data: Path) -> list[EvaluationSet]:
    """Return the sets of pictures that can be measured on.

    Raises:
        TrainingError: there is none.
    """
    from satseg.errors import TrainingError
    from satseg.evaluation_sets import load_sets, usable
    from satseg.zoo import default_models_folder

    path = default_models_folder() / "evaluation.toml"
    sets = [item for item in load_sets(path) if item.kind == "pictures"]
    found = [item for item in sets if not usable(item, bands, data)]
    if not found:
        raise TrainingError(
            expected=f"one of the data sets {', '.join(item.name for item in sets)} in {data}",
            found="none",
            fix=f"Give the folder that holds them with --data, or correct {path}",
        )
    return found


def _rows(
    card: ModelCard, sets: Sequence[EvaluationSet], data: Path, progress: Any
) -> Sequence[Mapping[str, Any]]:
    """Return the evaluation's rows."""
    from satseg.evaluation import measure
    from satseg.runtime import load_predictor

    predictor = load_predictor(card)
    return [
        measure(predictor, item, folder=data, threshold=card.threshold, progress=progress).row()
        for item in sets
    ]
