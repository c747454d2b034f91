"""The contrastive loss with several positives a row."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from sfumato_train.context import Context
from sfumato_train.tasks import task_of
from sfumato_train.tasks.clip import multi_positive_loss
from support.stages import STAGES


def test_with_one_positive_a_row_it_is_cross_entropy() -> None:
    logits = torch.randn(5, 5)
    expected = F.cross_entropy(logits, torch.arange(5))
    torch.testing.assert_close(multi_positive_loss(logits, torch.eye(5, dtype=torch.bool)), expected)


def test_equal_logits_cost_the_logarithm_of_the_columns() -> None:
    positive = torch.tensor([[1, 1, 0, 0], [0, 0, 1, 0]]).bool()
    assert multi_positive_loss(torch.zeros(2, 4), positive).item() == pytest.approx(math.log(4))


def test_positives_share_the_probability() -> None:
    """With two positives the least loss is log 2, reached when each has a half."""
    positive = torch.tensor([[1, 1, 0]]).bool()
    sure = torch.tensor([[50.0, 50.0, 0.0]])
    assert multi_positive_loss(sure, positive).item() == pytest.approx(math.log(2))
    assert multi_positive_loss(torch.tensor([[50.0, 40.0, 0.0]]), positive) > 1


def test_pictures_of_one_concept_are_positives(context: Context) -> None:
    task = task_of(STAGES["clip"], context)
    batch = task.batch(0, 4)
    same = {name: value[:1].expand(4, *value.shape[1:]) for name, value in batch.items()}
    values = task.loss(task.network, same)
    assert values["loss"].item() == pytest.approx(math.log(4), rel=1e-4)
    assert values["top1"].item() == 1


def test_the_text_tower_begins_as_minilm(context: Context) -> None:
    network = task_of(STAGES["clip"], context).network
    words = network.text.encoder.words.weight  # type: ignore[union-attr]
    cat, kitten, lorry = (words[context.tokenizer.token_to_id(word)] for word in ("cat", "kitten", "truck"))
    similarity = torch.cosine_similarity
    assert similarity(cat, kitten, dim=0) > similarity(cat, lorry, dim=0)
