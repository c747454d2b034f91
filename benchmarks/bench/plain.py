"""A training loop for the decoder as diffusers' example scripts are built, in our own words, to measure ours against.

Same network, same pictures and captions, same loss. What the examples do, done here: a map-style data set behind a
DataLoader, noise, times and drops drawn in the loop, frozen encoders run on every sample of every step, PyTorch's fused
attention, contiguous layout, AdamW with its defaults, a Python loop over the averaged weights, autocast where mixed
precision is asked for. Each habit can be exchanged for ours, which shows what it costs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from sfumato.diffusion.parameterization import add_noise
from sfumato.networks.decoder import MASK_SIZE
from sfumato.networks.space import known_part
from sfumato_train.context import pictures_to_tensor
from sfumato_train.ema import Ema
from sfumato_train.noise import mask
from sfumato_train.optim import optimiser
from sfumato_train.samples import Batch
from sfumato_train.tasks.decoder import DecoderTask

ATTENTION = ("sfumato.networks.blocks.attend", "sfumato.networks.text.attend")


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What of ours a plain loop has taken over; `bf16`: mixed precision."""

    bf16: bool = False
    drops: bool = False
    attention: bool = False
    layout: bool = False
    update: bool = False


LADDER = {
    "plain": Habits(),
    "plain, bf16": Habits(bf16=True),
    "+ nothing that is dropped is computed": Habits(drops=True),
    "+ attention written out": Habits(drops=True, attention=True),
    "+ channels last": Habits(drops=True, attention=True, layout=True),
    "+ fused AdamW and average": Habits(drops=True, attention=True, layout=True, update=True),
}


class Captioned(Dataset[tuple[Tensor, str]]):
    """Picture [4, 64, 64] and caption of sample j."""

    def __init__(self, task: DecoderTask, count: int) -> None:
        inputs: Any = task.inputs
        self.stream, self.count = inputs.stream, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, j: int) -> tuple[Tensor, str]:
        read = self.stream.batch(j, 1)
        return pictures_to_tensor(read.pictures)[0], read.captions[0]


def sdpa(q_BNLD: Tensor, k_BNMD: Tensor, v_BNMD: Tensor, mask: Tensor) -> Tensor:
    """Attention as `blocks.attend`, by PyTorch's fused function."""
    return F.scaled_dot_product_attention(q_BNLD, k_BNMD, v_BNMD, attn_mask=mask)


@contextmanager
def attention(*, written_out: bool) -> Iterator[None]:
    """Every network's attention as ours is, or fused."""
    if written_out:
        yield
        return
    with patch(ATTENTION[0], sdpa), patch(ATTENTION[1], sdpa):
        yield


class PlainLoop:
    """The loop over a decoder's task; `step` trains on the next batch and gives its loss."""

    def __init__(self, task: DecoderTask, habits: Habits, *, batch: int, steps: int) -> None:
        self.habits, self.stage = habits, task.stage
        layout = torch.channels_last if habits.layout else torch.contiguous_format
        self.task = deepcopy_but_data(task, layout)
        self.network: Any = self.task.network.train()
        optim = self.stage.train.optim
        self.optim: torch.optim.Optimizer = (
            optimiser(self.network, optim)
            if habits.update
            else torch.optim.AdamW(
                self.network.parameters(), lr=optim.learning_rate, betas=optim.betas, weight_decay=optim.weight_decay
            )
        )
        self.ema = Ema(self.network, self.stage.train.ema)
        self.rng = np.random.default_rng(self.stage.train.seed)
        data = Captioned(task, batch * steps)
        self.batches = iter(DataLoader(data, batch_size=batch, shuffle=True, collate_fn=self._collate))

    def step(self) -> float:
        """One full step, data included."""
        batch = self._noised(next(self.batches))
        with (
            attention(written_out=self.habits.attention),
            torch.autocast("cpu", torch.bfloat16, enabled=self.habits.bf16),
        ):
            loss = self.task.loss(self.network, batch)["loss"] if self.habits.drops else self.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self.stage.train.optim.clip)
        self.optim.step()
        self.optim.zero_grad()
        self._average()
        return loss.item()

    def loss(self, batch: Batch) -> Tensor:
        """The task's loss with every condition computed for every sample, and dropped by the network alone."""
        task, picture, t = self.task, batch["picture"], batch["t"]
        with torch.no_grad():
            _, feats = task.clip.text(batch["txt_tokens"], batch["txt_mask"])
            z_img = task.clip.image(picture)
            x_0 = task.space.encode(picture).float()
            known = known_part(task.space, picture, batch["mask"]).float()
        x_t = add_noise(x_0, batch["eps"], schedule=task.schedule, t=t)
        words = (feats.float(), batch["txt_mask"], batch["keep_txt"])
        made = self.network(x_t, t, z_img.float(), batch["keep_z"], *words, known, batch["mask"]).float()
        weight = (1 + (1 - t) / t.clamp(min=self.stage.velocity_floor)) ** 2  # v's for the flow: 1/t² above the floor
        return ((made - x_0).square().mean(dim=(1, 2, 3)) * weight).mean()

    def _collate(self, items: list[tuple[Tensor, str]]) -> Batch:
        tokens, txt_mask = self.task.context.tokens([caption for _, caption in items])
        return {"picture": torch.stack([one for one, _ in items]), "txt_tokens": tokens, "txt_mask": txt_mask}

    def _noised(self, batch: Batch) -> Batch:
        B, config, times = len(batch["picture"]), self.stage.network, self.stage.times
        masks = [mask(self.rng, MASK_SIZE, self.stage.masked) for _ in range(B)]
        layout = torch.channels_last if self.habits.layout else torch.contiguous_format
        return {
            "picture": batch["picture"].contiguous(memory_format=layout),
            "txt_tokens": batch["txt_tokens"],
            "txt_mask": batch["txt_mask"],
            "t": torch.sigmoid(times.mean + times.spread * torch.randn(B)),
            "eps": torch.randn(B, config.channels, config.size, config.size),
            "keep_z": (torch.rand(B) >= self.stage.drop_z).float(),
            "keep_txt": (torch.rand(B) >= self.stage.drop_txt).float(),
            "mask": torch.from_numpy(np.stack(masks)),
        }

    @torch.no_grad()
    def _average(self) -> None:
        if self.habits.update:
            self.ema.update(self.network)
            return
        weight = 1 - self.ema.decay
        for name, parameter in self.network.named_parameters():
            average = self.ema.state[name]
            average.sub_(weight * (average - parameter))


def deepcopy_but_data(task: DecoderTask, layout: torch.memory_format) -> Any:
    """A task with networks of its own, in this layout, over the same data."""
    inputs: Any = task.inputs
    data = (task.context, inputs.stream, inputs.held_out_stream)
    copied = deepcopy(task, {id(part): part for part in data})
    for network in (copied.network, copied.clip, copied.space.autoencoder):  # type: ignore[attr-defined]
        network.to(memory_format=layout)
    return copied
