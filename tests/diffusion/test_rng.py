import math
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.diffusion import rng
from sfumato.errors import InputError

STREAMS = (rng.PRIOR, rng.DECODER, rng.UPSAMPLER_256, rng.UPSAMPLER_1024, rng.ETA, rng.ETA + rng.DECODER)
KNOWN_NORMAL = [0.8729017, 0.300317, -1.0567733, -0.9290018, 0.5617213]
KNOWN_UNIFORM = [0.4437468647956848, 0.8163920640945435, 0.5090261697769165]


def test_the_numbers_never_change() -> None:
    """A record of today redraws its picture with every later version: these values are fixed for good."""
    assert np.allclose(rng.normal(42, (5,), stream=rng.DECODER), KNOWN_NORMAL, atol=1e-6)
    assert rng.uniform(42, (3,), stream=rng.DECODER).tolist() == KNOWN_UNIFORM


def test_philox_is_philox() -> None:
    """Philox4x64-10 of the Random123 known answers: counter 1 under key (0, 0)."""
    assert rng._raw(0, 0, 4).tolist() == np.random.Philox(key=0).random_raw(4).tolist()
    assert rng._raw(5, 7, 4).tolist() == np.random.Philox(key=5 + (7 << 64)).random_raw(4).tolist()


def test_streams_are_told_apart() -> None:
    assert len(set(STREAMS)) == len(STREAMS)
    drawn = [rng.normal(1, (20_000,), stream=stream) for stream in STREAMS]
    for one, other in combinations(drawn, 2):
        assert abs(float(np.corrcoef(one, other)[0, 1])) < 0.03


@given(seed=st.integers(0, 2**63 - 2))
def test_neighbouring_seeds_share_nothing(seed) -> None:
    one, other = (rng.normal(s, (4000,), stream=rng.PRIOR) for s in (seed, seed + 1))
    assert abs(float(np.corrcoef(one, other)[0, 1])) < 0.09


@given(seed=st.integers(0, 2**63 - 1), shape=st.lists(st.integers(1, 5), max_size=4).map(tuple))
def test_shape_and_type(seed, shape) -> None:
    for draw in (rng.normal, rng.uniform):
        drawn = draw(seed, shape, stream=rng.DECODER)
        assert drawn.shape == shape
        assert drawn.dtype == np.float32
        assert np.array_equal(drawn, draw(seed, shape, stream=rng.DECODER))


def moments(z: np.ndarray) -> list[float]:
    z = z.astype(np.float64)
    return [float((z**k).mean()) for k in (1, 2, 3, 4)]


def test_the_normal_has_the_normals_moments() -> None:
    z = rng.normal(9, (1000, 1000), stream=rng.DECODER)
    assert moments(z) == pytest.approx([0.0, 1.0, 0.0, 3.0], abs=0.02)
    assert np.abs(z).max() < 6.7


def test_the_normal_has_the_normals_tails() -> None:
    z = np.abs(rng.normal(11, (2_000_000,), stream=rng.DECODER))
    for k in (1.0, 2.0, 3.0, 4.0):
        expected = math.erfc(k / math.sqrt(2))
        margin = 5 * math.sqrt(expected / z.size)
        assert float((z > k).mean()) == pytest.approx(expected, abs=margin)


def test_both_halves_of_the_transform_are_independent() -> None:
    cosines, sines = rng.normal(13, (2, 200_000), stream=rng.DECODER).astype(np.float64)
    assert abs(np.corrcoef(cosines, sines)[0, 1]) < 0.01
    assert abs(np.corrcoef(cosines**2, sines**2)[0, 1]) < 0.01


def test_the_uniform_is_even() -> None:
    u = rng.uniform(3, (200_000,), stream=rng.DECODER)
    assert u.min() >= 0.0
    assert u.max() < 1.0
    counts, _ = np.histogram(u, bins=20, range=(0, 1))
    assert np.abs(counts / 10_000 - 1).max() < 0.05


def test_every_stochastic_step_has_noise_of_its_own() -> None:
    drawn = [
        rng.eta_noise(7, (20_000,), stage=stage, index=index)
        for stage in (rng.PRIOR, rng.DECODER)
        for index in (0, 1, 2)
    ] + [rng.normal(7, (20_000,), stream=rng.ETA + rng.DECODER)]
    for one, other in combinations(drawn, 2):
        assert abs(float(np.corrcoef(one, other)[0, 1])) < 0.03


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, "7", None, True])
def test_what_is_no_seed_is_refused(seed) -> None:
    with pytest.raises(InputError, match="seed"):
        rng.normal(seed, (1,), stream=0)


@pytest.mark.parametrize("seed", [0, 2**63 - 1, np.int64(5)])
def test_seeds_of_the_whole_range_are_taken(seed) -> None:
    assert rng.check_seed(seed) == seed
    assert type(rng.check_seed(seed)) is int


def test_fresh_seeds_differ_and_are_seeds() -> None:
    seeds = {rng.random_seed() for _ in range(20)}
    assert len(seeds) == 20
    assert all(rng.check_seed(seed) < 2**31 for seed in seeds)


def test_the_mathematics_needs_no_torch() -> None:
    program = """
import sys, pkgutil, importlib, sfumato.diffusion as package
for module in pkgutil.iter_modules(package.__path__):
    importlib.import_module(f"{package.__name__}.{module.name}")
heavy = {"torch", "openvino", "PIL", "tokenizers"} & set(sys.modules)
assert not heavy, heavy
"""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
