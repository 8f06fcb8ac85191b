"""``satseg locate``: where OpenStreetMap has farmland below the scenes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from satseg.osm import Located

_SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("locate")(locate)


def locate(  # noqa: PLR0913, PLR0917 -- typer passes them by name
    region: Annotated[
        str | None, typer.Option(help="Region of the catalog. Default: wherever scenes are.")
    ] = None,
    bbox: Annotated[
        str | None, typer.Option(help="WEST,SOUTH,EAST,NORTH in degrees, instead of a region.")
    ] = None,
    osm: Annotated[
        Path | None,
        typer.Option(
            help="Local file instead of Overpass: .osm.pbf, .osm, or polygons made from one"
            " (.gpkg, .geojson, .shp)."
        ),
    ] = None,
    overpass: Annotated[
        str | None, typer.Option(help="Address of another Overpass server, up to /api.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds that one query may take.")] = 180.0,
    refresh: Annotated[
        bool,
        typer.Option("--refresh", help="Ask Overpass again instead of taking the kept answer."),
    ] = False,
    farmland: Annotated[
        list[str] | None,
        typer.Option(
            "--farmland",
            help="Tag that counts as farmland, KEY=VALUE; several times for several. Default:"
            " landuse=farmland, orchard, greenhouse_horticulture, meadow.",
        ),
    ] = None,
    chip_px: Annotated[int, typer.Option(help="Side of the chips in pixels of the scene.")] = 320,
    output: Annotated[
        Path | None,
        typer.Option(help="GeoPackage to write. Default: osm/located.gpkg in the catalog."),
    ] = None,
) -> None:
    """Find the scenes and chips with farmland by OpenStreetMap.

    Farmyards, water and woods are cut out. Areas are geodesic. The GeoPackage has the layers
    farmland, context (what was cut out or looks similar), scenes and chips, and opens in QGIS. What
    Overpass answers is kept in the catalog with its date.

    Example: satseg locate --region qingpu --osm shanghai.osm.pbf --output farmland.gpkg
    """
    from rich.console import Console

    from satseg.catalog import Catalog
    from satseg.cli.terminal import bar
    from satseg.osm import (
        ATTRIBUTION,
        OVERPASS,
        TAGS,
        Server,
        counting,
        find_areas,
        wanted_region,
    )
    from satseg.osm import locate as measure

    catalog = Catalog.open(create=False)
    place = wanted_region(catalog, region, None if bbox is None else _numbers(bbox))
    server = Server(overpass or OVERPASS, timeout)
    tags = counting(farmland) if farmland else TAGS
    console = Console(soft_wrap=True)
    areas = find_areas(catalog, place, tags, file=osm, server=server, refresh=refresh)
    console.print(
        f"{len(areas.frame)} areas from {areas.source}, as of {areas.retrieved:%Y-%m-%d %H:%M} UTC"
    )
    with bar("Measuring the scenes") as progress:
        found = measure(catalog, areas, chip_px=chip_px, progress=progress)
    target = (output or catalog.root / "osm" / "located.gpkg").absolute()
    found.write(target)
    _show(found)
    console.print(f"Wrote {target}: layers farmland, context, scenes, chips. {ATTRIBUTION}.")
    console.print(f"Next: satseg masks SCENE_ID --osm {target} for masks from these areas.")


def _numbers(text: str) -> list[float]:
    from satseg.errors import RegionError

    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise RegionError(
            expected="four numbers WEST,SOUTH,EAST,NORTH in degrees",
            found=repr(text[:80]),
            fix="Correct --bbox, for example --bbox 121.0,31.0,121.1,31.1",
        ) from error
    return [west, south, east, north]


def _show(found: Located) -> None:
    from satseg.cli.terminal import show, table
    from satseg.osm.areas import areas_by_tag
    from satseg.osm.shares import areas_m2

    kinds = table(("Tag",), ("Areas", "Hectares"))
    for tag, (count, m2) in areas_by_tag(found.areas, areas_m2(found.areas)).items():
        kinds.add_row(tag, str(count), f"{m2 / 1e4:,.2f}")
    show(kinds)
    scenes = table(("Scene", "Region"), ("Date", "Known", "Farmland", "Share", "Looks similar"))
    for row in found.scenes.sort_values("share", ascending=False).itertuples():
        scenes.add_row(
            row.scene_id,
            row.region_id,
            row.date,
            f"{row.known_m2 / 1e4:,.2f} ha",
            f"{row.farmland_m2 / 1e4:,.2f} ha",
            f"{row.share:.1%}",
            f"{row.similar_share:.1%}",
        )
    show(scenes)
    chips = table(("Chip of",), ("Row", "Column", "Share"))
    best = found.chips.sort_values(
        ["share", "scene_id", "row", "col"], ascending=[False, *[True] * 3]
    )
    for row in best.head(_SHOWN).itertuples():
        chips.add_row(row.scene_id, str(row.row), str(row.col), f"{row.share:.1%}")
    show(chips)
    half, none = (found.chips["share"] >= 0.5).sum(), (found.chips["farmland_m2"] == 0).sum()
    typer.echo(
        f"{len(found.chips)} chips of {found.chip_px} px: {half} at least half farmland, {none}"
        " without; all of them are in the layer chips."
    )
    told = (("Mended", found.areas.repaired), ("Skipped", found.areas.skipped))
    for word, ids in told:
        if ids:
            typer.echo(f"{word}: {', '.join(ids[:_SHOWN])}" + (" ..." if ids[_SHOWN:] else ""))
