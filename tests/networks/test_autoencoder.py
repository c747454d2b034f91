"""The autoencoder: white latents, and a loss that sees edges."""

from __future__ import annotations

import pytest
import torch

from sfumato.networks.autoencoder import Autoencoder, AutoencoderConfig, edge_aware_loss
from support.networks import SPACE


def test_shapes() -> None:
    autoencoder = Autoencoder(SPACE).eval()
    picture = torch.rand(2, 4, 64, 64) * 2 - 1
    latents = autoencoder.encode(picture)
    assert latents.shape == (2, SPACE.channels, SPACE.size, SPACE.size)
    assert autoencoder.decode(latents).shape == picture.shape
    assert AutoencoderConfig(picture=128).size == 16


def test_latents_are_white_in_training_and_stay_so_in_use() -> None:
    torch.manual_seed(0)
    autoencoder = Autoencoder(SPACE).train()
    pictures = torch.rand(24, 4, 64, 64) * torch.rand(24, 4, 1, 1) * 2 - 1
    in_training = autoencoder.encode(pictures)
    torch.testing.assert_close(in_training.mean(dim=(0, 2, 3)), torch.zeros(6), atol=1e-4, rtol=0)
    torch.testing.assert_close(in_training.var(dim=(0, 2, 3)), torch.ones(6), atol=1e-2, rtol=0)
    autoencoder.whiten.momentum = 1.0
    autoencoder.encode(pictures)
    in_use = autoencoder.eval().encode(pictures)
    torch.testing.assert_close(in_use.var(dim=(0, 2, 3)), torch.ones(6), atol=2e-2, rtol=0)


def test_noise_reaches_the_picture() -> None:
    autoencoder = Autoencoder(SPACE).eval()
    picture = torch.rand(1, 4, 64, 64)
    noise = torch.randn(1, 6, 8, 8)
    torch.testing.assert_close(autoencoder(picture), autoencoder(picture, torch.zeros_like(noise)))
    expected = autoencoder.decode(autoencoder.encode(picture) + noise)
    torch.testing.assert_close(autoencoder(picture, noise), expected)


def test_the_loss_of_a_constant_error_has_no_edges() -> None:
    wanted = torch.rand(2, 4, 8, 8)
    error = 0.25
    assert edge_aware_loss(wanted + error, wanted).item() == pytest.approx(error + error**2, rel=1e-4)
    assert edge_aware_loss(wanted, wanted).item() == 0


def test_the_loss_of_a_ringing_edge_is_larger_than_that_of_a_shift() -> None:
    wanted = torch.zeros(1, 4, 8, 8)
    ringing = wanted + 0.25 * (torch.arange(8) % 2 * 2 - 1)
    # The differences between columns are ±0.5 and those between rows are nothing.
    assert edge_aware_loss(ringing, wanted).item() == pytest.approx(0.25 + 0.5 + 0.0625)
    assert edge_aware_loss(ringing, wanted, edges=0).item() == pytest.approx(0.25 + 0.0625)
