"""``satseg predict``: map the probability of farmland."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from satseg.errors import SatsegError

if TYPE_CHECKING:
    from satseg.catalog import Catalog
    from satseg.catalog_records import PredictionRecord, SceneRecord
    from satseg.pooling import Method
    from satseg.recipes import Recipe
    from satseg.workflow import Computing

DEFAULT_MODEL = "farmnet"


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("predict")(predict)


def predict(  # noqa: PLR0913, PLR0917 -- one parameter an option
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
            help="Model or ensemble, as in 'satseg models'. Several models: their ensemble.",
            show_default=DEFAULT_MODEL,
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="How much each model of an ensemble counts, with commas. Default: equal."
        ),
    ] = None,
    method: Annotated[
        Literal["mean", "median", "vote", "maximum"],
        typer.Option(help="How the probabilities of several models become one."),
    ] = "mean",
    augment: Annotated[
        Literal["none", "d4"],
        typer.Option(
            help="d4: each model sees every window flipped and turned in all eight ways, and the"
            " mean counts. Steadier, and eight times as slow."
        ),
    ] = "none",
    every: Annotated[
        bool, typer.Option("--all", help="All scenes; also what happens when none is named.")
    ] = False,
    region: Annotated[str | None, typer.Option(help="Only scenes of this region.")] = None,
    since: Annotated[str | None, typer.Option(help="Only scenes from this day on.")] = None,
    until: Annotated[str | None, typer.Option(help="Only scenes up to this day.")] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Compute on a Dask cluster: 'local', or a scheduler's address such as"
            " tcp://10.0.0.5:8786.",
            envvar="SATSEG_SCHEDULER",
        ),
    ] = None,
    runtime: Annotated[
        Literal["auto", "torch", "openvino", "openvino-int8"],
        typer.Option(help="What computes. auto: the GPU, else OpenVINO, in int8 where it can."),
    ] = "auto",
    output: Annotated[
        Path | None,
        typer.Option(help="Copy the probability raster of the one scene to this GeoTIFF as well."),
    ] = None,
) -> None:
    """Map the probability of farmland of scenes and keep it in the catalog.

    What is predicted already with the model's present weights is not computed again. Work that was
    interrupted, even by kill -9, goes on where it was when the same command is given again. With an
    ensemble come rasters of its uncertainty; see 'satseg uncertainty'.

    Example: satseg predict --region chongming --since 2019-01-01 -m farmnet -m unet8
    """
    from rich.console import Console

    from satseg.catalog import Catalog
    from satseg.recipes import AUGMENTED, recipe
    from satseg.workflow import Computing

    catalog = Catalog.open(create=False)
    mark = AUGMENTED if augment == "d4" else ""
    named = model or [DEFAULT_MODEL]
    models = [name.removesuffix(AUGMENTED) + mark for name in named] if mark else named
    mixture = Mixture(tuple(models), numbers(weights), method)
    wanted = recipe(models, weights=mixture.weights, method=method, catalog=catalog.root)
    console = Console(soft_wrap=True)
    choice = Choice(region, _day(since), _day(until))
    if scene and (every or choice != Choice()):
        raise _contradiction()
    scenes = list(scene) if scene else _lacking(catalog, wanted, choice)
    _check_output(output, scenes)
    if not scenes:
        console.print(f"Every scene has a prediction by {wanted.model_id} already.")
    failed = 0
    for number, scene_id in enumerate(scenes, start=1):
        place = f" ({number} of {len(scenes)})" if len(scenes) > 1 else ""
        try:
            record = _predict(catalog, scene_id, mixture, Computing(scheduler, runtime), place)
        except SatsegError as error:
            if len(scenes) == 1:
                raise
            failed += 1
            Console(stderr=True, soft_wrap=True).print(f"[red]{scene_id}: {error}[/]")
            continue
        console.print(f"Predicted [bold]{scene_id}[/] by {record.model_id}: {record.id}")
        if record.layers:
            console.print(f"With its uncertainty: {', '.join(record.layers)}")
        if output is not None:
            _copy(record.probability, output)
            console.print(f"Wrote {output}: uint8, probability = value / 254, nodata 255")
    if failed:
        console.print(f"{len(scenes) - failed} of {len(scenes)} scenes done, {failed} failed.")
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class Mixture:
    """Models, how much each one counts (None: equally), and how they become one."""

    models: tuple[str, ...]
    weights: list[float] | None
    method: Method


@dataclass(frozen=True, slots=True)
class Choice:
    """Which scenes of the catalog: of a region, from a day, up to a day; None for any."""

    region: str | None = None
    since: datetime.date | None = None
    until: datetime.date | None = None

    def scenes(self, catalog: Catalog) -> list[SceneRecord]:
        """Return the chosen scenes.

        Raises:
            RegionError: the catalog has no such region.
        """
        if self.region is not None:
            catalog.region(self.region)
        return [
            scene
            for scene in catalog.scenes(self.region)
            if (self.since is None or scene.date >= self.since)
            and (self.until is None or scene.date <= self.until)
        ]


def _predict(
    catalog: Catalog, scene_id: str, mixture: Mixture, computing: Computing, place: str
) -> PredictionRecord:
    from satseg.cli.terminal import bar
    from satseg.workflow import predict_to_catalog

    with bar(f"{scene_id} by {', '.join(mixture.models)}{place}") as progress:
        return predict_to_catalog(
            catalog,
            scene_id,
            mixture.models,
            weights=mixture.weights,
            method=mixture.method,
            computing=computing,
            progress=progress,
        )


def _day(text: str | None) -> datetime.date | None:
    from satseg.dates import parse_date

    return None if text is None else parse_date(text)


def _contradiction() -> SatsegError:
    from satseg.errors import CatalogError

    return CatalogError(
        expected="either scenes by their ids, or a choice with --all, --region, --since, --until",
        found="both",
        fix="Leave one of them out",
    )


def _lacking(catalog: Catalog, wanted: Recipe, choice: Choice) -> list[str]:
    """Return the scenes with the models' bands that have no prediction by the present weights."""
    from satseg.errors import CatalogError

    if not catalog.scenes():
        raise CatalogError(
            expected="at least one scene in the catalog",
            found=f"none in {catalog.root}",
            fix="Add one with 'satseg scenes add', or the samples with 'satseg sample'",
        )
    scenes = choice.scenes(catalog)
    if not scenes:
        raise CatalogError(
            expected="scenes of that region and time",
            found=f"none of {len(catalog.scenes())}",
            fix="See satseg scenes list for regions and dates",
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


def numbers(text: str | None) -> list[float] | None:
    """Return the numbers of a text with commas; None for None."""
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

    from satseg.storage import storing

    with storing(target.absolute()) as whole:
        shutil.copyfile(source, whole)
