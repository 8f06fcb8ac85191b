"""``satseg masks``: truth from polygons, for measuring and for training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from satseg.masks import ChipSet, MaskReport

_SHOWN = 8


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("masks")(masks)


def masks(  # noqa: PLR0913, PLR0917 -- typer passes them by name
    scene: Annotated[str, typer.Argument(help="Scene, as in the list.", metavar="SCENE_ID")],
    polygons: Annotated[
        list[str] | None,
        typer.Argument(
            help="Vector files with hand-drawn polygons; one layer of a file as"
            " 'FILE.gpkg|layername=LAYER'.",
            metavar="[POLYGONS]...",
        ),
    ] = None,
    class_field: Annotated[
        str | None, typer.Option(help="Field with the class. Default: all are farmland.")
    ] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            help="NAME=CODE for a class of your own; 1 is farmland, 0 other, 255 unknown.",
        ),
    ] = None,
    osm: Annotated[
        Path | None,
        typer.Option(help="Areas of OpenStreetMap below them, for example of 'satseg locate'."),
    ] = None,
    ignore: Annotated[
        str | None, typer.Option(help="Vector file with ground that counts neither way.")
    ] = None,
    ignore_field: Annotated[
        str | None, typer.Option(help="Field that is true where a polygon counts neither way.")
    ] = None,
    complete: Annotated[
        str | None,
        typer.Option(help="Vector file with the ground inside of which everything is drawn."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Mask to write. Default: SCENE_ID_truth.tif here.")
    ] = None,
    chips: Annotated[
        Path | None, typer.Option(help="New folder for pairs of picture and mask to train on.")
    ] = None,
    chip_px: Annotated[int, typer.Option(help="Side of a chip in pixels.")] = 320,
    min_known: Annotated[
        float, typer.Option(help="Share of a chip that must be known, 0 to 1.")
    ] = 0.5,
    holdout: Annotated[float, typer.Option(help="Share of the chips kept for validation.")] = 0.2,
    block: Annotated[
        int, typer.Option(help="Chips a side of the blocks that go to one side as a whole.")
    ] = 4,
    seed: Annotated[int, typer.Option(help="Seed of the division.")] = 1,
) -> None:
    """Turn polygons into a mask on a scene's grid, and into chips to train on.

    The mask holds 1 for farmland, 0 for other ground, the code of other classes, and 255 where
    nothing is known: outside of --complete, inside of --ignore, and where the scene has no data. A
    pixel belongs to the polygon that holds its centre. Broken rings are mended and told.

    Example: satseg masks SCENE_ID fields.gpkg --complete finished.gpkg --chips chips
    """
    from satseg.catalog import Catalog
    from satseg.cli.terminal import bar
    from satseg.masks import (
        ChipOptions,
        ClassTable,
        Meaning,
        Sources,
        Split,
        read_ground,
        write_chips,
        write_truth,
    )
    from satseg.scene import open_scene

    meaning = Meaning(class_field, ignore_field, ClassTable.of(classes or ()))
    sources = Sources(tuple(polygons or ()), meaning, osm=osm, ignore=ignore, complete=complete)
    split = Split(holdout, block, seed)
    record = Catalog.open(create=False).scene(scene)
    options = ChipOptions(chip_px, min_known, split, record.licence or "terms not stated")
    image = open_scene(record.image, bands=record.bands, date=record.date)
    target = (output or Path(f"{scene}_truth.tif")).absolute()
    tags = {"SATSEG_SCENE_ID": scene, "SATSEG_TRUTH_FROM": sources.origin()}
    with bar(f"Painting {scene}") as progress:
        report = write_truth(
            image, read_ground(sources, image.grid), target, tags=tags, progress=progress
        )
    _show(report, target)
    if complete is None:
        typer.echo(
            "Everything that no polygon covers counts as other. Where not all farmland is drawn,"
            " say where it is, with --complete."
        )
    if chips is not None:
        with bar(f"Cutting {scene}") as progress:
            made = write_chips(image, scene, sources, chips, options=options, progress=progress)
        _show_chips(made, chip_px)


def _show(report: MaskReport, target: Path) -> None:
    from satseg.cli.terminal import show, table
    from satseg.masks import name_of

    rows = table(("Class",), ("Code", "Area"))
    for code, m2 in sorted(report.m2.items()):
        rows.add_row(name_of(code), str(code), f"{m2 / 1e4:,.2f} ha")
    show(rows)
    for word, texts in (("Mended", report.repaired), ("Not used", report.skipped)):
        for text in texts[:_SHOWN]:
            typer.echo(f"{word}: {text}")
        if len(texts) > _SHOWN:
            typer.echo(f"{word}: and {len(texts) - _SHOWN} more")
    typer.echo(f"Wrote {target}: uint8, 255 unknown.")


def _show_chips(made: ChipSet, chip_px: int) -> None:
    held = len(made.validation)
    share = sum(chip.farmland for chip in made.chips) / len(made.chips)
    typer.echo(
        f"Wrote {len(made.chips)} pairs of {chip_px} px at {made.gsd_m:.2f} m to {made.folder}:"
        f" {len(made.chips) - held} for training, {held} for validation in blocks of their own;"
        f" {share:.0%} farmland. {made.left_out} chips were left out: too little is known of them."
    )
    typer.echo(
        f"Next: add {made.folder / 'source.toml'} to a training configuration, then"
        f" satseg train train.toml --data {made.folder.parent}. A crop keeps its GSD where"
        f" crop_px x gsd_m is at most {chip_px * made.gsd_m:.0f} m."
    )
