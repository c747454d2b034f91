"""Captions as tokens: what is asked for, what a start from CLIP's meanings is worth, and that it learns."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from sfumato.networks.language import END, NO_WORD, START, UNKNOWN
from sfumato_train.context import Context
from sfumato_train.tasks import task_of
from sfumato_train.tasks.language import IGNORED, LanguageTask, greedy
from support.stages import STAGES


@pytest.fixture
def task(context: Context) -> LanguageTask:
    made = task_of(STAGES["language"], context)
    assert isinstance(made, LanguageTask)
    return made


def word(task: LanguageTask, text: str) -> int:
    number: int = task.numbers[task.context.tokenizer.token_to_id(text)].item()  # type: ignore[assignment]
    return number


def test_targets_are_the_tokens_one_place_on(task: LanguageTask) -> None:
    said = task.said(*task.context.tokens(["a red", "a"]))
    a, red = word(task, "a"), word(task, "red")
    assert said["tokens"].tolist()[0] == [START, a, red]
    assert said["targets"].tolist()[0] == [a, red, END]
    assert said["targets"].tolist()[1] == [a, END, IGNORED]


def test_unknown_words_are_read_and_never_asked_for(task: LanguageTask) -> None:
    said = task.said(*task.context.tokens(["a xylophone"]))
    pieces = said["tokens"][0, 2:]
    assert (pieces == UNKNOWN).all()
    assert said["targets"][0, 0] == word(task, "a")
    assert (said["targets"][0, 1:-1] == IGNORED).all()
    assert said["targets"][0, -1] == END


def test_equal_scores_cost_the_logarithm_of_the_vocabulary(task: LanguageTask) -> None:
    batch = task.batch(0, 4)

    def flat(_z: Any, _keep: Any, tokens: torch.Tensor) -> torch.Tensor:
        return torch.zeros(*tokens.shape, task.stage.network.vocabulary)

    values = task.loss(flat, batch)  # type: ignore[arg-type]
    assert values["loss"].item() == pytest.approx(math.log(task.stage.network.vocabulary))


def test_the_loss_is_told_apart_by_what_was_seen(task: LanguageTask) -> None:
    batch = task.batch(0, 4)
    for keep, name, other in ((1.0, "seen", "unseen"), (0.0, "unseen", "seen")):
        values = task.loss(task.network, batch | {"keep_z": torch.full((4,), keep)})
        assert values[name].item() == pytest.approx(values["loss"].item(), rel=1e-4)
        assert values[other].item() == 0


def test_padding_changes_nothing(task: LanguageTask) -> None:
    batch = task.batch(0, 4)
    wide = batch | {
        "tokens": torch.nn.functional.pad(batch["tokens"], (0, 2)),
        "targets": torch.nn.functional.pad(batch["targets"], (0, 2), value=IGNORED),
    }
    one, two = (task.loss(task.network, each)["loss"] for each in (batch, wide))
    torch.testing.assert_close(one, two)


def test_a_share_of_the_pictures_is_dropped(task: LanguageTask) -> None:
    keep = task.batch(0, 64)["keep_z"]
    assert set(keep.tolist()) == {0.0, 1.0}


def test_the_vocabulary_holds_what_captions_say(task: LanguageTask) -> None:
    batch = task.batch(0, 64)
    tokens, targets = batch["tokens"], batch["targets"]
    asked = targets != IGNORED
    assert (tokens[asked] == UNKNOWN).float().mean() < 0.05
    assert asked.any(dim=1).all()
    words = task.network.words
    assert len(set(words[words != NO_WORD].tolist())) == int((words != NO_WORD).sum())


def test_a_picture_brings_up_the_words_that_clip_finds_near_it(task: LanguageTask) -> None:
    """Before training: the order of sight's scores is nearly that of the cosines of picture and word."""
    known = task.network.words != NO_WORD
    wordpieces = task._wordpieces()
    z_txt, _ = task.inputs.clip.text(wordpieces, torch.ones_like(wordpieces))
    z_img = torch.nn.functional.normalize(task.inputs.clip.image(task.batch(0, 8)["picture"]), dim=1)
    by_sight = (task.network.sight(z_img) @ task.network.embed.weight.T)[:, known]
    by_clip = z_img @ z_txt.T
    for seen, true in zip(by_sight, by_clip, strict=True):
        assert torch.corrcoef(torch.stack([seen, true]))[0, 1] > 0.9


def test_greedy_takes_the_likeliest(task: LanguageTask) -> None:
    network = task.network.eval()
    z_img, keep = torch.nn.functional.normalize(torch.randn(2, 20), dim=1), torch.ones(2)
    with torch.no_grad():
        found = greedy(network, z_img, keep, length=3)
        again = torch.cat([torch.full((2, 1), START), found], dim=1)
        assert torch.equal(network(z_img, keep, again)[:, :-1].argmax(dim=-1), found)
