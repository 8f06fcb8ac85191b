"""``satseg accuracy``: samples of points, and areas with intervals from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from satseg.accuracy import Estimate
    from satseg.sampling import Sample, SampleStore

accuracy = typer.Typer(
    name="accuracy",
    help="Draw points on a map, take labels over, and estimate areas with 95 % intervals.",
    no_args_is_help=True,
)

Who = Annotated[
    Literal["first", "second"], typer.Option("--interpreter", help="Whose labels: first or second.")
]
Which = Annotated[str, typer.Argument(help="Id of the sample, see 'satseg accuracy list'.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.add_typer(accuracy)


@accuracy.command("draw")
def draw(
    prediction: Annotated[str, typer.Argument(help="Id of the prediction to assess.")],
    error: Annotated[
        float,
        typer.Option(help="Wanted standard error of the farmland area, % of the area with data."),
    ] = 2.0,
    threshold: Annotated[
        float | None,
        typer.Option(help="Probability from which the map says farmland. Default: the model's."),
    ] = None,
    certainty: Annotated[
        bool, typer.Option(help="Divide the strata by how sure the model is.")
    ] = True,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the draw. Default: a new one, kept with the sample.")
    ] = None,
) -> None:
    """Draw a stratified random sample of a prediction's pixels.

    Label it on the dashboard's page Accuracy, or elsewhere: see 'satseg accuracy export'.

    Example: satseg accuracy draw PREDICTION --error 1.5
    """
    from satseg.catalog import Catalog
    from satseg.recipes import usual_threshold
    from satseg.sampling.design import MARGIN, design_sample, draw_sample

    catalog = Catalog.open(create=False)
    record = catalog.prediction(prediction)
    scene = catalog.scene(record.scene_id)
    region = catalog.region(scene.region_id)
    level = usual_threshold(record.model_id) if threshold is None else threshold
    histogram = catalog.area(record.id, region.id)
    margin = MARGIN if certainty else None
    design = design_sample(histogram, level, margin=margin, standard_error=error / 100)
    sample = draw_sample(design, region, scene, record, histogram, threshold=level, seed=seed)
    _store().add(sample)
    typer.echo(f"{sample.id}: {len(sample.points)} points in {len(sample.strata)} strata")


@accuracy.command("list")
def show_list() -> None:
    """Show the samples of the catalog and how far they are labelled.

    Example: satseg accuracy list
    """
    from satseg.cli.terminal import show, table

    store = _store()
    found = table(("Sample", "Region", "Model"), ("Date", "Points", "First", "Second"))
    for name in store.ids():
        sample = store.sample(name)
        count = len(sample.points)
        shares = [str(sample.done("first")), str(sample.done("second"))]
        model = sample.model_id + (" (simulated)" if sample.simulated else "")
        found.add_row(name, sample.region_id, model, str(sample.date), str(count), *shares)
    show(found)


@accuracy.command("label")
def label(
    sample: Which,
    file: Annotated[
        Path | None,
        typer.Argument(help="CSV with a column plotid and a column of answers."),
    ] = None,
    truth: Annotated[
        bool,
        typer.Option("--truth", help="Take the labels from a simulated scene's exact classes."),
    ] = False,
    interpreter: Who = "first",
) -> None:
    """Take labels over from a CSV file, or from the truth of a simulated scene.

    Answers are farmland, other or unsure. Files that Collect Earth Online exports are understood.

    Example: satseg accuracy label SAMPLE labels.csv
    """
    from satseg.catalog import Catalog
    from satseg.errors import AccuracyError
    from satseg.sampling.exchange import read_csv, with_labels
    from satseg.sampling.truth import labelled_from_truth

    if truth == (file is not None):
        raise AccuracyError(
            expected="either a CSV file or --truth",
            found="both" if truth else "neither",
            fix="Give one of them",
        )
    store = _store()
    if file is not None:
        text = read_csv(file)
        changed = store.change(sample, lambda old: with_labels(old, text, interpreter))
    else:
        raster = Catalog.open(create=False).scene(store.sample(sample).scene_id).truth
        changed = store.change(sample, lambda old: labelled_from_truth(old, raster, interpreter))
    typer.echo(f"{changed.done(interpreter)} of {len(changed.points)} points are labelled")


@accuracy.command("result")
def result(
    sample: Which,
    interpreter: Who = "first",
    within: Annotated[
        Path | None,
        typer.Option(help="Estimate the area inside of these polygons (any vector file) too."),
    ] = None,
) -> None:
    """Show areas and accuracies with their 95 % intervals.

    The adjusted area is an estimate of the true one (Olofsson et al. 2014; Stehman 2014); the
    mapped area is a count of pixels and carries the map's errors.

    Example: satseg accuracy result SAMPLE
    """
    from satseg.accuracy import assess
    from satseg.cli.terminal import show, table
    from satseg.sampling import CLASSES, labelled_sample
    from satseg.sampling.domains import farmland_within, read_domain

    found = _store().sample(sample)
    assessed = assess(labelled_sample(found, interpreter))
    rows = table(("Class",), ("Mapped", "Adjusted", "95 %", "User's", "Producer's"))
    for number, name in enumerate(CLASSES):
        area = assessed.area_m2[number].scaled(1e-4)
        rows.add_row(
            name,
            f"{found.mapped_m2[number] / 1e4:,.2f} ha",
            f"{area.value:,.2f} ha",
            "{:,.2f} to {:,.2f}".format(*area.interval()),
            _share(assessed.users[number]),
            _share(assessed.producers[number]),
        )
    show(rows)
    typer.echo(f"Overall accuracy {_share(assessed.overall)}.")
    if within is not None:
        inside = farmland_within(found, read_domain(within), interpreter).scaled(1e-4)
        limits = "{:,.2f} to {:,.2f}".format(*inside.interval())
        typer.echo(f"Farmland inside of {within.name}: {inside.value:,.2f} ha ({limits}).")
    for note in _notes(found, interpreter, assessed.notes):
        typer.echo(note)


@accuracy.command("import")
def take_in(
    file: Annotated[Path, typer.Argument(help="GeoPackage that 'satseg accuracy export' wrote.")],
) -> None:
    """Take a sample in from another catalog, or the labels of a copy of one that is here.

    Example: satseg accuracy import sample.gpkg
    """
    from satseg.catalog import Catalog
    from satseg.sampling.store import read_sample

    given = read_sample(file)
    Catalog.open(create=False).scene(given.scene_id)
    found = _store().take_in(given)
    typer.echo(f"{found.id}: {found.done('first')} and {found.done('second')} labels")


@accuracy.command("export")
def export(
    sample: Which,
    output: Annotated[
        Path, typer.Argument(help="Where it goes: .gpkg or .csv, or plots for labelling elsewhere.")
    ],
    plots: Annotated[
        bool,
        typer.Option("--plots", help="Places alone, as the CSV that Collect Earth Online takes."),
    ] = False,
) -> None:
    """Write a sample to a file.

    Example: satseg accuracy export SAMPLE plots.csv --plots
    """
    from satseg.errors import AccuracyError
    from satseg.sampling.exchange import to_csv, to_plots
    from satseg.sampling.store import write_sample
    from satseg.storage import storing

    found = _store().sample(sample)
    suffix = output.suffix.lower()
    if suffix not in ((".csv",) if plots else (".csv", ".gpkg")):
        raise AccuracyError(
            expected="a name that ends in .csv" + ("" if plots else " or .gpkg"),
            found=output.name,
            fix="Choose another name",
        )
    if suffix == ".gpkg":
        write_sample(found, output.absolute())
        return
    with storing(output.absolute()) as whole:
        whole.write_text(to_plots(found) if plots else to_csv(found), encoding="utf-8")


def _store() -> SampleStore:
    from satseg.catalog import Catalog
    from satseg.sampling import SampleStore

    return SampleStore(Catalog.open(create=False).root)


def _share(value: Estimate | None) -> str:
    if value is None:
        return "undefined"
    low, high = value.interval()
    return f"{value.value:.1%} ({low:.1%} to {high:.1%})"


def _notes(
    sample: Sample, interpreter: Literal["first", "second"], notes: tuple[str, ...]
) -> list[str]:
    said = list(notes)
    if sample.unseen_share:
        said.append(f"{sample.unseen_share:.1%} of the region has no data; nothing is said of it.")
    unsure, unlabelled = sample.unsure(interpreter), len(sample.unlabelled(interpreter))
    if unsure:
        said.append(f"{unsure} unsure points are left out, as if they were like the others.")
    if unlabelled:
        said.append(f"{unlabelled} points are not labelled yet.")
    if sample.simulated:
        said.append("The scene is simulated: nothing here is a statement about the real place.")
    return said
