"""Repeats: planted ones are found, the same concept drawn otherwise is spared, the first one stays."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from sfumato_train.data.dedupe import compare, duplicates
from sfumato_train.data.measure import phash
from sfumato_train.data.pixels import premultiply, shrink
from sfumato_train.data.render import render
from support.art_packages import FIXTURES, ROUND, SQUARE

Picture = NDArray[np.uint8]


def drawn(body: str) -> Picture:
    return render(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{body}</svg>'.encode(), 256)


def find(*pictures: Picture) -> dict[int, tuple[int, str]]:
    flat = [premultiply(p) for p in pictures]
    hashes = np.array([phash(p) for p in flat], dtype=np.uint64)
    return duplicates(np.stack([shrink(p, 4) for p in flat]), hashes)


def recompressed(picture: Picture) -> Picture:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "WEBP", quality=92)
    with Image.open(file) as image:
        return np.array(image.convert("RGBA"))


SNAIL = render((FIXTURES / "animals/snail.svg").read_bytes(), 256)
APPLE = render((FIXTURES / "food/green_apple.svg").read_bytes(), 256)


def test_copies_are_exact() -> None:
    assert find(SNAIL, APPLE, SNAIL.copy(), APPLE.copy()) == {2: (0, "exact"), 3: (1, "exact")}


def test_recompressed_copy_is_near() -> None:
    assert find(APPLE, SNAIL, recompressed(SNAIL)) == {2: (1, "near")}


def test_all_copies_lead_to_the_first() -> None:
    assert find(SNAIL, recompressed(SNAIL), SNAIL) == {1: (0, "near"), 2: (0, "exact")}


@pytest.mark.parametrize(("one", "other"), [("red-apple", "apple"), ("snail", "snail")])
def test_same_concept_drawn_by_another_is_spared(one: str, other: str) -> None:
    assert find(drawn(ROUND[one]), drawn(SQUARE[other])) == {}


def test_skin_tones_and_other_colours_are_spared() -> None:
    assert find(drawn(ROUND["waving-hand"]), drawn(ROUND["waving-hand-dark-skin-tone"])) == {}
    red = render((FIXTURES / "food/copied_apple.svg").read_bytes(), 256)
    assert find(APPLE, red) == {}


def test_small_difference_in_one_place_is_spared() -> None:
    """A clock an hour later, a flag with another emblem: little on the whole, but all in one block."""
    disc = '<circle cx="16" cy="16" r="14" fill="#eee"/>'
    hands = [f'<path d="M16 16L{x} {y}" stroke="#222" stroke-width="2"/>' for x, y in ((16, 6), (21, 7))]
    assert find(*(drawn(disc + hand) for hand in hands)) == {}


def test_nothing_repeats_in_nothing() -> None:
    assert duplicates(np.zeros((0, 64, 64, 4), dtype=np.uint8), np.zeros(0, dtype=np.uint64)) == {}


@settings(max_examples=20)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_exactly_one_of_each_stays(order: list[int]) -> None:
    rng = np.random.default_rng(7)
    kinds = rng.integers(0, 256, (4, 64, 64, 4)).astype(np.uint8)
    hashes = rng.integers(0, 2**63, 4).astype(np.uint64)
    found = duplicates(kinds[order], hashes[order])
    stay = [i for i in range(len(order)) if i not in found]
    assert [order[i] for i in stay] == list(dict.fromkeys(order))
    assert all(order[first] == order[i] for i, (first, _) in found.items())


def test_pairs_are_found_across_blocks_of_rows() -> None:
    rng = np.random.default_rng(3)
    small = np.zeros((700, 64, 64, 4), dtype=np.uint8)
    small[:, 0, 0] = rng.integers(0, 256, (700, 4))
    small[:, 10:50, 10:50] = rng.integers(0, 256, (700, 1, 1, 4))
    small[650] = small[3]
    hashes = rng.integers(0, 2**63, 700).astype(np.uint64)
    hashes[650] = hashes[3] ^ np.uint64(0b1011)
    assert duplicates(small, hashes)[650] == (3, "exact")


def test_comparison_is_symmetric() -> None:
    a, b = shrink(premultiply(SNAIL), 4), shrink(premultiply(recompressed(SNAIL)), 4)
    assert compare(a, b) == compare(b, a) == "near"
    assert compare(a, shrink(premultiply(APPLE), 4)) == ""
