"""``satseg workflow``: the whole way in one documented run, on simulated scenes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("workflow")(workflow)


def workflow(
    folder: Annotated[
        Path, typer.Option(help="Where everything goes; a later run goes on from what is there.")
    ] = Path("workflow"),
    steps: Annotated[
        str | None,
        typer.Option(
            help="Only these steps, with commas.",
            show_default="locate,masks,train,evaluate,predict,area",
        ),
    ] = None,
    training_steps: Annotated[
        int, typer.Option(help="Steps of the training; more take longer and map better.")
    ] = 300,
) -> None:
    """Go the whole way from polygons to areas once, on two small simulated scenes.

    Each step prints the command that does the same, to be used on your own scenes. It is a
    demonstration of about two minutes: the place is simulated, the polygons are its truth written
    as OpenStreetMap would have them, and the network is tiny.

    Example: satseg workflow --folder demonstration --steps locate,masks
    """
    from rich.console import Console
    from rich.markup import escape

    from satseg.cli.terminal import bar
    from satseg.demonstration import STEPS, Demonstration, Size, run

    console = Console(soft_wrap=True, highlight=False)
    demo = Demonstration(folder.absolute(), Size(training_steps=training_steps))
    wanted = STEPS if steps is None else tuple(name.strip() for name in steps.split(","))
    console.print(
        "A demonstration on simulated scenes with a tiny network: it shows the steps, not how well"
        " a model does on real imagery."
    )
    with bar("Working") as progress:
        for outcome in run(demo, wanted, progress=lambda _: progress):
            kept = " (there already)" if outcome.repeated else ""
            console.print(f"\n[bold]{outcome.step}[/]{kept}")
            console.print(f"  $ {escape(outcome.command)}")
            for line in outcome.lines:
                console.print(f"  {escape(line)}")
    console.print(f"\nAll results are in {escape(str(demo.folder))}.")
    if "area" in wanted:
        console.print("Look at them with " + escape(_dashboard(demo.folder)))


def _dashboard(folder: Path) -> str:
    import shlex

    root = shlex.quote(str(folder / "catalog"))
    models = shlex.quote(str(folder / "models"))
    return f"SATSEG_CATALOG={root} SATSEG_MODELS={models} streamlit run dashboard/app.py"
