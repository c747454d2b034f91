"""A lane gives every good sample once an epoch, the same wherever reading begins, and marks only make that quicker."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.errors import InputError
from sfumato_train.data.scale import lane as module
from sfumato_train.data.scale.lane import Lane, LanePlan
from sfumato_train.data.scale.marks import LIMIT, Mark, Marks
from sfumato_train.data.scale.places import find_shards
from sfumato_train.data.scale.settings import ShardsConfig
from sfumato_train.data.scale.tally import NAMED, Tally
from support.raw_shards import SPOILT, make_raw, write_tar

GOOD = 4 * 16


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Four shards of 20 samples, a fifth of them spoilt."""
    root = tmp_path_factory.mktemp("raw")
    return root, make_raw(root, 4, 20, spoilt=True)


def plan_of(root: Path, **changes: object) -> LanePlan:
    config = ShardsConfig(window=7, held_out=0)
    plan = LanePlan(
        shards=find_shards(root), seed=3, lane=0, lanes=1, size=16, config=config, wanted=lambda key: True
    )
    return replace(plan, **changes)  # type: ignore[arg-type]


def names(lane: Lane, first: int, count: int) -> list[str]:
    return [ready.name for ready in lane.take(first, count)]


def fresh(plan: LanePlan, path: Path | None = None) -> Lane:
    return Lane(plan, Marks(path), Tally())


def test_an_epoch_has_every_good_sample_once(raw: tuple[Path, list[str]]) -> None:
    root, good = raw
    lane = fresh(plan_of(root))
    for epoch in range(3):
        assert sorted(names(lane, epoch * GOOD, GOOD)) == sorted(good)


def test_epochs_are_numbered_and_shuffled_anew(raw: tuple[Path, list[str]]) -> None:
    root, good = raw
    ready = fresh(plan_of(root)).take(0, 2 * GOOD)
    assert [one.epoch for one in ready] == [0] * GOOD + [1] * GOOD
    orders = [[one.name for one in ready[:GOOD]], [one.name for one in ready[GOOD:]], good]
    assert len({tuple(order) for order in orders}) == 3


def test_samples_are_ready_to_learn_from(raw: tuple[Path, list[str]]) -> None:
    for ready in fresh(plan_of(raw[0])).take(0, 5):
        assert ready.picture.shape == (16, 16, 4)
        assert ready.caption.startswith("thing ")


def test_what_is_left_out_is_counted_and_named(raw: tuple[Path, list[str]]) -> None:
    tally = Tally()
    Lane(plan_of(raw[0]), Marks(), tally).take(0, GOOD + 1)
    assert tally.counts == dict.fromkeys(SPOILT, 4)
    assert all(len(some) == 4 for some in tally.names.values())
    spoilt = {name[-4:] for some in tally.names.values() for name in some}
    assert spoilt == {"0000", "0005", "0010", "0015"}


@settings(max_examples=8)
@given(jumps=st.lists(st.tuples(st.integers(0, 3 * GOOD), st.integers(0, 20)), min_size=1, max_size=4))
def test_any_place_may_be_asked_for(raw: tuple[Path, list[str]], jumps: list[tuple[int, int]]) -> None:
    whole = names(fresh(plan_of(raw[0])), 0, 4 * GOOD)
    lane = fresh(plan_of(raw[0]))
    for first, count in jumps:
        assert names(lane, first, count) == whole[first : first + count]


def test_lanes_share_an_epoch_without_loss_or_repeat(raw: tuple[Path, list[str]]) -> None:
    root, good = raw
    lanes = [fresh(plan_of(root, lane=n, lanes=4)) for n in range(4)]
    assert sorted(name for lane in lanes for name in names(lane, 0, 16)) == sorted(good)
    assert sorted(name for lane in lanes for name in names(lane, 16, 16)) == sorted(good)


def test_another_seed_is_another_order(raw: tuple[Path, list[str]]) -> None:
    assert names(fresh(plan_of(raw[0])), 0, 20) != names(fresh(plan_of(raw[0], seed=4)), 0, 20)


def test_resampled_epochs_repeat_and_leave_out(raw: tuple[Path, list[str]]) -> None:
    config = ShardsConfig(window=7, held_out=0, resample=True)
    seen = Counter(names(fresh(plan_of(raw[0], config=config)), 0, 8 * GOOD))
    assert len(set(seen.values())) > 1


def test_only_the_wanted_split_is_given(raw: tuple[Path, list[str]]) -> None:
    def odd(key: str) -> bool:
        return int(key) % 2 == 1

    root, good = raw
    wanted = [name for name in good if odd(name.split("/")[1])]
    assert sorted(names(fresh(plan_of(root, wanted=odd)), 0, len(wanted))) == sorted(wanted)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the samples that were decoded."""
    found: list[str] = []
    parse: Callable[..., object] = module.parse

    def noted(raw: object) -> object:
        found.append(raw.name)  # type: ignore[attr-defined]
        return parse(raw)

    monkeypatch.setattr(module, "parse", noted)
    return found


def test_marks_save_reading_and_change_nothing(raw: tuple[Path, list[str]], tmp_path: Path, reads: list[str]) -> None:
    path = tmp_path / "cache" / "lane.jsonl"
    whole = names(fresh(plan_of(raw[0]), path), 0, 3 * GOOD)
    reads.clear()
    assert names(fresh(plan_of(raw[0]), path), 100, 10) == whole[100:110]
    assert len(reads) < 7 + 14, "a window is read again, and no more"
    reads.clear()
    assert names(fresh(plan_of(raw[0])), 100, 10) == whole[100:110]
    assert len(reads) > 100


def test_a_torn_or_foreign_line_among_the_marks_is_no_harm(raw: tuple[Path, list[str]], tmp_path: Path) -> None:
    path = tmp_path / "lane.jsonl"
    whole = names(fresh(plan_of(raw[0]), path), 0, 2 * GOOD)
    text = path.read_text()
    path.write_text('{"mark": 3}\n' + text + "nonsense\n" + text[: len(text) // 2])
    assert names(fresh(plan_of(raw[0]), path), 50, 30) == whole[50:80]


def test_marks_name_what_was_skipped(raw: tuple[Path, list[str]], tmp_path: Path) -> None:
    path = tmp_path / "lane.jsonl"
    names(fresh(plan_of(raw[0]), path), 0, GOOD + 1)
    skipped = [fault for line in path.read_text().splitlines() for fault in json.loads(line)["left_out"]]
    assert len(skipped) == 16
    assert {reason for reason, _ in skipped} == set(SPOILT)


def test_marks_stay_few_in_memory() -> None:
    marks = Marks()
    for number in range(1, 4 * LIMIT):
        marks.add(Mark(good=10 * number, window=number), [])
    assert len(marks._marks) <= LIMIT
    for good in (0, 9, 5000, 100_000):
        assert marks.before(good).good <= good
    assert marks.before(10 * 4 * LIMIT).good == 10 * (4 * LIMIT - 1)


def test_a_broken_shard_gives_what_it_can(tmp_path: Path) -> None:
    good = make_raw(tmp_path, 3, 10)
    shard = tmp_path / "00001.tar"
    shard.write_bytes(shard.read_bytes()[: shard.stat().st_size // 2])
    tally = Tally()
    lane = Lane(plan_of(tmp_path), Marks(), tally)
    ready = [one.name for one in lane.take(0, 60) if one.epoch == 0]
    assert tally.counts["broken shard"] >= 1
    assert tally.names["broken shard"][0].startswith("00001.tar: ")
    assert len(ready) == len(set(ready))
    assert {name for name in good if "00001.tar" not in name} < set(ready) < set(good)


def test_a_shard_that_vanished_is_named_and_passed_over(tmp_path: Path) -> None:
    good = make_raw(tmp_path, 2, 5)
    plan, tally = plan_of(tmp_path), Tally()
    (tmp_path / "00000.tar").unlink()
    assert sorted(names(Lane(plan, Marks(), tally), 0, 5)) == good[5:]
    Lane(plan, Marks(), tally).take(0, 6)
    assert "00000.tar" in tally.names["broken shard"][0]


def test_shards_without_one_good_sample_are_one_sentence(tmp_path: Path) -> None:
    write_tar(tmp_path / "0.tar", [("a", {"jpg": b"x", "txt": b"words"}), ("b", {"txt": b"words"})])
    lane = fresh(plan_of(tmp_path))
    for _ in range(2):  # asked again, it says so again
        with pytest.raises(InputError, match=r"No sample in these shards can be used: \d+ (no picture|unreadable)"):
            lane.take(0, 1)


def test_a_lane_that_meets_no_good_shard_for_long_goes_on(tmp_path: Path) -> None:
    """Of twelve shards one is good; each of twelve lanes reads one an epoch, and waits until it gets that one."""
    for number in range(11):
        write_tar(tmp_path / f"{number:05d}.tar", [("bad", {"txt": b"words"})])
    make_raw(tmp_path / "good", 1, 1)
    lane = fresh(plan_of(tmp_path, lane=2, lanes=12))
    epochs = [ready.epoch for ready in lane.take(0, 5)]
    assert max(epochs) > 12
    assert len(set(epochs)) == 5


def test_tallies_name_the_first_few() -> None:
    tally = Tally()
    for number in range(NAMED + 3):
        tally.add("bad", f"n{number}")
    tally.merge({"worse": 2}, {"worse": ["a", "b"]})
    assert tally.lines() == [f"{NAMED + 3} bad (n0, n1, n2, n3, n4, …)", "2 worse (a, b)"]
