"""The part of ``satseg scenes add`` that is about folders of deliveries."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satseg.catalog_records import SceneRecord
    from satseg.deliveries import Choices, Plan


@dataclass(frozen=True, slots=True)
class FolderOptions:
    """Options that only deliveries have; None where they were not given."""

    part: str | None
    toa: bool | None
    calibration: str | None
    pansharpen: float | None
    sharpening: str | None
    dem: Path | None
    height: float | None


def refuse_for_files(path: Path, options: FolderOptions) -> None:
    """Raise SceneError where an option of deliveries was given with an image file."""
    from satseg.errors import SceneError

    given = [field.name for field in fields(options) if getattr(options, field.name) is not None]
    if given:
        raise SceneError(
            expected=f"the folder of a delivery with {', '.join('--' + name for name in given)}",
            found=f"the image file {path.name}" if path.exists() else f"no file {path}",
            fix="Name the delivery's folder, or leave the options out",
        )


def add_folder(
    folder: Path,
    options: FolderOptions,
    *,
    date: str | None,
    region: str | None,
    bands: str | None,
    scene_id: str | None,
    title: str | None,
    copy: bool,
) -> None:
    """Tell what a delivery is, then make its image and register it."""
    from rich.console import Console

    from satseg.catalog import Catalog
    from satseg.cli.terminal import bar
    from satseg.dates import parse_date
    from satseg.deliveries import add_delivery, understand
    from satseg.errors import BandError

    if bands is not None:
        raise BandError(
            expected="no --bands for a delivery, whose .IMD names them",
            found=bands,
            fix="Leave --bands out",
        )
    day = None if date is None else parse_date(date)
    plan = understand(folder, _choices(options, copy), part=options.part)
    _show(plan)
    catalog = Catalog.open()
    with bar(f"Adding {plan.delivery.image.name}") as progress:
        record = add_delivery(
            catalog,
            plan,
            date=day,
            region_id=region,
            scene_id=scene_id,
            title=title,
            progress=progress,
        )
    tell(record)
    Console(soft_wrap=True).print(f"Next: satseg predict {record.id}", highlight=False)


def tell(record: SceneRecord) -> None:
    """Print what was added."""
    from rich.console import Console

    Console(soft_wrap=True).print(
        f"Added scene [bold]{record.id}[/] of {record.date} to region [bold]{record.region_id}[/]:"
        f" {len(record.bands)} bands, {record.gsd_m:.2f} m, {record.valid_fraction:.0%} with data."
    )


def _choices(options: FolderOptions, copy: bool) -> Choices:
    from satseg.deliveries import Choices, Terrain
    from satseg.deliveries.sharpen import METHODS
    from satseg.errors import SceneError
    from satseg.radiometry import DEFAULT_TABLE

    terrain = None
    if options.dem is not None or options.height is not None:
        terrain = Terrain(options.dem, options.height)
    method = next((each for each in METHODS if each == (options.sharpening or METHODS[0])), None)
    if method is None:
        raise SceneError(
            expected=f"one of the methods {', '.join(METHODS)} with --sharpening",
            found=repr(options.sharpening),
            fix="Choose one of them",
        )
    return Choices(
        toa=options.toa,
        table=options.calibration or DEFAULT_TABLE,
        pansharpen_m=options.pansharpen,
        method=method,
        terrain=terrain,
        copy=copy,
    )


def _show(plan: Plan) -> None:
    from rich.console import Console
    from rich.text import Text

    from satseg.deliveries import described

    console = Console(soft_wrap=True)
    for label, text in described(plan):
        console.print(Text(f"{label + ':':<13}{text}", "yellow" if label == "Warning" else ""))
