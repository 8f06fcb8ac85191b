"""``satseg models``: list the models."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("models")(models)


def models() -> None:
    """List the models: what each needs and what it is good for.

    Example: satseg models
    """
    from rich.console import Console
    from rich.table import Table

    from satseg.errors import ModelError
    from satseg.zoo.card import default_models_folder, list_cards

    cards = list_cards()
    if not cards:
        raise ModelError(
            expected="at least one model",
            found=f"none in {default_models_folder()}",
            fix="Train one with 'satseg train', or set SATSEG_MODELS to a folder with models",
        )
    table = Table("Model", "Bands", "GSD", "Threshold", "What for", "Licence")
    for card in cards:
        table.add_row(
            card.id,
            ", ".join(card.bands),
            f"{card.gsd_m:g} m",
            f"{card.threshold:g}",
            card.summary,
            card.licence,
        )
    Console().print(table)
