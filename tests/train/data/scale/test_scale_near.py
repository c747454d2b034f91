"""Near-duplicates: the tables find what comparing each with each finds; the first of a group is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sfumato_train.data.scale import near as module
from sfumato_train.data.scale.near import near_embeddings, near_pictures

WIDTH = 64
Blocks = NDArray[np.uint8]


def each_with_each(blocks: Blocks, tolerance: float) -> list[int]:
    """The plain quadratic way."""
    parents = [-1] * len(blocks)
    for later in range(len(blocks)):
        for earlier in range(later):
            apart = np.abs(blocks[later].astype(int) - blocks[earlier]).max()
            if apart <= tolerance and parents[earlier] < 0:
                parents[later] = earlier
                break
    return parents


def clustered(seed: int, count: int, apart: int) -> Blocks:
    """Signatures of which many are a little apart from others."""
    rng = np.random.default_rng(seed)
    heads = rng.integers(0, 256, (max(1, count // 3), WIDTH))
    noise = rng.integers(-apart, apart + 1, (count, WIDTH)) * (rng.random((count, 1)) < 0.8)
    return np.clip(heads[rng.integers(0, len(heads), count)] + noise, 0, 255).astype(np.uint8)


@settings(max_examples=40)
@given(seed=st.integers(0, 1000), count=st.integers(0, 60), apart=st.integers(0, 3))
def test_tables_find_what_the_quadratic_way_finds(seed: int, count: int, apart: int) -> None:
    """Of pairs that are no further apart than a third of the tolerance none is missed but by rare chance."""
    blocks = clustered(seed, count, apart)
    found = near_pictures(blocks, tolerance=9, recall=1 - 1e-9)
    assert found.tolist() == each_with_each(blocks, 9)


def test_the_promised_recall_is_kept() -> None:
    """20,000 pairs right at the distance that the tables are made for, every block off by a third of the tolerance."""
    rng = np.random.default_rng(0)
    count, tolerance = 10_000, 12.0
    heads = rng.integers(10, 246, (count, WIDTH))
    twins = heads + rng.choice([-4, 4], (count, WIDTH))
    for recall in (0.8, 0.99):
        found = near_pictures(np.concatenate([heads, twins]).astype(np.uint8), tolerance=tolerance, recall=recall)
        assert (found[:count] == -1).all()
        assert (found[count:] == np.arange(count)).mean() >= recall - 0.01


@pytest.mark.parametrize(("difference", "twin"), [(10, 0), (11, -1)])
def test_one_block_decides(difference: int, twin: int) -> None:
    blocks = np.full((2, WIDTH), 100, np.uint8)
    blocks[1, 17] += difference
    assert near_pictures(blocks, tolerance=10, recall=1 - 1e-9).tolist() == [-1, twin]


def test_chains_do_not_swallow_what_is_unlike_their_head() -> None:
    """0 ~ 1 ~ 2, but 0 and 2 are apart: 1 repeats 0, and 2 stays."""
    blocks = np.array([[100] * WIDTH, [108] * WIDTH, [116] * WIDTH], np.uint8)
    assert near_pictures(blocks, tolerance=10, recall=1 - 1e-12).tolist() == [-1, 0, -1]


def test_copies_of_a_repeat_repeat_what_it_repeats() -> None:
    blocks = np.array([[10], [12], [12], [90], [90]], np.uint8) * np.ones(WIDTH, np.uint8)
    assert near_pictures(blocks, tolerance=6, recall=1 - 1e-9).tolist() == [-1, 0, 0, -1, 3]


def test_many_equal_pictures_are_no_work() -> None:
    found = near_pictures(np.zeros((20_000, 8, 8, 4), np.uint8), tolerance=10)
    assert found[0] == -1
    assert (found[1:] == 0).all()


def test_work_grows_with_the_number_and_not_with_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of random signatures hardly any two share a cell: the comparisons are few per picture."""
    compared = 0
    count = 20_000
    dropped = module._pairs

    def counted(tables: Iterator[module.Keys], alike: module.Compare) -> Iterator[Any]:
        def compare(a: module.Indices, b: module.Indices) -> NDArray[np.bool_]:
            nonlocal compared
            compared += len(a)
            return alike(a, b)

        return dropped(tables, compare)

    monkeypatch.setattr(module, "_pairs", counted)
    blocks = np.random.default_rng(0).integers(0, 256, (count, WIDTH), dtype=np.uint8)
    assert (near_pictures(blocks, tolerance=10) == -1).all()
    assert compared < 20 * count


def embeddings(count: int, twins: int, cosine: float, *, width: int = 48, seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors in a narrow cone, the last `twins` at the given cosine to the first ones."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((count, width)).astype(np.float32) + 2
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    aside = rng.standard_normal((twins, width)).astype(np.float32)
    aside -= (aside * z[:twins]).sum(1, keepdims=True) * z[:twins]
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    z[count - twins :] = cosine * z[:twins] + np.sqrt(1 - cosine**2) * aside
    return z


def test_few_embeddings_are_compared_exactly() -> None:
    z = embeddings(600, 100, 0.991)
    found = near_embeddings(z, cosine=0.99)
    assert found[500:].tolist() == list(range(100))
    assert (found[:500] == -1).all()
    assert (near_embeddings(z, cosine=0.993) == -1).all()


def test_many_embeddings_are_found_with_the_promised_recall() -> None:
    """8,000 rows go through the tables; pairs right at the threshold are the hardest."""
    z = embeddings(8000, 1000, 0.9801)
    found = near_embeddings(z, cosine=0.98, recall=0.95)
    twins = found[7000:]
    assert (twins == np.arange(1000)).mean() >= 0.93
    assert (found[:7000] == -1).all()


def test_halves_are_enough_for_storing() -> None:
    z = embeddings(300, 50, 0.995)
    np.testing.assert_array_equal(
        near_embeddings(z.astype(np.float16), cosine=0.99), near_embeddings(z, cosine=0.99)
    )


def test_nothing_has_no_repeats() -> None:
    assert near_embeddings(np.zeros((0, 8), np.float32), cosine=0.9).tolist() == []
    assert near_pictures(np.zeros((0, 8, 8, 4), np.uint8), tolerance=1).tolist() == []
    assert near_pictures(np.zeros((1, 8, 8, 4), np.uint8), tolerance=1).tolist() == [-1]
