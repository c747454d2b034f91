"""Requests of any operation and their records."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest

from sfumato.errors import InputError
from sfumato.requests.base import Request, SourceRef
from sfumato.requests.checks import check_number, listed
from sfumato.requests.draw import DrawRequest
from sfumato.requests.registry import OPERATIONS, read_request

COMMON: dict[str, Any] = {
    "prompt": "a fox",
    "seed": 1,
    "steps": 5,
    "guidance": 2,
    "sampler": "ddim",
    "model": "tiny",
    "version": "1",
}
DRAW = DrawRequest(size=256, **COMMON)
SOURCE = SourceRef(name="fox.png", sha256="ab" * 32)


@dataclass(frozen=True, kw_only=True)
class Weighed(Request):
    """An operation with a field of several numbers."""

    operation: ClassVar[str] = "weigh"
    weights: tuple[float, ...] = (1.0,)


def test_a_record_of_the_first_version_is_a_drawing() -> None:
    record = DRAW.to_record()
    del record["operation"], record["prior"]
    assert read_request(record) == DRAW


def test_records_name_their_operation() -> None:
    assert DRAW.to_record()["operation"] == "draw"
    assert read_request(DRAW.to_record()) == DRAW


@pytest.mark.parametrize("operation", ["paint", None, 3])
def test_unknown_operations_are_named(operation: Any) -> None:
    with pytest.raises(InputError, match=f"operation {operation!r} is unknown.*draw"):
        read_request({**DRAW.to_record(), "operation": operation})


def test_every_operation_is_found_under_its_name() -> None:
    assert all(kind.operation == name for name, kind in OPERATIONS.items())


def test_sources_and_tuples_survive_json() -> None:
    request = Weighed(**COMMON, weights=(1.0, 2.5), sources=(SOURCE, replace(SOURCE, name="b.png")))
    assert Weighed.from_record(json.loads(json.dumps(request.to_record()))) == request


BROKEN = [3, [3], [{"name": "a"}], [{"name": "", "sha256": "x"}], [{"name": 1, "sha256": "x"}]]


@pytest.mark.parametrize("sources", BROKEN)
def test_damaged_sources_are_refused(sources: Any) -> None:
    with pytest.raises(InputError, match="does not say what it was made from"):
        Weighed.from_record({**Weighed(**COMMON).to_record(), "sources": sources})


def test_a_prior_is_one_of_two() -> None:
    assert replace(DRAW, prior="ar").to_record()["prior"] == "ar"
    with pytest.raises(InputError, match="prior 'gpt' is unknown; choose diffusion or ar"):
        replace(DRAW, prior="gpt")


@pytest.mark.parametrize("value", [True, "1", None, float("nan"), -0.1, 1.1])
def test_numbers_are_checked(value: Any) -> None:
    with pytest.raises(InputError, match=r"The share .* give a number from 0 to 1\."):
        check_number("share", value, 0, 1)


def test_lists_read_as_sentences_do() -> None:
    assert listed(("a",)) == "a"
    assert listed(("a", "b", "c")) == "a, b or c"
