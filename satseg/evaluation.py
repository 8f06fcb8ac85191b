"""Measures models on labelled data, through the same pipeline that maps scenes."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.transform import from_origin

from satseg.bands import RGB
from satseg.classes import FARMLAND_CODES
from satseg.engine.flow import Predictor
from satseg.ensemble import combine
from satseg.errors import TrainingError
from satseg.evaluation_parts import BOUNDARY_M, Part, part_of
from satseg.evaluation_sets import EvaluationSet
from satseg.legend import Legend
from satseg.metrics import Confusion, Ranking, Reliability, confusion
from satseg.metrics_classes import ClassCounts
from satseg.pooling import Pooling
from satseg.predict import predict_scene
from satseg.probability import NODATA, SCALE
from satseg.scene import Scene, open_scene
from satseg.training.pictures import IGNORED, masks_folder, read_mask, read_picture
from satseg.uncertainty import UNCERTAINTIES, Uncertainty, binary_entropy

_PLACE = ("EPSG:32651", 350_000.0, 3_450_000.0)
"""Where pictures without georeference are put: somewhere in Shanghai, in metres."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """How well a model does on one data set.

    Attributes:
        data: the data set.
        images: number of pictures or scenes.
        counts: pixels by truth and prediction.
        reliability: predicted against observed frequency.
        rankings: how each kind of uncertainty tells wrong pixels from right ones.
        whole: counts by block and along borders, of all pictures.
        parts: the same by region and by region and date, where these are known.
        classes: pixels by class, of a model with classes on truth that knows them.
    """

    data: EvaluationSet
    images: int
    counts: Confusion
    reliability: Reliability
    rankings: Mapping[Uncertainty, Ranking]
    whole: Part = field(default_factory=Part)
    parts: Mapping[tuple[str, str], Part] = field(default_factory=dict)
    classes: ClassCounts | None = None

    def row(self) -> dict[str, Any]:
        """Return the row for the model's card; what cannot be stated for lack of pixels is out."""
        counts = self.counts
        ranked = {f"auroc_{kind}": found.auroc for kind, found in self.rankings.items()}
        parts = [
            {"region": region, **({"date": date} if date else {}), **part.row()}
            for (region, date), part in sorted(self.parts.items())
        ]
        return {
            "data": self.data.name,
            "role": self.data.role,
            "images": self.images,
            "pixels": counts.pixels,
            "iou": round(counts.iou, 4),
            **self.whole.row(),
            "boundary_m": BOUNDARY_M,
            "f1": round(counts.f1, 4),
            "precision": round(counts.precision, 4),
            "recall": round(counts.recall, 4),
            "accuracy": round(counts.accuracy, 4),
            "ece": round(self.reliability.ece, 4),
            **{name: round(value, 4) for name, value in ranked.items() if not math.isnan(value)},
            **({} if self.classes is None else self.classes.row()),
            "reliability": self.reliability.table(),
            **({"parts": parts} if parts else {}),
        }


@dataclass(frozen=True, slots=True)
class Labelled:
    """A scene with its truth: (height, width) uint8, 1 farmland, 0 not, 255 ignored.

    ``classes`` holds codes of satseg.classes, 255 ignored, where the truth knows them; ``place`` is
    the ground that it shows, ``date`` when, where regions and dates matter.
    """

    scene: Scene
    truth: NDArray[np.uint8]
    place: str
    date: str = ""
    classes: NDArray[np.uint8] | None = None


class Mapper(Protocol):
    """Somebody who maps a scene: a model, or an ensemble."""

    def __call__(self, scene: Scene, output: Path) -> Mapping[Uncertainty, Path]:
        """Write the probability raster of a scene; return its rasters of uncertainty, if any."""


@dataclass(frozen=True, slots=True)
class ByModel:
    """Maps with one model."""

    predictor: Predictor

    @property
    def legend(self) -> Legend | None:
        """The classes that the model tells apart; None for farmland only."""
        return getattr(self.predictor, "legend", None)

    def __call__(self, scene: Scene, output: Path) -> Mapping[Uncertainty, Path]:
        """Write the model's probability, and its classes where it has some (``class_path``)."""
        classes = None if self.legend is None else class_path(output)
        predict_scene(scene, self.predictor, output, classes=classes)
        return {}


@dataclass(frozen=True, slots=True)
class ByEnsemble:
    """Maps with several models as one."""

    predictors: tuple[Predictor, ...]
    pooling: Pooling

    def __call__(self, scene: Scene, output: Path) -> Mapping[Uncertainty, Path]:
        """Write the ensemble's probability and its uncertainty beside it."""
        members = []
        for number, predictor in enumerate(self.predictors):
            members.append(output.with_name(f"member{number}.tif"))
            predict_scene(scene, predictor, members[-1])
        layers = {kind: output.with_name(f"{kind}.tif") for kind in UNCERTAINTIES}
        combine(members, output, pooling=self.pooling, uncertainties=layers)
        return layers


def measure(
    model: Predictor | Mapper,
    data: EvaluationSet,
    *,
    folder: Path | None,
    simulated: Sequence[tuple[Path, Path]] = (),
    threshold: float = 0.5,
    progress: Callable[[int, int], None] | None = None,
) -> Measurement:
    """Return how well a model or an ensemble does on ``data``.

    Each picture or scene is mapped by satseg.predict and compared pixel by pixel with its truth, on
    the grid of the truth; probabilities on another grid are interpolated bilinearly.

    Args:
        model: the model, or who maps a scene with several (``ByEnsemble``).
        data: what to measure on.
        folder: where the pictures are.
        simulated: scene and truth of each simulated scene (see satseg.simulate.samples).
        threshold: probability from which a pixel is farmland.
        progress: called with scenes done and scenes in all.

    Raises:
        TrainingError: pictures or masks are missing.
    """
    mapped: Mapper = model if callable(model) else ByModel(model)
    reliability, images = Reliability.empty(), 0
    rankings: dict[Uncertainty, Ranking] = {}
    whole, parts = Part(), dict[tuple[str, str], Part]()
    legend: Legend | None = getattr(mapped, "legend", None)
    classes: ClassCounts | None = None
    with tempfile.TemporaryDirectory() as temporary:
        for labelled, count in _labelled(data, folder, simulated, Path(temporary)):
            output = Path(temporary) / "probability.tif"
            layers = mapped(labelled.scene, output)
            probability, valid = read_probability(output, labelled.truth.shape)
            counts = valid & (labelled.truth != IGNORED)
            truth = labelled.truth == 1
            part = _part(labelled, probability >= threshold, truth, counts)
            whole += part
            for key in _keys(labelled):
                parts[key] = parts.get(key, Part()) + part
            reliability += Reliability.of(probability[counts], truth[counts])
            wrong = ((probability >= threshold) != truth)[counts]
            for kind, share in _uncertainties(probability, layers):
                found = Ranking.of(share[counts], wrong)
                rankings[kind] = rankings.get(kind, Ranking.empty()) + found
            if legend is not None and labelled.classes is not None:
                found_classes = read_classes(output, labelled.classes.shape)
                here = ClassCounts.of(found_classes, labelled.classes, legend)
                classes = here if classes is None else classes + here
            images += 1
            if progress is not None:
                progress(images, count)
    return Measurement(data, images, whole.counts, reliability, rankings, whole, parts, classes)


def _part(
    labelled: Labelled,
    found: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    counts: NDArray[np.bool_],
) -> Part:
    return part_of(
        found,
        truth,
        counts,
        gsd_m=labelled.scene.grid.gsd_m(),
        place=labelled.place,
        confusion=confusion(found, truth, counts),
    )


def _keys(labelled: Labelled) -> list[tuple[str, str]]:
    """Return the parts that a scene belongs to, as region and date; no date for all of them."""
    return [(labelled.place, ""), (labelled.place, labelled.date)] if labelled.date else []


def _uncertainties(
    probability: NDArray[np.float32], layers: Mapping[Uncertainty, Path]
) -> Iterator[tuple[Uncertainty, NDArray[np.floating]]]:
    """Yield each kind of uncertainty as a share of its largest value, in the truth's shape."""
    if not layers:
        yield "entropy", binary_entropy(probability.astype(np.float64))
    for kind, path in layers.items():
        yield kind, read_probability(path, probability.shape)[0]


def read_probability(
    path: Path, shape: tuple[int, ...]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return probabilities and validity of a probability raster, both of ``shape``."""
    with rasterio.open(path) as dataset:
        values = dataset.read(1, out_shape=shape, resampling=Resampling.bilinear)
        mask = dataset.read(1, out_shape=shape, resampling=Resampling.nearest)
    return values.astype(np.float32) / SCALE, (mask != NODATA) & (values != NODATA)


def class_path(output: Path) -> Path:
    """Return where the map of classes is written beside a probability raster."""
    return output.with_name("classes.tif")


def read_classes(output: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the codes of the map of classes beside a probability raster, of ``shape``."""
    with rasterio.open(class_path(output)) as dataset:
        found: NDArray[np.uint8] = dataset.read(1, out_shape=shape, resampling=Resampling.nearest)
    return found


def _labelled(
    data: EvaluationSet,
    folder: Path | None,
    simulated: Sequence[tuple[Path, Path]],
    temporary: Path,
) -> Iterator[tuple[Labelled, int]]:
    if data.kind == "simulated":
        yield from _simulated(simulated)
        return
    if folder is None:
        raise TrainingError(
            expected=f"the folder with {data.name}", found="none given", fix="Give it with --data"
        )
    masks = {path.stem: path for path in masks_folder(data, folder).glob("*")}
    images = sorted(
        path
        for path in (folder / data.images).glob("*")
        if not data.pictures or path.stem in data.pictures
    )
    lacking = set(data.pictures) - {path.stem for path in images}
    lacking |= {path.stem for path in images} - set(masks)
    if lacking or not images:
        raise TrainingError(
            expected=f"pictures with masks of {data.name} in {folder / data.images}",
            found=f"none for {', '.join(sorted(lacking)) or 'any'}",
            fix="Complete the folder, or correct models/evaluation.toml",
        )
    for path in images:
        truth = read_mask(masks[path.stem], data.positive, data.ignore)
        scene = place_picture(read_picture(path), data.gsd_m, temporary / "scene.tif")
        yield Labelled(scene, truth, path.stem), len(images)


def _simulated(files: Sequence[tuple[Path, Path]]) -> Iterator[tuple[Labelled, int]]:
    if not files:
        raise TrainingError(
            expected="simulated scenes to measure on",
            found="none",
            fix="Make them with satseg sample",
        )
    for scene, truth in files:
        with rasterio.open(truth) as dataset:
            classes = dataset.read(1)
            tags = dataset.tags()
        mask = np.isin(classes, list(FARMLAND_CODES)).astype(np.uint8)
        mask[classes == 0] = IGNORED
        place = str(tags.get("SATSEG_DEFINITION", scene.stem)).split()[0]
        date = tags.get("ACQUISITION_DATE", "")
        classes = np.where(classes == 0, IGNORED, classes).astype(np.uint8)
        yield Labelled(open_scene(scene), mask, place, date, classes), len(files)


def place_picture(
    pixels: NDArray[np.uint8] | NDArray[np.uint16],
    gsd_m: float,
    path: Path,
    *,
    bands: Sequence[str] = RGB,
) -> Scene:
    """Return a picture (bands, height, width) as a scene of ``gsd_m`` metres at ``path``."""
    crs, x, y = _PLACE
    count, height, width = pixels.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=height,
        width=width,
        count=count,
        dtype=pixels.dtype,
        crs=crs,
        transform=from_origin(x, y, gsd_m, gsd_m),
    ) as dataset:
        dataset.write(pixels)
    return open_scene(path, bands=tuple(bands))
