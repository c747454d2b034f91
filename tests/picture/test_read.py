"""What can be read, whatever container and mode it comes in."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from sfumato.errors import InputError
from sfumato.picture.metadata import embed
from sfumato.picture.read import Source, read_picture

MODES = ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "I;16", "I", "CMYK", "YCbCr", "LAB", "HSV"]


def colours(height: int = 24, width: int = 32, channels: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def file(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def smooth(mode: str = "RGB") -> Image.Image:
    ramp = np.linspace(30, 220, 32, dtype=np.uint8)
    rgb = np.stack(np.broadcast_arrays(ramp[None], ramp[:, None], 255 - ramp[None]), axis=-1)
    return Image.fromarray(np.ascontiguousarray(rgb)).convert(mode)


def close(read: np.ndarray, wanted: Image.Image, within: float = 6) -> bool:
    difference = read[..., :3].astype(int) - np.asarray(wanted.convert("RGB")).astype(int)
    return bool(np.abs(difference).mean() < within)


def test_a_picture_is_one_source_whatever_holds_it(tmp_path: Path) -> None:
    pixels = colours()
    image = Image.fromarray(pixels)
    path = tmp_path / "fox.bin"
    path.write_bytes(file(image))
    webp = file(image, "WEBP", lossless=True, exact=True)
    forms: list[Any] = [path, str(path), path.read_bytes(), webp, image, pixels]
    sources = [read_picture(form) for form in forms]
    assert all(np.array_equal(source.pixels, pixels) for source in sources)
    assert len({source.sha256 for source in sources}) == 1
    assert [source.name for source in sources] == ["fox.bin", "fox.bin", *["picture"] * 4]


def test_a_source_stays_itself_and_cannot_be_changed() -> None:
    source = read_picture(colours())
    assert read_picture(source) is source
    assert (source.height, source.width) == (24, 32)
    with pytest.raises(ValueError, match="read-only"):
        source.pixels[0, 0] = 0


def test_reading_does_not_take_the_callers_array_away() -> None:
    pixels = colours()
    read_picture(pixels)
    pixels[0, 0] = 7


def test_the_hash_knows_the_shape() -> None:
    flat = np.zeros((2, 8, 4), np.uint8)
    assert read_picture(flat).sha256 != read_picture(flat.reshape(4, 4, 4)).sha256


def test_colours_under_full_transparency_are_kept() -> None:
    pixels = colours()
    pixels[..., 3] = 0
    assert np.array_equal(read_picture(file(Image.fromarray(pixels))).pixels, pixels)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_a_pillow_image_is_read(mode: str) -> None:
    image = Image.new(mode, (5, 3))
    assert read_picture(image).pixels.shape == (3, 5, 4)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_a_png_is_read(mode: str) -> None:
    wanted = smooth("L") if mode in {"1", "L", "LA", "I;16"} else smooth()
    sixteen = Image.fromarray(np.asarray(wanted.convert("L")).astype(np.uint16) * 257)
    image = sixteen if mode == "I;16" else wanted.convert(mode)
    read = read_picture(file(image)).pixels
    assert (read[..., 3] == 255).all()
    coarse = image if mode in {"1", "P"} else wanted
    assert np.array_equal(read[..., :3], np.asarray(coarse.convert("RGB")))


def test_sixteen_bits_with_a_clear_colour() -> None:
    grey = np.array([[0, 257, 65535]], np.uint16)
    read = read_picture(file(Image.fromarray(grey), transparency=257)).pixels
    assert read[0].tolist() == [[0, 0, 0, 255], [1, 1, 1, 0], [255, 255, 255, 255]]


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_a_clear_colour_is_transparent(mode: str) -> None:
    clear: Any = {"L": 10, "RGB": (10, 10, 10), "P": b"\xff\x00"}[mode]
    image = Image.new("L", (2, 1), 200)
    image.putpixel((1, 0), 10)
    if mode == "RGB":
        image = image.convert("RGB")
    if mode == "P":
        image = Image.fromarray(np.array([[0, 1]], np.uint8))
        image.putpalette([200, 200, 200, 10, 10, 10])
    read = read_picture(file(image, transparency=clear)).pixels
    assert read[0].tolist() == [[200, 200, 200, 255], [10, 10, 10, 0]]


def test_adobe_cmyk_is_not_a_negative() -> None:
    data = file(smooth("CMYK"), "JPEG", quality=95)
    assert b"Adobe" in data
    assert close(read_picture(data).pixels, smooth())


def test_cmyk_without_adobes_mark_is_not_a_negative() -> None:
    """Without the mark the numbers mean ink; what Pillow wrote inverted is inverted once more by hand."""
    data = file(Image.eval(smooth("CMYK"), lambda v: 255 - v), "JPEG", quality=95)
    at = data.index(b"\xff\xee")
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    assert close(read_picture(data[:at] + data[at + 2 + length :]).pixels, smooth())


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_every_orientation_is_turned_upright(format: str) -> None:
    upright = Image.new("RGB", (32, 16), "white")
    upright.paste((200, 0, 0), (0, 0, 16, 8))
    # FLIP_LEFT_RIGHT, ROTATE_180, FLIP_TOP_BOTTOM, TRANSPOSE, ROTATE_90, TRANSVERSE, ROTATE_270
    backwards = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    for orientation, turn in backwards.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = upright.transpose(Image.Transpose(turn))
        read = read_picture(file(stored, format, exif=exif)).pixels
        assert read.shape == (16, 32, 4), orientation
        assert close(read, upright), orientation


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_other_colour_spaces_become_srgb(mode: str) -> None:
    """In a space where red and green have changed places, what is stored as red is green."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = data.index(b"rXYZ"), data.index(b"gXYZ")
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    swapped = bytes(data).replace("sRGB".encode("utf-16-be"), "sGRB".encode("utf-16-be"))
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 90)) if mode == "RGBA" else Image.new("RGB", (4, 4), (255, 0, 0))
    read = read_picture(file(image.convert(mode), icc_profile=swapped)).pixels
    wanted = [0, 255, 0, 90 if mode == "RGBA" else 255]
    assert np.abs(read.astype(int) - wanted).max() <= 3


def test_a_profile_of_another_kind_counts_as_srgb() -> None:
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ"))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    image = smooth()
    for useless in (linear, lab):  # no profile of an RGB picture: it is taken as sRGB
        read = read_picture(file(image, icc_profile=useless.tobytes())).pixels
        assert np.array_equal(read[..., :3], np.asarray(image))


def test_srgb_stays_as_it_is() -> None:
    image = Image.fromarray(colours())
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(read_picture(file(image, icc_profile=profile)).pixels, colours())


def test_a_damaged_profile_is_no_reason_to_refuse() -> None:
    image = Image.fromarray(colours())
    assert np.array_equal(read_picture(file(image, icc_profile=b"no profile" * 20)).pixels, colours())


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_the_first_frame_of_an_animation(format: str) -> None:
    frames = [Image.new("RGB", (9, 7), colour) for colour in ("red", "blue", "green")]
    data = file(frames[0], format, save_all=True, append_images=frames[1:])
    read = read_picture(data).pixels
    assert read.shape == (7, 9, 4)
    assert close(read, frames[0], within=3)


def test_several_pictures_in_a_jpeg() -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    data = file(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert close(read_picture(data).pixels, frames[0])


def test_our_record_comes_along() -> None:
    record = {"prompt": "a fox", "seed": 3}
    assert read_picture(embed(colours(), record)).record == record
    assert read_picture(file(smooth())).record is None


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 3)])
def test_arrays_without_alpha_are_opaque(shape: tuple[int, ...]) -> None:
    read = read_picture(np.full(shape, 9, np.uint8)).pixels
    assert read.shape == (4, 6, 4)
    assert (read == [9, 9, 9, 255]).all()


@pytest.mark.parametrize(("shape", "dtype"), [((4, 4, 4), "f4"), ((4,), "u1"), ((4, 4, 2), "u1"), ((0, 4, 4), "u1")])
def test_other_arrays_are_refused(shape: tuple[int, ...], dtype: str) -> None:
    with pytest.raises(InputError, match=r"must be uint8 \[H, W\]"):
        read_picture(np.zeros(shape, dtype))


def test_what_is_no_picture_at_all_is_named() -> None:
    with pytest.raises(InputError, match="The mask cannot be a int; give a path"):
        read_picture(3, what="mask")  # type: ignore[arg-type]


def test_sources_are_made_by_reading_alone() -> None:
    with pytest.raises(TypeError):
        Source(colours(), "fox", "0")  # type: ignore[misc]
