"""``satseg sample``: simulated scenes to start with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("sample")(sample)


def sample(
    *,
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
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write what is known of the simulated land into this folder instead: parcels with"
            " crop and stage, classes, trees and changes, as GeoPackage and COG.",
        ),
    ] = None,
    between: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="DATE DATE",
            help="With --truth: these two dates only, any that you like. Default: all dates.",
        ),
    ] = None,
    contact_sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write one picture of all scenes in true and false colour (.jpg, .png, .webp)"
            " instead.",
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

    folder = definitions or default_definitions()
    if _instead(folder, region, delivery=delivery, truth=truth, between=between):
        return
    if contact_sheet is not None:
        _write_sheet(folder, region, contact_sheet)
        return
    catalog = Catalog.open()
    with bar("Drawing the scenes") as drawing, bar("Adding them to the catalog") as adding:
        added = add_samples(catalog, folder, region=region, drawing=drawing, adding=adding)
    console = Console(soft_wrap=True)
    console.print(f"{len(added)} simulated scenes are in the catalog {catalog.root}.")
    if predict:
        with bar("Mapping the farmland") as mapping:
            count = predict_samples(catalog, added, progress=mapping)
        console.print(f"{count} predictions are in the catalog.")


def _instead(
    definitions: Path,
    region: str | None,
    *,
    delivery: Path | None,
    truth: Path | None,
    between: tuple[str, str] | None,
) -> bool:
    """Write a delivery or the truth where asked to, and return whether that was so."""
    from satseg.errors import SceneError

    if truth is None and between is not None:
        raise SceneError(
            expected="--between together with --truth FOLDER",
            found="--between alone",
            fix="Add --truth FOLDER: the changes between the two dates are written there",
        )
    if delivery is not None:
        _write_delivery(definitions, region, delivery)
    if truth is not None:
        _write_truth(definitions, region, truth, between)
    return delivery is not None or truth is not None


def _write_truth(
    definitions: Path, region: str | None, folder: Path, between: tuple[str, str] | None
) -> None:
    from rich.console import Console

    from satseg.cli.terminal import bar
    from satseg.dates import parse_date
    from satseg.simulate.samples import definitions_of
    from satseg.simulate.truth_files import write_truth

    chosen = definitions_of(definitions, region)
    dates = None if between is None else (parse_date(between[0]), parse_date(between[1]))
    with bar("Writing the truth") as progress:
        pairs = write_truth(chosen, folder, between=dates, progress=progress)
    console = Console(soft_wrap=True, highlight=False)
    for pair in pairs:
        first, second = pair.dates
        console.print(
            f"{pair.definition_id}, {first} to {second}: {pair.lost_m2 / 1e4:,.2f} ha of farmland"
            f" lost, {pair.gained_m2 / 1e4:,.2f} ha gained"
        )
    places = ", ".join(item.id for item in chosen)
    console.print(f"Wrote parcels, classes, trees and changes of {places} into {folder}.")


def _write_sheet(definitions: Path, region: str | None, path: Path) -> None:
    from rich.console import Console

    from satseg.catalog import Catalog
    from satseg.cli.terminal import bar
    from satseg.simulate.samples import build_samples
    from satseg.simulate.sheet import check_name, write_sheet

    check_name(path)
    with bar("Drawing the scenes") as drawing:
        samples = build_samples(
            definitions, Catalog.open().root / "samples", region=region, progress=drawing
        )
    width, height = write_sheet(samples, path)
    Console(soft_wrap=True, highlight=False).print(
        f"Wrote {len(samples)} simulated scenes on {width} x {height} px: {path}"
    )


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
