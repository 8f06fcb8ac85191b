"""The pages that people read: CARD.md of a model and the table that compares all models."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from satseg.metrics import BINS
from satseg.zoo.card import INT8_LENGTH, ModelCard
from satseg.zoo.ensembles import EnsembleCard
from satseg.zoo.page_classes import class_lines

CARD_PAGE = "CARD.md"
COMPARISON_PAGE = "README.md"
_COLUMNS = (
    ("Data", "data"),
    ("Role", "role"),
    ("Images", "images"),
    ("Pixels", "pixels"),
    ("IoU", "iou"),
    ("95 % interval", "interval"),
    ("Blocks", "blocks"),
    ("IoU in int8", "iou_int8"),
    ("Boundary IoU", "boundary_iou"),
    ("F1", "f1"),
    ("Precision", "precision"),
    ("Recall", "recall"),
    ("Accuracy", "accuracy"),
    ("Area bias", "area_bias"),
    ("ECE", "ece"),
    ("AUROC of entropy", "auroc_entropy"),
    ("AUROC of disagreement", "auroc_disagreement"),
    ("AUROC of mutual information", "auroc_information"),
)
_PART_COLUMNS = (
    ("Region", "region"),
    ("Date", "date"),
    *(column for column in _COLUMNS if column[1] in ("images", "pixels", "iou", "interval")),
    *(column for column in _COLUMNS if column[1] in ("blocks", "boundary_iou", "area_bias")),
)


def write_card_page(
    card: ModelCard | EnsembleCard, notes: Mapping[str, str], lacking: Mapping[str, str]
) -> Path:
    """Write CARD.md beside the card and return its path.

    ``notes`` says what each data set is, ``lacking`` why the model cannot be measured on some.
    """
    page = card.folder / CARD_PAGE
    write = ensemble_page if isinstance(card, EnsembleCard) else card_page
    _replace(page, write(card, notes, lacking))  # type: ignore[arg-type]
    return page


def ensemble_page(
    card: EnsembleCard, notes: Mapping[str, str], lacking: Mapping[str, str] | None = None
) -> str:
    """Return the ensemble's card as Markdown."""
    facts = {key: value for key, value in card.training.items() if key != "not_fitted_on"}
    lines = [
        f"# {card.title} (`{card.id}`)",
        "",
        card.summary,
        "",
        "Written by `satseg evaluate` from `card.toml`; edit that, not this.",
        "",
        "| Member | Weight | sha256 of its weights |",
        "|---|---|---|",
        *[
            f"| [{one.id}](../{one.id}/{CARD_PAGE}) | {one.weight:g} | `{one.sha256}` |"
            for one in card.members
        ],
        "",
        f"Method: {card.method}; threshold {card.threshold:g}, temperature {card.temperature:g}; "
        f"licence {card.licence}.",
        "",
        *_measured(card.metrics, notes, lacking or {}),
        "## Fitting",
        "",
        *[f"- {key.replace('_', ' ')}: {_value(value)}" for key, value in facts.items()],
        *[
            f"- not fitted on {name}: it {reason}"
            for name, reason in card.training.get("not_fitted_on", {}).items()
        ],
        "",
    ]
    if card.failures:
        lines += ["## Known failures", "", *[f"- {text}" for text in card.failures], ""]
    return "\n".join(lines)


def _measured(
    rows: Sequence[Mapping[str, Any]], notes: Mapping[str, str], lacking: Mapping[str, str]
) -> list[str]:
    rows = [_with_interval(row) for row in rows]
    return [
        "## Measured",
        "",
        *_table(_COLUMNS, rows),
        "",
        *[f"- {row['data']}: {notes.get(str(row['data']), '')}" for row in rows],
        *[f"- {name}: not measured, it {reason}" for name, reason in lacking.items()],
        "",
        "IoU, F1, precision and recall are of farmland, pooled over all pixels of a data set; area "
        "bias is predicted over true farmland less one; ECE is the expected calibration error; "
        "AUROC is the chance that of a wrong and a right pixel the wrong one is the less sure.",
        "",
        *_interval_note(rows),
        *[line for row in rows for line in _parts(row)],
        *_calibration(rows),
    ]


def _with_interval(row: Mapping[str, Any]) -> dict[str, Any]:
    interval = _interval(row)
    return {**row, "interval": interval} if interval else dict(row)


def _interval(row: Mapping[str, Any]) -> str:
    """Return the interval of the IoU as people write it; empty where the row has none."""
    if not {"iou_low", "iou_high"} <= set(row):
        return ""
    return f"{row['iou_low']:.3f}–{row['iou_high']:.3f}"


def _interval_note(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    blocks = [f"{row['data']}: {row['blocks']} {row['block']}" for row in rows if "blocks" in row]
    widths = sorted({float(row["boundary_m"]) for row in rows if "boundary_m" in row})
    found = []
    if blocks:
        found.append(
            f"The interval of the IoU is of 2,000 block bootstraps ({'; '.join(blocks)}): how the "
            "figure spreads over ground like that of the pictures, not over other places. Dates of "
            "the same ground count as one block."
        )
    if widths:
        width = ", ".join(f"{width:g}" for width in widths)
        found.append(f"Boundary IoU is that of strips of {width} m along the borders of farmland.")
    return [" ".join(found), ""] if found else []


def _parts(row: Mapping[str, Any]) -> list[str]:
    parts = [_with_interval(part) for part in row.get("parts", ())]
    if not parts:
        return []
    return [f"### {row['data']} by region and date", "", *_table(_PART_COLUMNS, parts), ""]


def _calibration(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the reliability diagrams as a table: what was predicted and what was observed."""
    held = [row for row in rows if row.get("reliability", {}).get("share")]
    if not held:
        return []
    tenths = [f"{lower / 10:g} to {(lower + 1) / 10:g}" for lower in range(BINS)]
    columns = (("Data", "data"), ("Pixels", "pixels"), *((name, name) for name in tenths))
    table = []
    for row in held:
        bins = row["reliability"]
        cells = {}
        for p, o, share in zip(bins["predicted"], bins["observed"], bins["share"], strict=True):
            cells[tenths[min(int(p * BINS), BINS - 1)]] = f"{p:.2f} → {o:.2f} ({share:.0%})"
        table.append({"data": row["data"], "pixels": row["pixels"], **cells})
    lines = [
        "## Calibration",
        "",
        "By tenths of the predicted probability: its mean → the observed share of farmland (share "
        "of all pixels).",
        "",
        *_table(columns, table),
    ]
    return [*lines, ""]


def card_page(
    card: ModelCard, notes: Mapping[str, str], lacking: Mapping[str, str] | None = None
) -> str:
    """Return the model's card as Markdown."""
    training = card.training
    lines = [
        f"# {card.title} (`{card.id}`)",
        "",
        card.summary,
        "",
        "Written by `satseg evaluate` from `card.toml`; edit that, not this.",
        "",
        "| | |",
        "|---|---|",
        f"| architecture | `{card.architecture}` {_arguments(card.arguments)} |",
        f"| input | {', '.join(card.bands)}; each band stretched to 0..1 between the scene's "
        "percentiles 1 and 99 |",
        f"| ground sample distance | {card.gsd_m:g} m |",
        f"| windows | {card.patch_px} px, overlap {card.overlap_px} px |",
        f"| threshold, temperature | {card.threshold:g}, {card.temperature:g} |",
        f"| weights | `{card.weights}`, {_megabytes(card.weights_path)}, licence {card.licence} |",
        f"| sha256 | `{card.sha256}` |",
        *_int8_rows(card),
        "",
        *_measured(card.metrics, notes, lacking or {}),
        *class_lines(card),
        "## Training",
        "",
        *[
            f"- {key.replace('_', ' ')}: {_value(value)}"
            for key, value in training.items()
            if key != "data"
        ],
        "",
        "| Data | Share of samples | Pictures | For validation | Terms |",
        "|---|---|---|---|---|",
        *[
            f"| {row['name']} | {row['share']:.0%} | {row['pictures']} | "
            f"{row['validation_pictures']} | {row['terms']} |"
            for row in training.get("data", ())
        ],
        "",
        *_ablation(card.ablation),
    ]
    if card.failures:
        lines += ["## Known failures", "", *[f"- {text}" for text in card.failures], ""]
    return "\n".join(lines)


def _ablation(found: Mapping[str, Any]) -> list[str]:
    """Return the section on what one data set is worth, if that was measured."""
    if not found:
        return []
    arms = {
        "with": "with all data",
        "without": f"without {found['source']}",
        "alone": f"{found['source']} alone",
    }
    seeds = len(found["seeds"])
    rows = [
        {
            "data": row["data"],
            "arm": arms[row["arm"]],
            "iou": f"{row['mean']:.3f} ± {row['spread']:.3f}",
            "each": ", ".join(f"{value:.3f}" for value in row["iou"]),
        }
        for row in found["rows"]
    ]
    columns = (
        ("Measured on", "data"),
        ("Training", "arm"),
        ("IoU", "iou"),
        ("Each seed", "each"),
    )
    return [
        f"## What {found['source']} scenes are worth",
        "",
        f"Mean and standard deviation over {seeds} seeds, written by `satseg ablate`. These "
        f"trainings are short ({_value(found['schedule'])}), so the figures compare with each "
        "other only, not with those above.",
        "",
        *_table(columns, rows),
        "",
    ]


_INT8_USE = {
    True: "Maps on the CPU are made with it.",
    False: "Not as good as float32 everywhere: only used when asked for.",
}


def _int8_rows(card: ModelCard) -> list[str]:
    if card.int8 is None:
        return []
    windows = ", ".join(f"{count} of {name}" for name, count in card.int8.windows.items())
    size = _megabytes(card.int8_path.with_suffix(".bin"))
    return [
        f"| int8 network for OpenVINO | `{card.int8_path.name}`, {size}, made by "
        f"{card.int8.software} from calibration windows: {windows}. "
        f"Its windows are {INT8_LENGTH * card.patch_px} x {card.patch_px} px. "
        f"{_INT8_USE[card.int8_is_faithful]} |"
    ]


def write_comparison(
    cards: Sequence[ModelCard], models: Path, ensembles: Sequence[EnsembleCard] = ()
) -> Path:
    """Write the table of all models and ensembles and return its path."""
    every: list[ModelCard | EnsembleCard] = [*cards, *ensembles]
    names = list(dict.fromkeys(str(row["data"]) for card in every for row in card.metrics))
    lines = [
        "# Models",
        "",
        "One folder a model: `card.toml` (what the software reads), `CARD.md` (what people read), "
        "`train.toml` (how it was trained), `training.csv` (how that went, where it was kept) and "
        "the weights.",
        "",
        "Intersection over union of farmland with its 95 % interval by block bootstrap (see a "
        "model's page), written by `satseg evaluate`:",
        "",
        "| Model | Bands | GSD | Weights | " + " | ".join(names) + " |",
        "|---" * (4 + len(names)) + "|",
    ]
    for card in cards:
        found = _compared(card)
        lines.append(
            f"| [{card.id}]({card.id}/{CARD_PAGE}) | {len(card.bands)} | {card.gsd_m:g} m | "
            f"{_megabytes(card.weights_path)} | "
            + " | ".join(found.get(name, "–") for name in names)
            + " |"
        )
    for ensemble in ensembles:
        found = _compared(ensemble)
        members = " + ".join(member.id for member in ensemble.members)
        lines.append(
            f"| [{ensemble.id}]({ensemble.id}/{CARD_PAGE}) | {ensemble.method} of {members} | | | "
            + " | ".join(found.get(name, "–") for name in names)
            + " |"
        )
    page = models / COMPARISON_PAGE
    _replace(page, "\n".join([*lines, ""]))
    return page


def _compared(card: ModelCard | EnsembleCard) -> dict[str, str]:
    """Return the IoU with its interval, where there is one, by data set."""
    return {
        str(row["data"]): f"{row['iou']:.3f} {interval}".strip()
        for row in card.metrics
        for interval in [f"({_interval(row)})" if _interval(row) else ""]
    }


def _table(columns: Sequence[tuple[str, str]], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return ["Not measured yet: run `satseg evaluate`."]
    columns = [column for column in columns if any(column[1] in row for row in rows)]
    head = ["| " + " | ".join(title for title, _ in columns) + " |", "|---" * len(columns) + "|"]
    return head + [
        "| " + " | ".join(_value(row.get(key, "–")) for _, key in columns) + " |" for row in rows
    ]


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_value(item)}" for key, item in value.items())
    return str(value)


def _arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in arguments.items())


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB" if path.is_file() else "missing"


def _replace(page: Path, text: str) -> None:
    temporary = page.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, page)
