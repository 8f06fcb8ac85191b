"""Puts measurements into the cards and pages of the zoo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from satseg.zoo.card import ModelCard, list_cards, load_card, read_table, write_table
from satseg.zoo.ensembles import EnsembleCard, list_ensembles, load_ensemble
from satseg.zoo.page import write_card_page, write_comparison
from satseg.zoo.stac import write_item


def record(
    card: ModelCard | EnsembleCard,
    rows: Sequence[Mapping[str, Any]],
    notes: Mapping[str, str],
    models: Path,
    lacking: Mapping[str, str] | None = None,
) -> ModelCard | EnsembleCard:
    """Write the rows into the card, its pages and the comparison; return the new card.

    A row replaces the older one of the same data set; other older rows stay. The order is that of
    ``notes``, which says what each data set is; ``lacking`` says why some cannot be measured on.
    """
    table = read_table(card.folder)
    merged = {str(row["data"]): dict(row) for row in table.get("metrics", ())}
    merged.update({str(row["data"]): dict(row) for row in rows})
    order = list(notes)
    table["metrics"] = sorted(
        merged.values(),
        key=lambda row: order.index(row["data"]) if row["data"] in order else len(order),
    )
    write_table(card.folder, table)
    is_ensemble = isinstance(card, EnsembleCard)
    measured = load_ensemble(card.folder) if is_ensemble else load_card(card.folder)
    write_card_page(measured, notes, lacking or {})
    if isinstance(measured, ModelCard):
        write_item(measured)
    write_comparison(list_cards(models), models, list_ensembles(models))
    return measured


def record_ablation(card: ModelCard, result: Mapping[str, Any]) -> ModelCard:
    """Write what one of its data sets is worth into the card; return the new card.

    Its page follows with the next ``satseg evaluate``.
    """
    write_table(card.folder, read_table(card.folder) | {"ablation": dict(result)})
    return load_card(card.folder)
