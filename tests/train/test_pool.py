"""Shared weights are stored once, and the graphs compute what they did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from sfumato.bundle.manifest import Graph
from sfumato.engine.core import core
from sfumato_train.pool import ALIGNMENT, groups, pool

SIDE = 160  # float32 [160, 160] is 100 kB, more than what is worth sharing
RNG = np.random.default_rng(0)
SHARED = RNG.standard_normal((SIDE, SIDE)).astype(np.float32)
OWN = {name: RNG.standard_normal((SIDE, SIDE)).astype(np.float32) for name in ("one", "two", "three")}
SMALL = RNG.standard_normal(3).astype(np.float32)  # leaves the next constant unaligned


def save(folder: Path, name: str, *matrices: np.ndarray) -> Graph:
    x = ops.parameter([1, SIDE], np.float32, name="x")
    out = ops.multiply(x, ops.constant(SMALL.sum(keepdims=True)))
    for matrix in matrices:
        out = ops.matmul(out, ops.constant(matrix), False, False)
    ov.save_model(ov.Model([out], [x], name), folder / f"{name}.xml", compress_to_fp16=False)
    return Graph(file=f"{name}.xml", precision="f32")


@pytest.fixture
def entries(tmp_path: Path) -> dict[str, Graph]:
    return {
        "one": save(tmp_path, "one", SHARED, OWN["one"]),
        "three": save(tmp_path, "three", OWN["three"]),
        "two": save(tmp_path, "two", OWN["two"], SHARED),
    }


def answer(folder: Path, graph: Graph) -> np.ndarray:
    model = core().read_model(folder / graph.file, folder / graph.weights)
    x = np.linspace(-1, 1, SIDE, dtype=np.float32)[None]
    return core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})({0: x})[0].copy()


def test_graphs_that_share_weights_are_put_together(tmp_path: Path, entries: dict[str, Graph]) -> None:
    assert groups(tmp_path, entries) == [["one", "two"], ["three"]]


def test_a_pool_is_smaller_and_computes_the_same(tmp_path: Path, entries: dict[str, Graph]) -> None:
    before = {name: answer(tmp_path, graph) for name, graph in entries.items()}
    size = sum(path.stat().st_size for path in tmp_path.glob("*.bin"))
    pooled = pool(tmp_path, entries)
    assert sorted(path.name for path in tmp_path.glob("*.bin")) == ["one.bin", "three.bin"]
    assert (pooled["one"], pooled["three"]) == (entries["one"], entries["three"])
    assert (pooled["two"].file, pooled["two"].weights) == ("two.xml", "one.bin")
    saved = size - sum(path.stat().st_size for path in tmp_path.glob("*.bin"))
    assert SHARED.nbytes - 20 * ALIGNMENT < saved <= SHARED.nbytes + 1024
    for name, graph in pooled.items():
        np.testing.assert_array_equal(answer(tmp_path, graph), before[name])


def test_nothing_changes_where_nothing_is_shared(tmp_path: Path, entries: dict[str, Graph]) -> None:
    alone = {name: entries[name] for name in ("one", "three")}
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert pool(tmp_path, alone) == alone
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept


def test_equal_trifles_are_no_reason(tmp_path: Path) -> None:
    entries = {name: save(tmp_path, name, OWN[name]) for name in ("one", "two")}
    assert groups(tmp_path, entries) == [["one"], ["two"]]
