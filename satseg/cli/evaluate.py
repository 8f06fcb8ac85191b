"""``satseg evaluate``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from satseg.evaluation import Mapper
    from satseg.evaluation_sets import EvaluationSet
    from satseg.zoo.card import ModelCard
    from satseg.zoo.ensembles import EnsembleCard


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("evaluate")(evaluate)


def evaluate(
    model: Annotated[
        list[str] | None,
        typer.Argument(help="Models and ensembles to measure. Default: all."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder that holds the labelled pictures; sets not there are skipped."),
    ] = None,
    sets: Annotated[
        Path | None,
        typer.Option(help="What to measure on. Default: evaluation.toml beside the models."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Measure on this data set alone, by name. Give it again for more."),
    ] = None,
) -> None:
    """Measure models and ensembles on labelled data and write the results into their cards.

    Each model's card.toml and CARD.md and the comparison in models/README.md are rewritten. Results
    on data sets that are not there or not asked for this time are kept. Measured is the network in
    float32; where the model has one in int8, its IoU is stated beside it, and maps are made with it
    where it is within 0.005 on every data set. AUROC is the chance that a wrong pixel has the
    higher entropy of a wrong and a right one.

    Example: satseg evaluate farmnet --data ../data
    """
    from rich.console import Console

    from satseg.cli.terminal import bar, show, table
    from satseg.evaluation import measure
    from satseg.evaluation_sets import has_bands, load_sets, usable
    from satseg.zoo import default_models_folder
    from satseg.zoo.measured import record

    models = default_models_folder()
    found = load_sets(sets or models / "evaluation.toml")
    chosen = _named(found, only)
    needed = any(item.kind == "simulated" for item in chosen)
    simulated = _sample_scenes() if needed else []
    results = table(("Model", "Data"), ("Images", "IoU", "F1", "Area bias", "ECE", "AUROC"))
    for subject in _subjects(model, models):
        card, rows, lacking = subject.card, [], {}
        for item in found:
            reason = usable(item, subject.bands, data)
            if not has_bands(item, subject.bands):
                lacking[item.name] = reason
            if item not in chosen:
                continue
            if reason:
                Console(stderr=True).print(f"{card.id}: skipping {item.name}: it {reason}.")
                continue
            on = partial(
                measure, data=item, folder=data, simulated=simulated, threshold=card.threshold
            )
            with bar(f"{card.id} on {item.name}") as progress:
                result = on(subject.mapper, progress=progress)
            rows.append(result.row())
            if subject.small is not None:
                with bar(f"{card.id} in int8 on {item.name}") as progress:
                    rows[-1]["iou_int8"] = on(subject.small, progress=progress).row()["iou"]
            keys = ("iou", "f1", "area_bias", "ece", "auroc_entropy")
            figures = [f"{rows[-1][key]:.3f}" if key in rows[-1] else "-" for key in keys]
            results.add_row(card.id, item.name, str(result.images), *figures)
        record(card, rows, {item.name: item.note for item in found}, models, lacking)
    show(results)


def _named(found: list[EvaluationSet], names: list[str] | None) -> list[EvaluationSet]:
    from satseg.errors import TrainingError

    unknown = sorted(set(names or ()) - {item.name for item in found})
    if unknown:
        raise TrainingError(
            expected=f"data sets out of {', '.join(item.name for item in found)}",
            found=", ".join(unknown),
            fix="Correct --only",
        )
    return [item for item in found if not names or item.name in names]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: a model or an ensemble, and the model in int8 where there is one."""

    card: ModelCard | EnsembleCard
    bands: tuple[str, ...]
    mapper: Mapper
    small: Mapper | None = None


def _subjects(names: list[str] | None, models: Path) -> Iterator[Subject]:
    """Yield models and ensembles by name, or all; each is loaded when its turn comes."""
    from satseg.evaluation import ByEnsemble, ByModel
    from satseg.runtime import load_predictor
    from satseg.zoo import find_card, list_cards
    from satseg.zoo.card import is_ensemble_id
    from satseg.zoo.ensembles import find_ensemble, list_ensembles

    every = [card.id for card in list_cards(models)] + [e.id for e in list_ensembles(models)]
    chosen = names or every
    for name in chosen:
        if is_ensemble_id(name):
            ensemble = find_ensemble(name, models)
            cards = ensemble.models(models)
            predictors = tuple(load_predictor(card, runtime="openvino") for card in cards)
            pooling = ensemble.pooling([card.threshold for card in cards])
            bands = tuple(dict.fromkeys(band for card in cards for band in card.bands))
            yield Subject(ensemble, bands, ByEnsemble(predictors, pooling))
            continue
        card = find_card(name, models)
        small = ByModel(load_predictor(card, runtime="openvino-int8")) if card.int8 else None
        yield Subject(card, card.bands, ByModel(load_predictor(card, runtime="openvino")), small)


def _sample_scenes() -> list[tuple[Path, Path]]:
    """Return scene and truth of each sample scene, rendered where they are missing."""
    from satseg.catalog import Catalog
    from satseg.cli.terminal import bar
    from satseg.sample_scenes import default_definitions
    from satseg.simulate.samples import build_samples

    folder = Catalog.open().root / "samples"
    with bar("Rendering the sample scenes") as progress:
        scenes = build_samples(default_definitions(), folder, progress=progress)
    return [(scene.scene_path, scene.truth_path) for scene in scenes]
