"""Spaces and the masked picture that the decoder is shown."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sfumato.networks.autoencoder import Autoencoder
from sfumato.networks.space import TRANSPARENT, LatentSpace, PixelSpace, Space, known_part
from support.networks import SPACE, filled


@pytest.fixture(scope="module", params=["pixel", "latent"])
def space(request: pytest.FixtureRequest) -> Space:
    torch.manual_seed(0)
    return PixelSpace() if request.param == "pixel" else LatentSpace(filled(Autoencoder(SPACE)))


def pictures() -> Tensor:
    return torch.rand(2, 4, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1


def left_half() -> Tensor:
    mask = torch.zeros(2, 1, 64, 64)
    mask[..., :32] = 1
    return mask


def test_points_have_the_spaces_shape_and_pictures_come_back(space: Space) -> None:
    point = space.encode(pictures())
    assert point.shape == (2, space.channels, space.size, space.size)
    assert space.decode(point).shape == (2, 4, 64, 64)


def test_pixels_are_points() -> None:
    assert torch.equal(PixelSpace().decode(PixelSpace().encode(pictures())), pictures())


def test_all_erased_is_zero(space: Space) -> None:
    assert not known_part(space, pictures(), torch.ones(2, 1, 64, 64)).any()


def test_nothing_erased_is_the_picture(space: Space) -> None:
    made = known_part(space, pictures(), torch.zeros(2, 1, 64, 64))
    torch.testing.assert_close(made, space.encode(pictures()))


def test_what_was_erased_cannot_be_told(space: Space) -> None:
    picture, mask = pictures(), left_half()
    repainted = torch.where(mask.bool(), torch.rand_like(picture), picture)
    assert torch.equal(known_part(space, picture, mask), known_part(space, repainted, mask))


def test_what_was_kept_can_be_told(space: Space) -> None:
    picture = pictures()
    other = torch.where(left_half().bool(), picture, -picture)
    assert (known_part(space, picture, left_half()) - known_part(space, other, left_half())).abs().max() > 1e-2


def test_erased_pixels_are_transparent_and_kept_ones_unchanged() -> None:
    made = known_part(PixelSpace(), pictures(), left_half())
    assert bool((made[..., :32] == TRANSPARENT).all())
    assert torch.equal(made[..., 32:], pictures()[..., 32:])


def test_each_picture_has_its_own_mask(space: Space) -> None:
    mask = torch.cat([torch.ones(1, 1, 64, 64), torch.zeros(1, 1, 64, 64)])
    made = known_part(space, pictures(), mask)
    assert not made[0].any()
    torch.testing.assert_close(made[1:], space.encode(pictures()[1:]))
