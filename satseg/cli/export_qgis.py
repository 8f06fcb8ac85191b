"""``satseg export qgis``: a prediction as a QGIS project, to look at and to correct."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from satseg.catalog import Catalog
    from satseg.catalog_records import PredictionRecord


def qgis(  # noqa: PLR0917 -- typer passes them by name
    output: Annotated[Path, typer.Option(help="New folder for the project and its files.")],
    scene: Annotated[
        str | None,
        typer.Argument(
            help="Scene whose newest prediction is taken. Default: the newest prediction of all.",
            metavar="[SCENE_ID]",
        ),
    ] = None,
    prediction: Annotated[
        str | None, typer.Option(help="Another prediction, as in 'satseg predictions'.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Probability from which a pixel is farmland. Default: the model's."),
    ] = None,
    min_area: Annotated[
        float, typer.Option(help="Leave out patches below this area in square metres.")
    ] = 100.0,
    simplify: Annotated[
        float,
        typer.Option(
            help="Detail that outlines lose, in pixels: corners whose triangle is smaller than its"
            " square. 0: exact."
        ),
    ] = 1.0,
    truth: Annotated[
        Path | None,
        typer.Option(help="Mask of 'satseg masks' to show too. Default: the scene's own truth."),
    ] = None,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the image into the folder, to pass it on.")
    ] = False,
) -> None:
    """Write a QGIS 3 project with a prediction's polygons to correct.

    It shows the scene, farmland polygons, probability, uncertainty and truth, each with a style.
    What is corrected becomes truth through 'satseg masks'; README.txt in the folder says how.

    Example: satseg export qgis SCENE_ID --output corrections
    """
    from satseg.catalog import Catalog
    from satseg.cli.terminal import bar
    from satseg.qgis import QgisOptions, way_back, write_qgis
    from satseg.recipes import usual_threshold

    catalog = Catalog.open(create=False)
    record = _wanted(catalog, scene, prediction)
    level = usual_threshold(record.model_id) if threshold is None else threshold
    options = QgisOptions(level, min_area, simplify, truth, copy)
    with bar(f"Writing {output.name}") as progress:
        made = write_qgis(
            catalog.scene(record.scene_id), record, output, options, progress=progress
        )
    typer.echo(
        f"Wrote {made.project}: {made.polygons} polygons of {record.scene_id} by"
        f" {record.model_id} from probability {level:g}, {made.area_m2 / 1e4:,.2f} ha."
    )
    typer.echo("Open it in QGIS 3.22 or newer, correct the polygons, draw around what is complete.")
    typer.echo(f"Then: {way_back(record.scene_id, output)}")


def _wanted(catalog: Catalog, scene: str | None, prediction: str | None) -> PredictionRecord:
    from satseg.errors import CatalogError

    if prediction is not None:
        record = catalog.prediction(prediction)
        if scene in (None, record.scene_id):
            return record
        raise CatalogError(
            expected=f"a prediction of the scene {scene}",
            found=f"{prediction}, which is of {record.scene_id}",
            fix="Leave one of both out",
        )
    if scene is not None:
        catalog.scene(scene)
    found = catalog.predictions(scene)
    if not found:
        raise CatalogError(
            expected="a prediction" + (f" of the scene {scene}" if scene else ""),
            found="none in the catalog",
            fix="Map the farmland first, with 'satseg predict'",
        )
    return found[-1]
