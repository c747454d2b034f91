from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.bundle.decode import FieldError, decode, encode


@dataclass(frozen=True, kw_only=True)
class Inner:
    count: int
    share: float = 1.0

    def __post_init__(self) -> None:
        if self.count < 0:
            raise FieldError("count", "must not be negative")


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str
    kind: Literal["a", "b"]
    pair: tuple[float, float]
    sizes: tuple[int, ...]
    inner: Inner
    other: Inner | None = None
    table: Mapping[str, Inner]
    flag: bool = False


GOOD: dict[str, Any] = {
    "name": "x",
    "kind": "a",
    "pair": [0, 0.5],
    "sizes": [1, 2, 3],
    "inner": {"count": 1},
    "table": {"k": {"count": 2, "share": 0.25}},
}


def test_decode_fills_defaults_and_nested_values() -> None:
    outer = decode(Outer, GOOD)
    assert outer.inner == Inner(count=1, share=1.0)
    assert outer.table["k"] == Inner(count=2, share=0.25)
    assert (outer.pair, outer.sizes, outer.other, outer.flag) == ((0.0, 0.5), (1, 2, 3), None, False)
    assert all(isinstance(value, float) for value in outer.pair)


def test_mappings_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        decode(Outer, GOOD).table["new"] = Inner(count=1)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": 3}, "name"),
        ({"kind": "c"}, "kind"),
        ({"kind": True}, "kind"),
        ({"pair": [1]}, "pair"),
        ({"pair": [0, float("nan")]}, "pair[1]"),
        ({"pair": "no"}, "pair"),
        ({"sizes": [1, "2"]}, "sizes[1]"),
        ({"sizes": [1.5]}, "sizes[0]"),
        ({"sizes": [True]}, "sizes[0]"),
        ({"inner": []}, "inner"),
        ({"inner": {}}, "inner.count"),
        ({"inner": {"count": 1, "x": 2}}, "inner.x"),
        ({"inner": {"count": -1}}, "inner.count"),
        ({"other": {"count": "many"}}, "other.count"),
        ({"table": {"k": {"count": None}}}, "table.k.count"),
        ({"table": []}, "table"),
        ({"flag": 1}, "flag"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_errors_name_the_field(change: dict[str, Any], path: str) -> None:
    with pytest.raises(FieldError) as caught:
        decode(Outer, {**GOOD, **change})
    assert caught.value.path == path


def test_missing_field_is_named() -> None:
    with pytest.raises(FieldError, match="inner: is missing"):
        decode(Outer, {key: value for key, value in GOOD.items() if key != "inner"})


def test_long_values_are_shortened_in_messages() -> None:
    with pytest.raises(FieldError) as caught:
        decode(Outer, {**GOOD, "kind": "z" * 10_000})
    assert len(str(caught.value)) < 200


INNERS = st.builds(Inner, count=st.integers(0, 2**60), share=st.floats(allow_nan=False, allow_infinity=False))


@given(
    st.builds(
        Outer,
        name=st.text(),
        kind=st.sampled_from(["a", "b"]),
        pair=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
        sizes=st.lists(st.integers()).map(tuple),
        inner=INNERS,
        other=st.none() | INNERS,
        table=st.dictionaries(st.text(), INNERS),
        flag=st.booleans(),
    )
)
def test_encode_is_the_inverse_through_json(outer: Outer) -> None:
    assert decode(Outer, json.loads(json.dumps(encode(outer)))) == outer


LEAVES = st.none() | st.booleans() | st.floats() | st.text()


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_json_is_read_or_refused_with_a_field_error(value: Any) -> None:
    with pytest.raises(FieldError):
        decode(Outer, value)
