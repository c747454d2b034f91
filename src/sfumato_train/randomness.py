"""Every random state that a process has, as a tensor.

What a stage draws itself is keyed by sample numbers and has no state. The generators of PyTorch, NumPy and Python are
kept all the same: a layer or a library may draw from them (dropout does), and a resumed run must draw the same.
"""

import json
import random
from typing import Any

import numpy as np
import torch
from torch import Tensor

ROOM = 1 << 16  # bytes, the same on every rank so that states can be gathered


def seed_all(seed: int, rank: int) -> None:
    """Begin every generator of this process anew: other numbers on every rank, the same in every run of a seed."""
    own = np.random.SeedSequence([seed, rank]).generate_state(3)
    torch.manual_seed(int(own[0]))
    np.random.seed(int(own[1]))  # noqa: NPY002 - not used here, but perhaps by a library
    random.seed(int(own[2]))


def random_state() -> Tensor:
    """The states of this process as JSON, uint8 [ROOM]."""
    numpy_state: Any = np.random.get_state(legacy=False)  # noqa: NPY002
    numpy_state["state"]["key"] = numpy_state["state"]["key"].tolist()
    states = {
        "torch": torch.get_rng_state().numpy().tobytes().hex(),
        "numpy": numpy_state,
        "python": random.getstate(),
    }
    text = json.dumps(states).encode()
    assert len(text) <= ROOM, "the states fit"
    return torch.frombuffer(bytearray(text.ljust(ROOM)), dtype=torch.uint8)


def set_random_state(state: Tensor) -> None:
    """Put back what `random_state` gave."""
    states = json.loads(state.numpy().tobytes())
    torch.set_rng_state(torch.frombuffer(bytearray.fromhex(states["torch"]), dtype=torch.uint8))
    numpy_state = states["numpy"]
    numpy_state["state"]["key"] = np.array(numpy_state["state"]["key"], np.uint32)
    np.random.set_state(numpy_state)  # noqa: NPY002
    version, internal, gauss = states["python"]
    random.setstate((version, tuple(internal), gauss))
