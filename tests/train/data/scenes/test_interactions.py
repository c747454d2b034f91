"""Hats sit on heads, glasses before eyes, riders on what they ride."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sfumato_train.data.scenes import interactions
from sfumato_train.data.scenes.roles import ACTORS, EYEWEAR, FACES, HATS, PROPS, SEATS, SWIMMERS
from sfumato_train.data.scenes.sample import Box, Sample
from sfumato_train.data.scenes.sprite import Sprite, content_box
from sfumato_train.data.scenes.studio import Studio

Make = Callable[..., Studio]


def drawn(studio: Make, scene: Callable[[Studio], Sample | None], tries: int = 60) -> list[Sample]:
    found = [sample for seed in range(tries) if (sample := scene(studio(seed))) is not None]
    assert len(found) > 10
    return found


def meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@pytest.mark.parametrize(
    "scene",
    [
        interactions.holding,
        interactions.wearing_hat,
        interactions.wearing_glasses,
        interactions.riding,
        interactions.in_bowl,
    ],
    ids=lambda f: f.__name__,
)
def test_the_two_things_meet_and_are_named(studio: Make, scene: Callable[[Studio], Sample | None]) -> None:
    for sample in drawn(studio, scene):
        actor, thing = sample.objects
        assert actor.role == "actor"
        assert meet(actor.box, thing.box)
        assert actor.name in sample.caption
        assert thing.name in sample.caption
        assert sample.kind == "interaction"
        assert (sample.picture[..., :3] <= sample.picture[..., 3:]).all()
        assert all(0 <= v <= 1 for o in sample.objects for v in o.box)


def test_a_hat_sits_on_the_crown(studio: Make) -> None:
    for sample in drawn(studio, interactions.wearing_hat):
        face, hat = sample.objects
        head = studio(0).catalogue.head(face.record)
        crown = face.box[1] + head.crown * (face.box[3] - face.box[1])
        assert hat.box[1] < crown < hat.box[3]
        assert hat.box[3] - crown < 0.5 * (hat.box[3] - hat.box[1])
        assert abs((hat.box[0] + hat.box[2]) - (face.box[0] + face.box[2])) < 0.06
        assert hat.box[1] >= 0


def test_glasses_cover_the_eyes(studio: Make) -> None:
    for sample in drawn(studio, interactions.wearing_glasses):
        face, glasses = sample.objects
        head = studio(0).catalogue.head(face.record)
        eyes = face.box[1] + head.eyes * (face.box[3] - face.box[1])
        assert glasses.box[1] < eyes < glasses.box[3]
        assert glasses.box[0] >= face.box[0] - 0.03
        assert glasses.box[2] <= face.box[2] + 0.03


def test_riders_are_above_what_they_ride(studio: Make) -> None:
    for sample in drawn(studio, interactions.riding):
        rider, seat = sample.objects
        assert rider.box[1] + rider.box[3] < seat.box[1] + seat.box[3]


def test_swimmers_are_inside_the_bowl(studio: Make) -> None:
    for sample in drawn(studio, interactions.in_bowl):
        swimmer, bowl = sample.objects
        assert bowl.record == -1
        assert bowl.box[0] < swimmer.box[0]
        assert swimmer.box[2] < bowl.box[2]
        assert swimmer.box[3] < bowl.box[3]


@pytest.mark.parametrize("size", [16, 64, 256])
def test_the_bowl_is_half_clear_glass(size: int) -> None:
    bowl = interactions.glass_bowl(size)
    assert (bowl[..., :3] <= bowl[..., 3:]).all()
    assert bowl[0, 0].max() == 0
    assert 150 < bowl[int(0.7 * size), size // 2, 3] < 255
    np.testing.assert_allclose(bowl[int(0.8 * size)], bowl[int(0.8 * size), ::-1], atol=2)


@pytest.mark.parametrize("angle", [-50, -20, 0, 35, 70])
def test_levelling_lays_the_long_axis_flat(angle: int) -> None:
    x, y = np.meshgrid(np.arange(64) - 31.5, np.arange(64) - 31.5)
    turn = np.deg2rad(angle)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    bar = np.repeat(((np.abs(along) < 26) & (np.abs(across) < 5)).astype(np.uint8)[..., None] * 255, 4, axis=-1)
    x0, y0, x1, y1 = content_box(bar)
    flat = interactions.levelled(Sprite(pixels=bar[y0:y1, x0:x1]))
    assert flat.width == pytest.approx(52, abs=3)
    assert flat.height == pytest.approx(10, abs=3)
    assert (flat.pixels[..., :3] <= flat.pixels[..., 3:]).all()


def test_a_speck_is_left_as_it_is() -> None:
    speck = Sprite(pixels=np.full((1, 2, 4), 255, dtype=np.uint8))
    assert interactions.levelled(speck) is speck


def test_roles_are_well_formed() -> None:
    for table in (ACTORS, FACES, SWIMMERS):
        assert all(c and spoken and c == c.strip().lower() for c, spoken in table.items())
    for prop in PROPS.values():
        assert prop.verbs
        assert 0 <= prop.at[0] <= 1
        assert 0 <= prop.at[1] <= 1
        assert 0.3 <= prop.extent <= 0.8
    for seat in SEATS.values():
        assert seat.verbs
        assert 0 <= seat.share <= 1
        assert seat.actor <= 0.7
    assert all(0 < width <= 1 and 0 < overlap < 1 for _, width, overlap in HATS.values())
    assert set(EYEWEAR) == {"sunglasses", "glasses", "goggles"}


def test_nothing_is_drawn_of_what_the_data_lacks(studio: Make) -> None:
    at_work = studio(0, split="heldout_pair")
    assert interactions.choose(at_work, SWIMMERS) is None
    assert interactions.in_bowl(at_work) is None
    assert interactions.riding(at_work) is None
