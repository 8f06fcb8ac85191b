"""``satseg export``: polygons, rasters, series, figures, reports and QGIS projects as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from satseg.cli.export_qgis import qgis

if TYPE_CHECKING:
    from satseg.catalog import Catalog
    from satseg.export.choosing import Extent
    from satseg.export.subject import Subject

export = typer.Typer(
    name="export",
    help="Write results as files: polygons, rasters, series, figures, reports, QGIS projects.\n\n"
    "Example: satseg export polygons --region chongming",
    no_args_is_help=True,
)

Scene = Annotated[
    str | None, typer.Option(help="Scene whose map is exported. Instead of --region.")
]
Place = Annotated[str | None, typer.Option("--region", help="Region whose map is exported.")]
Regions = Annotated[str | None, typer.Option("--region", help="One region. Default: all.")]
OneRegion = Annotated[str, typer.Option("--region", help="Region to report on.")]
Date = Annotated[
    str | None, typer.Option(help="Date of the region's scene, YYYY-MM-DD. Default: the latest.")
]
Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="Model or ensemble. Default: farmnet, or the only one."),
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", "-m", help="Model or ensemble; repeat for several. Default: all."),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        help="Probability from which a pixel counts as farmland, 0 to 1. Default: the model's."
    ),
]
MinArea = Annotated[float, typer.Option(help="Leave out patches below this many m2.")]
Area = Annotated[
    Path | None,
    typer.Option(
        "--area", help="Area of interest instead of the region's outline: a file of polygons."
    ),
]
Whole = Annotated[bool, typer.Option("--whole", help="The whole scene, not cut at the region.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File to write. Default: a telling name, here."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]
Tongue = Annotated[Literal["en", "zh"], typer.Option("--language", help="Language of the words.")]
AreaUnit = Annotated[Literal["ha", "km2", "mu"], typer.Option(help="Unit of areas.")]
FalseColour = Annotated[
    bool, typer.Option("--false-colour", help="Imagery with near infrared as red.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    export.command("qgis")(qgis)
    app.add_typer(export)


@export.command("polygons")
def polygons(  # noqa: PLR0913, PLR0917 -- typer passes them by name
    scene: Scene = None,
    region: Place = None,
    date: Date = None,
    model: Model = None,
    threshold: Threshold = None,
    min_area: MinArea = 0,
    simplify: Annotated[
        float | None,
        typer.Option(help="Metres of detail to take away; 0 for the pixels. Default: one pixel."),
    ] = None,
    area: Area = None,
    whole: Whole = False,
    output: Output = None,
    format: Annotated[
        Literal["gpkg", "parquet", "geojson"] | None,
        typer.Option(help="Kind of file. Default: what --output ends in, or gpkg."),
    ] = None,
    force: Force = False,
) -> None:
    """Write the farmland as polygons with their area and mean probability.

    One polygon a patch, without seams, gaps or overlaps. The column area_m2 is geodesic and
    measured before simplification. GeoPackage and GeoParquet keep the map's CRS, GeoJSON is in
    longitude and latitude (RFC 7946).

    Example: satseg export polygons --region chongming --min-area 500 -o farmland.gpkg
    """
    from satseg.cli.terminal import bar
    from satseg.export.polygons import farmland_polygons
    from satseg.export.vector_files import write_polygons

    subject = _subject((scene, region, date), model, threshold, min_area, _extent(area, whole))
    target = _target(output, _stem(subject), format, ("gpkg", "parquet", "geojson"), force)
    with bar("Outlining the farmland") as progress:
        found = farmland_polygons(subject, simplify_m=simplify, progress=progress)
    write_polygons(found, target)
    _told(target, f"{len(found.frame):,} polygons, {found.area_m2 / 1e4:,.2f} ha", subject)


@export.command("raster")
def raster(  # noqa: PLR0913, PLR0917 -- typer passes them by name
    what: Annotated[
        Literal["mask", "probability", "classes", "entropy", "disagreement", "information"],
        typer.Argument(
            help="The mask, the probability, the classes of a model that has some, or a kind of"
            " uncertainty."
        ),
    ] = "mask",
    scene: Scene = None,
    region: Place = None,
    date: Date = None,
    model: Model = None,
    threshold: Threshold = None,
    min_area: MinArea = 0,
    area: Area = None,
    whole: Whole = False,
    output: Output = None,
    format: Annotated[
        Literal["tif"], typer.Option(help="Kind of file: a Cloud Optimised GeoTIFF.")
    ] = "tif",
    force: Force = False,
) -> None:
    """Write mask, probability, classes or uncertainty as a Cloud Optimised GeoTIFF.

    Mask: 1 farmland, 0 other, 255 no data, with a colour table. Probability: value / 254. Classes:
    their codes, with a colour table. Provenance is in the file's tags.

    Example: satseg export raster mask --region chongming --threshold 0.6
    """
    from satseg.cli.terminal import bar
    from satseg.export.rasters import write_raster_cog

    subject = _subject((scene, region, date), model, threshold, min_area, _extent(area, whole))
    target = _target(output, f"{_stem(subject)}-{what}", format, ("tif", "tiff"), force)
    with bar(f"Writing the {what}") as progress:
        grid = write_raster_cog(subject, what, target, progress=progress)
    _told(target, f"{grid.width:,} x {grid.height:,} pixels", subject)


@export.command("series")
def series(  # noqa: PLR0917 -- typer passes them by name
    region: Regions = None,
    model: Models = None,
    threshold: Threshold = None,
    area: Area = None,
    output: Output = None,
    format: Annotated[
        Literal["csv", "parquet"] | None,
        typer.Option(help="Kind of file. Default: what --output ends in, or csv."),
    ] = None,
    force: Force = False,
) -> None:
    """Write the farmland areas of all dates and models as a table.

    One row a region, date and model; provenance is in columns. Adjusted areas with their 95 %
    interval are in it where a labelled sample exists.

    Example: satseg export series --region chongming --format parquet
    """
    from satseg.catalog import Catalog
    from satseg.cli.terminal import bar
    from satseg.export.choosing import all_maps
    from satseg.export.series import area_table, write_series
    from satseg.export.subject import file_stem

    catalog = Catalog.open(create=False)
    found = all_maps(
        catalog,
        region_id=region,
        models=model or (),
        threshold=threshold,
        extent=_extent(area, whole=False),
    )
    stem = file_stem(found[0].clip_name or region or "all-regions", "areas", *(model or ()))
    target = _target(output, stem, format, ("csv", "parquet"), force)
    with bar("Measuring areas") as progress:
        table = area_table(catalog, found, progress=progress)
    write_series(table, target)
    _told(target, f"{len(table.frame):,} rows")


@export.command("figure")
def figure(  # noqa: PLR0913, PLR0917 -- typer passes them by name
    scene: Scene = None,
    region: Place = None,
    date: Date = None,
    model: Model = None,
    threshold: Threshold = None,
    area: Area = None,
    size: Annotated[
        Literal["slide", "print"], typer.Option(help="16:9 slide, or A4 on its side.")
    ] = "slide",
    dpi: Annotated[
        int | None, typer.Option(help="Dots an inch. Default: 144 for a slide, 300 for print.")
    ] = None,
    language: Tongue = "en",
    unit: AreaUnit = "ha",
    false_colour: FalseColour = False,
    output: Output = None,
    format: Annotated[Literal["png"], typer.Option(help="Kind of file.")] = "png",
    force: Force = False,
) -> None:
    """Draw the map of one date: imagery, farmland, legend, scale bar, north arrow, source.

    Example: satseg export figure --region chongming --size print
    """
    from satseg.catalog import Catalog
    from satseg.export.figure import FigureOptions, write_figure
    from satseg.export.series import measured

    subject = _subject((scene, region, date), model, threshold, 0, _extent(area, whole=False))
    target = _target(output, f"{_stem(subject)}-{size}", format, ("png",), force)
    options = FigureOptions(
        size=size, dpi=dpi, language=language, unit=unit, false_colour=false_colour
    )
    found = measured(Catalog.open(create=False), subject)
    write_figure(subject, found, target, options)
    _told(target, f"{size}, {options.dots} dots an inch", subject)


@export.command("report")
def report(  # noqa: PLR0913, PLR0917 -- typer passes them by name
    region: OneRegion,
    model: Models = None,
    threshold: Threshold = None,
    area: Area = None,
    language: Tongue = "en",
    unit: AreaUnit = "ha",
    false_colour: FalseColour = False,
    output: Output = None,
    format: Annotated[
        Literal["html", "pdf"] | None,
        typer.Option(help="Kind of file. Default: what --output ends in, or html."),
    ] = None,
    force: Force = False,
) -> None:
    """Write a report on a region: maps, chart, table, method, limits, provenance.

    The maps are by the first --model, or farmnet; chart and table show all. The HTML file holds
    everything it shows and prints well.

    Example: satseg export report --region chongming --format pdf
    """
    from satseg.catalog import Catalog
    from satseg.cli.terminal import bar
    from satseg.export.choosing import DEFAULT_MODEL, all_maps
    from satseg.export.report import compose_report
    from satseg.export.report_files import report_bytes
    from satseg.export.series import area_table
    from satseg.export.subject import file_stem
    from satseg.storage import storing

    catalog = Catalog.open(create=False)
    extent = _extent(area, whole=False)
    found = all_maps(
        catalog, region_id=region, models=model or (), threshold=threshold, extent=extent
    )
    names = sorted({subject.prediction.model_id for subject in found})
    usual = DEFAULT_MODEL if DEFAULT_MODEL in names else names[0]
    main = next((name for name in model or () if name in names), usual)
    shown = [subject for subject in found if subject.prediction.model_id == main]
    stem = file_stem(shown[0].place_id, "report", main, threshold=shown[0].threshold)
    target = _target(output, stem, format, ("html", "pdf"), force)
    with bar("Measuring areas") as progress:
        table = area_table(catalog, found, progress=progress)
    with bar("Drawing the maps") as progress:
        content = compose_report(
            table,
            shown,
            language=language,
            unit=unit,
            false_colour=false_colour,
            progress=progress,
        )
    with storing(target) as whole:
        whole.write_bytes(report_bytes(content, target.suffix))
    _told(target, f"{len(content.maps)} maps by {main}, {len(table.frame)} rows")


def _subject(
    where: tuple[str | None, str | None, str | None],
    model: str | None,
    threshold: float | None,
    min_area: float,
    extent: Extent,
) -> Subject:
    from satseg.catalog import Catalog
    from satseg.dates import parse_date
    from satseg.export.choosing import one_map

    scene, region, date = where
    catalog: Catalog = Catalog.open(create=False)
    return one_map(
        catalog,
        scene_id=scene,
        region_id=region,
        date=None if date is None else parse_date(date),
        model_id=model,
        threshold=threshold,
        min_area_m2=min_area,
        extent=extent,
    )


def _extent(area: Path | None, whole: bool) -> Extent:
    from satseg.errors import RegionError
    from satseg.export.choosing import Extent, read_area

    if area is not None and whole:
        raise RegionError(
            expected="an area of interest, or the whole scene",
            found="--area and --whole",
            fix="Give one of them",
        )
    return Extent(whole=whole) if area is None else read_area(area)


def _stem(subject: Subject) -> str:
    from satseg.export.subject import file_stem

    date, model = subject.scene.date.isoformat(), subject.prediction.model_id
    return file_stem(subject.place_id, date, model, threshold=subject.threshold)


def _target(
    output: Path | None, stem: str, format: str | None, kinds: tuple[str, ...], force: bool
) -> Path:
    """Return the file to write; refuse before any work is done."""
    from satseg.errors import StorageError

    ending = "" if output is None else output.suffix.lower().removeprefix(".")
    named = ending or format or kinds[0]
    path = (output or Path(f"{stem}.{named}")).absolute()
    problem = None
    if named not in kinds or format not in (None, named, named[:3]):
        problem = (
            f"a file that ends in {' or '.join('.' + kind for kind in kinds)}",
            f"{path.name}" + (f" with --format {format}" if format else ""),
            "Name the file after its kind, or leave one of the two out",
        )
    elif path.exists() and not force:
        problem = (
            "a file that is not there yet",
            str(path),
            "Replace it with --force, or name another file with --output",
        )
    elif not path.parent.is_dir():
        problem = (
            f"an existing folder for {path.name}",
            f"no folder {path.parent}",
            "Create the folder, or name another one",
        )
    if problem is not None:
        expected, found, fix = problem
        raise StorageError(expected=expected, found=found, fix=fix)
    return path


def _told(path: Path, what: str, subject: Subject | None = None) -> None:
    size = path.stat().st_size
    text = f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"
    if subject is not None:
        where = "the whole scene" if subject.clip is None else subject.place_id
        simulated = ", simulated" if subject.scene.simulated else ""
        typer.echo(
            f"{where}, {subject.scene.date}{simulated}, {subject.prediction.model_id},"
            f" threshold {subject.threshold:g}: {what}."
        )
    else:
        typer.echo(f"{what}.")
    typer.echo(f"Wrote {path} ({text}).")
