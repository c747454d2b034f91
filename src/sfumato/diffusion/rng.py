"""Random numbers that are the same on every engine, platform and numpy: Philox, one stream per use.

A picture's noise depends on its own seed and on the stream alone, never on the batch it is drawn in. Only
Philox's raw output is numpy's, which numpy promises to keep (NEP 19); the distributions of its Generator may
change between versions, so the normal one is made here by Box and Muller's transform.
"""

from math import pi, prod

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import InputError

PRIOR = 0
DECODER = 1
UPSAMPLER_256 = 2
UPSAMPLER_1024 = 3
AR_PRIOR = 4
LANGUAGE = 5
FRAMES = 8
ETA = 16
"""ETA + stage is the stream of the noise that the stage's stochastic sampler adds."""

SEEDS = 2**63
"""Seeds are whole numbers from 0 to SEEDS - 1."""


def check_seed(seed: int) -> int:
    """`seed`, or InputError unless it is a whole number and 0 ≤ seed < 2**63."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < SEEDS:
        raise InputError(f"The seed {seed!r} must be a whole number from 0 to {SEEDS - 1}.")
    return int(seed)


def _raw(seed: int, stream: int, count: int) -> NDArray[np.uint64]:
    """The first `count` outputs of Philox4x64-10 (Salmon et al. 2011) under the key (seed, stream)."""
    key = np.array([check_seed(seed), stream], np.uint64)
    return np.random.Philox(key=key).random_raw(count)


def uniform(seed: int, shape: tuple[int, ...], *, stream: int) -> NDArray[np.float32]:
    """Uniform float32 in [0, 1), multiples of 2^-24."""
    bits = _raw(seed, stream, prod(shape)) >> np.uint64(40)
    return (bits.astype(np.float32) * np.float32(2.0**-24)).reshape(shape)


def normal(seed: int, shape: tuple[int, ...], *, stream: int) -> NDArray[np.float32]:
    """Standard normal float32.

    Box & Muller 1958: √(-2 ln u)·(cos 2πw, sin 2πw), u in (0, 1] from the upper half and w in [0, 1) from
    the lower half of each output. |z| ≤ 6.67. A longer array does not begin with a shorter one.
    """
    count = prod(shape)
    half = -(-count // 2)
    raw = _raw(seed, stream, half)
    u = ((raw >> np.uint64(32)).astype(np.float64) + 1.0) * 2.0**-32
    angle = (raw & np.uint64(0xFFFFFFFF)).astype(np.float32) * np.float32(2.0 * pi * 2.0**-32)
    radius = np.sqrt(-2.0 * np.log(u)).astype(np.float32)
    z = np.empty(2 * half, np.float32)
    np.multiply(radius, np.cos(angle), out=z[:half])
    np.multiply(radius, np.sin(angle), out=z[half:])
    return z[:count].reshape(shape)


def eta_noise(seed: int, shape: tuple[int, ...], *, stage: int, index: int) -> NDArray[np.float32]:
    """What step `index` of a stochastic sampler adds in `stage`: a stream of its own for every step."""
    return normal(seed, shape, stream=ETA + stage + (index + 1) * 2**16)


def frame_seed(seed: int, index: int) -> int:
    """The seed of frame `index` of a picture that is painted in several: the picture's own for the first.

    The others are 63 bits of the stream FRAMES of the picture's seed, so that the frames of seeds that follow each
    other are not each other's.
    """
    return seed if index == 0 else int(_raw(seed, FRAMES, index)[-1] >> np.uint64(1))


def random_seed() -> int:
    """A fresh seed from the operating system, small enough (31 bits) to be typed again."""
    return int(np.random.SeedSequence().generate_state(1, np.uint32)[0] >> 1)
