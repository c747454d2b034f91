"""The language model: from a picture's embedding, or from nothing, to a caption."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.networks.clip import Clip
from sfumato.networks.language import END, NO_WORD, START, Language
from sfumato_train.conditions import words
from sfumato_train.config import LanguageStage
from sfumato_train.context import Context
from sfumato_train.data.stream import TrainingStream
from sfumato_train.inputs import pairs_of
from sfumato_train.noise import generators, keep
from sfumato_train.tasks.sheets import grid, to_rgb
from sfumato_train.vocabulary import numbering, vocabulary, words_of

IGNORED = -100
VOCABULARY_SEED = 1
READ_AT_ONCE = 512
WORD_SPREAD = 0.02
"""Standard deviation of a word's coordinates at the start."""
SIGHT = 10.0
"""What a cosine of 1 between picture and word adds to the word's score at the start."""


class LanguageTask:
    """Cross entropy of each caption's next token; a share of the captions is learnt without their picture."""

    def __init__(self, stage: LanguageStage, context: Context) -> None:
        self.stage, self.context = stage, context
        torch.manual_seed(stage.train.seed)
        self.network: Any = Language(stage.network)
        self.inputs = pairs_of(stage, context)
        known = vocabulary(context.tokenizer, self._texts(), size=stage.network.vocabulary, joins=stage.network.joins)
        self.network.words.copy_(known.words)
        self.network.ends.copy_(known.ends)
        self.network.joins.copy_(known.joins)
        self.numbers = numbering(self.network.words, context.tokenizer.get_vocab_size())
        begin_with_meanings(self.network, self.inputs.clip, self._wordpieces())

    def _texts(self) -> list[str]:
        """Every word of every training record, and a sample of captions for what scenes say besides."""
        store = self.context.store
        sample = TrainingStream(store, self.stage.stream, seed=VOCABULARY_SEED).batch(0, self.stage.corpus)
        return [*(words_of(store.records[int(i)]) for i in store.select()), *sample.captions]

    def _wordpieces(self) -> Tensor:
        """Each known word between the text tower's start and end, [K, 3]."""
        known = self.network.words[self.network.words != NO_WORD]
        start, end = self.network.words[START], self.network.words[END]
        return torch.stack([start.expand_as(known), known, end.expand_as(known)], dim=1)

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        rngs = generators(self.stage.train.seed, first, count)
        read = self.inputs.batch(first, count)
        said = self.said(read.pop("txt_tokens"), read.pop("txt_mask"))
        return read | said | {"keep_z": keep(rngs, self.stage.drop_z)}

    def said(self, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """`tokens` [B, L] from the start on, and `targets` [B, L], what follows each; IGNORED where nothing does.

        ids, mask [B, L]: captions as the text tower takes them.
        """
        numbers = self.numbers[ids]
        # A word outside the vocabulary is read as unknown and never asked for.
        targets = numbers.masked_fill((mask == 0) | (numbers < START), IGNORED)
        return {"tokens": numbers[:, :-1], "targets": targets[:, 1:]}

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        z_img = self.inputs.z_img(batch, batch["keep_z"])
        scores = network(z_img, batch["keep_z"], batch["tokens"]).float()
        each = F.cross_entropy(scores.flatten(0, 1), batch["targets"].flatten(), reduction="none")
        each = each.reshape(batch["targets"].shape)
        real = batch["targets"] != IGNORED
        seen = real & (batch["keep_z"] > 0.5)[:, None]
        return {
            "loss": each.sum() / real.sum(),
            "seen": (each.detach() * seen).sum() / seen.sum().clamp(min=1),
            "unseen": (each.detach() * (real & ~seen)).sum() / (real & ~seen).sum().clamp(min=1),
        }

    def sheet(self, network: nn.Module) -> NDArray[np.uint8]:
        """24 held-out pictures over the likeliest words for them."""
        pictures, z_img = self.inputs.pictures(24), self.inputs.z_img(self.inputs.held_out(24))
        found = greedy(network, z_img, torch.ones(len(z_img)), length=12)
        texts = [self.context.tokenizer.decode(self._ids(row)) for row in found]
        tiles = [_tile(picture, text) for picture, text in zip(to_rgb(pictures), texts, strict=True)]
        return grid(np.stack(tiles), 4)

    def _ids(self, numbers: Tensor) -> list[int]:
        """The tokenizer's numbers of what stands before the end."""
        said = numbers.tolist()
        known: list[int] = self.network.words[said[: said.index(END)] if END in said else said].tolist()
        return [word for word in known if word != NO_WORD]


def greedy(network: nn.Module, z_img: Tensor, keep_z: Tensor, *, length: int) -> Tensor:
    """The likeliest next token again and again: [B, length], without the start."""
    tokens = torch.full((len(z_img), 1), START)
    for _ in range(length):
        following = network(z_img, keep_z, tokens)[:, -1].argmax(dim=-1, keepdim=True)
        tokens = torch.cat([tokens, following], dim=1)
    return tokens[:, 1:]


def begin_with_meanings(network: Language, clip: Clip, wordpieces: Tensor) -> None:
    """Words start at the main directions of their embeddings by CLIP, and so does what is seen of a picture.

    wordpieces [K, 3]: each known word alone, between the text tower's start and end. Words of like meaning are near one
    another at once, and a picture brings up the words that CLIP finds near it, before anything was learnt.
    """
    ones = torch.ones_like(wordpieces[:READ_AT_ONCE])
    parts = torch.split(wordpieces, READ_AT_ONCE)
    z_txt = torch.cat([words(clip, part, ones[: len(part)]).z_txt for part in parts])
    mean = z_txt.mean(dim=0)
    _, _, directions = torch.linalg.svd(z_txt - mean, full_matrices=False)
    project = directions[: network.config.width]
    meanings = (z_txt - mean) @ project.T
    scale, rank = WORD_SPREAD / meanings.std(), len(project)
    with torch.no_grad():
        network.embed.weight[network.words != NO_WORD, :rank] = scale * meanings
        network.sight.weight[:rank] = SIGHT * project / scale
        network.sight.bias[:rank] = -SIGHT * (project @ mean) / scale
        network.picture_in.weight[:rank] = scale * project / network.config.embedding**0.5
        network.picture_in.bias[:rank] = -scale * (project @ mean)


def _tile(rgb: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    """A picture of 64 pixels with words beneath it."""
    tile = Image.new("RGB", (220, 84), "white")
    tile.paste(Image.fromarray(rgb), (78, 0))
    ImageDraw.Draw(tile).text((2, 68), text[:38], fill="black")
    return np.asarray(tile)
