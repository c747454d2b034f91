"""Every generator goes on where it was."""

from __future__ import annotations

import random

import numpy as np
import torch

from sfumato_train.randomness import ROOM, random_state, seed_all, set_random_state


def draws() -> list[float]:
    """From every generator, the normal ones with what they keep for the next call."""
    return [
        *torch.randn(3).tolist(),
        *np.random.standard_normal(3).tolist(),  # noqa: NPY002
        *np.random.random(2).tolist(),  # noqa: NPY002
        random.gauss(0, 1),
        random.random(),
    ]


def test_a_state_put_back_draws_the_same_again() -> None:
    draws()
    state = random_state()
    wanted = draws()
    draws()
    set_random_state(state)
    assert draws() == wanted


def test_taking_the_state_draws_nothing() -> None:
    seed_all(1, 0)
    wanted = draws()
    seed_all(1, 0)
    random_state()
    assert draws() == wanted


def test_states_have_one_size_whatever_was_drawn() -> None:
    shapes = set()
    for seed in range(4):
        seed_all(seed, 0)
        draws()
        shapes.add((random_state().shape, random_state().dtype))
    assert shapes == {((ROOM,), torch.uint8)}


def test_ranks_and_seeds_draw_different_numbers() -> None:
    found = []
    for seed, rank in ((1, 0), (1, 1), (2, 0)):
        seed_all(seed, rank)
        found.append(draws())
    assert all(len({one[place] for one in found}) == 3 for place in range(len(found[0])))
