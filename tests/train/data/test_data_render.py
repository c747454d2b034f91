"""Drawing: size, place, transparency, margins, sizes that lie over each other, and what is no picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from sfumato_train.data.pixels import premultiply, shrink
from sfumato_train.data.render import BrokenError, has_text, render
from support.art_packages import FIXTURES


def svg(body: str, *, width: int = 100, height: int = 100, head: str = "") -> bytes:
    space = "http://www.w3.org/2000/svg"
    return f'{head}<svg xmlns="{space}" width="{width}" height="{height}">{body}</svg>'.encode()


def extent(picture: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    rows, columns = (np.flatnonzero((picture[..., 3] > 8).any(axis=a)) for a in (1, 0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


FULL = '<rect width="100%" height="100%" fill="#2040c0"/>'


def test_square_fills_the_frame_with_its_colour() -> None:
    picture = render(svg(FULL), 256)
    assert picture.shape == (256, 256, 4)
    assert picture.dtype == np.uint8
    assert (picture == (0x20, 0x40, 0xC0, 255)).all()


@pytest.mark.parametrize(("width", "height"), [(200, 100), (50, 200)])
def test_aspect_ratio_is_kept_and_the_rest_transparent(width: int, height: int) -> None:
    left, top, right, bottom = extent(render(svg(FULL, width=width, height=height), 256))
    assert (right - left) / (bottom - top) == pytest.approx(width / height, rel=0.02)
    assert left == pytest.approx(256 - right, abs=1)
    assert top == pytest.approx(256 - bottom, abs=1)


def test_half_transparent_colour_is_straight() -> None:
    picture = render(svg('<rect width="100" height="100" fill="#ff8000" fill-opacity=".5"/>'), 256)
    assert np.abs(picture[128, 128].astype(int) - (255, 128, 0, 128)).max() <= 1


def test_transparent_pixels_carry_no_colour() -> None:
    picture = render(svg('<circle cx="50" cy="50" r="20" fill="#ff0000"/>'), 256)
    assert (picture[picture[..., 3] == 0] == 0).all()


SMALL_IN_CORNER = '<rect x="80" y="70" width="10" height="20" fill="green"/>'


def test_margins_stay_unless_cut() -> None:
    left, top, right, bottom = extent(render(svg(SMALL_IN_CORNER), 256))
    assert (right - left, bottom - top) == pytest.approx((26, 51), abs=2)
    assert left > 200


def test_cut_art_is_large_and_in_the_middle() -> None:
    left, top, right, bottom = extent(render(svg(SMALL_IN_CORNER), 256, crop=True))
    assert bottom - top == pytest.approx(0.94 * 256, rel=0.04)
    assert (right - left) / (bottom - top) == pytest.approx(0.5, rel=0.05)
    assert left == pytest.approx(256 - right, abs=1)


def test_art_that_fills_its_page_is_not_cut() -> None:
    body = '<circle cx="50" cy="50" r="47" fill="red"/>'
    np.testing.assert_array_equal(render(svg(body), 256, crop=True), render(svg(body), 256))


@pytest.mark.parametrize("crop", [False, True])
@pytest.mark.parametrize("name", ["animals/blue_fish", "animals/snail", "food/green_apple"])
def test_larger_pictures_lie_over_the_smaller(name: str, crop: bool) -> None:
    data = (FIXTURES / f"{name}.svg").read_bytes()
    big, small = (premultiply(render(data, size, crop=crop)) for size in (1024, 256))

    def difference(down: int, right: int) -> float:
        moved = np.roll(big, (down, right), axis=(0, 1))
        return float(np.abs(shrink(moved, 4).astype(int) - small).mean())

    here = difference(0, 0)
    assert here < 0.5
    assert all(here < difference(*step) for step in ((-5, 0), (5, 0), (0, -5), (0, 5)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        svg("<rect")[:60],
        b"RIFF\0\0\0\0WEBPgarbage",
        (FIXTURES / "signs/broken.svg").read_bytes(),
    ],
)
def test_broken_files_say_so(data: bytes) -> None:
    with pytest.raises(BrokenError, match="cannot be"):
        render(data, 256)


def test_nothing_drawn_is_empty() -> None:
    with pytest.raises(BrokenError, match="empty"):
        render(svg(""), 256)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_declared_encodings_are_read(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + svg(f"<title>café</title>{FULL}").decode()
    assert (render(text.encode(encoding), 256)[..., 3] == 255).all()


def test_wrongly_declared_encoding_is_read_all_the_same() -> None:
    text = '<?xml version="1.0" encoding="utf-8"?>' + svg(f"<title>café</title>{FULL}").decode()
    assert (render(text.encode("latin-1"), 256)[..., 3] == 255).all()


def webp(picture: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "WEBP", lossless=True, exact=True)
    return file.getvalue()


def test_webp_of_the_right_size_is_kept_to_the_pixel() -> None:
    picture = np.zeros((256, 256, 4), dtype=np.uint8)
    picture[20:200, 30:220] = np.random.default_rng(1).integers(0, 256, (180, 190, 4))
    picture[picture[..., 3] == 0] = 0
    np.testing.assert_array_equal(render(webp(picture), 256), picture)


def test_webp_is_resized_without_a_fringe_of_hidden_colour() -> None:
    picture = np.zeros((64, 32, 4), dtype=np.uint8)
    picture[..., 0] = 255  # red, but invisible
    picture[16:48, 8:24] = (0, 0, 255, 255)
    drawn = render(webp(picture), 256)
    assert extent(drawn) == pytest.approx((96, 64, 160, 192), abs=9)
    assert drawn[drawn[..., 3] > 8][:, 0].max() <= 2


def test_words_in_a_picture_are_noticed() -> None:
    assert has_text(svg('<text x="1"><tspan>EXIT</tspan></text>'))
    assert not has_text(svg('<text x="1"> <tspan></tspan> </text>'))
    assert not has_text(svg("<textPath/><title>words</title>"))
