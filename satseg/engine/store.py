"""Computed blocks on disk: each written whole or not at all, found again after any end."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from satseg.cog import storing
from satseg.engine.blocks import Block
from satseg.engine.sums import UNIT, BlockSums
from satseg.legend import Legend
from satseg.probability import NODATA, SCALE

_KEY = "key.txt"
_ROWS = 32
"""Rows that are coded at once: as many as a processor's cache holds."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredBlock:
    """One block as it is kept: final codes where it is alone, sums where others add to it.

    Attributes:
        block: the block.
        codes: uint8 (own rows, own columns), see ``satseg.probability``. With a legend (2,
            own rows, own columns): codes of farmland's probability, and of the likeliest class.
        top, bottom: int32 sums of the rows before and after its own, over its whole width.
        left, right: int32 sums of its own rows, before and after its own columns. With a legend
            each is (classes, rows, columns).
    """

    block: Block
    codes: NDArray[np.uint8]
    top: NDArray[np.int32]
    bottom: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]


def stored(found: BlockSums, legend: Legend | None = None) -> StoredBlock:
    """Return the form of a block that is kept; ``legend`` is the predictor's."""
    rows, cols, sums = found.block.rows, found.block.cols, found.sums
    first, stop = rows.own_start - rows.start, rows.own_stop - rows.start
    left, right = cols.own_start - cols.start, cols.own_stop - cols.start
    return StoredBlock(
        found.block,
        codes=codes(sums[..., first:stop, left:right], legend),
        top=sums[..., :first, :].copy(),
        bottom=sums[..., stop:, :].copy(),
        left=sums[..., first:stop, :left].copy(),
        right=sums[..., first:stop, right:].copy(),
    )


def codes(sums: NDArray[np.int32], legend: Legend | None = None) -> NDArray[np.uint8]:
    """Return the codes of complete sums; 255 where they are below 0.

    With a legend sums are (classes, height, width) and what is returned (2, height, width):
    codes of farmland's probability, and those of the class with the largest sum, of equal ones the
    first.

    The same as ``satseg.probability.encode`` of sums / UNIT, but for halves, which go up here.
    """
    if legend is not None:
        farmland = codes(sums[list(legend.farmland)].sum(axis=0, dtype=np.int32))
        likeliest = legend.codes[sums.argmax(axis=0)]
        return np.stack([farmland, np.where(farmland == NODATA, np.uint8(NODATA), likeliest)])
    found: NDArray[np.uint8] = np.empty(sums.shape, dtype=np.uint8)
    for start in range(0, len(sums), _ROWS):
        piece = sums[start : start + _ROWS]
        scaled = np.clip(piece, 0, UNIT).view(np.uint32)
        scaled *= np.uint32(SCALE)  # fits: UNIT x 254 < 2^32
        scaled += np.uint32(UNIT // 2)
        scaled >>= np.uint32(UNIT.bit_length() - 1)
        found[start : start + _ROWS] = scaled
        found[start : start + _ROWS][piece < 0] = NODATA
    return found


class BlockStore:
    """The blocks of one map in a folder.

    Args:
        folder: the folder, created where it is missing.
        key: what decides every byte of the blocks. Blocks of another key are removed.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        mark = folder / _KEY
        if folder.is_dir() and not (mark.is_file() and mark.read_text("utf-8") == key):
            shutil.rmtree(folder)
        if not mark.is_file():
            with storing(mark) as path:
                path.write_text(key, encoding="utf-8")

    def save(self, block: StoredBlock) -> None:
        """Keep a block; one that is there already is replaced by the same.

        Raises:
            StorageError: the disk is full. The block is then not there.
        """
        with storing(self._path(block.block, "borders.npz")) as path, path.open("wb") as file:
            np.savez(file, top=block.top, bottom=block.bottom, left=block.left, right=block.right)
        with storing(self._path(block.block, "codes.npy")) as path, path.open("wb") as file:
            np.save(file, block.codes, allow_pickle=False)

    def has(self, block: Block) -> bool:
        """Return whether a block is there and whole."""
        try:
            self.load(block)
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
            return False
        return True

    def load(self, block: Block) -> StoredBlock:
        """Return a block; its codes stay on disk until they are read.

        Raises:
            OSError, ValueError, EOFError, KeyError, BadZipFile: it is not there, or damaged.
        """
        rows, cols = block.rows, block.cols
        own = (rows.own_stop - rows.own_start, cols.own_stop - cols.own_start)
        path = self._path(block, "codes.npy")
        empty = 0 in own  # numpy cannot map a file without data
        found = np.load(path, mmap_mode=None if empty else "r", allow_pickle=False)
        with (
            self._path(block, "borders.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as borders,
        ):
            result = StoredBlock(block, found, *(borders[name] for name in _BORDERS))
        if found.shape[-2:] != own or result.top.shape[-1:] != (len(cols),):
            raise ValueError(f"{path} has {found.shape} pixels, not {own}")
        return result

    def clear(self) -> None:
        """Remove all blocks and the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, block: Block, suffix: str) -> Path:
        return self.folder / f"{block.row:05d}-{block.col:05d}.{suffix}"


_BORDERS = ("top", "bottom", "left", "right")
