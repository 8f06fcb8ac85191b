"""``satseg models``: list the models."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("models")(models)


def models() -> None:
    """List the models and the ensembles: what each needs and what it is good for.

    Example: satseg models
    """
    from satseg.cli.terminal import show, table
    from satseg.errors import ModelError
    from satseg.recipes import ensemble_folders
    from satseg.zoo.card import default_models_folder, list_cards
    from satseg.zoo.ensembles import list_ensembles

    cards = list_cards()
    if not cards:
        raise ModelError(
            expected="at least one model",
            found=f"none in {default_models_folder()}",
            fix="Train one with 'satseg train', or set SATSEG_MODELS to a folder with models",
        )
    found = table(("Model", "What for", "Bands", "Licence"), ("GSD", "Threshold"))
    for card in cards:
        found.add_row(
            card.id,
            card.summary,
            ", ".join(card.bands),
            card.licence,
            f"{card.gsd_m:g} m",
            f"{card.threshold:g}",
        )
    for ensemble in list_ensembles(*ensemble_folders()):
        members = ensemble.models()
        found.add_row(
            ensemble.id,
            f"{ensemble.summary} {ensemble.method.capitalize()} of "
            + ", ".join(f"{one.id} x {one.weight:g}" for one in ensemble.members),
            ", ".join(dict.fromkeys(band for card in members for band in card.bands)),
            ensemble.licence,
            f"{min(card.gsd_m for card in members):g} m",
            f"{ensemble.threshold:g}",
        )
    show(found)
