"""The autoregressive prior: from a caption to a picture's embedding, one number after another."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.diffusion.buckets import Code, choose, fit
from sfumato.networks.ar_prior import ArPrior
from sfumato_train.conditions import Words
from sfumato_train.config import ArPriorStage
from sfumato_train.context import Context
from sfumato_train.embedding_code import code_of, put_code
from sfumato_train.inputs import pairs_of
from sfumato_train.noise import generators, keep
from sfumato_train.tasks.sheets import heat_map

SHOWN = 48


class ArPriorTask:
    """Cross entropy of each number given the caption and the numbers before it (unCLIP, section 2.2).

    The code is fitted to the first `fit_samples` samples of the run, so it is a function of the seed as all else is.
    """

    def __init__(self, stage: ArPriorStage, context: Context) -> None:
        self.stage, self.context = stage, context
        self.inputs = pairs_of(stage, context)
        torch.manual_seed(stage.train.seed)
        self.network: Any = ArPrior(stage.network)
        put_code(self.network, self._fitted())

    def _fitted(self) -> Code:
        count = self.stage.train.batch
        starts = range(0, self.stage.fit_samples, count)
        parts = [self._told(self.inputs.batch(first, count)) for first in starts]
        z_img = torch.cat([z for z, _ in parts]).numpy()
        z_txt = torch.cat([said.z_txt for _, said in parts]).numpy()
        config = self.stage.network
        return fit(z_img, z_txt, components=config.components, buckets=config.buckets)

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        rngs = generators(self.stage.train.seed, first, count)
        return self.inputs.batch(first, count) | {"keep_txt": keep(rngs, self.stage.drop_txt)}

    def _told(self, batch: dict[str, Tensor]) -> tuple[Tensor, Words]:
        return self.inputs.z_img(batch), self.inputs.words(batch)

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        z_img, said = self._told(batch)
        code = code_of(self.network)
        numbers = torch.from_numpy(code.encode(z_img.numpy(), said.z_txt.numpy()))
        logits = network(numbers, said.txt_feats, said.txt_mask, said.z_txt, batch["keep_txt"]).float()
        each = F.cross_entropy(logits.transpose(1, 2), numbers, reduction="none").mean(dim=0)
        dot, first, last = each[0], each[1:].chunk(2)[0], each[1:].chunk(2)[-1]
        shown = {"dot": dot, "first_half": first.mean(), "last_half": last.mean()}
        left_out = torch.tensor(code.left_out(z_img.numpy()))
        return {"loss": each.mean(), "left_out": left_out} | {name: part.detach() for name, part in shown.items()}

    @torch.no_grad()
    def sample(self, network: nn.Module, said: Words, *, seed: int = 1) -> Tensor:
        """One embedding a caption, drawn as in the paper: [B, E] of unit norm."""
        B, S = len(said.z_txt), self.stage.network.numbers
        u = np.stack([rng.random(S, dtype=np.float32) for rng in generators(seed, 0, B)])
        numbers, ones = torch.zeros(B, S, dtype=torch.long), torch.ones(B)
        for i in range(S):
            logits = network(numbers, said.txt_feats, said.txt_mask, said.z_txt, ones)[:, i].float()
            chosen = choose(logits.numpy(), u[:, i], floor=0.5 if i == 0 else 0.0)
            numbers[:, i] = torch.from_numpy(chosen)
        return torch.from_numpy(code_of(self.network).decode(numbers.numpy()))

    def sheet(self, network: nn.Module) -> NDArray[np.uint8]:
        """Similarities of 48 sampled embeddings (rows) and true ones (columns) of held-out pairs."""
        z_img, said = self._told(self.inputs.held_out(SHOWN))
        return heat_map((self.sample(network, said) @ z_img.T).float().numpy())
