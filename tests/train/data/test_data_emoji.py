"""Emoji by code points and by many names, from made-up Emojibase and emojilib packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfumato_train.data.emoji import EmojiBook, Italian, code_points, squash
from support.art_packages import write_packages


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("packages")
    write_packages(root)
    return root


@pytest.fixture
def book(packages: Path) -> EmojiBook:
    return EmojiBook(packages / "emojibase-data", packages / "emojilib")


@pytest.mark.parametrize(
    ("name", "hexcode"),
    [
        ("", "2764-fe0f"),
        ("", "2764"),
        ("red-heart", ""),
        ("RedHeart", ""),
        ("luv", ""),
        ("heavy_black_heart", ""),
        ("heart-3", ""),
        ("nonsense", "2764-FE0F"),
    ],
)
def test_all_ways_lead_to_one_emoji(book: EmojiBook, name: str, hexcode: str) -> None:
    found = book.find(name, hexcode)
    assert found is not None
    assert (found.label, found.group, found.subgroup) == ("red heart", "smileys & emotion", "heart")


@pytest.mark.parametrize("name", ["flag-for-switzerland", "flag-for-flag-switzerland", "switzerlandflag"])
def test_flags_by_their_vendors_names(book: EmojiBook, name: str) -> None:
    found = book.find(name)
    assert found is not None
    assert found.label == "flag: switzerland"


@pytest.mark.parametrize(("name", "hexcode"), [("", ""), ("unheard-of", ""), ("", "1f9ff"), ("-", "")])
def test_unknown_is_none(book: EmojiBook, name: str, hexcode: str) -> None:
    assert book.find(name, hexcode) is None


@pytest.mark.parametrize("name", ["waving-hand-dark-skin-tone", "waving-hand-tone5"])
def test_skin_tones_belong_to_the_same_label(book: EmojiBook, name: str) -> None:
    plain, dark = book.find("waving-hand"), book.find(name)
    assert plain is not None
    assert dark is not None
    assert (plain.label, plain.tones) == ("waving hand", ())
    assert (dark.label, dark.tones) == ("waving hand", ("dark skin tone",))


def test_tags_come_from_both_packages(book: EmojiBook) -> None:
    apple = book.find("red apple")
    assert apple is not None
    assert apple.tags == ("fruit", "orchard", "red apple", "fruit", "mac", "school")


def test_learnt_names_do_not_replace_known_ones(book: EmojiBook) -> None:
    book.name("schnecke", "1f40c")
    book.name("luv", "1f40c")
    book.name("mystery", "1f9ff")
    assert (snail := book.find("Schnecke")) is not None
    assert snail.label == "snail"
    assert (heart := book.find("luv")) is not None
    assert heart.label == "red heart"
    assert book.find("mystery") is None


def test_label_in_any_order_but_no_nickname(book: EmojiBook) -> None:
    assert (apple := book.find_label("apple red")) is not None
    assert apple.label == "red apple"
    assert book.find_label("apple") is None
    assert book.find_label("luv") is None
    assert book.find_label("") is None


def test_labels_are_listed_once_without_tones(book: EmojiBook) -> None:
    labels = list(book.labels())
    assert labels[:2] == ["red apple", "snail"]
    assert labels.count("waving hand") == 1
    assert not any("skin tone" in label for label in labels)


def test_italian(packages: Path) -> None:
    italian = Italian(packages / "emojibase-data")
    assert italian.translate("Lumaca") == "snail"
    assert italian.translate("cosa ignota") == "cosa ignota"


def test_squash_ignores_case_accents_and_marks() -> None:
    assert squash("Piñata!") == squash("pi-nata") == "pinata"
    assert squash("salt & pepper") == squash("salt and pepper")


def test_code_points_leave_out_variation_selectors() -> None:
    assert code_points("❤️") == "2764"
    assert code_points("🏴‍☠️") == "1f3f4-200d-2620"
