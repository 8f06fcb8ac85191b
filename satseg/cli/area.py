"""``satseg area``: farmland area of each region, date and model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("area")(area)


def area(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", "-m", help="Model, or name of an ensemble. Default: all that predicted."
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Probability from which a pixel counts as farmland, 0 to 1. Default: the model's."
        ),
    ] = None,
    region: Annotated[str | None, typer.Option(help="One region. Default: all.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the table to this CSV file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Show the farmland area of each region, date and model.

    The area is geodesic and counts pixels at or above the threshold. "Seen" is the share of the
    region that the scene covers with data; "Share" is farmland within what was seen.

    Example: satseg area --model farmnet --threshold 0.5 --csv areas.csv
    """
    from satseg.catalog import Catalog
    from satseg.errors import CatalogError
    from satseg.workflow import series

    catalog = Catalog.open(create=False)
    groups = None if not model else [[name] for name in model]
    frame = series(catalog, region, groups, threshold=threshold)
    if frame.empty:
        what = f"none by {', '.join(model)}" if model else "none"
        raise CatalogError(
            expected="at least one prediction to measure",
            found=what + (f" in region {region}" if region else ""),
            fix="Map the farmland first, with 'satseg predict'",
        )
    if csv is not None:
        _write_csv(frame, csv)
    if json:
        typer.echo(frame.to_json(orient="records", date_format="iso", indent=1))
    else:
        _show(frame)


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    from satseg.cog import storing

    with storing(path.absolute()) as whole:
        frame.to_csv(whole, index=False, date_format="%Y-%m-%d")


def _show(frame: pd.DataFrame) -> None:
    from satseg.cli.terminal import show, table

    numbers = ("Date", "Threshold", "Farmland", "Share", "Seen", "Change")
    found = table(("Region", "Scene", "Model"), numbers)
    for row in frame.itertuples():
        change = "-" if row.change_m2 != row.change_m2 else f"{row.change_m2 / 1e4:+,.2f} ha"
        found.add_row(
            row.region,
            row.scene_id + (" (simulated)" if row.simulated else ""),
            row.model,
            f"{row.date:%Y-%m-%d}",
            f"{row.threshold:g}",
            f"{row.area_ha:,.2f} ha",
            f"{row.share:.1%}",
            f"{row.valid_fraction:.1%}",
            change,
        )
    show(found)
    typer.echo(
        "Mapped area: pixels with at least the threshold's probability of farmland."
        " It carries the model's errors; it is no estimate with an error bar."
    )
