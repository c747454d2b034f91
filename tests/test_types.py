from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato import __version__
from sfumato.errors import InputError, OutputError
from sfumato.picture import metadata
from sfumato.requests.draw import DrawRequest
from sfumato.types import Picture

REQUEST = DrawRequest(
    prompt="a fox",
    seed=1,
    size=256,
    steps=5,
    guidance=2,
    sampler="ddim",
    background="transparent",
    system="unclip",
    model="tiny",
    version="1",
)


def picture(channels: int = 4) -> Picture:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 6, channels), np.uint8)
    return Picture(pixels=pixels, settings=REQUEST)


@pytest.mark.parametrize(
    ("given_", "stored"),
    [("transparent", "transparent"), ("white", "#ffffff"), ("#ABCDEF", "#abcdef"), ("#f00", "#ff0000")],
)
def test_backgrounds_are_stored_in_one_way(given_: str, stored: str) -> None:
    assert replace(REQUEST, background=given_).background == stored


def test_guidance_is_stored_as_a_float() -> None:
    assert isinstance(REQUEST.guidance, float)


@pytest.mark.parametrize("value", [True, None, "5", 5.0])
@pytest.mark.parametrize("field", ["seed", "steps"])
def test_whole_numbers_are_whole(field: str, value: Any) -> None:
    with pytest.raises(InputError, match=f"The {field} "):
        replace(REQUEST, **{field: value})


@given(
    prompt=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1).filter(str.strip),
    seed=st.integers(0, 2**63 - 1),
    size=st.sampled_from([256, 512, 1024]),
    guidance=st.floats(0, 50),
)
def test_a_request_survives_its_record(prompt: str, seed: int, size: int, guidance: float) -> None:
    request = replace(REQUEST, prompt=prompt, seed=seed, size=size, guidance=guidance)
    assert DrawRequest.from_record(request.to_record()) == request


def test_records_name_the_software() -> None:
    settings = asdict(REQUEST)
    assert settings.pop("sources") == ()
    assert REQUEST.to_record() == {"software": f"sfumato {__version__}", "operation": "draw", **settings}


def test_records_may_hold_more_but_not_less() -> None:
    record = REQUEST.to_record()
    assert DrawRequest.from_record({**record, "comment": "mine"}) == REQUEST
    del record["seed"], record["steps"]
    with pytest.raises(InputError, match="lacks seed, steps"):
        DrawRequest.from_record(record)
    with pytest.raises(InputError, match="The size 17"):
        DrawRequest.from_record({**REQUEST.to_record(), "size": 17})


@pytest.mark.parametrize(("channels", "mode"), [(4, "RGBA"), (3, "RGB")])
def test_pictures_become_pillow_images(channels: int, mode: str) -> None:
    image = picture(channels).to_pil()
    assert (image.mode, image.size) == (mode, (6, 8))
    np.testing.assert_array_equal(np.asarray(image), picture(channels).pixels)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_saved_pictures_carry_their_record(tmp_path: Path, suffix: str) -> None:
    path = picture().save(tmp_path / f"fox.{suffix}")
    assert metadata.read(path) == REQUEST.to_record()


def test_saving_nowhere_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="could not be written"):
        picture().save(tmp_path / "no" / "folder" / "fox.png")
    with pytest.raises(InputError, match="end it in"):
        picture().save(tmp_path / "fox.txt")
    assert not list(tmp_path.iterdir())
