"""The judge on disk and what it says of pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from sfumato.errors import BundleError
from sfumato.networks.detector import Detector, DetectorConfig
from sfumato_train.evals.composition.wanted import COLOURS
from sfumato_train.evals.judge import BATCH, CARD, FAINT, SHIPPED, WEIGHTS, Judge, look, read_card


@pytest.fixture(scope="module")
def judge(tiny_judge: Path) -> Judge:
    return Judge(tiny_judge)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (5, 4, 64, 64)).astype(np.float32)


def test_a_judge_sees_things_in_every_picture(judge: Judge, pictures: np.ndarray) -> None:
    looks = judge.look(pictures)
    assert len(looks.found) == 5
    assert looks.features.shape == (5, 16)
    for found in looks.found:
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
        assert all(FAINT <= one.score <= 1 and one.kind <= len(judge.things) for one in found)
        assert all(one.colour in COLOURS for one in found)


def test_being_sure_leaves_the_faint_out(judge: Judge, pictures: np.ndarray) -> None:
    looks = judge.look(pictures)
    sure = looks.sure(0.6)
    assert all(one.score >= 0.6 for found in sure for one in found)
    assert sum(map(len, sure)) < sum(map(len, looks.found))
    assert looks.sure(0.0) == list(looks.found)


def test_pictures_do_not_hang_on_their_neighbours(judge: Judge, pictures: np.ndarray) -> None:
    together, alone = judge.look(pictures), judge.look(pictures[3:4])
    assert alone.features[0] == pytest.approx(together.features[3], abs=1e-4)
    assert [one.kind for one in alone.found[0]] == [one.kind for one in together.found[3]]


def test_more_than_a_batch_is_looked_at(tiny_judge: Path) -> None:
    network = Detector(DetectorConfig(things=("cat",), colours=COLOURS, widths=(16, 16, 16), features=16)).eval()
    told: list[tuple[int, int]] = []
    found, features = look(network, np.zeros((BATCH + 3, 4, 64, 64), np.float32), tick=lambda *now: told.append(now))
    assert len(found) == len(features) == BATCH + 3
    assert told == [(BATCH, BATCH + 3), (BATCH + 3, BATCH + 3)]


def test_no_pictures_are_no_looks(judge: Judge) -> None:
    looks = judge.look(np.zeros((0, 4, 64, 64), np.float32))
    assert looks.found == ()
    assert looks.features.shape == (0, 16)


def test_features_are_scaled_as_the_card_says(tiny_judge: Path, judge: Judge, pictures: np.ndarray) -> None:
    plain = look(judge._network, pictures)[1]
    assert judge.look(pictures).features * judge._spread + judge._mean == pytest.approx(plain, abs=1e-3)
    assert torch.is_inference_mode_enabled() is False


@pytest.fixture
def copy(tiny_judge: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_judge, tmp_path / "judge"))


def test_damaged_weights_are_refused(copy: Path) -> None:
    data = bytearray((copy / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (copy / WEIGHTS).write_bytes(bytes(data))
    with pytest.raises(BundleError, match=rf"{WEIGHTS} is damaged; export the judge again"):
        Judge(copy)


def test_missing_weights_are_named(copy: Path) -> None:
    (copy / WEIGHTS).unlink()
    with pytest.raises(BundleError, match=WEIGHTS):
        Judge(copy)


@pytest.mark.parametrize(("old", "new"), [("{", "["), ('"sfumato-judge-1"', '"sfumato-judge-9"')])
def test_a_card_that_is_none_is_refused(copy: Path, old: str, new: str) -> None:
    card = (copy / CARD).read_text(encoding="utf-8")
    (copy / CARD).write_text(card.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BundleError, match=r"sfumato-train judge export|export it again"):
        read_card(copy)


def test_the_judge_that_ships_is_small_and_knows_its_error() -> None:
    card = read_card(SHIPPED)
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 6_000_000
    assert len(card.things) == len(card.network.things) == 120
    for task in ("single", "two", "counting", "colours", "position", "attribution"):
        for art in ("known", "unseen"):
            assert 0 < card.measured[f"{art}.{task}.recall"] <= 1
            assert card.measured[f"{art}.{task}.precision"] > 0.5
    assert len(Judge().name) == 12
