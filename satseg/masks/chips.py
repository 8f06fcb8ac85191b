"""Pairs of picture and mask for training, in the layout that ``satseg train`` reads."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from numpy.typing import NDArray
from PIL import Image

from satseg.bands import RGB, positions
from satseg.classes import FARMLAND_CODES
from satseg.errors import StorageError, TrainingError
from satseg.grids import Grid
from satseg.masks.burn import strips
from satseg.masks.codes import UNKNOWN
from satseg.masks.sources import Sources, read_ground
from satseg.masks.split import Split, held_out
from satseg.osm.shares import window_outlines
from satseg.osm.store import table, write_layers
from satseg.scene import Scene
from satseg.windows import Window

Progress = Callable[[int, int], None]
_SQUARE = 0.01
"""Relative difference of a pixel's sides up to which it counts as square."""

_COLUMNS = {
    "name": "str",
    "split": "str",
    "row": "int64",
    "col": "int64",
    "known_share": "float64",
    "farmland_share": "float64",
}


@dataclass(frozen=True, slots=True)
class ChipOptions:
    """What chips are like.

    Attributes:
        chip_px: side in pixels.
        min_known: share of a chip's pixels that must be known, 0 to 1.
        split: which are kept for validation.
        terms: terms of the image, for the training configuration and the model's card.
    """

    chip_px: int = 320
    min_known: float = 0.5
    split: Split = field(default_factory=Split)
    terms: str = "not stated"

    def __post_init__(self) -> None:
        if not 32 <= self.chip_px <= 8192 or not 0 < self.min_known <= 1:
            raise TrainingError(
                expected="chips of 32 to 8192 pixels of which a share above 0, up to 1, is known",
                found=f"{self.chip_px} pixels, {self.min_known:g}",
                fix="Correct --chip-px or --min-known, for example --chip-px 320",
            )


@dataclass(frozen=True, slots=True)
class Chip:
    """One pair: its name, its place in chips, and its shares of known and of farmland."""

    name: str
    row: int
    col: int
    known: float
    farmland: float
    held_out: bool = False


@dataclass(frozen=True, slots=True)
class ChipSet:
    """The pairs of one scene.

    Attributes:
        folder: with ``images``, ``masks``, ``source.toml``, ``evaluation.toml``, ``chips.gpkg``.
        gsd_m: ground sample distance of the pictures in metres.
        chips: the pairs.
        left_out: chips of the grid of which too little is known.
    """

    folder: Path
    gsd_m: float
    chips: tuple[Chip, ...]
    left_out: int

    @property
    def validation(self) -> tuple[Chip, ...]:
        """The pairs that are kept for validation."""
        return tuple(chip for chip in self.chips if chip.held_out)


def write_chips(
    scene: Scene,
    scene_id: str,
    sources: Sources,
    folder: Path,
    *,
    options: ChipOptions | None = None,
    progress: Progress | None = None,
) -> ChipSet:
    """Cut a scene and its truth into pairs of pictures and return them.

    Pictures are 8-bit RGB, stretched as the whole scene is (``scene.stretch``); 0 in all bands is
    no data. Masks hold the codes of ``write_truth``. Pixels are square on the ground: a scene in
    degrees is resampled to its mean GSD. Chips do not overlap; whole blocks of them are held out.

    Args:
        scene: with red, green and blue.
        scene_id: first part of the pairs' names.
        sources: the polygons.
        folder: where the pairs go; it must not be there, and appears whole or not at all.
        options: see ChipOptions.
        progress: called with (rows of chips done, rows in all).

    Raises:
        BandError: the scene lacks red, green or blue.
        TrainingError: no chip is known well enough, or all lie in one block.
        VectorError: the polygons cannot be used.
        StorageError: the folder exists or cannot be written.
    """
    wanted = options or ChipOptions()
    positions(scene.bands, RGB)
    target = folder.absolute()
    if target.exists():
        raise StorageError(
            expected="a folder that is not there yet for the chips",
            found=f"{target} exists",
            fix="Choose another folder, or remove it first",
        )
    gsd_m = None if _is_square(scene.grid) else sum(scene.grid.gsd_m()) / 2
    work = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    try:
        for name in ("images", "masks"):
            (work / name).mkdir(parents=True)
        how = (wanted, gsd_m)
        found = list(_write_pairs(scene, scene_id, sources, work, how, progress=progress))
        chips = _split([chip for chip in found if chip is not None], wanted)
        grid = scene.grid_at(gsd_m)
        made = ChipSet(target, sum(grid.gsd_m()) / 2, chips, found.count(None))
        named = replace(wanted, terms=f"{wanted.terms}; masks from {sources.origin()}")
        _write_papers(made, grid, scene_id, named, work)
        work.rename(target)
    except OSError as error:
        raise StorageError(
            expected=f"to write chips into {target}",
            found=str(error),
            fix="Free space on the disk, or choose another folder",
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return made


def _write_pairs(
    scene: Scene,
    scene_id: str,
    sources: Sources,
    work: Path,
    how: tuple[ChipOptions, float | None],
    *,
    progress: Progress | None,
) -> Iterator[Chip | None]:
    """Yield a chip for each whole square of the grid, None where too little of it is known."""
    options, gsd_m = how
    side, grid = options.chip_px, scene.grid_at(gsd_m)
    ground = read_ground(sources, grid)
    with scene.reader() as reader:
        for window, codes in strips(scene, ground, gsd_m=gsd_m, rows=side):
            for left in range(0, grid.width - side + 1, side) if window.height == side else ():
                mask = codes[:, left : left + side]
                known = mask != UNKNOWN
                if known.mean() < options.min_known:
                    yield None
                    continue
                name = f"{scene_id}_{window.row:06d}_{left:06d}"
                place = Window(window.row, left, side, side)
                pixels = reader.read(place, gsd_m=gsd_m, bands=RGB)
                Image.fromarray(_eight_bit(pixels)).save(work / "images" / f"{name}.png")
                Image.fromarray(mask).save(work / "masks" / f"{name}.png")
                farmland = np.isin(mask[known], FARMLAND_CODES).mean()
                spot = (window.row // side, left // side)
                yield Chip(name, *spot, float(known.mean()), float(farmland))
            if progress is not None:
                progress(min(window.row_stop // side, grid.height // side), grid.height // side)


def _eight_bit(pixels: np.ma.MaskedArray) -> NDArray[np.uint8]:
    """Return (h, w, 3) uint8 of scaled values (3, h, w): 1 to 255, 0 where there is no data."""
    shown = np.rint(1 + 254 * np.clip(pixels.filled(0), 0, 1))
    shown[np.ma.getmaskarray(pixels)] = 0
    return np.ascontiguousarray(np.moveaxis(shown, 0, -1).astype(np.uint8))


def _is_square(grid: Grid) -> bool:
    down, across = grid.gsd_m()
    return abs(down / across - 1) <= _SQUARE


def _split(chips: list[Chip], options: ChipOptions) -> tuple[Chip, ...]:
    if not chips:
        raise TrainingError(
            expected=f"at least one chip of {options.chip_px} pixels of which"
            f" {options.min_known:.0%} is known",
            found="none",
            fix="Give smaller chips, a smaller --min-known, or more polygons",
        )
    held = held_out([(chip.row, chip.col) for chip in chips], options.split)
    return tuple(replace(c, held_out=kept) for c, kept in zip(chips, held, strict=True))


def _write_papers(
    made: ChipSet, grid: Grid, scene_id: str, options: ChipOptions, work: Path
) -> None:
    """Write the training source, the evaluation set and the map of the chips."""
    name = made.folder.name
    positive = [str(code) for code in FARMLAND_CODES]
    common: dict[str, Any] = {
        "name": scene_id,
        "gsd_m": round(made.gsd_m, 4),
        "images": f"{name}/images",
        "masks": f"{name}/masks",
        "positive": positive,
        "ignore": [str(UNKNOWN)],
    }
    held = [chip.name for chip in made.validation]
    spread = [round(made.gsd_m * factor, 4) for factor in (1.0, 1.5)]
    source = {"kind": "masks", "weight": 1.0, "gsd_range": spread, "terms": options.terms}
    _write_toml(work / "source.toml", "sources", {**common, **source, "holdout": held})
    note = f"{len(held)} chips of {options.chip_px} px of {scene_id}"
    about = {"kind": "pictures", "role": "held-out", "note": note}
    _write_toml(work / "evaluation.toml", "sets", {**common, **about, "pictures": held})
    side = options.chip_px
    windows = [Window(chip.row * side, chip.col * side, side, side) for chip in made.chips]
    rows = [
        {
            "name": chip.name,
            "split": "validation" if chip.held_out else "training",
            "row": window.row,
            "col": window.col,
            "known_share": chip.known,
            "farmland_share": chip.farmland,
            "geometry": outline,
        }
        for chip, window, outline in zip(
            made.chips, windows, window_outlines(grid, windows), strict=True
        )
    ]
    told = {"seed": str(options.split.seed), "block": str(options.split.block), "scene": scene_id}
    write_layers(work / "chips.gpkg", {"chips": table(rows, _COLUMNS)}, told)


def _write_toml(path: Path, key: str, row: Mapping[str, Any]) -> None:
    path.write_text(tomli_w.dumps({key: [dict(row)]}), encoding="utf-8")
