"""The code of embeddings: principal components, buckets of equal shares, and drawing from a distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.diffusion import rng
from sfumato.diffusion.buckets import Code, Floats, choose, fit

E = 12


def embeddings(count: int, *, seed: int = 0, rank: int = E) -> Floats:
    """Unit vectors of which the first coordinates vary most; `rank` of them at all, around a mean."""
    generator = np.random.default_rng(seed)
    z = generator.standard_normal((count, E)) * 0.7 ** np.arange(E) * (np.arange(E) < rank)
    z[:, -1] += 1.0
    return (z / np.linalg.norm(z, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def code() -> Code:
    return fit(embeddings(2000), embeddings(2000, seed=1), components=8, buckets=16)


def test_sizes(code: Code) -> None:
    assert (code.mean.shape, code.basis.shape) == ((E,), (8, E))
    assert (code.edges.shape, code.centres.shape) == ((9, 15), (9, 16))
    assert (code.places, code.buckets) == (9, 16)
    assert all(array.dtype == np.float32 for array in (code.mean, code.basis, code.edges, code.centres))


def test_the_basis_is_orthonormal_and_ordered_by_variance(code: Code) -> None:
    np.testing.assert_allclose(code.basis @ code.basis.T, np.eye(8), atol=1e-5)
    spread = ((embeddings(2000) - code.mean) @ code.basis.T).var(axis=0)
    assert (np.diff(spread) < 0).all()


def test_what_is_left_out_is_the_sum_of_the_other_eigenvalues(code: Code) -> None:
    """Eckart & Young 1936: no other basis of this size leaves less."""
    z = embeddings(2000)
    eigenvalues = np.sort(np.linalg.eigvalsh(np.cov(z.T, bias=True)))[::-1]
    assert code.left_out(z) == pytest.approx(eigenvalues[8:].sum(), rel=1e-3)
    wholly = fit(z, embeddings(2000, seed=1), components=E, buckets=4)
    assert wholly.left_out(z) < 1e-10


def test_buckets_hold_equal_shares(code: Code) -> None:
    numbers = code.encode(embeddings(2000), embeddings(2000, seed=1))
    assert numbers.shape == (2000, 9)
    for column in numbers.T:
        assert np.bincount(column, minlength=16).tolist() == [125] * 16


def test_numbers_rise_with_the_values(code: Code) -> None:
    z, z_txt = embeddings(300, seed=2), embeddings(300, seed=3)
    numbers = code.encode(z, z_txt)
    values = np.concatenate([np.sum(z * z_txt, axis=1, keepdims=True), (z - code.mean) @ code.basis.T], axis=1)
    for column, value in zip(numbers.T, values.T, strict=True):
        assert (np.diff(column[np.argsort(value)]) >= 0).all()


def test_edges_part_the_centres(code: Code) -> None:
    assert (np.diff(code.edges, axis=1) >= 0).all()
    assert (code.centres[:, :-1] <= code.edges).all()
    assert (code.edges <= code.centres[:, 1:]).all()


def test_more_buckets_and_components_come_nearer() -> None:
    z, z_txt = embeddings(4000), embeddings(4000, seed=1)
    rest = embeddings(500, seed=9)
    cosines = []
    for components, buckets in ((2, 4), (2, 16), (8, 16), (E, 16), (E, 256)):
        code = fit(z, z_txt, components=components, buckets=buckets)
        made = code.decode(code.encode(rest, rest))
        assert np.linalg.norm(made, axis=1) == pytest.approx(1.0, abs=1e-5)
        cosines.append(float(np.mean(np.sum(made * rest, axis=1))))
    assert cosines == sorted(cosines)
    assert cosines[-1] > 0.999


def test_the_quantisation_error_of_uniform_values_is_a_twelfth_of_the_squared_width() -> None:
    """Values even between -1 and 1 in 32 buckets: error variance h²/12 with h = 2/32 (Bennett 1948)."""
    x = np.linspace(-1, 1, 6400, dtype=np.float32)
    z = np.stack([x, np.zeros_like(x)], axis=1)
    code = fit(z, z, components=1, buckets=32)
    numbers = code.encode(z, z)[:, 1]
    error = code.centres[1, numbers] - (z - code.mean) @ code.basis[0]
    assert np.var(error) == pytest.approx((2 / 32) ** 2 / 12, rel=0.01)


def test_the_dot_products_number_does_not_change_the_embedding(code: Code) -> None:
    numbers = code.encode(embeddings(5), embeddings(5))
    other = numbers.copy()
    other[:, 0] = 15 - other[:, 0]
    np.testing.assert_array_equal(code.decode(numbers), code.decode(other))


def test_a_buckets_centre_lies_in_that_bucket(code: Code) -> None:
    for edges, centres in zip(code.edges, code.centres, strict=True):
        assert np.searchsorted(edges, centres, side="right").tolist() == list(range(16))


def test_fitting_is_a_pure_function_with_fixed_signs() -> None:
    z, z_txt = embeddings(200), embeddings(200, seed=1)
    one, two = (fit(z, z_txt, components=6, buckets=8) for _ in range(2))
    np.testing.assert_array_equal(one.basis, two.basis)
    np.testing.assert_array_equal(one.edges, two.edges)
    largest = np.abs(one.basis).argmax(axis=1)
    assert (one.basis[np.arange(6), largest] > 0).all()


def test_values_beyond_all_that_was_fitted_fall_into_the_outermost_buckets(code: Code) -> None:
    far = code.mean + 100 * code.basis[0]
    numbers = code.encode(np.stack([far, 2 * code.mean - far]), np.zeros((2, E), np.float32))
    assert numbers[:, 1].tolist() == [15, 0]


@pytest.mark.parametrize(("components", "buckets"), [(E + 1, 4), (4, 201)])
def test_too_few_pictures_are_refused(components: int, buckets: int) -> None:
    z = embeddings(200)
    with pytest.raises(AssertionError):
        fit(z, z, components=components, buckets=buckets)


def logits_of(*probabilities: float) -> Floats:
    return np.log(np.array([probabilities], np.float32))


@pytest.mark.parametrize(
    ("u", "number"), [(0.0, 0), (0.19, 0), (0.21, 1), (0.69, 1), (0.71, 2), (0.9999999, 2)]
)
def test_choosing_inverts_the_distribution_function(u: float, number: int) -> None:
    assert choose(logits_of(0.2, 0.5, 0.3), np.array([u], np.float32)).tolist() == [number]


@pytest.mark.parametrize(("u", "number"), [(0.0, 1), (0.39, 1), (0.41, 2), (0.99, 2)])
def test_a_floor_leaves_the_upper_part(u: float, number: int) -> None:
    """Half of the distribution is [0.5, 1): bucket 1 reaches to 0.7, which is 0.4 of the half."""
    assert choose(logits_of(0.2, 0.5, 0.3), np.array([u], np.float32), floor=0.5).tolist() == [number]


def test_an_impossible_number_is_never_chosen() -> None:
    logits = np.array([[-np.inf, 0.0, -np.inf, 0.0, -np.inf]] * 64, np.float32)
    u = rng.uniform(3, (64,), stream=rng.AR_PRIOR)
    u[0], u[1] = 0.0, np.nextafter(np.float32(1), np.float32(0))
    assert set(choose(logits, u).tolist()) == {1, 3}


def test_shares_of_the_draws_are_the_probabilities() -> None:
    p = np.array([0.05, 0.4, 0.25, 0.3])
    logits = np.broadcast_to(np.log(p).astype(np.float32) + 7, (40_000, 4))
    drawn = choose(logits, rng.uniform(1, (40_000,), stream=rng.AR_PRIOR))
    np.testing.assert_allclose(np.bincount(drawn) / 40_000, p, atol=0.01)


@given(st.integers(0, 2**32), st.integers(2, 40), st.integers(0, 255), st.sampled_from((0.0, 0.5, 0.9)))
def test_a_row_depends_on_itself_alone_and_larger_u_never_gives_a_smaller_number(
    seed: int, buckets: int, byte: int, floor: float
) -> None:
    logits = np.random.default_rng(seed).standard_normal((3, buckets)).astype(np.float32) * 5
    rows = np.array([byte / 256, byte / 512, 0.5], np.float32)
    numbers = choose(logits, rows, floor=floor)
    alone = [int(choose(logits[i : i + 1], rows[i : i + 1], floor=floor)[0]) for i in range(3)]
    assert numbers.tolist() == alone
    assert ((numbers >= 0) & (numbers < buckets)).all()
    assert choose(logits[:1], rows[:1], floor=floor)[0] >= choose(logits[:1], rows[1:2], floor=floor)[0]


def test_logits_that_differ_a_little_move_the_choice_by_a_bucket_at_the_most() -> None:
    generator = np.random.default_rng(0)
    logits = -0.5 * ((np.arange(64) - generator.uniform(10, 50, (500, 1))) / 6) ** 2
    u = rng.uniform(2, (500,), stream=rng.AR_PRIOR) * 0.98 + 0.01
    moved = choose((logits + generator.normal(0, 0.01, logits.shape)).astype(np.float32), u)
    assert np.abs(moved - choose(logits.astype(np.float32), u)).max() <= 1
