"""Training samples: crops of labelled pictures at varied resolution, place and direction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from satseg.training.pictures import IGNORED, Picture, PictureSet
from satseg.zoo.card import STRIDE

STRETCH_LOW, STRETCH_HIGH = 1.0, 99.0
"""Percentiles to which scenes are stretched when they are read (satseg.scaling)."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A sample before augmentation: pixels (bands, side, side) in 0..1, mask (side, side)."""

    pixels: Tensor
    mask: Tensor


class Sampler:
    """Draws random crops of one source.

    Pictures that show one class each (``scene-labels``) are joined along straight borders.
    """

    def __init__(self, source: PictureSet, crop_px: int) -> None:
        self._source = source
        self._crop_px = crop_px
        self._chances = source.chances()

    def draw(self, rng: np.random.Generator) -> Crop:
        """Return one random crop; the state of ``rng`` alone decides which."""
        crop = self._one(rng)
        if self._source.config.kind != "scene-labels":
            return crop
        pixels, mask = crop.pixels.clone(), crop.mask.clone()
        for _ in range(int(rng.integers(1, 5))):
            other = self._one(rng)
            part = _random_part(self._crop_px, rng)
            pixels[:, part] = other.pixels[:, part]
            mask[part] = other.mask[part]
        return Crop(pixels, mask)

    def _one(self, rng: np.random.Generator) -> Crop:
        train = self._source.train
        picture = train[int(rng.choice(len(train), p=self._chances))]
        least, most = self._source.config.gsd_range
        gsd_m = math.exp(rng.uniform(math.log(least), math.log(most)))
        turn = rng.uniform(-45, 45) if rng.random() < 0.3 else 0.0
        grown = _grown(self._crop_px, turn)
        side = _source_side(picture, grown, gsd_m)
        all_of_it = side < round(grown * gsd_m / picture.gsd_m)
        seen = max(8, round(side * picture.gsd_m / gsd_m)) if all_of_it else grown
        height, width = picture.mask.shape
        row = int(rng.integers(height - side + 1))
        col = int(rng.integers(width - side + 1))
        window = (slice(row, row + side), slice(col, col + side))
        low, high = _random_stretch(picture, window, rng)
        crop = _resized(picture, window, seen, low, high)
        if seen < grown:
            crop = _mirrored(crop, grown, rng)
        return _turned(crop, self._crop_px, turn)


def fixed_crops(source: PictureSet, crop_px: int, gsd_m: float, limit: int) -> list[Crop]:
    """Return up to ``limit`` crops of the validation pictures on a regular grid, unaugmented.

    They are as smaller as need be, in steps of STRIDE, where a picture is smaller at ``gsd_m``.
    """
    crops = []
    for picture in source.validation:
        shortest = min(picture.mask.shape) * picture.gsd_m / gsd_m
        crop_side = min(crop_px, max(STRIDE, int(shortest) // STRIDE * STRIDE))
        side = _source_side(picture, crop_side, gsd_m)
        height, width = picture.mask.shape
        low, high = _percentiles(picture.pixels[:, ::4, ::4], STRETCH_LOW, STRETCH_HIGH)
        for row in range(0, height - side + 1, side):
            for col in range(0, width - side + 1, side):
                window = (slice(row, row + side), slice(col, col + side))
                crops.append(_resized(picture, window, crop_side, low, high))
    if len(crops) <= limit:
        return crops
    return [crops[i] for i in np.linspace(0, len(crops) - 1, limit).round().astype(int)]


def _grown(crop_px: int, turn: float) -> int:
    angle = math.radians(abs(turn))
    return math.ceil(crop_px * (math.cos(angle) + math.sin(angle)))


def _source_side(picture: Picture, crop_px: int, gsd_m: float) -> int:
    height, width = picture.mask.shape
    return int(max(8, min(round(crop_px * gsd_m / picture.gsd_m), height, width)))


def _random_stretch(
    picture: Picture, window: tuple[slice, slice], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Percentile limits of the picture or, as in a small scene, of the crop alone."""
    part = picture.pixels[:, *window] if rng.random() < 0.5 else picture.pixels
    step = max(1, part.shape[1] // 128)
    if rng.random() < 0.5:
        return _percentiles(part[:, ::step, ::step], STRETCH_LOW, STRETCH_HIGH)
    low, high = _percentiles(part[:, ::step, ::step], rng.uniform(0, 3), rng.uniform(96, 100))
    if rng.random() < 0.3:
        low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
    return low, high


def _percentiles(
    pixels: NDArray[np.uint8] | NDArray[np.uint16], low: float, high: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    flat = pixels.reshape(len(pixels), -1).astype(np.float32)
    seen = flat[:, flat.any(axis=0)]
    limits = np.percentile(seen if seen.size else flat, [low, high], axis=1).astype(np.float32)
    return limits[0], np.maximum(limits[1], limits[0] + 1)


def _resized(
    picture: Picture,
    window: tuple[slice, slice],
    side: int,
    low: NDArray[np.float32],
    high: NDArray[np.float32],
) -> Crop:
    pixels = torch.from_numpy(picture.pixels[:, *window].astype(np.float32))
    spread = torch.from_numpy(high - low)[:, None, None]
    scaled = ((pixels - torch.from_numpy(low)[:, None, None]) / spread).clamp_(0, 1)
    mask = torch.from_numpy(picture.mask[window].astype(np.float32))
    if scaled.shape[-1] != side or scaled.shape[-2] != side:
        finer = scaled.shape[-1] < side
        scaled = torch.nn.functional.interpolate(
            scaled[None],
            (side, side),
            mode="bilinear" if finer else "area",
            align_corners=False if finer else None,
        )[0]
        mask = torch.nn.functional.interpolate(mask[None, None], (side, side), mode="nearest")[0, 0]
    return Crop(scaled, mask)


def _mirrored(crop: Crop, side: int, rng: np.random.Generator) -> Crop:
    """Return a crop of ``side`` pixels in which a smaller one goes on as its mirror image."""
    size = crop.mask.shape[-1]
    rows, cols = (
        torch.from_numpy(np.where(place < size, place, 2 * size - 1 - place))
        for place in (np.arange(side) + rng.integers(2 * size, size=(2, 1))) % (2 * size)
    )
    return Crop(crop.pixels[:, rows][:, :, cols], crop.mask[rows][:, cols])


def _turned(crop: Crop, crop_px: int, turn: float) -> Crop:
    if turn == 0.0:
        return crop
    angle = math.radians(turn)
    side = crop.mask.shape[-1]
    scale = crop_px / side
    matrix = torch.tensor(
        [
            [math.cos(angle) * scale, -math.sin(angle) * scale, 0.0],
            [math.sin(angle) * scale, math.cos(angle) * scale, 0.0],
        ]
    )
    grid = torch.nn.functional.affine_grid(
        matrix[None], [1, 1, crop_px, crop_px], align_corners=False
    )
    pixels = torch.nn.functional.grid_sample(
        crop.pixels[None], grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    mask = torch.nn.functional.grid_sample(
        crop.mask[None, None], grid, mode="nearest", padding_mode="reflection", align_corners=False
    )
    return Crop(pixels[0], mask[0, 0])


def _random_part(side: int, rng: np.random.Generator) -> Tensor:
    """A half plane or a strip at a random place and direction, as a boolean (side, side)."""
    angle = rng.uniform(0, math.pi)
    rows, cols = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    along = (cols - side / 2) * math.cos(angle) + (rows - side / 2) * math.sin(angle)
    start = rng.uniform(-side / 2, side / 2)
    if rng.random() < 0.5:
        return along > start
    return (along > start) & (along < start + rng.uniform(0.05, 0.4) * side)


def stack(crops: Sequence[Crop]) -> tuple[Tensor, Tensor]:
    """Return pixels (n, bands, side, side) and masks (n, 1, side, side) as float32."""
    pixels = torch.stack([crop.pixels for crop in crops])
    masks = torch.stack([crop.mask for crop in crops])[:, None]
    return pixels, masks


def counted(mask: Tensor) -> Tensor:
    """Return a float mask that is 1 where a pixel counts."""
    return (mask != IGNORED).to(mask.dtype)
