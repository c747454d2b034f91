"""Muon against the singular value decomposition, against PyTorch's own, and with AdamW beside it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from sfumato_train.config import OptimConfig
from sfumato_train.muon import Muon, orthogonal, takes
from sfumato_train.optim import load_optimiser_state, optimiser, optimiser_state


def matrix(rows: int, columns: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


@given(rows=st.integers(2, 40), columns=st.integers(2, 40), seed=st.integers(0, 99), scale=st.floats(1e-3, 1e3))
def test_singular_vectors_stay_and_singular_values_become_about_one(
    rows: int, columns: int, seed: int, scale: float
) -> None:
    given_matrix = matrix(rows, columns, seed)
    left, values, right = torch.linalg.svd(given_matrix, full_matrices=False)
    made = left.T @ orthogonal(scale * given_matrix) @ right.T
    torch.testing.assert_close(made - made.diag().diag(), torch.zeros_like(made), atol=2e-3, rtol=0)
    large = values > 0.02 * given_matrix.norm()  # the smallest need more than five iterations
    assert bool(((made.diag() > 0.5) & (made.diag() < 1.3))[large].all())


def test_it_is_that_of_the_transpose_and_nothing_stays_nothing() -> None:
    tall = matrix(9, 4)
    torch.testing.assert_close(orthogonal(tall), orthogonal(tall.T).T)
    assert bool((orthogonal(torch.zeros(3, 4)) == 0).all())


@pytest.mark.parametrize(("rows", "columns"), [(24, 60), (60, 24), (32, 32)])
def test_in_bf16_it_is_the_same_roughly(rows: int, columns: int) -> None:
    exact, rough = orthogonal(matrix(rows, columns)), orthogonal(matrix(rows, columns), bf16=True)
    assert rough.dtype == torch.float32
    assert 0 < (exact - rough).norm() / exact.norm() < 0.05


def test_a_run_in_bf16_multiplies_in_it() -> None:
    groups = [optimiser(layers(), OptimConfig(name="muon"), bf16=bf16).param_groups[-1] for bf16 in (False, True)]
    assert [group["bf16"] for group in groups] == [False, True]
    moved = []
    for bf16 in (False, True):
        weight = nn.Parameter(torch.zeros(24, 40))
        optim = Muon([{"params": [weight], "lr": 0.1, "momentum": 0.9, "bf16": bf16}], fused=True)
        weight.grad = matrix(24, 40)
        optim.step()
        moved.append(weight.detach())
    assert not torch.equal(moved[0], moved[1])
    assert float((moved[0] - moved[1]).norm() / moved[0].norm()) < 0.05


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this PyTorch has none")
def test_matrices_take_the_steps_of_pytorchs_own() -> None:
    ours, theirs = nn.Parameter(matrix(24, 32)), nn.Parameter(matrix(24, 32))
    settings = {"lr": 0.01, "weight_decay": 0.1, "momentum": 0.9}
    own = Muon([{"params": [ours], **settings}], fused=True)
    other = torch.optim.Muon([theirs], **settings, adjust_lr_fn="match_rms_adamw")
    for seed in range(1, 5):
        for parameter, optim in ((ours, own), (theirs, other)):
            parameter.grad = matrix(24, 32, seed)
            optim.step()
    torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=0)  # theirs iterates in bfloat16
    assert (ours - matrix(24, 32)).abs().max() > 0.01


def layers() -> nn.Sequential:
    torch.manual_seed(1)
    apart = nn.Conv2d(24, 24, 1, groups=24)
    network = nn.Sequential(nn.Conv2d(3, 20, 3), nn.Conv2d(20, 24, 3), apart, nn.Conv2d(24, 4, 1))
    return network.to(memory_format=torch.channels_last)


def step(network: nn.Module, optim: torch.optim.Optimizer, seed: int) -> None:
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    network(x).square().mean().backward()
    optim.step()
    optim.zero_grad(set_to_none=True)


def test_inner_kernels_are_muons_and_the_rest_is_adamws() -> None:
    network = layers()
    assert [takes(layer, layer.weight) for layer in network] == [True, True, False, False]
    assert not takes(nn.Embedding(50, 50), nn.Embedding(50, 50).weight)
    assert not takes(network[1], network[1].bias)
    optim = optimiser(network, OptimConfig(name="muon", momentum=0.8))
    decaying, free, inner = optim.param_groups
    assert [len(group["params"]) for group in (decaying, free, inner)] == [2, 4, 2]
    assert inner["momentum"] == 0.8
    step(network, optim, 0)
    state = optimiser_state(network, optim)
    assert {name for name in state if name.startswith("1.weight")} == {"1.weight/momentum_buffer"}
    adamws = {f"1.bias/{key}" for key in ("step", "exp_avg", "exp_avg_sq")}
    assert {name for name in state if name.startswith("1.bias")} == adamws


def test_a_kernel_moves_along_an_orthogonal_matrix_of_adamws_size() -> None:
    network = layers()
    optim = optimiser(network, OptimConfig(name="muon", learning_rate=0.5, weight_decay=0.0))
    before = network[1].weight.detach().clone()
    network[1].weight.grad = matrix(24, 180).view(24, 20, 3, 3)
    optim.step()
    moved = (before - network[1].weight.detach()).flatten(1) / 0.5
    assert moved.square().mean().sqrt().item() == pytest.approx(0.2, rel=0.3)  # an AdamW step's root mean square
    values = torch.linalg.svdvals(moved)
    assert float(values.max() / values.min()) < 2


def test_a_restored_state_steps_as_the_original_though_files_know_no_layout() -> None:
    config = OptimConfig(name="muon", learning_rate=1e-2)
    through, resumed = layers(), layers()
    optim = optimiser(through, config)
    for seed in range(3):
        step(through, optim, seed)
    resumed.load_state_dict({name: tensor.contiguous() for name, tensor in through.state_dict().items()})
    again = optimiser(resumed, config)
    stored = {name: tensor.contiguous().clone() for name, tensor in optimiser_state(through, optim).items()}
    load_optimiser_state(resumed, again, stored)
    for seed in range(3, 6):
        step(through, optim, seed)
        step(resumed, again, seed)
    for one, other in zip(through.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
