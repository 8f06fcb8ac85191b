"""``satseg sample``: simulated scenes to start with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("sample")(sample)


def sample(
    definitions: Annotated[
        Path | None,
        typer.Option(help="Folder of scene definitions and regions. Default: sample_data."),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(help="Only the scenes of this region, for example chongming. Default: all."),
    ] = None,
    predict: Annotated[
        bool, typer.Option("--predict", help="Map the farmland of the scenes with every model too.")
    ] = False,
) -> None:
    """Make the simulated sample scenes and add them with their regions to the catalog.

    The scenes are drawn by a program, not by a satellite, and are called simulated wherever they
    are shown. What is there already is kept.

    Example: satseg sample --predict
    """
    from rich.console import Console

    from satseg.catalog import Catalog
    from satseg.cli.terminal import bar
    from satseg.sample_scenes import add_samples, default_definitions, predict_samples

    catalog = Catalog.open()
    folder = definitions or default_definitions()
    with bar("Drawing the scenes") as drawing, bar("Adding them to the catalog") as adding:
        added = add_samples(catalog, folder, region=region, drawing=drawing, adding=adding)
    console = Console(soft_wrap=True)
    console.print(f"{len(added)} simulated scenes are in the catalog {catalog.root}.")
    if predict:
        with bar("Mapping the farmland") as mapping:
            count = predict_samples(catalog, added, progress=mapping)
        console.print(f"{count} predictions are in the catalog.")
