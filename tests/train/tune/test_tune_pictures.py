"""What a folder holds: pictures, captions, broken files, words in names; and how a picture is moved about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import InputError
from sfumato.picture.fit import square
from sfumato_train.tune.pictures import LEAST, Example, captions_beside, gather, name_words, view
from support.tunable_bundle import write_pictures


def test_pictures_of_a_folder_are_found_with_their_captions(tmp_path: Path) -> None:
    write_pictures(tmp_path / "deep" / "er", 12)
    (tmp_path / "notes.md").write_text("no picture")
    found = gather(tmp_path)
    assert len(found.examples) == 12
    assert not found.broken
    assert all(example.captions == ("a red apple", "a star") for example in found.examples)
    assert [example.path for example in found.examples] == sorted(example.path for example in found.examples)


def test_the_same_picture_twice_counts_once(tmp_path: Path) -> None:
    write_pictures(tmp_path, 10)
    (tmp_path / "again.png").write_bytes((tmp_path / "round_thing_0.png").read_bytes())
    assert len(gather(tmp_path).examples) == 10


@pytest.mark.parametrize("count", [0, 3])
def test_too_few_pictures_are_one_sentence(tmp_path: Path, count: int) -> None:
    write_pictures(tmp_path, count)
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    with pytest.raises(InputError, match=rf"holds {count or 'no'} .*1 that cannot \(The picture .*torn\.png.*{LEAST}"):
        gather(tmp_path)


def test_broken_pictures_are_counted_and_named(tmp_path: Path) -> None:
    write_pictures(tmp_path, 10)
    (tmp_path / "torn.jpg").write_bytes(b"not at all")
    found = gather(tmp_path)
    assert len(found.broken) == 1
    assert "torn.jpg" in found.broken[0]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        gather(tmp_path / "nowhere")


def test_a_caption_in_another_encoding_is_one_sentence(tmp_path: Path) -> None:
    write_pictures(tmp_path, 10)
    (tmp_path / "round_thing_4.txt").write_bytes("ein Löwe".encode("latin-1"))
    with pytest.raises(InputError, match=r"round_thing_4\.txt is no UTF-8 text"):
        gather(tmp_path)


def test_captions_are_lines_without_blanks_and_controls(tmp_path: Path) -> None:
    lines = "\ufeff a   cat \n\n\x07\na cat\na dog\tand a hat\n1\n2\n3\n"
    (tmp_path / "a.txt").write_text(lines, encoding="utf-8")
    assert captions_beside(tmp_path / "a.png") == ("a cat", "a dog and a hat", "1", "2")
    assert captions_beside(tmp_path / "b.png") == ()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("red_apple-2", "red apple"),
        ("RedApple", "red apple"),
        ("IMG_20240102_113355", ""),
        ("DSC00012", ""),
        ("a cat (3)", "cat"),
        ("x7f3k9q", ""),
    ],
)
def test_words_of_a_file_s_name(name: str, words: str) -> None:
    assert name_words(Path(f"{name}.png")) == words


@pytest.mark.parametrize(
    ("caption", "flips"), [("a cat", True), ("a cat left of a dog", False), ("the letter a", False)]
)
def test_sides_and_writing_are_not_mirrored(caption: str, flips: bool) -> None:
    assert Example(path=Path("x.png"), sha256="", captions=(caption,)).flips is flips
    assert not Example(path=Path("left_arrow.png"), sha256="", captions=("an arrow",)).flips


@given(
    height=st.integers(1, 90), width=st.integers(1, 90), opaque=st.booleans(), seed=st.integers(0, 9)
)
def test_views_are_pictures(height: int, width: int, opaque: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    if opaque:
        pixels[..., 3] = 255
    np.testing.assert_array_equal(view(pixels, None, flips=True), square(pixels))
    made = view(pixels, rng, flips=True)
    assert made.shape == (1, 4, 64, 64)
    assert made.dtype == np.float32
    assert -1 <= made.min() <= made.max() <= 1
    if opaque and height == width:
        assert (made[:, 3] > 0.99).all(), "no border comes in"


def test_views_differ_and_some_are_mirrored() -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, 32:] = 255
    rng = np.random.default_rng(0)
    made = [view(pixels, rng, flips=True) for _ in range(12)]
    sides = {bool(one[0, 3, :, :20].mean() > one[0, 3, :, 44:].mean()) for one in made}
    assert sides == {True, False}
    unmirrored = [view(pixels, rng, flips=False) for _ in range(12)]
    assert all(one[0, 3, :, :20].mean() < one[0, 3, :, 44:].mean() for one in unmirrored)
    assert len({one.tobytes() for one in made}) == 12
