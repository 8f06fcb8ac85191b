"""``satseg ensemble``: put models together, fit their weights, remove what was put together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from satseg.zoo.ensembles import EnsembleCard


HELP = """Several models as one: put together by hand, or fitted on validation pictures.

Example: satseg ensemble add farmnet unet8 --name "Both"
"""


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    group.command("add")(add)
    group.command("fit")(fit)
    group.command("remove")(remove)
    app.add_typer(group, name="ensemble")


_Members = Annotated[
    list[str], typer.Argument(help="Two or more models, as in 'satseg models'.", metavar="MODEL...")
]
_Method = Annotated[
    Literal["mean", "median", "vote", "maximum"],
    typer.Option(
        help="How probabilities become one: their (weighted) mean, the middle one, the (weighted)"
        " share of models that say farmland, or the largest one."
    ),
]


def add(
    members: _Members,
    name: Annotated[str, typer.Option(help="What to call it; its id is made from it.")],
    method: _Method = "mean",
    weights: Annotated[
        str | None, typer.Option(help="How much each one counts, with commas. Default: equal.")
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="Probability from which a pixel is farmland.")
    ] = 0.5,
) -> None:
    """Put models together by hand and keep the ensemble in the catalog.

    Example: satseg ensemble add farmnet unet8 --name "Both" --weights 2,1
    """
    from rich.console import Console

    from satseg.catalog import Catalog
    from satseg.cli.predict import numbers
    from satseg.ensemble_store import EnsembleStore
    from satseg.recipes import recipe

    wanted = recipe(members, weights=numbers(weights), method=method)
    catalog = Catalog.open()
    card = EnsembleStore(catalog.root).add(name, wanted.cards, wanted.pooling, threshold=threshold)
    Console(soft_wrap=True).print(
        f"Kept [bold]{card.id}[/] in {card.folder}. Map with it: satseg predict -m {card.id}"
    )


def remove(
    ensemble: Annotated[str, typer.Argument(help="Ensemble, as in 'satseg models'.")],
) -> None:
    """Remove an ensemble that was put together by hand; its maps stay in the catalog.

    Example: satseg ensemble remove ensemble-both
    """
    from satseg.catalog import Catalog
    from satseg.catalog_removal import remove_ensemble
    from satseg.cli.bin import tell_removed

    tell_removed(remove_ensemble(Catalog.open(create=False), ensemble))
    typer.echo("Maps that it made stay in the catalog.")


def fit(  # noqa: PLR0917 -- one parameter an option
    members: _Members,
    ensemble_id: Annotated[
        str | None,
        typer.Option("--id", help="Id of the ensemble. Default: ensemble- and the members' ids."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Name that people read.")] = None,
    method: _Method = "mean",
    equal: Annotated[
        bool, typer.Option("--equal", help="Leave the weights equal; fit the rest alone.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(help="Folder that holds the data sets of the members' training.")
    ] = None,
) -> None:
    """Fit an ensemble's weights, temperature and threshold, and write its card beside the models.

    They are fitted on the pictures that the members' training held out for validation (train.toml),
    never on what it was trained on and never on the external sets of models/evaluation.toml.
    Afterwards measure it: satseg evaluate ensemble-...

    Example: satseg ensemble fit farmnet unet8 --data ../data
    """
    from satseg.cli.terminal import bar
    from satseg.training.ensembles import Wish, fit_ensemble

    wish = Wish(tuple(members), ensemble_id, title, method, equal)
    with bar("Fitting") as progress:
        card, skipped = fit_ensemble(wish, data=data, progress=progress)
    _tell(card, skipped)


def _tell(card: EnsembleCard, skipped: dict[str, str]) -> None:
    from rich.console import Console

    console = Console(soft_wrap=True)
    for name, reason in skipped.items():
        Console(stderr=True, soft_wrap=True).print(f"Not fitted on {name}: {reason}.")
    for member in card.members:
        console.print(f"  {member.id}: weight {member.weight:.3f}")
    console.print(
        f"  temperature {card.temperature:g}, threshold {card.threshold:g}, fitted on "
        f"{', '.join(card.training['fitted_on'])}"
    )
    console.print(f"Wrote {card.folder}. Measure it: satseg evaluate {card.id}")
