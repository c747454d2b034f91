"""The autoregressive prior's task: the code it fits, what it is asked for, and how it draws."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sfumato.networks.weights import load_network
from sfumato_train.checkpoint import newest
from sfumato_train.conditions import image_embedding, words
from sfumato_train.context import Context
from sfumato_train.embedding_code import NAMES, code_of, put_code
from sfumato_train.loop import Trainer
from sfumato_train.tasks import task_of
from support.networks import AR_PRIOR
from support.stages import STAGES

S, Q = AR_PRIOR.numbers, AR_PRIOR.buckets


@pytest.fixture(scope="module")
def task(context: Context) -> Any:
    return task_of(STAGES["ar_prior"], context)


def embeddings(task: Any, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    batch = task.batch(first, count)
    z_txt = words(task.inputs.clip, batch["txt_tokens"], batch["txt_mask"]).z_txt
    return image_embedding(task.inputs.clip, batch["picture"]).numpy(), z_txt.numpy()


def test_the_code_is_that_of_the_first_samples_in_whole_batches(task: Any) -> None:
    """15 samples are asked for and batches have 4: 16, so each of the 8 buckets holds 2."""
    z_img, z_txt = embeddings(task, 0, 16)
    code = code_of(task.network)
    numbers = code.encode(z_img, z_txt)
    for column in numbers.T:
        assert np.bincount(column, minlength=Q).tolist() == [2] * Q
    np.testing.assert_allclose(code.mean, z_img.mean(axis=0), atol=1e-5)


def test_the_code_is_the_seeds(context: Context, task: Any) -> None:
    stage = STAGES["ar_prior"]
    other = dataclasses.replace(stage, train=dataclasses.replace(stage.train, seed=7))
    again, different = task_of(stage, context).network, task_of(other, context).network
    for name in NAMES:
        assert torch.equal(getattr(again, name), getattr(task.network, name))
        assert not torch.equal(getattr(different, name), getattr(task.network, name))


def test_the_loss_is_the_cross_entropy_of_the_numbers(task: Any) -> None:
    batch = task.batch(0, 4)
    numbers = torch.from_numpy(code_of(task.network).encode(*embeddings(task, 0, 4)))

    def knowing(given: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        assert torch.equal(given, numbers)
        return torch.nn.functional.one_hot(numbers, Q) * 50.0

    def knowing_nothing(given: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return torch.zeros(*given.shape, Q)

    assert task.loss(knowing, batch)["loss"].item() == pytest.approx(0.0, abs=1e-6)
    values = task.loss(knowing_nothing, batch)
    for name in ("loss", "dot", "first_half", "last_half"):
        assert values[name].item() == pytest.approx(math.log(Q), rel=1e-5)
    assert 0 < values["left_out"].item() < 1


def test_a_share_of_the_captions_is_dropped(context: Context) -> None:
    stage = dataclasses.replace(STAGES["ar_prior"], drop_txt=0.5)
    kept = task_of(stage, context).batch(0, 64)["keep_txt"]
    assert set(kept.tolist()) == {0.0, 1.0}
    assert 16 < kept.sum().item() < 48


def test_sampled_embeddings_are_the_codes_own(task: Any) -> None:
    batch = task.batch(0, 3)
    said = words(task.inputs.clip, batch["txt_tokens"], batch["txt_mask"])
    z = task.sample(task.network.eval(), said, seed=4)
    assert z.shape == (3, AR_PRIOR.embedding)
    torch.testing.assert_close(z.norm(dim=1), torch.ones(3))
    code = code_of(task.network)
    span = np.concatenate([code.mean[None], code.basis])
    shares = np.linalg.lstsq(span.T, z.numpy().T, rcond=None)[0]
    np.testing.assert_allclose(span.T @ shares, z.numpy().T, atol=1e-5)
    assert torch.equal(task.sample(task.network, said, seed=4), z)
    assert not torch.equal(task.sample(task.network, said, seed=5), z)


def test_training_keeps_the_code_and_the_checkpoint_has_it(context: Context, task: Any, tmp_path: Path) -> None:
    stage = STAGES["ar_prior"]
    before = code_of(task_of(stage, context).network)
    Trainer(task_of(stage, context), stage, tmp_path).run()
    path = newest(tmp_path)
    assert path is not None
    network: Any = load_network(path)[0]
    for name in NAMES:
        np.testing.assert_array_equal(getattr(code_of(network), name), getattr(before, name))


def test_a_code_of_other_sizes_is_refused(task: Any) -> None:
    code = code_of(task.network)
    with pytest.raises(AssertionError, match="mean"):
        put_code(task.network, dataclasses.replace(code, mean=code.mean[:-1]))
