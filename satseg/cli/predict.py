"""``satseg predict``: map the probability of farmland."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from satseg.catalog import Catalog
    from satseg.recipes import Recipe

DEFAULT_MODEL = "farmnet"


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("predict")(predict)


def predict(
    scene: Annotated[
        list[str] | None,
        typer.Argument(
            help="Scenes, as in 'satseg scenes list'. Default: all that lack the prediction.",
            metavar="[SCENE_ID]...",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="Model, as in 'satseg models'. Several times: their ensemble.",
            show_default=DEFAULT_MODEL,
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="How much each model of an ensemble counts, with commas. Default: equal."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Copy the probability raster of the one scene to this GeoTIFF as well."),
    ] = None,
) -> None:
    """Map the probability of farmland of scenes and keep it in the catalog.

    What is predicted already with the model's present weights is not computed again.

    Example: satseg predict -m farmnet -m unet8
    """
    from rich.console import Console

    from satseg.catalog import Catalog
    from satseg.cli.terminal import bar
    from satseg.recipes import recipe
    from satseg.workflow import predict_to_catalog

    catalog = Catalog.open(create=False)
    models = model or [DEFAULT_MODEL]
    shares = _numbers(weights)
    wanted = recipe(models, weights=shares)
    console = Console(soft_wrap=True)
    scenes = list(scene) if scene else _lacking(catalog, wanted)
    _check_output(output, scenes)
    if not scenes:
        console.print(f"Every scene has a prediction by {wanted.model_id} already.")
    for scene_id in scenes:
        with bar(f"{scene_id} by {wanted.model_id}") as progress:
            record = predict_to_catalog(
                catalog, scene_id, models, weights=shares, progress=progress
            )
        console.print(f"Predicted [bold]{scene_id}[/] by {record.model_id}: {record.id}")
        if output is not None:
            _copy(record.probability, output)
            console.print(f"Wrote {output}: uint8, probability = value / 254, nodata 255")


def _lacking(catalog: Catalog, wanted: Recipe) -> list[str]:
    """Return the scenes with the models' bands that have no prediction by the present weights."""
    from satseg.errors import CatalogError

    scenes = catalog.scenes()
    if not scenes:
        raise CatalogError(
            expected="at least one scene in the catalog",
            found=f"none in {catalog.root}",
            fix="Add one with 'satseg scenes add', or the samples with 'satseg sample'",
        )
    needed = {band for card in wanted.cards for band in card.bands}
    able = [scene for scene in scenes if needed <= set(scene.bands)]
    if not able:
        wanted.check_bands(scenes[0].bands)
    return [
        scene.id
        for scene in able
        if catalog.find_prediction(scene.id, wanted.model_id, wanted.weights_sha256) is None
    ]


def _numbers(text: str | None) -> list[float] | None:
    from satseg.errors import ModelError

    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise ModelError(
            expected="weights as numbers with commas between them",
            found=repr(text),
            fix="Write them in the order of the models, for example --weights 0.5,0.5",
        ) from error


def _check_output(output: Path | None, scenes: Sequence[str]) -> None:
    from satseg.errors import StorageError

    if output is None:
        return
    problem = None
    if len(scenes) != 1:
        problem = f"{len(scenes)} scenes to predict"
    elif not output.absolute().parent.is_dir():
        problem = f"no folder {output.absolute().parent}"
    if problem is not None:
        raise StorageError(
            expected="one scene and a file in an existing folder with --output",
            found=problem,
            fix="Name the scene, for example: satseg predict SCENE_ID --output farmland.tif",
        )


def _copy(source: Path, target: Path) -> None:
    import shutil

    from satseg.cog import storing

    with storing(target.absolute()) as whole:
        shutil.copyfile(source, whole)
