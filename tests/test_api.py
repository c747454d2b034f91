from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sfumato
from sfumato import Sfumato
from sfumato.errors import BundleError, InputError
from sfumato.picture import metadata
from sfumato.requests.draw import DrawRequest


@pytest.fixture(scope="module")
def painter(tiny_bundle: Path) -> Sfumato:
    return Sfumato(tiny_bundle, threads=1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n": 0}, "number of pictures 0 cannot be used; give a whole number from 1 to 100"),
        ({"n": 1000}, "number of pictures 1000"),
        ({"n": 1.5}, "number of pictures 1.5"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 2**63}, "seed 9223372036854775808"),
        ({"seed": 1.0}, "seed 1.0"),
        ({"seed": 2**63 - 1, "n": 2}, "leaves no room for 2 pictures"),
        ({"size": 300}, "size 300 is unknown; choose 256, 512 or 1024"),
        ({"size": "256"}, "size '256'"),
        ({"steps": 0}, "steps 0"),
        ({"steps": 10_000}, "steps 10000"),
        ({"guidance": -1}, "guidance -1"),
        ({"guidance": float("nan")}, "guidance nan"),
        ({"guidance": "high"}, "guidance 'high'"),
        ({"background": "#12"}, "background '#12' is no colour"),
        ({"background": "nocolour"}, "background 'nocolour' is no colour"),
        ({"system": "vqgan"}, "system 'vqgan' is unknown; choose unclip or glide"),
        ({"sampler": "magic"}, "sampler 'magic' is unknown; choose ddim"),
        ({"rerank": 1, "n": 2}, "number of candidates 1 cannot be used; give a whole number from 2 to 100"),
        ({"rerank": 101}, "number of candidates 101"),
        ({"prompt": " "}, "prompt is empty"),
        ({"prompt": "x" * 1001}, "has 1001 characters"),
        ({"prompt": "a\x00b"}, "control character U\\+0000"),
    ],
)
def test_bad_arguments_get_one_clear_sentence(
    painter: Sfumato, arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        painter.draw(**{"prompt": "a cat", **arguments})
    assert "\n" not in str(caught.value)


def test_unknown_models_are_refused() -> None:
    with pytest.raises(BundleError, match="no model named 'nobody'"):
        Sfumato("nobody")


def test_name_and_version_are_the_bundles(painter: Sfumato) -> None:
    assert (painter.name, painter.version) == ("tiny", "0.0.1")


def test_no_seed_means_another_one_every_time(painter: Sfumato) -> None:
    one, other = (painter.draw("a cat", size=256)[0] for _ in range(2))
    assert one.seed != other.seed
    (again,) = painter.draw("a cat", size=256, seed=one.seed)
    np.testing.assert_array_equal(again.pixels, one.pixels)


def test_presets_are_recorded_as_what_they_were(painter: Sfumato) -> None:
    settings = painter.draw("a cat", size=256, seed=3)[0].settings
    assert (settings.steps, settings.guidance, settings.sampler) == (5, 3.0, "dpmpp_2m")


def test_a_saved_picture_is_redrawn_from_its_own_record(painter: Sfumato, tmp_path: Path) -> None:
    (picture,) = painter.draw("a red fox, “ünïcode” 🦊", size=256, seed=8, steps=3, guidance=2)
    path = picture.save(tmp_path / "fox.png")
    record = metadata.read(path)
    assert record == json.loads(json.dumps(picture.record))
    request = DrawRequest.from_record(record or {})
    assert request == picture.settings
    (again,) = painter.draw(
        request.prompt, seed=request.seed, size=request.size, steps=request.steps, guidance=request.guidance
    )
    np.testing.assert_array_equal(again.pixels, picture.pixels)


def test_the_package_offers_its_names_lazily() -> None:
    assert sfumato.Sfumato is Sfumato
    assert set(sfumato.__all__) == {"Picture", "Sfumato", "__version__"}
    with pytest.raises(AttributeError, match="nonsense"):
        _ = sfumato.nonsense
