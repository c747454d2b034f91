import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from sfumato.errors import InputError
from sfumato.picture.convert import (
    downsample,
    flatten,
    from_image,
    from_pixels,
    parse_background,
    to_image,
    to_pixels,
)

RGBA = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=6).map(lambda s: (*s, 4)))
INSIDE = arrays(np.float32, (2, 4, 3, 3), elements=st.floats(-3, 3, width=32))


def pixel(*values: int) -> np.ndarray:
    return np.array([[values]], np.uint8)


def premultiplied(pixels: np.ndarray) -> np.ndarray:
    return (from_pixels(pixels)[0, :, 0, 0] + 1) / 2


@given(RGBA)
def test_what_goes_in_comes_out(pixels) -> None:
    back = to_pixels(from_pixels(pixels))[0]
    seen = pixels[..., 3] > 0
    assert np.array_equal(back[seen], pixels[seen])
    assert np.all(back[~seen] == 0)


def test_every_colour_under_every_alpha_comes_back() -> None:
    colour, alpha = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(1, 256, dtype=np.uint8))
    pixels = np.stack([colour, 255 - colour, colour, alpha], axis=-1)
    assert np.array_equal(to_pixels(from_pixels(pixels))[0], pixels)


def test_colours_are_premultiplied() -> None:
    assert premultiplied(pixel(255, 51, 0, 51)) == pytest.approx([0.2, 0.04, 0.0, 0.2])


def test_a_transparent_pixel_carries_no_colour() -> None:
    assert np.all(from_pixels(pixel(255, 255, 255, 0)) == -1.0)


def test_opaque_white_is_one() -> None:
    assert np.all(from_pixels(pixel(255, 255, 255, 255)) == 1.0)


def test_rgb_is_opaque() -> None:
    assert premultiplied(pixel(255, 0, 51)) == pytest.approx([1.0, 0.0, 0.2, 1.0])


def test_layout_type_and_batches() -> None:
    batch = np.arange(2 * 3 * 5 * 4, dtype=np.uint8).reshape(2, 3, 5, 4)
    inside = from_pixels(batch)
    assert inside.shape == (2, 4, 3, 5)
    assert inside.dtype == np.float32
    assert np.array_equal(inside[1], from_pixels(batch[1])[0])
    assert to_pixels(inside).shape == batch.shape


@given(INSIDE)
def test_anything_a_network_says_is_a_picture(x) -> None:
    pixels = to_pixels(x)
    assert pixels.dtype == np.uint8
    again = to_pixels(from_pixels(pixels))
    assert np.array_equal(again, pixels)


def test_colours_above_their_alpha_are_clipped() -> None:
    x = np.array([1.0, -1.0, 0.0, 0.0], np.float32).reshape(1, 4, 1, 1)
    assert to_pixels(x)[0, 0, 0].tolist() == [255, 0, 255, 128]


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((2, 2, 4)), np.zeros((2, 2), np.uint8), np.zeros((2, 2, 2), np.uint8)],
    ids=["float", "grey", "two channels"],
)
def test_other_arrays_are_refused(pixels) -> None:
    with pytest.raises(InputError, match="must be uint8"):
        from_pixels(pixels)


@pytest.mark.parametrize(
    ("name", "colour"),
    [("transparent", None), ("white", (255, 255, 255)), ("#ff8000", (255, 128, 0)), ("#f00", (255, 0, 0))],
)
def test_backgrounds(name, colour) -> None:
    assert parse_background(name) == colour


@pytest.mark.parametrize("name", ["", "whiteish", "#12", "opaque"])
def test_unknown_backgrounds_are_refused(name) -> None:
    with pytest.raises(InputError, match="no colour"):
        parse_background(name)


@given(RGBA, st.tuples(*[st.integers(0, 255)] * 3))
def test_flattening_is_pillows_over(pixels, colour) -> None:
    base = Image.new("RGBA", pixels.shape[1::-1], (*colour, 255))
    expected = np.asarray(Image.alpha_composite(base, to_image(pixels)).convert("RGB"))
    assert np.abs(flatten(pixels, colour).astype(int) - expected).max() <= 1


def test_flattening_keeps_the_opaque_and_hides_the_transparent() -> None:
    row = np.array([[[9, 8, 7, 255], [9, 8, 7, 0]]], np.uint8)
    assert flatten(row, (1, 2, 3)).tolist() == [[[9, 8, 7], [1, 2, 3]]]
    assert flatten(row[..., :3], (1, 2, 3)).tolist() == row[..., :3].tolist()


def test_downsampling_does_not_bleed_transparent_colour() -> None:
    """Half a red pixel and half nothing is half-transparent red, not dark red."""
    pixels = np.array([[[255, 0, 0, 255], [0, 0, 0, 0]]] * 2, np.uint8)
    assert to_pixels(downsample(from_pixels(pixels), 2)).tolist() == [[[[255, 0, 0, 128]]]]


def test_downsampling_is_the_mean_of_blocks() -> None:
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    assert downsample(x, 2)[0, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert downsample(x, 1)[0, 0].tolist() == x[0, 0].tolist()


@pytest.mark.parametrize("factor", [0, 3])
def test_downsampling_needs_a_divisor(factor) -> None:
    with pytest.raises(InputError, match="4×4"):
        downsample(np.zeros((1, 4, 4, 4), np.float32), factor)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_every_kind_of_image_becomes_rgba(mode) -> None:
    pixels = from_image(Image.new("RGB", (3, 2), (255, 255, 255)).convert(mode))
    assert pixels.shape == (2, 3, 4)
    assert pixels.tolist() == np.full((2, 3, 4), 255).tolist()


def test_images_are_turned_upright() -> None:
    image = Image.new("RGB", (3, 1))
    image.putpixel((0, 0), (255, 0, 0))
    image.getexif()[0x0112] = 6  # to be turned by 90° clockwise
    pixels = from_image(image)
    assert pixels.shape == (3, 1, 4)
    assert pixels[0, 0].tolist() == [255, 0, 0, 255]


@pytest.mark.parametrize(("channels", "mode"), [(3, "RGB"), (4, "RGBA")])
def test_images_keep_their_pixels(channels, mode) -> None:
    pixels = np.arange(2 * 3 * channels, dtype=np.uint8).reshape(2, 3, channels)
    image = to_image(pixels)
    assert (image.mode, image.size) == (mode, (3, 2))
    assert np.array_equal(np.asarray(image), pixels)
