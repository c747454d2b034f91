"""The autoregressive prior: the caption becomes an image embedding, number by number (unCLIP section 2.2).

Ramesh et al. 2022, arXiv 2204.06125. A causal transformer whose prefix is the caption's tokens and z_txt, followed by
the embedding's numbers (see `sfumato.diffusion.buckets`): the dot product z_img·z_txt first, then the principal
components in buckets. What stands at z_txt predicts the dot product, each number the next one. One table of buckets
and one output matrix serve all the places, a learned vector a place tells them apart.

Two things beyond the paper make little training go far. Both tables begin as smooth functions of the bucket's normal
quantile, so that what is learnt of one bucket holds for its neighbours. And where a component is to be predicted, the
token says how far z_txt itself goes along it: CLIP has brought z_img near z_txt, so this is a first guess.

Shape legend: B batch, L words, D width, N heads, E embedding, K components, S = 1 + K numbers, Q buckets, M places.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.networks.prior import CausalLayer, causal_mask, visible

WORD, TEXT, FIRST = 0, 1, 2
"""Kinds of a token: a word of the caption, z_txt, and the first number; number i is of kind FIRST + i."""


@dataclass(frozen=True, kw_only=True)
class ArPriorConfig:
    """Sizes of the autoregressive prior; `max_words`: the most words that it is ever given."""

    embedding: int = 384
    text_width: int = 384
    components: int = 48
    buckets: int = 128
    width: int = 256
    depth: int = 4
    heads: int = 8
    max_words: int = 32

    @property
    def numbers(self) -> int:
        """How many numbers are predicted (S)."""
        return 1 + self.components

    @property
    def places(self) -> int:
        """The longest sequence (M): words, z_txt, and all the numbers but the last, which nothing follows."""
        return self.max_words + self.numbers

    @property
    def cache_shape(self) -> tuple[int, ...]:
        """Keys and values of one sequence: [depth, 2, N, M, D/N]."""
        return (self.depth, 2, self.heads, self.places, self.width // self.heads)


class ArPrior(nn.Module):
    """See the module's text.

    The code of embeddings travels with the weights, in the buffers mean [E], basis [K, E], edges [S, Q-1] and
    centres [S, Q]; the network itself never looks at them.
    """

    mean: Tensor
    basis: Tensor
    edges: Tensor
    centres: Tensor

    def __init__(self, config: ArPriorConfig) -> None:
        super().__init__()
        self.config = config
        D, E, K, S, Q = config.width, config.embedding, config.components, config.numbers, config.buckets
        self.register_buffer("mean", torch.zeros(E))
        self.register_buffer("basis", torch.zeros(K, E))
        self.register_buffer("edges", torch.zeros(S, Q - 1))
        self.register_buffer("centres", torch.zeros(S, Q))
        # Without a bias, what a token does not have is zero and adds nothing.
        self.txt_in = nn.Linear(config.text_width, D, bias=False)
        self.z_txt_in = nn.Linear(E, D, bias=False)
        self.guess_in = nn.Parameter(torch.randn(D) * 0.1)
        self.bucket_in = nn.Embedding(Q, D)
        self.kinds = nn.Parameter(torch.randn(FIRST + config.components, D) * 0.02)
        self.layers = nn.ModuleList(CausalLayer(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(D)
        self.bucket_out = nn.Linear(D, Q)
        nn.init.normal_(self.z_txt_in.weight, std=0.02)
        waves = quantile_waves(Q, D)
        self.bucket_in.weight.data.copy_(0.1 * waves)
        self.bucket_out.weight.data.copy_(0.3 * D**-0.5 * waves)

    def forward(
        self, numbers: Tensor, txt_feats: Tensor, txt_mask: Tensor, z_txt: Tensor, keep_txt: Tensor
    ) -> Tensor:
        """All places in one pass, as in training.

        numbers int64 [B, S], txt_feats [B, L, D'], txt_mask [B, L] (1 real), z_txt [B, E] of unit norm, keep_txt [B]
        (0: no caption) → logits [B, S, Q] of each number, given the caption and the numbers before it.
        """
        keep = keep_txt[:, None]
        words = self.txt_in(txt_feats) + self.kinds[WORD]
        z_txt = z_txt * keep
        text = self._text(z_txt)[:, None] + self.kinds[TEXT]
        said = self.bucket_in(numbers[:, :-1]) + self.kinds[FIRST:] + self._guesses(z_txt)[:, :, None] * self.guess_in
        x = torch.cat([words, text, said], dim=1)
        real = F.pad(keep * txt_mask.to(keep.dtype), (0, self.config.numbers), value=1.0) > 0.5
        mask = causal_mask(x.shape[1], x.device)[None, None] & visible(real)
        for layer in self.layers:
            x, _, _ = layer(x, mask)
        return self._read(x[:, txt_feats.shape[1] :])

    def step(
        self, word: Tensor, z_txt: Tensor, bucket: Tensor, kind: Tensor, past: Tensor, seen: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One token a row.

        kind int64 [B] says what it is: word [B, D'] counts at WORD, z_txt [B, E] (zeros: no caption) at TEXT and, for
        the guess, at numbers, bucket int64 [B] from FIRST on. past [B, depth, 2, N, M, D/N]: keys and values of the
        places where seen [B, M] is 1; others are not looked at. → logits [B, Q] of the number that follows, and the
        token's own keys and values [B, depth, 2, N, D/N].
        """
        x = self._token(word, z_txt, bucket, kind)[:, None]
        visible_BM = F.pad(seen, (0, 1), value=1.0) > 0.5
        present = []
        for index, layer in enumerate(self.layers):
            x, k, v = layer(x, visible_BM[:, None, None], (past[:, index, 0], past[:, index, 1]))
            present.append(torch.stack([k[:, :, 0], v[:, :, 0]], dim=1))
        return self._read(x)[:, 0], torch.stack(present, dim=1)

    def _token(self, word: Tensor, z_txt: Tensor, bucket: Tensor, kind: Tensor) -> Tensor:
        """What stands at one place a row, [B, D]."""
        is_word, is_text = (kind == WORD)[:, None], (kind == TEXT)[:, None]
        guess = self._guesses(z_txt).gather(1, (kind - FIRST).clamp(min=0)[:, None])
        number = self.bucket_in(bucket) + guess * self.guess_in
        told = torch.where(is_word, self.txt_in(word), torch.where(is_text, self._text(z_txt), number))
        token: Tensor = told + self.kinds[kind]
        return token

    def _guesses(self, z_txt: Tensor) -> Tensor:
        """How far z_txt goes along each component, in the pictures' own spread: [B, K]; zeros without a caption."""
        spread = self.centres[1:].square().mean(dim=1).sqrt().clamp(min=1e-6)
        here = z_txt.square().sum(dim=1, keepdim=True)  # 1, or 0 for the caption that was dropped
        along: Tensor = (z_txt - here * self.mean) @ self.basis.T / spread
        return along

    def _text(self, z_txt: Tensor) -> Tensor:
        out: Tensor = self.z_txt_in(z_txt * self.config.embedding**0.5)
        return out

    def _read(self, x_BLD: Tensor) -> Tensor:
        out: Tensor = self.bucket_out(self.norm(x_BLD))
        return out


def quantile_waves(buckets: int, width: int) -> Tensor:
    """[Q, D]: cosines and sines, of random frequencies, of the normal quantile of each bucket's middle."""
    quantile = torch.special.ndtri((torch.arange(buckets) + 0.5) / buckets)
    angles = quantile[:, None] * 1.5 * torch.randn(width // 2)
    return torch.cat([angles.cos(), angles.sin()], dim=1)
