"""Networks of a few thousand random weights with the names and shapes of a real bundle, without PyTorch.

Every output depends on every input (the picture on the caption, the noise, the mask ...), so that a pipeline
that forgets to pass one on draws another picture.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import openvino as ov

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from openvino import opset13 as ops

B = -1
Node = Any
Graph = Callable[["Builder", "TinyShape"], ov.Model]


@dataclass(frozen=True, kw_only=True)
class TinyShape:
    """L tokens, D text width, E embedding, vocabulary V, space C×S×S."""

    L: int = 16
    D: int = 8
    E: int = 12
    V: int = 64
    C: int = 6
    S: int = 8
    numbers: int = 5
    buckets: int = 7

    @property
    def places(self) -> int:
        """Words, z_txt, and all the numbers but the last."""
        return self.L + self.numbers


class Builder:
    """Makes named inputs and random weights for one graph."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.inputs: list[Node] = []

    def input(self, name: str, *shape: int, dtype: type = np.float32) -> Node:
        node = ops.parameter(list(shape), dtype, name=name)
        node.output(0).set_names({name})
        self.inputs.append(node)
        return node

    def weight(self, *shape: int) -> Node:
        spread = 1.0 / np.sqrt(shape[0])
        return ops.constant((self.rng.standard_normal(shape) * spread).astype(np.float32))

    def linear(self, x: Node, rows: int, columns: int) -> Node:
        return ops.matmul(x, self.weight(rows, columns), False, False)

    def conv(self, x: Node, channels_in: int, channels: int) -> Node:
        kernel = self.weight(channels_in, channels, 1, 1)
        return ops.convolution(x, ops.transpose(kernel, ints(1, 0, 2, 3)), [1, 1], [0, 0], [0, 0], [1, 1])

    def model(self, **outputs: Node) -> ov.Model:
        results = []
        for name, node in outputs.items():
            result = ops.result(node)
            result.input(0).get_source_output().set_names({name})
            results.append(result)
        return ov.Model(results, self.inputs)


def ints(*values: int) -> Node:
    return ops.constant(np.array(values, np.int64))


def number(value: float) -> Node:
    return ops.constant(np.float32(value))


def as_float(x: Node) -> Node:
    return ops.convert(x, "f32")


def column(x: Node, trailing: int = 1) -> Node:
    """[B] → [B, 1, …]."""
    return ops.unsqueeze(x, ints(*range(1, trailing + 1)))


def normalized(x: Node) -> Node:
    return ops.normalize_l2(x, ints(1), 1e-12, "add")


def pooled(x: Node, factor: int) -> Node:
    sizes = [factor, factor]
    return ops.avg_pool(x, sizes, [0, 0], [0, 0], sizes, False)


def enlarged(x: Node, factor: int) -> Node:
    scales = ops.constant(np.array([factor, factor], np.float32))
    return ops.interpolate(x, scales, "nearest", "scales", axes=ints(2, 3))


def kept_features(feats: Node, mask: Node, keep: Node) -> Node:
    """[B, L, D] features of the real tokens, zero when the caption is dropped."""
    kept = ops.multiply(as_float(mask), column(keep))
    return ops.multiply(feats, ops.unsqueeze(kept, ints(2)))


def text(b: Builder, s: TinyShape) -> ov.Model:
    tokens = b.input("txt_tokens", B, s.L, dtype=np.int64)
    mask = b.input("txt_mask", B, s.L, dtype=np.int64)
    words = ops.gather(b.weight(s.V, s.D), tokens, ops.constant(np.int64(0)))
    feats = ops.multiply(words, ops.unsqueeze(as_float(mask), ints(2)))
    mean = ops.reduce_mean(feats, ints(1))
    return b.model(z_txt=normalized(b.linear(mean, s.D, s.E)), txt_feats=feats)


def image(b: Builder, s: TinyShape) -> ov.Model:
    flat = ops.reshape(pooled(b.input("picture", B, 4, 64, 64), 16), ints(0, 64), True)
    return b.model(z_img=normalized(b.linear(flat, 64, s.E)))


def prior_prefix(b: Builder, s: TinyShape) -> ov.Model:
    feats, mask = b.input("txt_feats", B, s.L, s.D), b.input("txt_mask", B, s.L, dtype=np.int64)
    z_txt, keep = b.input("z_txt", B, s.E), b.input("keep_txt", B)
    z = ops.multiply(b.linear(z_txt, s.E, s.D), column(keep))
    tokens = ops.concat([kept_features(feats, mask, keep), ops.unsqueeze(z, ints(1))], 1)
    cache = ops.unsqueeze(tokens, ints(0, 1, 3))  # depth 1, then keys and values, one head
    seen = ops.concat([ops.multiply(as_float(mask), column(keep)), column(keep)], 1)
    return b.model(prefix=ops.concat([cache, cache], 1), prefix_mask=seen)


def prior_step(b: Builder, s: TinyShape) -> ov.Model:
    z_t, t = b.input("z_t", B, s.E), b.input("t", B)
    prefix = b.input("prefix", 1, 2, B, 1, s.L + 1, s.D)
    real = ops.unsqueeze(b.input("prefix_mask", B, s.L + 1), ints(0, 1, 3, 5))
    seen = ops.reduce_mean(ops.multiply(prefix, real), ints(0, 1, 3, 4))
    z = ops.add(b.linear(z_t, s.E, s.E), ops.multiply(b.linear(seen, s.D, s.E), number(4.0)))
    return b.model(z_0=ops.tanh(ops.add(z, column(t))))


def ar_prior(b: Builder, s: TinyShape) -> ov.Model:
    word, z_txt = b.input("word", B, s.D), b.input("z_txt", B, s.E)
    bucket, kind = b.input("bucket", B, dtype=np.int64), b.input("kind", B, dtype=np.int64)
    past = b.input("past", B, 1, 2, 1, s.places, s.D)
    seen = ops.unsqueeze(b.input("seen", B, s.places), ints(1, 2, 3, 5))
    zero = ops.constant(np.int64(0))
    token = ops.add(word, b.linear(z_txt, s.E, s.D))
    token = ops.add(token, ops.gather(b.weight(s.buckets, s.D), bucket, zero))
    token = ops.tanh(ops.add(token, ops.gather(b.weight(2 + s.numbers, s.D), kind, zero)))
    before = ops.reduce_mean(ops.multiply(past, seen), ints(1, 2, 3, 4))
    told = ops.add(token, ops.multiply(before, number(8.0)))
    present = ops.unsqueeze(told, ints(1, 2, 3))  # one layer, keys and values, one head
    logits = b.linear(told, s.D, s.buckets)
    return b.model(logits=logits, present=ops.concat([present, present], 2))


def decoder(b: Builder, s: TinyShape) -> ov.Model:
    x_t, t = b.input("x_t", B, s.C, s.S, s.S), b.input("t", B)
    z_img, keep_z = b.input("z_img", B, s.E), b.input("keep_z", B)
    feats, mask_txt = b.input("txt_feats", B, s.L, s.D), b.input("txt_mask", B, s.L, dtype=np.int64)
    keep_txt = b.input("keep_txt", B)
    known, mask = b.input("known", B, s.C, s.S, s.S), b.input("mask", B, 1, 64, 64)
    small = pooled(mask, 64 // s.S) if s.S < 64 else mask
    told = b.linear(ops.reduce_mean(kept_features(feats, mask_txt, keep_txt), ints(1)), s.D, s.C)
    told = ops.add(told, b.linear(ops.multiply(z_img, column(keep_z)), s.E, s.C))
    told = ops.add(ops.multiply(told, number(4.0)), column(t))
    x = b.conv(ops.concat([x_t, known, small], 1), 2 * s.C + 1, s.C)
    return b.model(x_0=ops.tanh(ops.add(x, ops.unsqueeze(told, ints(2, 3)))))


def space_encoder(b: Builder, s: TinyShape) -> ov.Model:
    picture = pooled(b.input("picture", B, 4, 64, 64), 64 // s.S)
    return b.model(x_0=b.conv(picture, 4, s.C))


def space_decoder(b: Builder, s: TinyShape) -> ov.Model:
    x_0 = b.input("x_0", B, s.C, s.S, s.S)
    return b.model(picture=ops.tanh(b.conv(enlarged(x_0, 64 // s.S), s.C, 4)))


def upsampler(side: int) -> Graph:
    """The upsampler whose pictures come out `side` wide."""

    def graph(b: Builder, s: TinyShape) -> ov.Model:
        x_t, t = b.input("x_t", B, 4, side, side), b.input("t", B)
        low_res = b.input("low_res", B, 4, side // 4, side // 4)
        known, mask = b.input("known", B, 4, side, side), b.input("mask", B, 1, side, side)
        seen = ops.concat([x_t, known, mask], 1)
        detail = ops.multiply(ops.tanh(b.conv(seen, 9, 4)), column(ops.add(t, number(0.2)), 3))
        return b.model(x_0=ops.add(enlarged(low_res, 4), ops.multiply(detail, number(0.3))))

    return graph


GRAPHS: dict[str, Graph] = {
    "text": text,
    "image": image,
    "prior_prefix": prior_prefix,
    "prior_step": prior_step,
    "ar_prior": ar_prior,
    "decoder": decoder,
    "space_encoder": space_encoder,
    "space_decoder": space_decoder,
    "upsampler_256": upsampler(256),
    "upsampler_1024": upsampler(1024),
}


def build(name: str, shape: TinyShape, *, seed: int) -> ov.Model:
    """The graph of that name, a pure function of its arguments."""
    return GRAPHS[name](Builder(np.random.default_rng([seed, len(name)])), shape)
