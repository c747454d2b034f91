"""What layers cost, in closed form: parameters, operations of a forward pass, and what it keeps for the gradient.

One multiplication and its addition count as two operations; additions, norms and activations beside the matrix
products are left out, as is usual (Kaplan et al. 2020, section 2.1). Tests compare with the networks themselves.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """`parameters`; `flops` of the forward pass of one sample; `kept`: numbers that it keeps for the backward pass."""

    parameters: int = 0
    flops: int = 0
    kept: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.parameters + other.parameters, self.flops + other.flops, self.kept + other.kept
        )

    def __mul__(self, times: int) -> Cost:
        return Cost(self.parameters * times, self.flops * times, self.kept * times)


NOTHING = Cost()


def total(*parts: Cost) -> Cost:
    """Their sum."""
    return sum(parts, NOTHING)


def bare(parameters: int) -> Cost:
    """Parameters that cost nothing else: embeddings, learned tokens."""
    return Cost(parameters=parameters)


def linear(inputs: int, outputs: int, tokens: int) -> Cost:
    """With bias, on `tokens` vectors; keeps its input."""
    return Cost(inputs * outputs + outputs, 2 * inputs * outputs * tokens, inputs * tokens)


def conv(channels_in: int, channels: int, kernel: int, places: int, *, stride: int = 1) -> Cost:
    """With bias; `places`: of its output. Keeps its input."""
    weights = kernel**2 * channels_in * channels
    return Cost(weights + channels, 2 * weights * places, channels_in * places * stride**2)


def norm(channels: int, places: int) -> Cost:
    """Group or layer norm; keeps its input."""
    return Cost(2 * channels, 0, channels * places)


def activation(channels: int, places: int) -> Cost:
    """SiLU or GELU; keeps its input."""
    return Cost(kept=channels * places)


def attention(width: int, queries: int, keys: int, heads: int) -> Cost:
    """softmax(q·kᵀ)·v alone, its weights written out: two products; keeps q, k, v and the weights."""
    return Cost(flops=4 * width * queries * keys, kept=width * (queries + 2 * keys) + heads * queries * keys)


def res_block(channels_in: int, channels: int, places: int, *, embedding: int = 0) -> Cost:
    """`networks.blocks.ResBlock`."""
    parts = [
        norm(channels_in, places),
        activation(channels_in, places),
        conv(channels_in, channels, 3, places),
        norm(channels, places),
        activation(channels, places),
        conv(channels, channels, 3, places),
    ]
    if embedding:
        parts += [linear(embedding, 2 * channels, 1), Cost(kept=channels * places)]
    if channels_in != channels:
        parts.append(conv(channels_in, channels, 1, places))
    return total(*parts)


def context_attention(channels: int, context: int, places: int, tokens: int, *, head_width: int = 32) -> Cost:
    """`networks.blocks.ContextAttention`: every place attends to all places and to `tokens` context tokens."""
    return total(
        norm(channels, places),
        linear(channels, 3 * channels, places),
        linear(context, 2 * channels, tokens),
        attention(channels, places, places + tokens, channels // head_width),
        linear(channels, channels, places),
    )


def transformer_layer(width: int, hidden: int, tokens: int, heads: int) -> Cost:
    """Attention and perceptron with two norms: `networks.text.EncoderLayer`, `networks.prior.CausalLayer`."""
    return total(
        norm(width, tokens) * 2,
        linear(width, 3 * width, tokens),
        attention(width, tokens, tokens, heads),
        linear(width, width, tokens),
        linear(width, hidden, tokens),
        activation(hidden, tokens),
        linear(hidden, width, tokens),
    )


def time_embedding(width: int, *, sinusoids: int = 128) -> Cost:
    """`networks.blocks.TimeEmbedding`."""
    return total(linear(sinusoids, width, 1), activation(width, 1), linear(width, width, 1))
