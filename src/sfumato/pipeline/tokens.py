"""The next token, from the scores of all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

COLD = 1e-3
"""Below this temperature nothing but the likeliest is drawn."""


def log_probabilities(scores_V: Floats, allowed_V: NDArray[np.bool_]) -> Floats:
    """log softmax over what is allowed, -inf elsewhere; something must be."""
    kept = np.where(allowed_V, scores_V, -np.inf).astype(np.float32)
    shifted = kept - kept.max()
    result: Floats = shifted - np.log(np.exp(shifted).sum())
    return result


def nucleus(log_p_V: Floats, u: float, *, temperature: float, top_p: float) -> int:
    """A token drawn by u in [0, 1) from the likeliest that together have a share of top_p (Holtzman et al. 2020).

    The temperature flattens (above 1) or sharpens (below) before that; 0 takes the likeliest.
    """
    if temperature < COLD:
        return int(np.argmax(log_p_V))
    order = np.argsort(-log_p_V, kind="stable")
    p = np.exp((log_p_V[order] - log_p_V[order[0]]).astype(np.float64) / temperature)
    total = np.cumsum(p) / p.sum()
    count = int(np.searchsorted(total, top_p)) + 1
    kept = total[:count]
    return int(order[min(count - 1, int(np.searchsorted(kept, u * kept[-1], side="right")))])
