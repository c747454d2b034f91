"""A row for every sample, the first rule that it breaks, and measures that other steps compare."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.errors import InputError
from sfumato_train.data.scale.measure import caption_hash, measure
from sfumato_train.data.scale.near import near_pictures
from sfumato_train.data.scale.places import Shard
from sfumato_train.data.scale.rows import Rows, facts_of, is_whole, load, packed, unpacked
from sfumato_train.data.scale.rules import CODES, REASONS, Rules, digest, rules_of
from support.raw_shards import Files, make_raw, picture, write_tar

LOOSE = Rules(min_side=1, max_aspect=100, min_chars=1)


def shard_of(tmp_path: Path, *samples: Files) -> Shard:
    return write_tar(tmp_path / "s.tar", [(f"k{n}", files) for n, files in enumerate(samples)])


def said(text: str, **facts: Any) -> Files:
    return {"jpg": picture(1, (80, 70)), "txt": text.encode(), "json": json.dumps(facts).encode()}


def reasons(rows: Rows) -> list[str]:
    return [REASONS[code] for code in rows.arrays["fault"]]


def test_every_sample_has_a_row(tmp_path: Path) -> None:
    names = make_raw(tmp_path, 1, 20, spoilt=True)
    rows = measure(Shard(url=str(tmp_path / "00000.tar")), LOOSE)
    assert {name: array.shape[0] for name, array in rows.arrays.items() if name != "keys"} == dict.fromkeys(
        ("fault", "caption", "blocks"), 20
    )
    keys = unpacked(rows.arrays["keys"])
    good = [f"00000.tar/{key}" for key, fault in zip(keys, reasons(rows), strict=True) if not fault]
    assert good == names
    assert rows.facts["samples"] == 20
    assert rows.facts["counts"] == dict.fromkeys(("unreadable picture", "no caption", "bad json", "no picture"), 1)
    assert rows.facts["terms"]["thing"] == rows.facts["captions"] == 17, "also the captions of bad pictures count"


@pytest.mark.parametrize(
    ("rules", "files", "reason"),
    [
        (Rules(min_side=71), said("good words"), "too small"),
        (Rules(min_side=70), said("good words"), ""),
        (Rules(max_aspect=1.1), said("good words"), "too long or too wide"),
        (Rules(max_aspect=1.15), said("good words"), ""),
        (Rules(min_chars=11), said("good words"), "caption too short"),
        (Rules(max_chars=9), said("good words"), "caption too long"),
        (Rules(min_ascii=0.5), said("красное яблоко x"), "caption not in ASCII"),
        (Rules(min_ascii=0.5), said("a röd äpple"), ""),
        (Rules(min_ascii=1.0), said("123 !?"), ""),
        (Rules(max_nsfw=0.5), said("good words", punsafe=0.6), "not safe for work"),
        (Rules(max_nsfw=0.5), said("good words", punsafe=0.5), ""),
        (Rules(max_nsfw=0.5), said("good words"), ""),
        (Rules(), said("good words", punsafe=1.0), ""),
    ],
)
def test_rules(tmp_path: Path, rules: Rules, files: Files, reason: str) -> None:
    rows = measure(shard_of(tmp_path, files), rules)
    assert reasons(rows) == [reason]
    assert rows.facts["names"] == ({reason: ["s.tar/k0"]} if reason else {})


def again(number: int, **how: Any) -> bytes:
    """The picture of a number, stored in another way."""
    image = Image.open(io.BytesIO(picture(number, (90, 90))))
    file = io.BytesIO()
    image.resize(how.get("size", (90, 90)), Image.Resampling.LANCZOS).save(file, how["format"], quality=how["quality"])
    return file.getvalue()


@pytest.mark.parametrize(
    "how",
    [
        {"format": "JPEG", "quality": 50},
        {"format": "WEBP", "quality": 60},
        {"format": "PNG", "quality": 0},
        {"format": "JPEG", "quality": 80, "size": (300, 300)},
        {"format": "JPEG", "quality": 80, "size": (64, 64)},
    ],
)
def test_a_picture_stored_again_is_near_and_others_are_not(tmp_path: Path, how: dict[str, Any]) -> None:
    first = [{"jpg": picture(n, (90, 90)), "txt": b"words"} for n in range(30)]
    copies = [{"jpg": again(n, **how), "txt": b"other words"} for n in range(30)]
    rows = measure(shard_of(tmp_path, *first, *copies), LOOSE).arrays
    rules = Rules()
    assert rules.near_blocks is not None
    found = near_pictures(rows["blocks"], tolerance=rules.near_blocks)
    assert (found[:30] == -1).all()
    assert found[30:].tolist() == list(range(30))


def test_a_broken_shard_has_rows_until_it_breaks(tmp_path: Path) -> None:
    make_raw(tmp_path, 1, 10)
    path = tmp_path / "00000.tar"
    path.write_bytes(path.read_bytes()[:9000])
    rows = measure(Shard(url=str(path)), LOOSE)
    assert 0 < rows.facts["samples"] < 10
    assert rows.facts["names"]["broken shard"][0].startswith("00000.tar: ")


@pytest.mark.parametrize(("other", "same"), [("A red, FOX!", True), ("a red  fox", True), ("a red fix", False)])
def test_captions_are_the_same_but_for_case_and_points(other: str, same: bool) -> None:
    assert (caption_hash("a red fox") == caption_hash(other)) == same


def test_rows_are_written_whole_and_read_in_part(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "r.safetensors"
    rows = Rows(arrays={"a": np.arange(5), "b": np.ones((5, 2), np.float16)}, facts={"seconds": 1.5, "names": ["é"]})
    assert not is_whole(path)
    rows.save(path)
    assert is_whole(path)
    assert list(load(path, "b").arrays) == ["b"]
    np.testing.assert_array_equal(load(path).arrays["a"], np.arange(5))
    assert facts_of(path) == rows.facts
    path.write_bytes(path.read_bytes()[:30])
    assert not is_whole(path)


@pytest.mark.parametrize("texts", [["a"], ["a", "", "größe"], ["x"] * 100])
def test_texts_are_packed(texts: list[str]) -> None:
    assert unpacked(packed(texts)) == texts


def test_digests_hang_on_the_rules_that_decide_and_on_no_others() -> None:
    assert digest("measure", Rules(), "x") == digest("measure", Rules(near_blocks=1.0, min_similarity=0.2), "x")
    assert digest("measure", Rules(), "x") != digest("measure", Rules(min_side=9), "x")
    assert digest("measure", Rules(), "x") != digest("measure", Rules(), "y")
    assert digest("embed", Rules(), "x") == digest("embed", Rules(min_similarity=0.2), "x")
    assert digest("embed", Rules(), "x") != digest("embed", Rules(per_caption=3), "x")
    assert digest("write", Rules(), "x") != digest("write", Rules(min_similarity=0.2), "x")


@pytest.mark.parametrize(
    "wrong", [{"min_side": 0}, {"max_aspect": 0.5}, {"near_blocks": 65}, {"fit": "bend"}, {"max_nsfw": 2.0}]
)
def test_wrong_rules_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"The rule {next(iter(wrong))} is wrong: "):
        rules_of(**wrong)
    assert rules_of(min_side=3) == Rules(min_side=3)
    with pytest.raises(InputError, match="There is no rule 'colour'; choose among min_side"):
        rules_of(colour=1)


def test_reasons_have_numbers() -> None:
    assert [REASONS[CODES[reason]] for reason in REASONS] == list(REASONS)
    assert CODES[""] == 0
