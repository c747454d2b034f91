"""The whole build over made-up packages: what is kept and left out, resuming, credit, byte ranges."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from sfumato.errors import Cancelled, InputError
from sfumato_train.data.build import BuildConfig, Packages, build
from sfumato_train.data.pixels import shrink
from sfumato_train.data.sources import Source, Words
from sfumato_train.data.store import PictureStore
from support.art_packages import TABLE, ArtPackages


@dataclasses.dataclass(frozen=True)
class World:
    """Packages, and a data set built from them."""

    packages: ArtPackages
    config: BuildConfig
    store: PictureStore

    def report(self) -> dict[str, object]:
        facts: dict[str, object] = json.loads((self.config.out / "report.json").read_text())
        return facts

    def left_out(self, reason: str) -> list[str]:
        ids = self.report()["left_out_ids"]
        assert isinstance(ids, dict)
        return list(ids.get(reason, []))


class Blank(Packages):
    """The words of a world, and a vendor who drew nothing but an unknown thing."""

    def __init__(self, world: ArtPackages) -> None:
        super().__init__(Path())
        self._world = world

    def folder(self, package: Source | Words) -> Path:
        folder = self._world.folder(package)
        if package.name == "square":
            icons = json.loads((folder / "package" / "icons.json").read_text())
            icons["icons"] = {"unheard-of": icons["icons"]["unheard-of"]}
            folder = folder.parent / "blank"
            (folder / "package").mkdir(parents=True, exist_ok=True)
            (folder / "package" / "icons.json").write_text(json.dumps(icons))
        return folder


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = tmp_path_factory.mktemp("world")
    config = BuildConfig(out=root / "out", cache=root / "cache", workers=1)
    packages = ArtPackages(root / "packages")
    build(config, packages=packages, table=TABLE)
    return World(packages=packages, config=config, store=PictureStore(config.out))


def names(store: PictureStore, source: str) -> set[str]:
    return {r.name for r in store.records if r.source == source}


def test_keeps_what_can_be_learnt_from(world: World) -> None:
    assert names(world.store, "openclipart") == {"red apple again", "green apple", "blue fish", "snail"}
    assert names(world.store, "shiny") == {"red apple"}
    assert "flag of switzerland" in names(world.store, "round")


def test_one_concept_has_one_name_at_all_vendors(world: World) -> None:
    apples = [r for r in world.store.records if r.concept == "red apple"]
    assert {r.style for r in apples} == {"round emoji", "square emoji", "shiny 3d"}


def test_same_concept_in_other_art_is_no_repeat(world: World) -> None:
    snails = [r.source for r in world.store.records if r.concept == "snail"]
    assert sorted(snails) == ["openclipart", "round", "square"]


@pytest.mark.parametrize(
    ("reason", "who"),
    [
        ("exact duplicate in its own source", "openclipart/food/red_apple_jean_vic_01"),
        ("exact duplicate of round", "square/heavy-heart"),
        ("black and white only", "openclipart/food/pancake_bw"),
        ("empty", "openclipart/signs/nothing"),
        ("contains words, which would be missing", "openclipart/signs/exit_sign"),
        ("trademark", "openclipart/signs/google_logo"),
        ("not an emoji of the standard", "square/unheard-of"),
    ],
)
def test_left_out_with_its_reason(world: World, reason: str, who: str) -> None:
    assert world.left_out(reason) == [who]


def test_broken_file_is_reported_and_no_failure(world: World) -> None:
    left_out = world.report()["left_out_ids"]
    assert isinstance(left_out, dict)
    (reason,) = [reason for reason, ids in left_out.items() if "openclipart/signs/broken" in ids]
    assert reason.startswith("cannot be drawn")


def test_every_item_is_either_kept_or_reported(world: World) -> None:
    facts = world.report()
    assert isinstance(facts["left_out"], dict)
    assert facts["read"] == len(world.store) + sum(facts["left_out"].values())


def test_black_emoji_stays_for_less(world: World) -> None:
    (square,) = [r for r in world.store.records if r.name == "black large square"]
    assert square.weight == pytest.approx(0.3)


def test_skin_tones_are_attributes_for_less(world: World) -> None:
    plain, dark = sorted((r for r in world.store.records if r.concept == "waving hand"), key=lambda r: r.key)
    assert (plain.attributes, dark.attributes) == ((), ("dark skin tone",))
    assert dark.weight == pytest.approx(plain.weight * 0.2)


def test_evaluation_only_styles_are_never_for_training(world: World) -> None:
    assert {r.source for r in world.store.records if not r.train} == {"square"}
    chosen = world.store.select(split=None)
    assert all(world.store.records[i].source != "square" for i in chosen)


def test_byte_ranges_give_the_pictures(world: World) -> None:
    for i, record in enumerate(world.store.records):
        png = world.store.png(i)
        assert png.startswith(b"\x89PNG"), record.key
        assert png.endswith(b"IEND\xaeB`\x82"), record.key
        picture = world.store.picture(i)
        np.testing.assert_array_equal(shrink(picture, 4), world.store.small(i))


def test_large_pictures_show_the_same(world: World) -> None:
    chosen = world.store.select(split=None, large=True)
    assert len(chosen) == 3  # as many as the table asks: two round ones and a piece of clip art
    for i in chosen:
        big = world.store.large(int(i))
        assert big.shape == (1024, 1024, 4)
        difference = np.abs(shrink(big, 16).astype(int) - world.store.small(int(i)))
        assert difference.mean() < 2.0


def test_clip_art_fills_its_frame(world: World) -> None:
    (i,) = [i for i, r in enumerate(world.store.records) if r.name == "blue fish"]
    columns = np.flatnonzero(world.store.picture(i)[..., 3].any(axis=0))
    assert columns[-1] - columns[0] + 1 == pytest.approx(0.94 * 256, rel=0.05)


def test_credit_names_every_source(world: World) -> None:
    credit = (world.config.out / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for source in TABLE:
        assert f"[{source.title}]({source.url}) by {source.author}".replace(" by", "** by") in credit
        assert f"`{source.package}` 1.0-{source.name}" in credit
        assert source.licence in credit
    assert "Pictures by Jean-Victor Example, Someone Else." in credit
    assert credit.index("Pictures to learn from") < credit.index("Square") > credit.index("evaluation only")


def test_second_run_does_nothing(world: World) -> None:
    asked = world.packages.asked
    before = {p.name: p.stat().st_mtime_ns for p in world.config.out.iterdir()}
    calls: list[str] = []
    facts = build(
        world.config,
        packages=world.packages,
        table=TABLE,
        progress=lambda stage, done, total: calls.append(stage),
    )
    assert facts == world.report()
    assert world.packages.asked == asked
    assert calls == []
    assert {p.name: p.stat().st_mtime_ns for p in world.config.out.iterdir()} == before


def test_another_folder_draws_nothing_again_and_is_equal(world: World, tmp_path: Path) -> None:
    units = {p: p.stat().st_mtime_ns for p in (world.config.cache / "units").iterdir()}
    config = dataclasses.replace(world.config, out=tmp_path / "again")
    build(config, packages=world.packages, table=TABLE)
    assert {p: p.stat().st_mtime_ns for p in (world.config.cache / "units").iterdir()} == units
    for path in world.config.out.iterdir():
        assert (config.out / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("stage", ["fetch", "draw", "draw large", "write"])
def test_goes_on_after_being_stopped(world: World, tmp_path: Path, stage: str) -> None:
    config = BuildConfig(out=tmp_path / "out", cache=tmp_path / "cache", workers=1)

    def stop(now: str, done: int, total: int) -> None:
        if now == stage and done >= total // 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        build(config, packages=world.packages, table=TABLE, progress=stop)
    with pytest.raises(InputError, match="not a built data set"):
        PictureStore(config.out)
    build(config, packages=world.packages, table=TABLE)
    for path in world.config.out.iterdir():
        assert (config.out / path.name).read_bytes() == path.read_bytes(), path.name
    assert {p.name for p in config.out.iterdir()} == {p.name for p in world.config.out.iterdir()}


def test_rebuild_removes_shards_that_are_no_longer_written(world: World, tmp_path: Path) -> None:
    config = BuildConfig(out=tmp_path / "out", cache=world.config.cache, workers=1, sources=("round",))
    config.out.mkdir()
    (config.out / "pictures-00077.tar").write_bytes(b"of an earlier build")
    build(config, packages=world.packages, table=TABLE)
    assert not (config.out / "pictures-00077.tar").exists()
    assert {r.source for r in PictureStore(config.out).records} == {"round"}


def test_limit_takes_about_so_many(world: World, tmp_path: Path) -> None:
    config = dataclasses.replace(world.config, out=tmp_path / "few", limit=6, sources=("round", "openclipart"))
    facts = build(config, packages=world.packages, table=TABLE)
    assert facts["read"] == 6


def test_without_large_pictures(world: World, tmp_path: Path) -> None:
    config = dataclasses.replace(world.config, out=tmp_path / "small", large=False)
    assert build(config, packages=world.packages, table=TABLE)["large"] == 0
    assert not list(config.out.glob("large-*"))


def test_unknown_source_is_named(tmp_path: Path) -> None:
    config = BuildConfig(out=tmp_path / "out", cache=tmp_path, sources=("round", "sqare"))
    with pytest.raises(InputError, match="no source 'sqare'; choose among openclipart, round, shiny, square"):
        build(config, table=TABLE)
    assert not (tmp_path / "out").exists()


def test_nothing_left_is_said(world: World, tmp_path: Path) -> None:
    config = BuildConfig(out=tmp_path / "out", cache=world.config.cache, limit=1, sources=("square",), workers=1)
    with pytest.raises(InputError, match="No picture is left"):
        build(config, packages=Blank(world.packages), table=TABLE)
