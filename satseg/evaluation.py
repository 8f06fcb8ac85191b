"""Measures models on labelled data, through the same pipeline that maps scenes."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.transform import from_origin

from satseg.bands import RGB
from satseg.classes import FARMLAND_CODES
from satseg.engine.flow import Predictor
from satseg.errors import TrainingError
from satseg.metrics import Confusion, Reliability, confusion
from satseg.predict import predict_scene
from satseg.probability import NODATA, SCALE
from satseg.scene import Scene, open_scene
from satseg.training.pictures import IGNORED, read_mask, read_picture

_PLACE = ("EPSG:32651", 350_000.0, 3_450_000.0)
"""Where pictures without georeference are put: somewhere in Shanghai, in metres."""


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Labelled data to measure on.

    Attributes:
        name: name in tables.
        kind: ``pictures`` (folders of RGB pictures and class masks) or ``simulated`` (the sample
            scenes).
        role: ``external`` (never trained or tuned on), ``held-out`` (of a training source).
        note: one clause on what it is.
        images, masks: folders below the data folder.
        gsd_m: ground sample distance of the pictures in metres.
        positive, ignore: mask values, as in satseg.training.config.
        pictures: stems to use; all where empty.
    """

    name: str
    kind: str
    role: str
    note: str
    images: str = ""
    masks: str = ""
    gsd_m: float = 0.0
    positive: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """How well a model does on one data set.

    Attributes:
        data: the data set.
        images: number of pictures or scenes.
        counts: pixels by truth and prediction.
        reliability: predicted against observed frequency.
    """

    data: EvaluationSet
    images: int
    counts: Confusion
    reliability: Reliability

    def row(self) -> dict[str, str | int | float]:
        """Return the row for the model's card."""
        counts = self.counts
        return {
            "data": self.data.name,
            "role": self.data.role,
            "images": self.images,
            "pixels": counts.pixels,
            "iou": round(counts.iou, 4),
            "f1": round(counts.f1, 4),
            "precision": round(counts.precision, 4),
            "recall": round(counts.recall, 4),
            "accuracy": round(counts.accuracy, 4),
            "area_bias": round(counts.area_bias, 4),
            "ece": round(self.reliability.ece, 4),
        }


@dataclass(frozen=True, slots=True)
class Labelled:
    """A scene with its truth: (height, width) uint8, 1 farmland, 0 not, 255 ignored."""

    scene: Scene
    truth: NDArray[np.uint8]


def load_sets(path: Path) -> list[EvaluationSet]:
    """Return the data sets of an evaluation file (TOML with [[sets]]).

    Raises:
        TrainingError: the file is missing or wrong.
    """
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["sets"]
        return [_evaluation_set(row) for row in rows]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise TrainingError(
            expected=f"evaluation sets in {path}",
            found=f"{type(error).__name__}: {error}",
            fix="Compare the file with models/evaluation.toml",
        ) from error


def _evaluation_set(row: dict[str, Any]) -> EvaluationSet:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    return EvaluationSet(**values)


def usable(data: EvaluationSet, bands: Sequence[str], folder: Path | None) -> str:
    """Return why a model on ``bands`` cannot be measured on ``data``; empty where it can."""
    if data.kind == "simulated":
        return ""
    if not set(bands) <= set(RGB):
        return "has red, green and blue only"
    if folder is None or not (folder / data.images).is_dir():
        return "is not there; give its folder with --data"
    return ""


def measure(
    predictor: Predictor,
    data: EvaluationSet,
    *,
    folder: Path | None,
    simulated: Sequence[tuple[Path, Path]] = (),
    threshold: float = 0.5,
    progress: Callable[[int, int], None] | None = None,
) -> Measurement:
    """Return how well ``predictor`` does on ``data``.

    Each picture or scene is mapped by satseg.predict and compared pixel by pixel with its truth, on
    the grid of the truth; probabilities on another grid are interpolated bilinearly.

    Args:
        predictor: the model.
        data: what to measure on.
        folder: where the pictures are.
        simulated: scene and truth of each simulated scene (see satseg.simulate.samples).
        threshold: probability from which a pixel is farmland.
        progress: called with scenes done and scenes in all.

    Raises:
        TrainingError: pictures or masks are missing.
    """
    total, reliability, images = Confusion(), Reliability.empty(), 0
    with tempfile.TemporaryDirectory() as temporary:
        for labelled, count in _labelled(data, folder, simulated, Path(temporary)):
            output = Path(temporary) / "probability.tif"
            predict_scene(labelled.scene, predictor, output)
            probability, valid = read_probability(output, labelled.truth.shape)
            counts = valid & (labelled.truth != IGNORED)
            truth = labelled.truth == 1
            total += confusion(probability >= threshold, truth, counts)
            reliability += Reliability.of(probability[counts], truth[counts])
            images += 1
            if progress is not None:
                progress(images, count)
    return Measurement(data, images, total, reliability)


def read_probability(
    path: Path, shape: tuple[int, ...]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return probabilities and validity of a probability raster, both of ``shape``."""
    with rasterio.open(path) as dataset:
        values = dataset.read(1, out_shape=shape, resampling=Resampling.bilinear)
        mask = dataset.read(1, out_shape=shape, resampling=Resampling.nearest)
    return values.astype(np.float32) / SCALE, (mask != NODATA) & (values != NODATA)


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
    masks = {path.stem: path for path in (folder / data.masks).glob("*")}
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
        yield Labelled(scene, truth), len(images)


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
        mask = np.isin(classes, list(FARMLAND_CODES)).astype(np.uint8)
        mask[classes == 0] = IGNORED
        yield Labelled(open_scene(scene), mask), len(files)


def place_picture(pixels: NDArray[np.uint8], gsd_m: float, path: Path) -> Scene:
    """Return an RGB picture (3, height, width) as a scene of ``gsd_m`` metres at ``path``."""
    crs, x, y = _PLACE
    _, height, width = pixels.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=height,
        width=width,
        count=3,
        dtype="uint8",
        crs=crs,
        transform=from_origin(x, y, gsd_m, gsd_m),
    ) as dataset:
        dataset.write(pixels)
    return open_scene(path, bands=RGB)
