"""Labelled pictures in memory, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from satseg.bands import RGB
from satseg.classes import CLASSES, FARMLAND, FARMLAND_CODES, LandClass
from satseg.errors import TrainingError
from satseg.legend import code_of
from satseg.training.config import SourceConfig

IGNORED = 255
"""Mask value of pixels that count neither as farmland nor as anything else."""

_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif")


@dataclass(frozen=True, slots=True)
class Picture:
    """A labelled picture.

    Attributes:
        name: where it comes from.
        pixels: (bands, height, width), uint8 or uint16.
        mask: (height, width) uint8: 1 farmland, 0 not, 255 ignored; for models with classes other
            codes of satseg.classes too, 0 being anything but farmland.
        gsd_m: ground sample distance in metres.
    """

    name: str
    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    mask: NDArray[np.uint8]
    gsd_m: float


@dataclass(frozen=True, slots=True)
class PictureSet:
    """The pictures of one source, divided by whole pictures into training and validation."""

    config: SourceConfig
    train: tuple[Picture, ...]
    validation: tuple[Picture, ...]

    def chances(self) -> NDArray[np.float64]:
        """Return how often each training picture is drawn.

        By class folder as ``shares`` says, evenly within it; without shares more often where there
        is farmland: towns and forests fill most pictures of some sources and would crowd it out.
        Where several classes are told apart, more often where the rarer ones are.

        Raises:
            TrainingError: ``shares`` names other folders than there are.
        """
        shares = self.config.shares
        if not shares:
            seen = np.array([_share_of_values(picture.mask) for picture in self.train])
            several = seen[:, FARMLAND + 1 :].any()
            weights = 0.3 + (_rarity(seen) if several else seen[:, FARMLAND])
            return np.asarray(weights / weights.sum(), dtype=np.float64)
        folders = [picture.name.split("/")[0] for picture in self.train]
        if set(folders) != set(shares):
            raise TrainingError(
                expected=f"shares for the folders of {self.config.name}: "
                f"{', '.join(sorted(set(folders)))}",
                found=", ".join(sorted(shares)),
                fix="Correct shares in the training configuration",
            )
        weights = np.array([shares[name] / folders.count(name) for name in folders])
        return np.asarray(weights / weights.sum(), dtype=np.float64)


def load_source(
    config: SourceConfig,
    data: Path | None,
    bands: Sequence[str],
    *,
    classes: bool = False,
    progress: Callable[[int, int], None] | None = None,
    workers: int = 0,
) -> PictureSet:
    """Return the pictures of ``config``.

    Args:
        config: the source.
        data: folder of the data sets; may be None for simulated sources.
        bands: bands to keep, in this order; pictures from folders are red, green, blue.
        classes: keep all classes that the source knows, for a model that tells them apart.
        progress: called with pictures done and pictures in all.
        workers: processes that render simulated landscapes; 0 for this one.

    Raises:
        TrainingError: files are missing, do not fit, or the source lacks a band.
    """
    if config.kind == "simulated":
        values = _codes(CLASSES if classes else ())
        rendered = partial(_rendered, config, tuple(bands), values)
        train = _simulated(config.seeds, rendered, progress, workers)
        held_out = _simulated(config.holdout_seeds, rendered, None, workers)
        return PictureSet(config, train, held_out)
    if not set(bands) <= set(RGB):
        raise TrainingError(
            expected="a model on red, green, blue for sources of pictures",
            found=f"{', '.join(bands)} with the source {config.name}",
            fix="Use simulated sources for other bands",
        )
    if data is None:
        raise TrainingError(
            expected=f"the folder with the data of {config.name}",
            found="none given",
            fix="Give it with --data FOLDER",
        )
    loader = _with_masks if config.kind == "masks" else _scene_labels
    pictures = [_with_bands(picture, bands) for picture in loader(config, data)]
    held = [picture for picture in pictures if Path(picture.name).stem in config.holdout]
    unknown = set(config.holdout) - {Path(picture.name).stem for picture in held}
    if unknown:
        raise TrainingError(
            expected=f"the pictures that {config.name} holds out",
            found=f"none named {', '.join(sorted(unknown))}",
            fix="Correct holdout in the training configuration",
        )
    kept = [picture for picture in pictures if Path(picture.name).stem not in config.holdout]
    if config.blocks is None:
        return PictureSet(config, tuple(kept), tuple(held))
    from satseg.training.splits import split_by_blocks  # which needs Picture

    train, squares = split_by_blocks(kept, config.blocks)
    return PictureSet(config, train, (*held, *squares))


def _with_bands(picture: Picture, bands: Sequence[str]) -> Picture:
    """Return a picture of red, green, blue with ``bands`` of them in this order."""
    if tuple(bands) == RGB:
        return picture
    return replace(picture, pixels=picture.pixels[[RGB.index(name) for name in bands]])


class HasMasks(Protocol):
    """Whatever names a folder of masks, and lies in a file itself."""

    @property
    def masks(self) -> str:
        """Folder of the masks."""

    @property
    def folder(self) -> Path:
        """Where the file lies."""


def masks_folder(labelled: HasMasks, data: Path) -> Path:
    """Return where masks lie: below ``data``, or beside the file where they begin with ``.``."""
    return (labelled.folder if labelled.masks.startswith(".") else data) / labelled.masks


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return an 8-bit RGB picture as (3, height, width)."""
    with Image.open(path) as image:
        return np.ascontiguousarray(np.asarray(image.convert("RGB")).transpose(2, 0, 1))


def read_mask(path: Path, positive: Sequence[str], ignore: Sequence[str]) -> NDArray[np.uint8]:
    """Return a class mask as (height, width): 1 where the value is positive, 255 where ignored."""
    with Image.open(path) as image:
        values = np.asarray(image)
    mask = np.isin(values, [int(v) for v in positive]).astype(np.uint8)
    mask[np.isin(values, [int(v) for v in ignore])] = IGNORED
    return mask


def read_class_mask(path: Path, classes: Mapping[str, str]) -> NDArray[np.uint8]:
    """Return a class mask as (height, width) codes of satseg.classes.

    Args:
        path: picture of mask values.
        classes: class of each value, or ``other`` for anything but farmland (0); values without a
            class are 255, ignored.
    """
    with Image.open(path) as image:
        values = np.asarray(image)
    mask = np.full(values.shape, IGNORED, dtype=np.uint8)
    for value, key in classes.items():
        mask[values == int(value)] = code_of(key)
    return mask


def _share_of_values(mask: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the share of each code of satseg.classes in a mask, float64 (classes,)."""
    some = mask[::8, ::8]
    counts = np.bincount(some.ravel(), minlength=256)[: len(CLASSES)]
    return np.asarray(counts / some.size, dtype=np.float64)


def _rarity(seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much each picture shows of rare classes, float64 (pictures,), 1 on average.

    It is the mean over the classes of the share in the picture over the share in all pictures, at
    most 4 each, of shares (pictures, classes).
    """
    usual = seen[:, 1:].mean(axis=0)
    shown = usual > 0
    ratios = np.minimum(seen[:, 1:][:, shown] / usual[shown], 4.0)
    return np.asarray(ratios.mean(axis=1), dtype=np.float64)


def _codes(kept: Sequence[LandClass]) -> NDArray[np.uint8]:
    """Return the mask value of each class of a truth raster, uint8 (classes,).

    Farmland is 1, what is not in ``kept`` 0 and what is unlabelled 255.
    """
    values = np.isin(np.arange(len(CLASSES)), list(FARMLAND_CODES)).astype(np.uint8)
    for item in kept:
        values[item.code] = item.code
    values[0] = IGNORED
    return values


def _files(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in _SUFFIXES)
    if not files:
        raise TrainingError(
            expected=f"pictures ({', '.join(_SUFFIXES)}) in {folder}",
            found="none",
            fix="Give the folder that holds the data sets with --data FOLDER",
        )
    return files


def _chosen(config: SourceConfig, paths: list[Path]) -> list[Path]:
    lacking = set(config.pictures) - {path.stem for path in paths}
    if lacking:
        raise TrainingError(
            expected=f"the pictures that {config.name} asks for",
            found=f"none named {', '.join(sorted(lacking))}",
            fix="Correct pictures in the training configuration",
        )
    return [path for path in paths if not config.pictures or path.stem in config.pictures]


def _with_masks(config: SourceConfig, data: Path) -> list[Picture]:
    folder = masks_folder(config, data)
    masks = {path.stem: path for path in _files(folder)}
    pictures = []
    for path in _chosen(config, _files(data / config.images)):
        if path.stem not in masks:
            raise TrainingError(
                expected=f"a mask for each picture of {config.name}",
                found=f"none for {path.name} in {folder}",
                fix="Add the mask or remove the picture",
            )
        pixels = read_picture(path)
        if config.classes:
            mask = read_class_mask(masks[path.stem], config.classes)
        else:
            mask = read_mask(masks[path.stem], config.positive, config.ignore)
        if mask.shape != pixels.shape[1:]:
            raise TrainingError(
                expected=f"a mask of {pixels.shape[1]} x {pixels.shape[2]} pixels for {path.name}",
                found=f"{mask.shape[0]} x {mask.shape[1]}",
                fix="Correct the mask",
            )
        pictures.append(Picture(f"{config.name}/{path.name}", pixels, mask, config.gsd_m))
    return pictures


def _scene_labels(config: SourceConfig, data: Path) -> list[Picture]:
    pictures = []
    for folder in sorted(path for path in (data / config.images).glob("*") if path.is_dir()):
        value = np.uint8(folder.name in config.positive)
        for path in _files(folder):
            pixels = read_picture(path)
            mask = np.full(pixels.shape[1:], value, dtype=np.uint8)
            pictures.append(Picture(f"{folder.name}/{path.name}", pixels, mask, config.gsd_m))
    return pictures


def _simulated(
    seeds: tuple[int, int],
    rendered: Callable[[int], Picture],
    progress: Callable[[int, int], None] | None,
    workers: int,
) -> tuple[Picture, ...]:
    first, count = seeds
    pictures = []
    with ExitStack() as stack:
        numbers = range(first, first + count)
        found: Iterable[Picture] = map(rendered, numbers)
        if workers > 1 and count > 1:
            start = get_context("spawn")  # a fork of a process with threads may hang or fail
            pool = stack.enter_context(ProcessPoolExecutor(min(workers, count), start))
            found = pool.map(rendered, numbers)
        for done, picture in enumerate(found, start=1):
            pictures.append(picture)
            if progress is not None:
                progress(done, count)
    return tuple(pictures)


def _rendered(
    config: SourceConfig, bands: tuple[str, ...], values: NDArray[np.uint8], seed: int
) -> Picture:
    from satseg.simulate import render_scene
    from satseg.simulate.definition import random_definition

    definition = random_definition(seed, size_px=config.size_px, gsd_m=config.gsd_m)
    if config.mix:
        definition = replace(definition, mix={**definition.mix, **config.mix})
    scene = render_scene(definition, definition.dates[0], bands=bands)
    return Picture(f"{config.name}/{seed}", scene.image, values[scene.classes], config.gsd_m)
