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
    delivery: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write one scene as a WorldView-3 delivery (tiles, .IMD, .TIL) into this new"
            " folder instead, to try 'satseg scenes add FOLDER' on.",
        ),
    ] = None,
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

    if delivery is not None:
        _write_delivery(definitions or default_definitions(), region, delivery)
        return
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


def _write_delivery(definitions: Path, region: str | None, folder: Path) -> None:
    from rich.console import Console

    from satseg.cli.terminal import bar
    from satseg.simulate.delivery import RATIO, first_delivery, write_delivery
    from satseg.simulate.samples import load_definitions

    definition = first_delivery(load_definitions(definitions), region)
    with bar("Drawing the delivery") as progress:
        write_delivery(definition, definition.dates[0], folder, progress=progress)
    fine = definition.gsd_m
    console = Console(soft_wrap=True, highlight=False)
    console.print(
        f"Wrote a simulated delivery of {definition.id}, {definition.dates[0]}: 8 bands of"
        f" {fine * RATIO:g} m and a panchromatic one of {fine:g} m, in {folder}."
    )
    console.print(f"Next: satseg scenes add {folder} --pansharpen {fine:g}")
