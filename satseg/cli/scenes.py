"""``satseg scenes``: add images to the catalog and list them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

scenes = typer.Typer(
    name="scenes", help="Add images to the catalog, list and remove them.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.add_typer(scenes)


@scenes.command("add")
def add(  # noqa: PLR0913, PLR0917 -- typer passes them by name
    source: Annotated[
        str,
        typer.Argument(
            help="Georeferenced image (any GeoTIFF or COG), the folder of a WorldView-3 delivery"
            " with its .IMD and .TIF files, or the address of an image that stays where it is:"
            " https://host/image.tif, s3://bucket/image.tif."
        ),
    ],
    date: Annotated[
        str | None,
        typer.Option(help="Day of acquisition, YYYY-MM-DD. Needed unless the file tells it."),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            help="Region whose series the scene joins. Default: the region around the scene's"
            " centre, or a new one with the scene's outline."
        ),
    ] = None,
    bands: Annotated[
        str | None,
        typer.Option(
            help="Names of the bands in the order of the file, with commas: coastal, blue, green,"
            " yellow, red, red_edge, nir1, nir2. Needed unless the file tells them or has 3, 4 or"
            " 8 bands in the usual order."
        ),
    ] = None,
    scene_id: Annotated[
        str | None, typer.Option("--id", help="Identifier. Default: from the file's name.")
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="Name to show. Default: the file's name.")
    ] = None,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the image into the catalog instead of linking it.")
    ] = False,
    part: Annotated[
        str | None,
        typer.Option(help="Delivery: part of the order, for example P002, where it has several."),
    ] = None,
    toa: Annotated[
        bool | None,
        typer.Option(
            "--toa/--no-toa",
            help="Delivery: convert to reflectance at the top of the atmosphere, or keep the"
            " digital numbers. Default: convert where the product allows it.",
            show_default=False,
        ),
    ] = None,
    calibration: Annotated[
        str | None,
        typer.Option(help="Delivery: calibration table, 2016v0.Int or 2018v0. Default: the first."),
    ] = None,
    pansharpen: Annotated[
        float | None,
        typer.Option(
            metavar="GSD", help="Delivery: sharpen with the panchromatic band to this GSD, metres."
        ),
    ] = None,
    sharpening: Annotated[
        str | None,
        typer.Option(
            help="Delivery: method, gram-schmidt or brovey. Default: gram-schmidt.",
        ),
    ] = None,
    dem: Annotated[
        Path | None,
        typer.Option(
            help="Delivery: orthorectify with this elevation model, a GeoTIFF of heights above the"
            " WGS 84 ellipsoid in metres. A raw 1B product needs this or --height."
        ),
    ] = None,
    height: Annotated[
        float | None,
        typer.Option(
            metavar="METRES",
            help="Delivery: orthorectify with one height above the WGS 84 ellipsoid.",
        ),
    ] = None,
) -> None:
    """Add an image or a WorldView-3 delivery to the catalog, with the copies that are shown.

    Example: satseg scenes add image.tif --date 2015-06-06 --bands red,green,blue,nir1

    Example: satseg scenes add 056789012010_01 --pansharpen 0.3

    Example: satseg scenes add s3://bucket/image.tif --date 2015-06-06
    """
    from satseg.addresses import is_address
    from satseg.cli.scene_folder import FolderOptions, add_folder, refuse_for_files

    options = FolderOptions(part, toa, calibration, pansharpen, sharpening, dem, height)
    path = Path(source)
    if not is_address(source) and path.is_dir():
        add_folder(
            path,
            options,
            date=date,
            region=region,
            bands=bands,
            scene_id=scene_id,
            title=title,
            copy=copy,
        )
        return
    refuse_for_files(path, options)
    _add_image(
        source,
        copy=copy,
        date=date,
        region_id=region,
        bands=None if bands is None else bands.split(","),
        scene_id=scene_id,
        title=title,
    )


def _add_image(source: str, *, copy: bool, **options: Any) -> None:
    from satseg.addresses import Address, is_address
    from satseg.catalog import Catalog
    from satseg.cli.scene_folder import tell
    from satseg.cli.terminal import bar
    from satseg.errors import SceneError
    from satseg.linking import link_scene

    if is_address(source) and copy:
        raise SceneError(
            expected="a file of this machine to copy",
            found=f"--copy with {source[:200]}",
            fix="Download it and add the file, or leave --copy out to read it where it lies",
        )
    with bar(f"Adding {Path(source).name}") as progress:
        if is_address(source):
            record = link_scene(Catalog.open(), Address(source), **options, progress=progress)
        else:
            record = Catalog.open().add_scene(Path(source), **options, copy=copy, progress=progress)
    tell(record)


@scenes.command("inspect")
def inspect(
    path: Annotated[
        Path,
        typer.Argument(help="Image (GeoTIFF), or the folder of a WorldView-3 delivery."),
    ],
    bands: Annotated[
        str | None,
        typer.Option(help="Names of the bands in the order of the file, with commas."),
    ] = None,
    date: Annotated[str | None, typer.Option(help="Day of acquisition, YYYY-MM-DD.")] = None,
    look: Annotated[
        Path | None,
        typer.Option(metavar="PNG", help="Write the true colour picture to this file."),
    ] = None,
) -> None:
    """Tell what an image is, as far as it says so, and where it lies; nothing is added.

    Example: satseg scenes inspect image.tif --look look.png
    """
    from satseg.cli.scene_preview import inspect_file, inspect_folder

    if path.is_dir():
        inspect_folder(path)
    else:
        inspect_file(path, bands=None if bands is None else bands.split(","), date=date, look=look)


@scenes.command("list")
def list_() -> None:
    """List the scenes of the catalog.

    Example: satseg scenes list
    """
    from satseg.catalog import Catalog
    from satseg.cli.terminal import show, table

    catalog = Catalog.open(create=False)
    models: dict[str, list[str]] = {}
    for prediction in catalog.predictions():
        models.setdefault(prediction.scene_id, []).append(prediction.model_id)
    found = table(
        ("Scene", "Region", "Predicted by", "Kind"), ("Date", "Bands", "GSD", "With data")
    )
    for scene in catalog.scenes():
        found.add_row(
            scene.id,
            scene.region_id,
            ", ".join(dict.fromkeys(models.get(scene.id, ()))) or "-",
            "simulated" if scene.simulated else "image",
            str(scene.date),
            str(len(scene.bands)),
            f"{scene.gsd_m:.2f} m",
            f"{scene.valid_fraction:.0%}",
        )
    show(found)


@scenes.command("remove")
def remove(
    scene: Annotated[str, typer.Argument(help="Scene, as in the list.", metavar="SCENE_ID")],
) -> None:
    """Move a scene with its maps, areas and samples into the bin; see 'satseg bin'.

    An image outside of the catalog stays where it is.

    Example: satseg scenes remove image
    """
    from satseg.catalog import Catalog
    from satseg.catalog_removal import remove_scene
    from satseg.cli.bin import tell_removed

    tell_removed(remove_scene(Catalog.open(create=False), scene))
