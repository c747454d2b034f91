"""Captions and facts as publishers write them, and every reason for which a sample cannot be used."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sfumato_train.data.scale.sample import FAULTS, Unusable, parse
from sfumato_train.data.scale.tar import RawSample


def raw(**files: bytes) -> RawSample:
    return RawSample(shard="s.tar", key="k", end=0, files=files)


def facts(**values: Any) -> bytes:
    return json.dumps(values).encode()


def test_the_text_file_wins_over_the_json() -> None:
    found = parse(raw(jpg=b"p", txt=b" a  red\napple ", json=facts(caption="other", width=3)))
    assert (found.caption, found.picture, found.facts["width"]) == ("a red apple", b"p", 3)


@pytest.mark.parametrize("text", [{}, {"txt": b""}, {"txt": b" \n"}])
def test_the_json_stands_in_for_a_missing_text(text: dict[str, bytes]) -> None:
    assert parse(raw(png=b"p", json=facts(caption=" grüner  Ball"), **text)).caption == "grüner Ball"


@pytest.mark.parametrize("extension", ["jpg", "jpeg", "png", "webp"])
def test_kinds_of_pictures(extension: str) -> None:
    assert parse(raw(**{extension: b"p", "txt": b"words"})).picture == b"p"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"txt": b"words"}, "no picture"),
        ({"gif": b"p", "txt": b"words"}, "no picture"),
        ({"jpg": b"p"}, "no caption"),
        ({"jpg": b"p", "txt": b" "}, "no caption"),
        ({"jpg": b"p", "json": b'{"caption": null}'}, "no caption"),
        ({"jpg": b"p", "json": b'{"caption": 7}'}, "no caption"),
        ({"jpg": b"p", "txt": b"words", "json": b"{"}, "bad json"),
        ({"jpg": b"p", "txt": b"words", "json": b"[1]"}, "bad json"),
        ({"jpg": b"p", "txt": b"words", "json": b"\xff"}, "bad json"),
        ({"jpg": b"p", "txt": b"words", "json": b"[" * 100_000}, "bad json"),
        ({"jpg": b"p", "txt": b"\xff\xfe"}, "caption is no UTF-8"),
    ],
)
def test_reasons(files: dict[str, bytes], reason: str) -> None:
    with pytest.raises(Unusable) as caught:
        parse(raw(**files))
    assert str(caught.value) == reason
    assert reason in FAULTS


@pytest.mark.parametrize(
    ("values", "score"),
    [
        ({"punsafe": 0.7}, 0.7),
        ({"NSFW": "UNLIKELY"}, 0.0),
        ({"NSFW": "nsfw"}, 1.0),
        ({"NSFW": "UNSURE"}, 0.5),
        ({"nsfw": 1}, 1.0),
        ({"NSFW": "no idea"}, None),
        ({"NSFW": True}, None),
        ({}, None),
        ({"punsafe": None, "NSFW": "UNSURE"}, 0.5),
    ],
)
def test_publishers_scores(values: dict[str, Any], score: float | None) -> None:
    assert parse(raw(jpg=b"p", txt=b"words", json=facts(**values))).nsfw == score
