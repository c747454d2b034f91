"""Reading unpacked packages: what is chosen, in which order, and what metadata says."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from sfumato_train.data.gather import take
from sfumato_train.data.readers import Item, is_skin_variant, read
from sfumato_train.data.sources import SOURCES, Source
from support.art_packages import CLIPART, ROUND, ROUND_SET, SHINY_SET, SQUARE_SET, write_packages


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("packages")
    write_packages(root)
    return root


def items(source: Source, packages: Path) -> dict[str, Item]:
    return {item.id: item for item in read(source, packages / source.package)}


def test_iconify_icons_become_whole_files(packages: Path) -> None:
    found = items(ROUND_SET, packages)
    assert list(found) == sorted(ROUND)
    assert found["snail"].path == "Nature"
    assert found["snail"].data.startswith(b"<svg ")
    assert b'viewBox="0 0 32 32"' in found["snail"].data
    assert ROUND["snail"].encode() in found["snail"].data


def test_code_points_come_with_their_icons(packages: Path) -> None:
    found = items(SQUARE_SET, packages)
    assert {i: item.hexcode for i, item in found.items()} == {
        "apple": "1f34e",
        "heavy-heart": "2764",
        "snail": "1f40c",
        "unheard-of": "",
    }


def test_skin_variants_can_be_left_out(packages: Path) -> None:
    without = dataclasses.replace(ROUND_SET, skins=False)
    assert set(ROUND) - set(items(without, packages)) == {"waving-hand-dark-skin-tone"}


@pytest.mark.parametrize(
    ("name", "hexcode", "variant"),
    [
        ("hand-tone3", "", True),
        ("hand-medium-light-skin-tone", "", True),
        ("cook-dark", "", True),
        ("traffic-light", "", False),
        ("police-car-light", "", False),
        ("hand", "1f44b-1f3ff", True),
        ("dark-skin-tone", "1f3ff", False),
        ("hand", "1f44b", False),
    ],
)
def test_skin_variants(name: str, hexcode: str, variant: bool) -> None:
    assert is_skin_variant(name, hexcode, {"cook", "cook-medium", "traffic", "police-car"}) is variant


def write_icons(folder: Path, names: dict[str, dict[str, Any]], **sheet: Any) -> Source:
    (folder / "package").mkdir(parents=True)
    (folder / "package" / "icons.json").write_text(json.dumps({"icons": names, **sheet}))
    return dataclasses.replace(ROUND_SET, name=folder.name, emoji=False)


def test_icons_may_have_their_own_size(tmp_path: Path) -> None:
    icons: dict[str, dict[str, Any]] = {"a": {"body": "<g/>", "width": 30, "left": -3}, "b": {"body": "<g/>"}}
    source = write_icons(tmp_path / "set", icons, height=20)
    found = {i.id: i.data for i in read(source, tmp_path / "set")}
    assert b'width="30" height="20" viewBox="-3 0 30 20"' in found["a"]
    assert b'viewBox="0 0 16 20"' in found["b"]


@pytest.mark.parametrize(
    ("name", "ids", "kept"),
    [
        ("fluent-color", ["mail-16", "mail-48", "mail-20", "pin-24"], ["mail-48", "pin-24"]),
        ("flag", ["ch-4x3", "ch-1x1"], ["ch-4x3"]),
        ("circle-flags", ["ch", "gb-eng", "lang-de", "us-al"], ["ch", "gb-eng"]),
    ],
)
def test_sets_with_many_copies_give_one(tmp_path: Path, name: str, ids: list[str], kept: list[str]) -> None:
    source = write_icons(tmp_path / name, {i: {"body": "<g/>"} for i in ids})
    assert [i.id for i in read(source, tmp_path / name)] == kept


def test_webp_is_named_by_code_points(packages: Path) -> None:
    (item,) = items(SHINY_SET, packages).values()
    assert (item.id, item.hexcode, item.data[:4]) == ("1f34e", "1f34e", b"RIFF")


def test_clip_art_brings_title_author_and_keywords(packages: Path) -> None:
    apple = items(CLIPART, packages)["food/red_apple_jean_vic_01"]
    assert (apple.name, apple.author) == ("Red Apple", "Jean-Victor Example")
    assert (apple.keywords, apple.path) == (("fruit", "orchard"), "food")


def test_clip_art_without_metadata_is_named_by_its_file(packages: Path) -> None:
    found = items(CLIPART, packages)
    assert (found["animals/blue_fish"].name, found["animals/blue_fish"].author) == ("blue_fish", "")
    assert found["signs/broken"].name == "broken"


def test_parts_of_a_folder_are_skipped(packages: Path) -> None:
    found = items(dataclasses.replace(CLIPART, skip=("signs", "food/red")), packages)
    assert {i.partition("/")[0] for i in found} == {"animals", "food"}
    assert "food/red_apple_jean_vic_01" not in found


def test_broken_letters_of_titles_are_mended(tmp_path: Path) -> None:
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:rdf="{rdf}" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<metadata><dc:title>L&amp;Atilde;&amp;copy;zard \n vert</dc:title></metadata></svg>"
    )
    (tmp_path / "svg").mkdir()
    (tmp_path / "svg" / "x.svg").write_text(text)
    (item,) = read(CLIPART, tmp_path)
    assert item.name == "Lézard vert"


def test_some_are_taken_evenly(packages: Path) -> None:
    everything = take(ROUND_SET, packages / ROUND_SET.package, None)
    half = take(ROUND_SET, packages / ROUND_SET.package, 4)
    assert [i.id for i in half] == [i.id for i in everything[::2]]
    assert take(ROUND_SET, packages / ROUND_SET.package, 99) == everything


def test_table_of_sources_is_sound() -> None:
    assert len({s.name for s in SOURCES}) == len(SOURCES) == 31
    for source in SOURCES:
        assert 0 < source.weight <= 1
        assert source.train == (source.licence != "CC-BY-SA-4.0"), source.name
        assert not (source.large and not source.train)
