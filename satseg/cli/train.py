"""``satseg train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from satseg.training.loop import TrainingState
    from satseg.training.run import Listeners


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("train")(train)


def train(
    config: Annotated[
        Path, typer.Argument(help="Training configuration, for example models/farmnet/train.toml.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(help="Folder that holds the data sets named in the configuration."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Folder of checkpoint and TensorBoard log. Default: runs/MODEL."),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda. Default: cuda where there is one.")
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            min=0,
            help="Processes that render landscapes and draw samples: for a GPU, as many as there "
            "are cores. 0: none. The samples are the same.",
        ),
    ] = 0,
) -> None:
    """Train a model; the same command goes on where an interrupted run stopped.

    Weights and card are written beside the configuration when training ends.

    Example: satseg train models/unet8/train.toml
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from satseg.training.run import train as run_training

    console = Console()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    ) as bars:
        shown = _shown(bars)
        card = run_training(
            config, data=data, run=run, listeners=shown, device=device, workers=workers
        )
    console.print(f"Trained {card.id}: {card.weights_path}")
    console.print("Next: satseg evaluate " + card.id + " to measure it and write its card.")


def _shown(bars: Progress) -> Listeners:
    """Return listeners that show the loading and the training as two bars, one after the other."""
    from satseg.training.run import Listeners

    loading = bars.add_task("Loading data", total=None, note="")
    training = bars.add_task("Training", total=None, note="", visible=False)

    def source(name: str, done: int, total: int) -> None:
        bars.update(loading, description=f"Rendering {name}", completed=done, total=total)

    def step(state: TrainingState) -> None:
        bars.update(loading, visible=False)
        found = ", ".join(f"{name} {iou:.3f}" for name, iou in state.validation.items())
        note = f"loss {state.loss:.3f}" + (f", IoU {found}" if found else "")
        bars.update(training, completed=state.step, total=state.steps, note=note, visible=True)

    return Listeners(source, step)
