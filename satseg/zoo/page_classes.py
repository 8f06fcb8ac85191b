"""The section of a model's page on the classes that it tells apart."""

from __future__ import annotations

from collections.abc import Iterator

from satseg.zoo.card import ModelCard


def class_lines(card: ModelCard) -> list[str]:
    """Return the section on classes as lines of Markdown; none for farmland alone."""
    return list(_lines(card))


def _lines(card: ModelCard) -> Iterator[str]:
    if card.legend is None:
        return
    measured = [row for row in card.metrics if "class_iou" in row]
    yield from ("## Classes", "")
    yield "| Class | Code | Colour | Farmland |" + "".join(
        f" IoU, {row['data']} |" for row in measured
    )
    yield "|---" * (4 + len(measured)) + "|"
    for entry in card.legend.entries:
        ious = (row["class_iou"].get(entry.key) for row in measured)
        figures = "".join(" \u2013 |" if iou is None else f" {iou:.3f} |" for iou in ious)
        is_farmland = "yes" if entry.farmland else "no"
        yield f"| {entry.key} | {entry.land.code} | `{entry.colour}` | {is_farmland} |{figures}"
    if measured:
        means = "".join(f" **{row['mean_iou']:.3f}** |" for row in measured)
        yield f"| **mean** | | | |{means}"
    yield from (
        "",
        "Every pixel belongs to its likeliest class. Ponds count as water; land of a kind that is "
        "not among the classes, such as grass, counts only for and against farmland.",
        "",
    )
