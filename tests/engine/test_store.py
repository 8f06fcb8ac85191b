from pathlib import Path

import numpy as np
import pytest

from satseg.engine.blocks import Block, BlockPlan, plan_blocks
from satseg.engine.store import PARTS, BlockStore, codes, stored
from satseg.engine.sums import UNIT, BlockSums
from satseg.legend import legend_of
from satseg.windows import plan_windows


@pytest.fixture
def plan() -> BlockPlan:
    return plan_blocks(plan_windows((20, 30), patch=8, overlap=2), side=12)


def _save(store: BlockStore, block: Block) -> None:
    sums = np.full(block.shape, UNIT // 2, dtype=np.int32)
    store.save(stored(BlockSums(block, sums)))


def test_a_block_is_there_when_its_file_is(tmp_path: Path, plan: BlockPlan) -> None:
    store, block = BlockStore(tmp_path / "work", "a"), next(iter(plan))
    assert not store.has(block)
    _save(store, block)
    assert store.has(block)
    found = store.part(block, "codes", slice(1, 5))
    assert (found == 127).all()
    assert found.shape == (4, block.cols.own_stop)
    assert (store.part(block, "right", slice(0, 3)) == UNIT // 2).all()
    assert store.part(block, "top", slice(0, 9)).shape == (0, len(block.cols))


@pytest.mark.parametrize("length", [0, 40, -3])
def test_a_damaged_block_counts_as_missing(tmp_path: Path, plan: BlockPlan, length: int) -> None:
    store, block = BlockStore(tmp_path / "work", "a"), next(iter(plan))
    _save(store, block)
    path = tmp_path / "work" / "00000-00000.block"
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    assert not store.has(block)
    with pytest.raises(OSError, match="cut off"):
        store.part(block, "right", slice(None))
    path.unlink()
    assert not store.has(block)


def test_a_block_reads_back_as_it_was_saved(tmp_path: Path, plan: BlockPlan) -> None:
    legend = legend_of(["farmland", "tree", "water"])
    rng = np.random.default_rng(0)
    for kind, layers in ((None, ()), (legend, (3,))):
        store = BlockStore(tmp_path / f"work{len(layers)}", "a", kind)
        for block in plan:
            sums = rng.integers(0, UNIT, (*layers, *block.shape), dtype=np.int32)
            kept = stored(BlockSums(block, sums), kind)
            store.save(kept)
            assert store.has(block)
            for part in PARTS:
                whole = getattr(kept, part)
                np.testing.assert_array_equal(store.part(block, part, slice(None)), whole)
                rows = slice(1, whole.shape[-2] - 1)
                np.testing.assert_array_equal(store.part(block, part, rows), whole[..., rows, :])


def test_blocks_of_another_key_are_removed(tmp_path: Path, plan: BlockPlan) -> None:
    block = next(iter(plan))
    _save(BlockStore(tmp_path / "work", "a"), block)
    assert BlockStore(tmp_path / "work", "a").has(block)
    assert not BlockStore(tmp_path / "work", "b").has(block)
    assert not BlockStore(tmp_path / "work", "a").has(block)


def test_nothing_is_left_after_clearing(tmp_path: Path, plan: BlockPlan) -> None:
    store = BlockStore(tmp_path / "work", "a")
    _save(store, next(iter(plan)))
    store.clear()
    assert list(tmp_path.iterdir()) == []


def test_sums_a_little_above_1_are_1() -> None:
    sums = np.array([[UNIT + 3, 2 * UNIT, 2**31 - 1, UNIT, -1]], np.int32)
    assert codes(sums).tolist() == [[254, 254, 254, 254, 255]]
