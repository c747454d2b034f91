"""Trials: arms that differ in one thing and take turns, guides, what is remembered, and the table that comes of it."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import trials
from bench import trial_arms
from bench.remembering import Remembering, RememberingClip
from bench.training import Step
from bench.trial_arms import Arm, Shared, held, runner, train, unaligned
from bench.trial_drawing import PART, Conditions, Guide, draw
from bench.trial_judging import HeldOut, certainty, things
from bench.trial_report import best, trial_markdown
from torch import Tensor, nn

from sfumato.errors import InputError
from sfumato.networks.decoder import Decoder
from sfumato.networks.weights import put_weights
from sfumato_train.conditions import Words
from sfumato_train.config import DecoderStage
from sfumato_train.evals.composition.rules import Found
from sfumato_train.features.make import precompute, wanted
from sfumato_train.tasks.decoder import DecoderTask
from support.networks import tiny_networks, write_checkpoints
from support.stages import STAGES, aligned
from support.tiny_data import make_tiny_data

STAGE = STAGES["decoder"]
assert isinstance(STAGE, DecoderStage)
ALIGNED = aligned(STAGE)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    networks = tiny_networks()
    folder = tmp_path_factory.mktemp("trials")
    first = {name: networks[name] for name in ("clip", "autoencoder", "decoder")}
    return Shared(data=make_tiny_data(folder / "data"), runs=write_checkpoints(folder / "runs", first))


@pytest.fixture(scope="module")
def task(context: Shared) -> DecoderTask:
    return DecoderTask(STAGE, context)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(trials, "recipe", lambda _name: SimpleNamespace(stages={"decoder": ALIGNED}))
    return None


@pytest.mark.parametrize("name", trials.TRAINED)
def test_the_first_arm_is_the_recipe_and_the_others_differ_from_it(name: str) -> None:
    first, *others = trials.arms(name, ALIGNED)
    assert first.stage.loss == "v"
    assert first.stage.times == STAGE.times
    assert first.stage.train.optim == STAGE.train.optim
    assert first.stage.alignment == 0.5
    assert bool(others) != (name == "emas")
    assert all(one.stage != first.stage for one in others)
    assert len({one.name for one in (first, *others)}) == len(others) + 1


def test_the_arm_without_alignment_carries_no_perceptron() -> None:
    first, other = trials.arms("alignment", ALIGNED)
    assert (first.name, other.name) == ("aligned 0.5", "plain")
    assert other.stage == unaligned(ALIGNED) == STAGE
    with pytest.raises(InputError, match="the recipe's decoder has none; name another --recipe"):
        trials.arms("alignment", STAGE)


def test_arms_have_the_same_time_and_the_same_samples(context: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose steps cost three times as much takes a third as many."""
    taken: list[tuple[int, Tensor]] = []

    def pretended(trainer: Any, batch: dict[str, Tensor]) -> tuple[Step, float]:
        cost = 3.0 if trainer.stage.alignment else 1.0
        taken.append((int(cost), batch["eps"]))
        return Step(compute=cost, update=0.0, cpu=cost), 1.0

    monkeypatch.setattr(trial_arms, "step", pretended)
    arms = [Arm(name="plain", stage=STAGE), Arm(name="aligned", stage=ALIGNED)]
    plain, other = train(arms, context, seconds=6, start=None, tell=lambda _line: None)
    assert (len(plain.losses), len(other.losses)) == (6, 2)
    assert plain.samples == 6 * STAGE.train.batch
    first, second = ([eps for cost, eps in taken if cost == wanted] for wanted in (1, 3))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=False))


def test_training_stops_with_the_clock_on_the_wall(context: Shared) -> None:
    (one,) = train([Arm(name="a", stage=STAGE)], context, seconds=1e9, start=None, tell=lambda _line: None, wall=0)
    assert one.losses == []


def test_an_arm_begins_with_a_checkpoint_and_gives_a_decoder_back(context: Shared, tmp_path: Path) -> None:
    start = next((context.runs / "decoder").glob("step-*"))
    one = runner(Arm(name="aligned", stage=ALIGNED), context, tmp_path, start)
    wanted = tiny_networks()["decoder"].state_dict()
    for kind in ("model", "ema"):
        plain = Decoder(STAGE.network)
        assert put_weights(plain, held(one, kind)) == []
        for name, value in plain.state_dict().items():
            torch.testing.assert_close(value, wanted[name])


def test_averages_go_on_from_a_checkpoint_at_their_own_lengths(context: Shared, tmp_path: Path) -> None:
    """In the warm-up of a new average every length is the same, and a short trial would compare equals."""
    start = next((context.runs / "decoder").glob("step-*"))
    stage = dataclasses.replace(STAGE, train=dataclasses.replace(STAGE.train, ema=0.99, emas=(0.5,)))
    one = runner(Arm(name="a", stage=stage), context, tmp_path, start)
    before = {name: value.clone() for name, value in held(one, "ema").items()}
    with torch.no_grad():
        for parameter in one.trainer.network.parameters():
            parameter.add_(1.0)
    one.trainer.state.emas.update(one.trainer.network)
    name = next(name for name, _ in one.trainer.network.named_parameters())
    torch.testing.assert_close(held(one, "ema")[name], before[name] + 0.01, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(held(one, "ema@0.5")[name], before[name] + 0.5, atol=1e-5, rtol=1e-4)


def test_what_was_asked_before_is_not_computed_again() -> None:
    asked: list[Tensor] = []

    class Double(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            asked.append(x)
            return 2 * x

    twice = Remembering(Double())
    x = torch.arange(4.0)
    assert torch.equal(twice(x), twice(x.clone()))
    assert len(asked) == 1
    assert torch.equal(twice(x + 1), 2 * (x + 1))
    assert torch.equal(twice(x.view(2, 2)), 2 * x.view(2, 2))
    assert len(asked) == 3
    assert twice.seconds > 0


class Says(nn.Module):
    """Answers `kept` with its conditions and `dropped` without, everywhere."""

    def __init__(self, kept: float, dropped: float) -> None:
        super().__init__()
        self.kept, self.dropped = kept, dropped

    def forward(self, x_t: Tensor, t: Tensor, z: Tensor, keep_z: Tensor, *rest: Tensor) -> Tensor:
        said = keep_z * self.kept + (1 - keep_z) * self.dropped
        return said[:, None, None, None].expand_as(x_t)


@pytest.mark.parametrize(
    ("guide", "expected"),
    [
        (Guide(name="", scale=1.0), 0.4),
        (Guide(name="", scale=3.0), 0.1 + 3 * 0.3),
        (Guide(name="", scale=3.0, interval=(0.9, 1.0)), 0.4),  # the last step, at t = 1/2, decides
        (Guide(name="", scale=2.0, weak=True), 0.3 + 2 * 0.1),
    ],
)
def test_guides_lead_away_from_what_they_say(task: DecoderTask, guide: Guide, expected: float) -> None:
    N = PART + 1
    config = task.stage.network
    said = Words(
        z_txt=torch.zeros(N, config.embedding),
        txt_feats=torch.zeros(N, 3, config.text_width),
        txt_mask=torch.ones(N, 3, dtype=torch.long),
    )
    wanted = Conditions(z_img=torch.zeros(N, config.embedding), said=said)
    made = draw(task, Says(0.4, 0.1), wanted, guide, weak=Says(0.3, -9.0), steps=2, seed=0)
    point = torch.full((N, config.channels, config.size, config.size), expected)
    if guide.interval == (0.0, 1.0):
        torch.testing.assert_close(made, task.space.decode(point).clamp(-1, 1), atol=1e-4, rtol=1e-4)
    assert made.shape == (N, 4, 64, 64)


def test_the_held_out_error_is_the_same_each_time_and_that_of_the_answer(task: DecoderTask) -> None:
    bench = HeldOut(task, 6)
    truth = task.space.encode(bench.batch["picture"])

    class Off(nn.Module):
        def forward(self, *told: Tensor) -> Tensor:
            return truth + 0.2

    scores = bench.scores(Off())
    assert scores == bench.scores(Off())
    assert scores["x_0_mse"] == pytest.approx(0.04, rel=1e-4)
    assert scores["loss"] == pytest.approx(np.mean([0.04 / t**2 for t in (0.125, 0.375, 0.625, 0.875)]), rel=1e-3)
    assert not torch.equal(bench.batch["picture"], task.batch(0, 6)["picture"])


def test_things_are_those_of_the_data_and_known_to_the_judge(context: Shared) -> None:
    judge: Any = trials.Judge()
    wanted = things(context, judge, count=3, seed=1)
    assert len(wanted.names) == len(set(wanted.names)) == 3
    assert [judge.things[kind].name for kind in wanted.kinds] == wanted.names
    assert set(wanted.names) <= {"apple", "cat", "owl", "star", "snail", "sunglasses", "tree"}
    assert wanted.pictures.shape == (3, 4, 64, 64)


def test_the_judge_is_as_sure_as_of_the_best_thing_of_the_kind() -> None:
    def seen(kind: int, score: float) -> Found:
        return Found(kind=kind, score=score, box=(0, 0, 1, 1), colour="red")

    found = ((seen(1, 0.2), seen(1, 0.6), seen(2, 0.9)), (), (seen(3, 0.5),))
    np.testing.assert_allclose(certainty(found, [1, 1, 2]), [0.6, 0, 0])


RESULTS: dict[str, Any] = {
    "command": "python benchmarks/trials.py loss",
    "host": {"cores": 1, "machine_cores": 2, "memory_gib": 23.5, "load": 9.0, "commit": "abc", "date": "d"},
    "seed": 0,
    "data": "0123456789abcdef",
    "setting": {"batch": 16},
    "arms": {"on v": {"loss": 0.5, "top1": 0.25, "samples": 1600.0}, "on x_0": {"loss": 0.25, "samples": 1500.0}},
}


def test_the_table_names_where_and_leaves_out_what_was_not_measured() -> None:
    text = trial_markdown("loss", RESULTS)
    assert "1 of 2 cores" in text
    assert "batch 16" in text
    assert "| on v | 0.5000 | 25.0% | 1,600 |" in text
    assert "| on x_0 | 0.2500 |  | 1,500 |" in text
    assert "kernel distance" not in text
    assert best(RESULTS, "loss", high=False) == ["on x_0", "on v"]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", ["alignment", "emas", "autoguidance"])
def test_a_whole_trial(context: Shared, tmp_path: Path, name: str) -> None:
    decoder = next((context.runs / "decoder").glob("step-*"))
    words = [name, "--data", str(context.data), "--runs", str(context.runs), "--out", str(tmp_path)]
    words += ["--minutes", "0.0001", "--batch", "2", "--count", "3", "--held-out", "2", "--steps", "1"]
    assert trials.main([*words, "--early", str(decoder), "--late", str(decoder)]) == 0
    results = json.loads((tmp_path / f"{name}.json").read_text())
    wanted = {"alignment": "aligned 0.5", "emas": "ema@0.97", "autoguidance": "earlier decoder, 2"}[name]
    assert wanted in results["arms"]
    assert all(np.isfinite(list(row.values())).all() for row in results["arms"].values())
    assert str(context.data) not in results["command"]
    assert (tmp_path / f"{name}.png").stat().st_size > 100
    assert wanted in (tmp_path / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("small")
def test_autoguidance_asks_for_a_weaker_decoder(context: Shared, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["autoguidance", "--data", str(context.data), "--runs", str(context.runs), "--count", "2"]
    assert trials.main([*words, "--held-out", "2"]) == 2
    assert "--early" in capsys.readouterr().err


@pytest.mark.usefixtures("small")
def test_arms_learn_from_features(context: Shared, tmp_path: Path) -> None:
    """The same samples, and so nearly the same loss, as arms that compute; drawings are judged as ever."""
    features = tmp_path / "features"
    stage: Any = dataclasses.replace(STAGE, precomputed=True, features=str(features))
    seen = [Arm(name="read", stage=stage), Arm(name="computed", stage=STAGE)]
    precompute(wanted(stage, context, features, samples=64, rows=64))
    read, computed = (runner(arm, context, tmp_path / "runs") for arm in seen)
    for one in (read, computed):
        one.trainer.network.train()
        trial_arms.take_step(one)
    assert read.losses == pytest.approx(computed.losses, rel=5e-3)
    assert read.seconds > 0


def test_a_tower_that_remembers_gives_embedding_and_map_of_one_pass(context: Shared) -> None:
    clip, picture = context.trained("clip"), torch.rand(2, 4, 64, 64)
    assert isinstance(clip, RememberingClip)
    z_img, features = clip.image.with_features(picture)
    assert clip.image.with_features(picture.clone())[1] is features
    torch.testing.assert_close(z_img, clip.image(picture))
    assert clip.seconds >= clip.image.with_features.seconds > 0


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", ["emas", "alignment"])
def test_a_trial_with_features_says_so(
    context: Shared, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    shutil.rmtree(context.runs / "features", ignore_errors=True)
    words = [name, "--data", str(context.data), "--runs", str(context.runs), "--out", str(tmp_path), "--precomputed"]
    words += ["--minutes", "0.0001", "--batch", "2", "--count", "3", "--held-out", "2", "--steps", "1"]
    assert trials.main(words) == 2
    assert "sfumato-train precompute" in capsys.readouterr().err
    precompute(wanted(ALIGNED, context, context.runs / "features", samples=64, rows=64))
    assert trials.main(words) == 0
    results = json.loads((tmp_path / f"{name}.json").read_text())
    assert results["setting"]["precomputed"] is True
    assert results["command"].endswith("--precomputed")
