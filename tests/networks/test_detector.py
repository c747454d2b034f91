"""The detector's maps: their shapes, where they start from, and that a place answers for what lies there."""

from __future__ import annotations

import pytest
import torch

from sfumato.networks.detector import PRIOR, Detector, DetectorConfig

SMALL = DetectorConfig(things=("cat", "dog", "owl"), colours=("red", "blue"), widths=(16, 16, 32), features=32)


@pytest.fixture(scope="module")
def detector() -> Detector:
    torch.manual_seed(0)
    return Detector(SMALL).eval()


def test_every_map_lies_on_the_grid(detector: Detector) -> None:
    thing, box, kind, colour = detector(torch.zeros(2, 4, 64, 64))
    assert thing.shape == (2, 8, 8)
    assert box.shape == (2, 4, 8, 8)
    assert kind.shape == (2, 4, 8, 8), "three things and something else"
    assert colour.shape == (2, 2, 8, 8)


def test_it_begins_by_seeing_little(detector: Detector) -> None:
    thing, *_ = detector(torch.randn(4, 4, 64, 64))
    assert thing.sigmoid().mean().item() == pytest.approx(PRIOR, abs=0.02)


def test_features_are_what_the_answers_are_read_from(detector: Detector) -> None:
    picture = torch.randn(2, 4, 64, 64)
    features = detector.features(picture)
    assert features.shape == (2, 32, 8, 8)
    answers = detector.answers(features)
    for one, other in zip(detector(picture), (answers.thing, answers.box, answers.kind, answers.colour), strict=True):
        assert torch.equal(one, other)


def test_other_sizes_have_other_grids() -> None:
    config = DetectorConfig(size=128, widths=(16, 16, 16), features=16)
    assert config.grid == 16
    thing, *_ = Detector(config)(torch.zeros(1, 4, 128, 128))
    assert thing.shape == (1, 16, 16)


def test_pictures_of_a_batch_do_not_touch_one_another(detector: Detector) -> None:
    picture = torch.randn(2, 4, 64, 64)
    together, alone = detector(picture)[0][1:], detector(picture[1:])[0]
    assert torch.allclose(together, alone, atol=1e-5)


def test_all_parameters_learn(detector: Detector) -> None:
    network = Detector(SMALL)
    for block in network.modules():  # zero-initialised branches pass no gradient at first
        if isinstance(block, torch.nn.Conv2d):
            torch.nn.init.normal_(block.weight, std=0.1)
    sum(part.square().sum() for part in network(torch.randn(2, 4, 64, 64))).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
