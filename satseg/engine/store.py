"""Computed blocks on disk: each written whole or not at all, found again after any end."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from satseg.engine.blocks import Block
from satseg.engine.sums import UNIT, BlockSums
from satseg.legend import Legend
from satseg.probability import NODATA, SCALE
from satseg.storage import storing

Part = Literal["codes", "top", "bottom", "left", "right"]
PARTS: tuple[Part, ...] = ("codes", "top", "bottom", "left", "right")
"""Arrays of a block, in the order in which they lie in its file."""

_Form = tuple[tuple[int, ...], np.dtype[Any]]
"""Shape and dtype of a part."""

_HUGE = np.uint32(2**31)
_KEY = "key.txt"
_CACHED_PX = 2**16
"""Pixels that are coded at once: as many as a processor's cache holds."""


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
    height, width = sums.shape
    step = max(1, _CACHED_PX // max(1, width))
    memory = np.empty((min(step, height), width), dtype=np.uint32)
    for start in range(0, height, step):
        piece = sums[start : start + step].view(np.uint32)  # what is below 0 becomes huge
        scaled, coded = memory[: len(piece)], found[start : start + step]
        np.minimum(piece, np.uint32(UNIT), out=scaled)
        scaled *= np.uint32(SCALE)  # fits: UNIT x 254 < 2^32
        scaled += np.uint32(UNIT // 2)
        scaled >>= np.uint32(UNIT.bit_length() - 1)
        coded[:] = scaled
        if piece.max(initial=0) >= _HUGE:
            coded[piece >= _HUGE] = NODATA
    return found


class BlockStore:
    """The blocks of one map in a folder, each in a file of its own: its arrays one after another.

    Args:
        folder: the folder, created where it is missing.
        key: what decides every byte of the blocks. Blocks of another key are removed.
        legend: the predictor's.
    """

    def __init__(self, folder: Path, key: str, legend: Legend | None = None) -> None:
        self.folder, self.legend = folder, legend
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
        with storing(self._path(block.block)) as path, path.open("wb") as file:
            for part in PARTS:
                file.write(np.ascontiguousarray(getattr(block, part)).data)

    def has(self, block: Block) -> bool:
        """Return whether a block is there and whole."""
        size = sum(map(_size, self._forms(block).values()))
        try:
            return self._path(block).stat().st_size == size
        except OSError:
            return False

    def part(self, block: Block, part: Part, rows: slice) -> NDArray[Any]:
        """Return some rows of a part of a block, (..., rows, columns).

        Raises:
            OSError: it is not there, or cut off.
        """
        path, forms = self._path(block), self._forms(block)
        before = sum(_size(forms[other]) for other in PARTS[: PARTS.index(part)])
        (*layers, height, width), dtype = forms[part]
        first, stop, _ = rows.indices(height)
        count = max(0, stop - first)
        found = np.empty((*layers, count, width), dtype)
        with path.open("rb") as file:
            for number, layer in enumerate(found.reshape(math.prod(layers), count, width)):
                file.seek(before + (number * height + first) * width * dtype.itemsize)
                if file.readinto(layer.data) != layer.nbytes:
                    raise OSError(f"{path.name} is cut off")
        return found

    def _forms(self, block: Block) -> dict[Part, _Form]:
        rows, cols = block.rows, block.cols
        sums = () if self.legend is None else (len(self.legend),)
        coded = () if self.legend is None else (2,)
        height = rows.own_stop - rows.own_start
        number, code = np.dtype(np.int32), np.dtype(np.uint8)
        return {
            "codes": ((*coded, height, cols.own_stop - cols.own_start), code),
            "top": ((*sums, rows.own_start - rows.start, len(cols)), number),
            "bottom": ((*sums, rows.stop - rows.own_stop, len(cols)), number),
            "left": ((*sums, height, cols.own_start - cols.start), number),
            "right": ((*sums, height, cols.stop - cols.own_stop), number),
        }

    def clear(self) -> None:
        """Remove all blocks and the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, block: Block) -> Path:
        return self.folder / f"{block.row:05d}-{block.col:05d}.block"


def _size(form: _Form) -> int:
    shape, dtype = form
    return math.prod(shape) * dtype.itemsize
