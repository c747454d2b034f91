"""An image embedding as a row of whole numbers: principal components in buckets (unCLIP section 2.2).

Ramesh et al. 2022, arXiv 2204.06125. The autoregressive prior predicts these numbers one after another. The first is
the dot product z_img·z_txt, the others are the coordinates along the principal components, by falling eigenvalue.
Buckets hold equal shares of the pictures they were fitted to, so every number is equally likely before a word is read.

Shape legend: B pictures, E embedding, K components, S = 1 + K places, Q buckets.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Code:
    """mean [E], basis [K, E] orthonormal, edges [S, Q-1] rising, centres [S, Q]: the mean of each bucket's values."""

    mean: Floats
    basis: Floats
    edges: Floats
    centres: Floats

    @property
    def places(self) -> int:
        """S: how many numbers an embedding has."""
        return len(self.centres)

    @property
    def buckets(self) -> int:
        """Q."""
        return int(self.centres.shape[1])

    def encode(self, z_img: Floats, z_txt: Floats) -> Numbers:
        """Embeddings of unit norm [B, E] → [B, S], each from 0 to Q-1."""
        values = _values(z_img, z_txt, self.mean, self.basis)
        columns = zip(self.edges, values.T, strict=True)
        numbers = [np.searchsorted(edges, column, side="right") for edges, column in columns]
        return np.stack(numbers, axis=1).astype(np.int64)

    def decode(self, numbers: Numbers) -> Floats:
        """[B, S] → z_img [B, E] of unit norm. The dot product's number says nothing of the embedding itself."""
        places = np.arange(1, self.places)
        coordinates = self.centres[places, numbers[:, 1:]]
        return _unit(self.mean + coordinates @ self.basis)

    def left_out(self, z_img: Floats) -> float:
        """Mean squared error of unit embeddings that the components alone leave; below 0.01 in the paper."""
        centred = z_img - self.mean
        rest = centred - centred @ self.basis.T @ self.basis
        return float(np.mean(np.sum(rest.astype(np.float64) ** 2, axis=1)))


def fit(z_img: Floats, z_txt: Floats, *, components: int, buckets: int) -> Code:
    """The code of pictures and their captions, [B, E] each; needs B ≥ buckets and components ≤ min(B, E).

    The sign of a component is chosen so that its largest entry is positive: equal data give equal numbers.
    """
    assert buckets <= len(z_img), "an empty bucket has no centre"
    assert components <= min(z_img.shape)
    mean = z_img.mean(axis=0, dtype=np.float64)
    _, _, rows = np.linalg.svd(z_img.astype(np.float64) - mean, full_matrices=False)
    basis = rows[:components]
    largest = np.abs(basis).argmax(axis=1)
    basis = basis * np.sign(basis[np.arange(components), largest])[:, None]
    mean, basis = mean.astype(np.float32), basis.astype(np.float32)
    values = np.sort(_values(z_img, z_txt, mean, basis), axis=0)
    parts = np.array_split(values, buckets, axis=0)
    edges = [(low[-1] + high[0]) / 2 for low, high in pairwise(parts)]
    return Code(
        mean=mean,
        basis=basis,
        edges=np.stack(edges, axis=1).astype(np.float32),
        centres=np.stack([part.mean(axis=0) for part in parts], axis=1).astype(np.float32),
    )


def choose(logits: Floats, u: Floats, *, floor: float = 0.0) -> Numbers:
    """One number a row by inverting the distribution function: logits [B, Q], u [B] in [0, 1) → [B].

    floor: the share of the distribution, from below, that is never drawn; 0.5 draws from its upper half. Since the
    buckets are in order, logits that differ a little give the same bucket or one beside it.
    """
    weights = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    reached = np.cumsum(weights, axis=1)
    wanted = (floor + (1.0 - floor) * u.astype(np.float64)) * reached[:, -1]
    numbers = np.sum(reached <= wanted[:, None], axis=1)
    chosen: Numbers = np.minimum(numbers, logits.shape[1] - 1).astype(np.int64)
    return chosen


def _values(z_img: Floats, z_txt: Floats, mean: Floats, basis: Floats) -> Floats:
    """The dot products, then the coordinates: [B, S]."""
    dots = np.sum(z_img * z_txt, axis=1, keepdims=True)
    return np.concatenate([dots, (z_img - mean) @ basis.T], axis=1)


def _unit(z: Floats) -> Floats:
    length = np.linalg.norm(z, axis=1, keepdims=True)
    scaled: Floats = (z / np.maximum(length, np.float32(1e-12))).astype(np.float32)
    return scaled
