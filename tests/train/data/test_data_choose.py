"""Decisions over all pictures, over entries made up for the purpose; and the credit that is given."""

from __future__ import annotations

import dataclasses
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from sfumato_train.data import choose
from sfumato_train.data.assemble import keys, records, report
from sfumato_train.data.attribution import attribution
from sfumato_train.data.describe import Description
from sfumato_train.data.gather import Entry, is_grey, look
from sfumato_train.data.measure import Measures
from sfumato_train.data.readers import Item
from sfumato_train.data.sources import WORDS, Source, Words
from sfumato_train.data.split import CONCEPT, TRAIN, fraction
from sfumato_train.data.units import Drawn
from support.art_packages import CLIPART, ROUND_SET, SHINY_SET, SQUARE_SET, TABLE


def entry(
    name: str, *, source: Source = ROUND_SET, shade: int = 0, data: bytes = b"<svg/>", **measures: float
) -> Entry:
    facts = {"coverage": 0.5, "colour": 0.8, "detail": 1.0, "palette": 4} | measures
    drawn = Drawn(
        id=name,
        fault="",
        png=b"",
        small=np.full((64, 64, 4), shade, dtype=np.uint8),
        phash=0,
        measures=Measures(**facts),  # type: ignore[arg-type]
    )
    item = Item(source=source.name, id=name, name=name, data=data)
    words = Description(name=name, concept=name)
    return Entry(source=source, item=item, drawn=drawn, words=words, unit=Path("unit"), fault="")


def test_later_repeat_is_dropped_and_says_of_whom() -> None:
    first, own, other = entry("a"), entry("b"), entry("c", source=CLIPART)
    faults = [e.fault for e in choose.drop_repeats([first, own, other])]
    assert faults == ["", "exact duplicate in its own source", "exact duplicate of round"]


def test_faulty_picture_does_not_drop_its_copy() -> None:
    faulty = dataclasses.replace(entry("a"), fault="trademark")
    assert [e.fault for e in choose.drop_repeats([faulty, entry("b")])] == ["trademark", ""]
    assert choose.drop_repeats([faulty]) == [faulty]


def test_evaluation_style_follows_its_concept() -> None:
    held = next(f"thing {n}" for n in range(1000) if fraction(f"thing {n}") < 0.03)
    entries = [entry(held), entry(held, source=SQUARE_SET), entry("snail", source=SQUARE_SET), entry("snail")]
    assert choose.splits(entries, []) == [CONCEPT, CONCEPT, TRAIN, TRAIN]


def test_richest_pictures_of_each_source_are_drawn_large() -> None:
    two = dataclasses.replace(ROUND_SET, large=2)
    round_ones = [entry(str(n), source=two, detail=d) for n, d in enumerate((1.0, 9.0, 3.0, 7.0))]
    clips = [entry("clip", source=CLIPART), entry("richer", source=CLIPART, palette=20)]
    assert choose.large([*round_ones, *clips]) == [1, 3, 5]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_share_scales_the_number(share: float) -> None:
    ten = dataclasses.replace(ROUND_SET, large=10)
    assert len(choose.large([entry(str(n), source=ten) for n in range(20)], share)) == 10 * share


def test_grey_dull_skin_toned_and_raster_pictures_are_not_drawn_large() -> None:
    toned = Description(name="hand", concept="hand", attributes=("dark skin tone",))
    rare = Description(name="flag", concept="flag", weight=0.2)
    entries = [
        entry("grey", colour=0.0),
        dataclasses.replace(entry("hand"), words=toned),
        dataclasses.replace(entry("flag"), words=rare),
        entry("photo", data=b"RIFF...."),
        entry("good"),
    ]
    assert choose.large(entries) == [4]


def test_weights_multiply() -> None:
    half = dataclasses.replace(ROUND_SET, weight=0.5)
    rare = Description(name="x", concept="x", weight=0.2)
    assert dataclasses.replace(entry("x", source=half), words=rare).weight == pytest.approx(0.1)
    assert entry("x", source=half, colour=0.0).weight == pytest.approx(0.15)
    tint = dataclasses.replace(half, tintable=True)
    assert entry("x", source=tint, colour=0.0).weight == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("measures", "grey", "fault"),
    [
        ({"colour": 0.5}, False, ""),
        ({"colour": 0.0, "palette": 2}, False, "black and white only"),
        ({"colour": 0.0, "palette": 9}, False, ""),
        ({"colour": 0.0, "palette": 2}, True, ""),
        ({"coverage": 0.001}, True, "empty"),
    ],
)
def test_looks(measures: dict[str, float], grey: bool, fault: str) -> None:
    source = dataclasses.replace(ROUND_SET, grey=grey)
    found = entry("x", source=source, **measures)  # type: ignore[arg-type]
    assert look(source, found.item, found.drawn) == fault
    assert is_grey(found.drawn) == (measures.get("colour") == 0.0)


def test_keys_are_plain_unique_and_stable() -> None:
    ids = ["food/red_apple", "food/red-apple", "Food/Red-Apple", "x" * 200, "x" * 201, "plain"]
    found = keys([entry(i) for i in ids])
    assert len(set(found)) == len(ids)
    assert found[-1] == "round-plain"
    assert all(set(k) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and len(k) < 96 for k in found)
    assert keys([entry(i) for i in reversed(ids)]) == found[::-1]


def test_report_counts_kept_and_left_out() -> None:
    entries = [entry("a"), dataclasses.replace(entry("b"), fault="empty"), entry("c", source=SQUARE_SET)]
    kept = [e for e in entries if not e.fault]
    facts = report(entries, records(kept, [TRAIN, TRAIN]))
    assert (facts["read"], facts["kept"], facts["evaluation_only"]) == (3, 2, 1)
    assert facts["left_out"] == {"empty": 1}
    assert facts["left_out_ids"] == {"empty": ["round/b"]}
    assert facts["by_split"] == {TRAIN: 1}


def test_credit_names_sources_versions_counts_and_artists() -> None:
    art = dataclasses.replace(entry("a", source=CLIPART), item=dataclasses.replace(entry("a").item, author="Ann O."))
    found = records([art, entry("b"), entry("c"), entry("d", source=SQUARE_SET)], [TRAIN] * 4)
    text = attribution(TABLE, WORDS, found, lambda package: f"v-{package.name}")
    for package in chain[Source | Words](TABLE, WORDS):
        assert f"**[{package.title}]({package.url})** by {package.author}; [{package.licence}](" in text
        assert f"`{package.package}` v-{package.name}" in text
    assert "2 pictures from `@art/round`" in text
    assert "0 pictures from `@art/shiny`" in text
    assert "Pictures by Ann O." in text
    learning, evaluation = text.split("## Pictures for evaluation only")
    assert SQUARE_SET.title not in learning
    assert SHINY_SET.title not in evaluation
