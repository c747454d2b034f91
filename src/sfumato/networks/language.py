"""The language model: captions word by word, of a picture or of none (GPT, Radford et al. 2018; prefix as in ClipCap).

A causal transformer over WordPiece tokens. Before the words stand a few tokens that are projected from z_img (Mokady
et al. 2021, section 3); where there is no picture, learned ones stand in their place. Words and output share one
matrix (Press & Wolf 2017), and a projection of z_img (`sight`) is added to what is compared with it: what is seen is
the likelier to be said, whatever the place in the sentence.

Shape legend: B batch, L tokens, D width, N heads, E embedding, V vocabulary, P picture tokens, M places.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sfumato.networks.prior import CausalLayer, causal_mask

UNKNOWN, START, END = 0, 1, 2
"""The first words of every vocabulary: what cannot be read, before the first word, after the last."""
NO_WORD = -1


@dataclass(frozen=True, kw_only=True)
class LanguageConfig:
    """Sizes of the language model; `max_tokens` counts the start and the words that follow it."""

    embedding: int = 384
    vocabulary: int = 7168
    width: int = 256
    depth: int = 4
    heads: int = 8
    picture_tokens: int = 4
    max_tokens: int = 32
    joins: int = 8192

    @property
    def places(self) -> int:
        """The longest sequence, picture tokens included (M)."""
        return self.picture_tokens + self.max_tokens

    @property
    def cache_shape(self) -> tuple[int, ...]:
        """Keys and values of one sequence: [depth, 2, N, M, D/N]."""
        return (self.depth, 2, self.heads, self.places, self.width // self.heads)


class Language(nn.Module):
    """See the module's text.

    Tokens are numbers within the model's own vocabulary; the buffer `words` [V] says which WordPiece each is in the
    tokenizer's numbering, NO_WORD where a small corpus left a number over, `ends` [V] which may end a word, and `joins`
    [J, 2] which were seen to follow one another within a word.
    """

    words: Tensor
    ends: Tensor
    joins: Tensor

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self.config = config
        D, P = config.width, config.picture_tokens
        self.register_buffer("words", torch.full((config.vocabulary,), NO_WORD, dtype=torch.long))
        self.register_buffer("ends", torch.zeros(config.vocabulary, dtype=torch.bool))
        self.register_buffer("joins", torch.full((config.joins, 2), NO_WORD, dtype=torch.long))
        self.embed = nn.Embedding(config.vocabulary, D)
        self.places = nn.Parameter(torch.randn(config.places, D) * 0.02)
        self.picture_in = nn.Linear(config.embedding, P * D)
        self.sight = nn.Linear(config.embedding, D)
        self.null_picture = nn.Parameter(torch.randn(P, D) * 0.02)
        self.layers = nn.ModuleList(CausalLayer(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(D)
        nn.init.normal_(self.embed.weight, std=0.02)
        nn.init.normal_(self.picture_in.weight, std=0.02)
        nn.init.normal_(self.sight.weight, std=0.02)

    def forward(self, z_img: Tensor, keep_z: Tensor, tokens_BL: Tensor) -> Tensor:
        """z_img [B, E] of unit norm, keep_z [B] (0: no picture), tokens [B, L] → scores of the next token [B, L, V]."""
        x_BLD = torch.cat([self._picture(z_img, keep_z), self.embed(tokens_BL)], dim=1)
        x_BLD = x_BLD + self.places[: x_BLD.shape[1]]
        mask = causal_mask(x_BLD.shape[1], x_BLD.device)[None, None]
        for layer in self.layers:
            x_BLD, _, _ = layer(x_BLD, mask)
        return self._read(x_BLD[:, self.config.picture_tokens :], z_img, keep_z)

    def step(
        self, z_img: Tensor, keep_z: Tensor, token_B: Tensor, place_B: Tensor, past: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One token a row, at its place (the first P places are the picture's, whatever the token).

        past [B, depth, 2, N, M, D/N]: keys and values, right at the places before `place`; others are not looked at.
        → scores of the next token [B, V], and the place's own keys and values [B, depth, 2, N, D/N].
        """
        x = self._at(self._picture(z_img, keep_z), token_B, place_B)[:, None]
        earlier = torch.arange(self.config.places, device=x.device)[None] < place_B[:, None]
        mask = torch.cat([earlier, torch.ones_like(earlier[:, :1])], dim=1)[:, None, None]
        present = []
        for index, layer in enumerate(self.layers):
            x, k, v = layer(x, mask, (past[:, index, 0], past[:, index, 1]))
            present.append(torch.stack([k[:, :, 0], v[:, :, 0]], dim=1))
        return self._read(x, z_img, keep_z)[:, 0], torch.stack(present, dim=1)

    def _picture(self, z_img: Tensor, keep_z: Tensor) -> Tensor:
        """→ the picture's tokens [B, P, D]."""
        shape = (-1, self.config.picture_tokens, self.config.width)
        seen = self.picture_in(z_img * self.config.embedding**0.5).reshape(shape)
        keep = keep_z[:, None, None]
        out: Tensor = keep * seen + (1 - keep) * self.null_picture
        return out

    def _at(self, picture_BPD: Tensor, token_B: Tensor, place_B: Tensor) -> Tensor:
        """What stands at the place: a picture token or a word, [B, D]."""
        P, D = self.config.picture_tokens, self.config.width
        index = place_B.clamp(max=P - 1)[:, None, None].expand(-1, 1, D)
        seen = picture_BPD.gather(1, index)[:, 0]
        word = self.embed(token_B)
        x_BD: Tensor = torch.where((place_B < P)[:, None], seen.to(word.dtype), word)
        return x_BD + self.places[place_B]

    def _read(self, x_BLD: Tensor, z_img: Tensor, keep_z: Tensor) -> Tensor:
        seen = (keep_z[:, None] * self.sight(z_img))[:, None]
        scores: Tensor = (self.norm(x_BLD) + seen) @ self.embed.weight.T
        return scores
