"""``satseg area``: farmland area of each region, date and model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from satseg.catalog import Catalog
    from satseg.interest import Interest


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("area")(area)


def area(  # noqa: PLR0917 -- typer passes them by name
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
    within: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|NAME",
            help="Only inside of this outline: a GeoJSON, GeoPackage or KML file, a zipped"
            " Shapefile, or the name of an area of interest kept in the catalog.",
        ),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Keep the outline of --within FILE under this name."),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the table to this CSV file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    classes: Annotated[
        bool,
        typer.Option("--classes", help="The area of each class, of models that tell some apart."),
    ] = False,
) -> None:
    """Show the farmland area of each region, date and model.

    The area is geodesic and counts pixels at or above the threshold. "Seen" is the share of the
    region that the scene covers with data; "Share" is farmland within what was seen.

    With --within the figures are for an outline of your own, from the maps that there are; pixels
    at its border count with the share that lies inside.

    Example: satseg area --model farmnet --threshold 0.5 --csv areas.csv

    Example: satseg area --within fields.kml --keep "North fields"

    Example: satseg area --classes --model landcover --region chongming
    """
    from satseg.catalog import Catalog
    from satseg.errors import CatalogError
    from satseg.workflow import series
    from satseg.workflow_classes import class_series

    catalog = Catalog.open(create=False)
    interest = _interest(catalog, within, keep)
    if classes:
        _refuse_threshold(threshold)
        within_shape = None if interest is None else interest.geometry
        frame = class_series(catalog, model, region_id=region, within=within_shape)
    elif interest is None:
        groups = None if not model else [[name] for name in model]
        frame = series(catalog, region, groups, threshold=threshold)
    else:
        from satseg.interest_series import series_within

        frame = series_within(
            catalog, interest.geometry, model or None, threshold=threshold, region_id=region
        )
        frame.insert(0, "within", interest.name)
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
    elif classes:
        _show_classes(frame)
    else:
        _show(frame, interest)
    if keep is not None and interest is not None:
        from satseg.interest import InterestStore

        InterestStore(catalog.root).add(interest)
        typer.echo(f"Kept as {interest.name!r}; next time: satseg area --within {keep!r}", err=True)


def _refuse_threshold(threshold: float | None) -> None:
    from satseg.errors import ModelError

    if threshold is not None:
        raise ModelError(
            expected="--classes without --threshold",
            found=f"--threshold {threshold:g}",
            fix="Leave it out: every pixel belongs to its likeliest class",
        )


def _show_classes(frame: pd.DataFrame) -> None:
    from satseg.cli.terminal import show, table

    found = table(("Region", "Scene", "Model", "Class"), ("Date", "Area", "Share", "Seen"))
    for row in frame.to_dict("records"):
        found.add_row(
            row["region"],
            row["scene_id"] + (" (simulated)" if row["simulated"] else ""),
            row["model"],
            row["class"],
            f"{row['date']:%Y-%m-%d}",
            f"{row['area_ha']:,.2f} ha",
            f"{row['share']:.1%}",
            f"{row['valid_fraction']:.1%}",
        )
    show(found)
    typer.echo(
        "Mapped area: pixels by their likeliest class, whatever its probability."
        " It carries the model's errors; it is no estimate with an error bar."
    )


def _interest(catalog: Catalog, within: str | None, keep: str | None) -> Interest | None:
    """Return the outline to measure within: from a file, or one that the catalog keeps."""
    from satseg.errors import RegionError
    from satseg.interest import Interest, InterestStore, suggested_name
    from satseg.interest_files import read_area_file

    path = None if within is None else Path(within)
    if keep is not None and (path is None or not path.is_file()):
        raise RegionError(
            expected="--keep together with --within FILE",
            found="no --within" if path is None else f"no file {path}",
            fix="Name the file whose outline is to be kept",
        )
    if within is None or path is None:
        return None
    if not path.is_file():
        if path.suffix:
            read_area_file(path)
        return InterestStore(catalog.root).named(within)
    found = read_area_file(path)
    if found.repaired:
        typer.echo(f"The outline in {path.name} crosses itself; it was repaired.", err=True)
    return Interest.now(keep or suggested_name(path.stem), found.geometry, origin=path.name)


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    from satseg.storage import storing

    with storing(path.absolute()) as whole:
        frame.to_csv(whole, index=False, date_format="%Y-%m-%d")


def _show(frame: pd.DataFrame, interest: Interest | None) -> None:
    from satseg.area import region_area_m2
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
    if interest is not None:
        m2 = region_area_m2(interest.geometry)
        typer.echo(f"Within {interest.name}, {m2 / 1e4:,.2f} ha; Seen and Share are of that.")
    typer.echo(
        "Mapped area: pixels with at least the threshold's probability of farmland."
        " It carries the model's errors; it is no estimate with an error bar."
    )
