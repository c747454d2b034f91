"""From packages' words to ours: concepts, clip art titles, variants, flags, and what is left out."""

from __future__ import annotations

import dataclasses

import pytest

from sfumato_train.data.describe import Describer, Description, Lexicon
from sfumato_train.data.readers import Item
from sfumato_train.data.sources import Source
from support.art_packages import CLIPART, ROUND_SET, SQUARE_SET, write_packages


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory: pytest.TempPathFactory) -> Lexicon:
    root = tmp_path_factory.mktemp("packages")
    write_packages(root)
    return Lexicon.read(root / "emojibase-data", root / "emojilib")


def clip(id_: str, *, title: str = "", author: str = "", keywords: tuple[str, ...] = ()) -> Item:
    path, _, stem = id_.rpartition("/")
    return Item(source="openclipart", id=id_, name=title or stem, data=b"", path=path, author=author, keywords=keywords)


def icon(name: str, *, path: str = "", hexcode: str = "") -> Item:
    return Item(source="x", id=name, name=name, data=b"", path=path, hexcode=hexcode)


def describe(lexicon: Lexicon, source: Source, item: Item, *others: Item) -> Description:
    return Describer(source, [item, *others], lexicon).describe(item)


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (clip("food/cake_jean_vic_01", title="Chocolate Cake", author="Jean-Victor Balin"), "chocolate cake"),
        (clip("food/flat_cake_bw_jean-victor_01", author="Jean-Victor Balin"), "flat cake"),
        (clip("a/rubik", title="Clipart by Nicu Buculei - piggybank", author="Nicu Buculei"), "rubik"),
        (clip("a/guitar2", title="guitar2"), "guitar"),
        (clip("tools/axe", title="..."), "axe"),
        (clip("map/tree", title="tree rpg map elements"), "tree"),
        (clip("hotel/x", title="Hotel Icon Concierge"), "concierge"),
        (clip("signs_and_symbols/flags/europe/italy"), "flag of italy"),
        (clip("signs_and_symbols/flags/norwegian_union_flag"), "norwegian union flag"),
        (clip("bugs/lumaca_01", author="Architetto Francesco Rollandin"), "snail"),
        (clip("bugs/lumaca_01", author="Maria Rossi"), "lumaca"),
    ],
)
def test_clip_art_names(lexicon: Lexicon, item: Item, name: str) -> None:
    assert describe(lexicon, CLIPART, item).name == name


def test_title_of_a_whole_collection_is_no_name(lexicon: Lexicon) -> None:
    drawings = [clip(f"signs/{name}", title="Road Signs") for name in ("humpback", "rockfall", "ford")]
    assert describe(lexicon, CLIPART, *drawings).name == "humpback"
    assert describe(lexicon, CLIPART, *drawings[:2]).name == "road signs"


def test_clip_art_keywords_are_its_own_and_its_folders(lexicon: Lexicon) -> None:
    item = clip("animals/bugs/beetle", keywords=("insect", "hash", "beetle"))
    assert describe(lexicon, CLIPART, item).keywords == ("insect", "bugs", "animals")


def test_things_that_emoji_show_share_their_concept(lexicon: Lexicon) -> None:
    found = describe(lexicon, CLIPART, clip("food/apple_red_01"))
    assert (found.concept, found.category, found.is_emoji) == ("red apple", "food & drink", True)
    assert found.keywords == ("fruit", "orchard", "mac", "school")


def test_nicknames_of_emoji_name_no_clip_art(lexicon: Lexicon) -> None:
    assert describe(lexicon, CLIPART, clip("misc/luv")).concept == "luv"
    assert describe(lexicon, ROUND_SET, icon("luv")).concept == "red heart"


def test_vendors_own_inventions_are_described_where_they_may_be_learnt(lexicon: Lexicon) -> None:
    found = describe(lexicon, ROUND_SET, icon("two-headed-goat", path="Animals & Nature"))
    assert (found.name, found.category, found.fault) == ("two headed goat", "animals & nature", "")
    assert describe(lexicon, SQUARE_SET, icon("two-headed-goat")).fault == "not an emoji of the standard"


@pytest.mark.parametrize(
    ("source", "slug", "name", "attributes"),
    [
        ("streamline-color", "happy-face-2-flat", "happy face", ("flat",)),
        ("streamline-color", "happy-face-2", "happy face", ()),
        ("meteocons", "rain-fill", "rain", ("filled",)),
        ("streamline-stickies-color", "medal-1-duo", "medal", ("duotone",)),
        ("icon-park", "tree-two", "tree", ()),
        ("game-icons", "seven-two", "seven two", ()),
        ("fxemoji", "snailqqq", "snail qqq", ()),
        ("fxemoji", "orchardsignal", "orchard signal", ()),
    ],
)
def test_variants_become_attributes(
    lexicon: Lexicon, source: str, slug: str, name: str, attributes: tuple[str, ...]
) -> None:
    table = dataclasses.replace(ROUND_SET, name=source, emoji=source == "fxemoji")
    found = describe(lexicon, table, icon(slug))
    assert (found.name, found.attributes) == (name, attributes)


FLAGS = dataclasses.replace(ROUND_SET, name="flag", emoji=False, style="rectangular flag")


def test_flags_by_country_code(lexicon: Lexicon) -> None:
    found = describe(lexicon, FLAGS, icon("ch-4x3"))
    assert (found.concept, found.weight, found.flip) == ("flag of switzerland", 1.0, False)


@pytest.mark.parametrize("name", ["xx-4x3", "gb-eng-4x3", "es-ct-4x3"])
def test_flags_that_are_not_known_are_left_out(lexicon: Lexicon, name: str) -> None:
    assert describe(lexicon, FLAGS, icon(name)).fault == "a flag of no country"


def test_folders_weigh(lexicon: Lexicon) -> None:
    weights = {p: describe(lexicon, CLIPART, clip(f"{p}/some_thing")).weight for p in ("food", "computer", "shapes")}
    assert weights == {"food": 1.0, "computer": 0.4, "shapes": 0.4}
    assert describe(lexicon, CLIPART, clip("food/frullatore", author="F. Rollandin")).weight == 0.4


@pytest.mark.parametrize(
    ("path", "category"),
    [
        ("animals/mammals", "animals & nature"),
        ("FoodDrinks", "food & drink"),
        ("transportation/vehicles", "travel & places"),
        ("recreation/music", "activities"),
        ("people/smilies", "people & body"),
        ("signs_and_symbols/weather", "animals & nature"),
        ("office", "objects"),
        ("", "objects"),
    ],
)
def test_categories_from_folders(lexicon: Lexicon, path: str, category: str) -> None:
    assert describe(lexicon, CLIPART, clip(f"{path}/some_thing".lstrip("/"))).category == category
