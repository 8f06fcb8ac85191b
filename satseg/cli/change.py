"""``satseg change``: where farmland was gained and lost between dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from satseg.catalog import Catalog
    from satseg.catalog_records import PredictionRecord, SceneRecord
    from satseg.change import ChangeSummary, Shift, TrendSummary

_DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON"}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("change")(change)


def change(  # noqa: PLR0917 -- typer passes them by name
    prediction: Annotated[
        list[str],
        typer.Argument(
            help="Predictions of one place, the earliest first, as 'satseg predict' names them.",
            metavar="BEFORE AFTER [LATER]...",
        ),
    ],
    output: Annotated[Path, typer.Option(help="Write the map to this GeoTIFF.")],
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Probability from which a pixel counts as farmland, 0 to 1. Default: each model's."
        ),
    ] = None,
    min_area: Annotated[
        float,
        typer.Option(help="Leave out patches of change below this many m2. Two dates only."),
    ] = 0,
    correct: Annotated[
        bool, typer.Option("--correct", help="Take back the shift found between the scenes.")
    ] = False,
    check: Annotated[
        bool, typer.Option(help="Check how the scenes of the predictions lie on each other.")
    ] = True,
    patches: Annotated[
        Path | None,
        typer.Option(help="Write the biggest changed patches to this .gpkg or .geojson."),
    ] = None,
) -> None:
    """Map where farmland was gained and lost, from predictions of two or more dates.

    Two dates give gain, loss and no change. Three and more tell change that lasts from to and fro.
    The scenes are checked for a shift, which makes false change at every border.

    Example: satseg change BEFORE AFTER --output change.tif --min-area 500
    """
    from satseg.catalog import Catalog

    _check_options(len(prediction), min_area, patches, correct and not check)
    catalog = Catalog.open(create=False)
    dates = _dates(catalog, prediction)
    _check_output(output, patches)
    shifts = _shifts(dates, correct) if check else [None] * len(dates)
    if len(dates) == 2:
        _two(dates, shifts[1], output, threshold, min_area)
        if patches is not None:
            _write_patches(output, patches)
    else:
        _many(dates, shifts, output, threshold)
    typer.echo(
        "Mapped areas: they carry the errors of all maps; they are no estimates with an error bar."
    )


@dataclass(frozen=True, slots=True)
class _Date:
    scene: SceneRecord
    prediction: PredictionRecord

    def usual(self, threshold: float | None) -> float:
        from satseg.recipes import usual_threshold

        return usual_threshold(self.prediction.model_id) if threshold is None else threshold


def _check_options(count: int, min_area: float, patches: Path | None, blind: bool) -> None:
    from satseg.errors import CatalogError

    problem = None
    if count < 2:
        problem = "one prediction"
    elif count > 2 and (min_area or patches is not None):
        problem = f"{count} predictions with --min-area or --patches"
    elif blind:
        problem = "--correct with --no-check"
    elif patches is not None and patches.suffix.lower() not in _DRIVERS:
        problem = f"--patches {patches.name}"
    if problem is not None:
        raise CatalogError(
            expected="two predictions, with --min-area and --patches (.gpkg or .geojson) if wanted,"
            " or three and more; --correct needs the check",
            found=problem,
            fix="See 'satseg change --help'",
        )


def _dates(catalog: Catalog, names: Sequence[str]) -> list[_Date]:
    from satseg.errors import CatalogError

    found = []
    for name in names:
        prediction = catalog.prediction(name)
        found.append(_Date(catalog.scene(prediction.scene_id), prediction))
    days = [date.scene.date for date in found]
    if sorted(set(days)) != days:
        raise CatalogError(
            expected="predictions of different dates, the earliest first",
            found=", ".join(day.isoformat() for day in days),
            fix="Name them in the order of their dates",
        )
    models = sorted({date.prediction.model_id for date in found})
    if len(models) > 1:
        _note(f"The predictions are by {', '.join(models)}: what differs may be the models.")
    return found


def _check_output(*files: Path | None) -> None:
    from satseg.errors import StorageError

    for file in files:
        if file is not None and not file.absolute().parent.is_dir():
            raise StorageError(
                expected=f"an existing folder for {file.name}",
                found=f"no folder {file.absolute().parent}",
                fix="Create the folder, or name another one",
            )


def _shifts(dates: Sequence[_Date], correct: bool) -> list[Shift | None]:
    """Return what is to be taken back at each date; tell what the check found."""
    from satseg.change import check_registration
    from satseg.probability_raster import open_probability
    from satseg.scene import open_scene

    first = dates[0]
    gsd_m = max(open_probability(first.prediction.probability).grid.gsd_m())
    reference = open_scene(first.scene.image, bands=first.scene.bands)
    shifts: list[Shift | None] = [None]
    for date in dates[1:]:
        other = open_scene(date.scene.image, bands=date.scene.bands)
        found = check_registration(reference, other, gsd_m=gsd_m)
        shifts.append(found.shift if correct else None)
        if found.shift is None:
            _note(f"How {date.scene.id} lies on {first.scene.id} is not known: {found.reason}.")
            continue
        shift = found.shift
        _note(
            f"{date.scene.id} lies {shift.dx_px:+.2f} columns, {shift.dy_px:+.2f} rows"
            f" ({shift.dx_m:+.2f} m, {shift.dy_m:+.2f} m) from {first.scene.id};"
            f" {shift.tiles} tiles agree, spread {shift.spread_px:.2f} pixels."
        )
        if shift.warning is not None:
            _note(f"{shift.warning}." + (" Corrected." if correct else " See --correct."))
    return shifts


def _two(
    dates: Sequence[_Date],
    shift: Shift | None,
    output: Path,
    threshold: float | None,
    min_area: float,
) -> None:
    from satseg.change import write_change
    from satseg.cli.terminal import bar

    before, after = dates
    with bar("Mapping the change") as progress:
        summary = write_change(
            before.prediction.probability,
            after.prediction.probability,
            output,
            thresholds=[date.usual(threshold) for date in dates],
            min_area_m2=min_area,
            shift=shift,
            tags=_tags(dates),
            progress=progress,
        )
    _show_change(summary)


def _many(
    dates: Sequence[_Date], shifts: Sequence[Shift | None], output: Path, threshold: float | None
) -> None:
    from satseg.change import write_trend
    from satseg.cli.terminal import bar

    with bar("Mapping the change") as progress:
        summary = write_trend(
            [date.prediction.probability for date in dates],
            output,
            thresholds=[date.usual(threshold) for date in dates],
            shifts=shifts,
            tags=_tags(dates),
            progress=progress,
        )
    _show_trend(summary)


def _tags(dates: Sequence[_Date]) -> dict[str, str]:
    return {
        "SATSEG_PREDICTIONS": ";".join(date.prediction.id for date in dates),
        "SATSEG_DATES": ";".join(date.scene.date.isoformat() for date in dates),
    }


def _show_change(summary: ChangeSummary) -> None:
    found = summary.transitions
    _show(
        {
            "Farmland before": found.before_m2,
            "Farmland after": found.after_m2,
            "Gained": found.gain_m2,
            "Lost": found.loss_m2,
            "Left out, gained": summary.dropped_gain_m2,
            "Left out, lost": summary.dropped_loss_m2,
            "Seen at both dates": found.valid_m2,
        }
    )


def _show_trend(summary: TrendSummary) -> None:
    _show(
        {
            "Farmland at all dates": summary.stable_farmland_m2,
            "Gained for good": summary.sustained_gain_m2,
            "Lost for good": summary.sustained_loss_m2,
            "To and fro": summary.flicker_m2,
            "Seen often enough": summary.valid_m2,
        }
    )


def _show(areas: dict[str, float]) -> None:
    from satseg.cli.terminal import show, table

    found = table(("What",), ("Area",))
    for name, m2 in areas.items():
        found.add_row(name, f"{m2 / 1e4:,.4f} ha")
    show(found)


def _write_patches(change_map: Path, target: Path) -> None:
    from satseg.change import biggest_patches
    from satseg.storage import storing

    found = biggest_patches(change_map)
    with storing(target.absolute()) as whole:
        found.to_file(whole, driver=_DRIVERS[target.suffix.lower()])
    _note(f"Wrote the {len(found)} biggest changed patches to {target}.")


def _note(text: str) -> None:
    typer.echo(text, err=True)
