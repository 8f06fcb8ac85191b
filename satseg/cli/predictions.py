"""``satseg predictions``: the maps that the catalog holds."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("predictions")(predictions)


def predictions(
    region: Annotated[str | None, typer.Option(help="One region. Default: all.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """Show the predictions of the catalog, by region and date.

    Their ids are what 'satseg change' and 'satseg accuracy draw' ask for.

    Example: satseg predictions --region chongming
    """
    import json as text

    from satseg.catalog import Catalog
    from satseg.cli.terminal import show, table

    catalog = Catalog.open(create=False)
    scenes = {scene.id: scene for scene in catalog.scenes(region)}
    found = [record for record in catalog.predictions() if record.scene_id in scenes]
    found.sort(key=lambda record: (scenes[record.scene_id].region_id, scenes[record.scene_id].date))
    rows = [
        {
            "id": record.id,
            "region": scenes[record.scene_id].region_id,
            "date": str(scenes[record.scene_id].date),
            "model": record.model_id,
            "created": f"{record.created:%Y-%m-%d %H:%M}",
            "simulated": record.simulated,
        }
        for record in found
    ]
    if json:
        typer.echo(text.dumps(rows, indent=1))
        return
    shown = table(("Prediction", "Region", "Model"), ("Date", "Created"))
    for row in rows:
        cells = [str(row[key]) for key in ("id", "region", "model", "date", "created")]
        cells[2] += " (simulated)" if row["simulated"] else ""
        shown.add_row(*cells)
    show(shown)
