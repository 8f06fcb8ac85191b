"""``satseg uncertainty``: how sure a map is, pixel by pixel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from satseg.catalog_records import PredictionRecord


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("uncertainty")(uncertainty)


def uncertainty(
    prediction: Annotated[
        str, typer.Argument(help="Prediction, as in 'satseg predictions'.", metavar="PREDICTION")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="GeoTIFF to write.")],
    kind: Annotated[
        Literal["entropy", "disagreement", "information"],
        typer.Option(
            help="entropy: of the (mean) probability, 0 to 1 bit; any model has it. disagreement:"
            " standard deviation of the members of an ensemble, 0 to 0.5. information: mutual"
            " information, what the members do not agree on, 0 to 1 bit."
        ),
    ] = "entropy",
) -> None:
    """Write how sure a map is as a cloud-optimised GeoTIFF: uint8, 255 no data, scale in the file.

    High entropy with low mutual information: the ground itself is unclear, all models say so. High
    mutual information: the models contradict each other.

    Example: satseg uncertainty lingang-2015-06-06.farmnet.f0326a0d.1a2b3c4d -o entropy.tif
    """
    from rich.console import Console

    from satseg.catalog import Catalog
    from satseg.ensemble import combine
    from satseg.storage import storing
    from satseg.uncertainty import LARGEST, UNITS

    record = Catalog.open(create=False).prediction(prediction)
    _check(record, kind, output)
    if kind in record.layers:
        import shutil

        with storing(output.absolute()) as whole:
            shutil.copyfile(record.layers[kind], whole)
    else:
        combine([record.probability], None, uncertainties={kind: output.absolute()})
    Console(soft_wrap=True).print(
        f"Wrote {output}: uint8, {kind} = value x {LARGEST[kind]:g} / 254 {UNITS[kind]}, nodata 255"
    )


def _check(record: PredictionRecord, kind: str, output: Path) -> None:
    from satseg.errors import ModelError, StorageError

    if kind != "entropy" and kind not in record.layers:
        what = "a single model" if not record.members else "an ensemble of an earlier version"
        raise ModelError(
            expected=f"the prediction of an ensemble for {kind}",
            found=f"{record.id} by {record.model_id}, {what}",
            fix="Predict the scene with two models or more, for example -m farmnet -m unet8",
        )
    if not output.absolute().parent.is_dir():
        raise StorageError(
            expected="a file in an existing folder with --output",
            found=f"no folder {output.absolute().parent}",
            fix="Create the folder, or choose another one",
        )
