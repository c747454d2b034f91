"""The text tower against the published architecture, written once more in numpy from the paper's equations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from sfumato.networks.text import TextConfig, TextEncoder, masked_mean, minilm_state
from sfumato_train.context import load_minilm, minilm_folder
from support.networks import TEXT, filled

Weights = dict[str, np.ndarray[Any, Any]]


def dense(x: Any, weights: Weights, name: str) -> Any:
    return x @ weights[name + ".weight"].T + weights[name + ".bias"]


def norm(x: Any, weights: Weights, name: str) -> Any:
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-12) * weights[name + ".weight"] + weights[name + ".bias"]


def gelu(x: Any) -> Any:
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def attention(x: Any, weights: Weights, layer: str, heads: int) -> Any:
    L, D = x.shape
    q, k, v = (
        dense(x, weights, f"{layer}attention.self.{part}").reshape(L, heads, D // heads).transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    scores = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(D // heads))
    mixed = scores / scores.sum(-1, keepdims=True) @ v
    return dense(mixed.transpose(1, 0, 2).reshape(L, D), weights, f"{layer}attention.output.dense")


def reference(ids: list[int], weights: Weights, *, depth: int, heads: int) -> Any:
    """BERT (Devlin et al. 2019; the encoder of Vaswani et al. 2017) over one unpadded sentence, in float64."""
    e = "embeddings."
    x = weights[e + "word_embeddings.weight"][ids] + weights[e + "position_embeddings.weight"][: len(ids)]
    x = norm(x + weights[e + "token_type_embeddings.weight"][0], weights, e + "LayerNorm").astype(np.float64)
    for index in range(depth):
        layer = f"encoder.layer.{index}."
        x = norm(x + attention(x, weights, layer, heads), weights, layer + "attention.output.LayerNorm")
        hidden = gelu(dense(x, weights, layer + "intermediate.dense"))
        x = norm(x + dense(hidden, weights, layer + "output.dense"), weights, layer + "output.LayerNorm")
    return x


@pytest.fixture(scope="module")
def published() -> Weights:
    return load_file(minilm_folder() / "model.safetensors")


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    made = TextEncoder(TextConfig())
    made.load_state_dict(load_minilm(TextConfig()))
    return made.eval().requires_grad_(False)


def encode(encoder: TextEncoder, sentences: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    tokenizer = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
    tokenizer.enable_padding()
    encoded = tokenizer.encode_batch(sentences)
    mask = torch.tensor([one.attention_mask for one in encoded])
    return encoder(torch.tensor([one.ids for one in encoded]), mask), mask


def test_the_features_are_those_of_the_published_model(encoder: TextEncoder, published: Weights) -> None:
    ids = [101, 1037, 2417, 4419, 5559, 1037, 5675, 102]
    expected = reference(ids, published, depth=6, heads=12)
    made = encoder(torch.tensor([ids]), torch.ones(1, len(ids)))[0].numpy()
    np.testing.assert_allclose(made, expected, atol=2e-4)


def test_a_cat_is_nearer_to_a_kitten_than_to_a_lorry(encoder: TextEncoder) -> None:
    feats, mask = encode(encoder, ["a cat", "a small kitten", "a lorry on the road"])
    z = torch.nn.functional.normalize(masked_mean(feats, mask), dim=-1)
    assert z[0] @ z[1] > z[0] @ z[2] + 0.2


def test_padding_does_not_change_a_sentence(encoder: TextEncoder) -> None:
    alone, _ = encode(encoder, ["a cat"])
    beside, _ = encode(encoder, ["a cat", "a very long sentence about many different things"])
    torch.testing.assert_close(beside[0, : alone.shape[1]], alone[0], atol=1e-4, rtol=1e-4)


def test_fewer_layers_are_the_first_ones(published: Weights) -> None:
    tensors = {name: torch.from_numpy(array) for name, array in published.items()}
    two = TextEncoder(TextConfig(depth=2))
    two.load_state_dict(minilm_state(tensors, two.config))
    ids = [101, 4937, 102]
    made = two.eval()(torch.tensor([ids]), torch.ones(1, 3)).detach()[0].numpy()
    np.testing.assert_allclose(made, reference(ids, published, depth=2, heads=12), atol=2e-4)


def test_freezing_begins_at_the_words() -> None:
    encoder = TextEncoder(TEXT)
    encoder.freeze_below(1)
    trained = {name for name, parameter in encoder.named_parameters() if parameter.requires_grad}
    assert trained == {name for name, _ in encoder.named_parameters() if name.startswith("layers.1.")}
    encoder.freeze_below(2)
    assert not any(parameter.requires_grad for parameter in encoder.parameters())


def test_the_mean_is_of_real_tokens_only() -> None:
    feats = torch.arange(12.0).reshape(2, 3, 2)
    mask = torch.tensor([[1, 1, 0], [0, 0, 0]])
    assert masked_mean(feats, mask).tolist() == [[1.0, 2.0], [0.0, 0.0]]


def test_every_real_token_can_be_seen_by_every_other() -> None:
    encoder = filled(TextEncoder(TEXT))
    ids, mask = torch.tensor([[3, 4, 5, 6]]), torch.ones(1, 4)
    changed = torch.tensor([[3, 4, 5, 7]])
    difference = (encoder(ids, mask) - encoder(changed, mask)).abs().amax(dim=-1)
    assert difference.min() > 1e-4
