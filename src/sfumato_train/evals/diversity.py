"""How much the pictures of one prompt differ from seed to seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Floats, unit


@dataclass(frozen=True, kw_only=True)
class Diversity:
    """Means over prompts. distance: cosine distance of two pictures, 0 where all are one, about 1 where they have
    nothing in common; vendi: how many different pictures there are in effect, from 1 to the number of seeds.
    """

    distance: float
    vendi: float


def diversity(features: Floats) -> Diversity:
    """[P,S,D]: S pictures of each of P prompts, S of two or more."""
    similar = np.stack([unit(one) @ unit(one).T for one in features]).astype(np.float64)
    S = similar.shape[1]
    apart = ~np.eye(S, dtype=bool)
    return Diversity(
        distance=float(1 - similar[:, apart].mean()),
        vendi=float(np.mean([vendi(one) for one in similar])),
    )


def vendi(similarity: Floats) -> float:
    """exp of the entropy of the eigenvalues of K/S (Friedman & Dieng 2023, definition 3.1); K [S,S], diagonal 1."""
    values = np.linalg.eigvalsh(similarity / len(similarity))
    values = values[values > 1e-12]
    return float(np.exp(-(values * np.log(values)).sum()))
