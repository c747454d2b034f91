import io
import json
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato import __version__
from sfumato.errors import InputError
from sfumato.picture.metadata import FORMATS, embed, parameters, read

ALL = pytest.mark.parametrize("format", FORMATS)
RECORD = {
    "prompt": "ein Fuchs 🦊, „rot“",
    "seed": 2**63 - 1,
    "guidance": 3.5,
    "stages": {"prior": 16},
    "rerank": None,
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def drawing(channels: int = 4) -> np.ndarray:
    pixels = np.zeros((16, 24, channels), np.uint8)
    pixels[4:12, 4:20] = [200, 40, 90, 255][:channels]
    return pixels


@ALL
@pytest.mark.parametrize("channels", [3, 4])
def test_the_record_comes_back(format, channels) -> None:
    assert read(embed(drawing(channels), RECORD, format=format)) == RECORD


@ALL
@settings(max_examples=40)
@given(record=st.dictionaries(st.text(), JSON, max_size=4))
def test_any_json_comes_back(format, record) -> None:
    found = read(embed(drawing()[:2, :2], record, format=format))
    assert json.dumps(found, sort_keys=True) == json.dumps(record, sort_keys=True)


@ALL
def test_a_file_can_be_read_by_its_path(format, tmp_path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(embed(drawing(), RECORD, format=format))
    assert read(path) == read(str(path)) == RECORD


@pytest.mark.parametrize("format", ["png", "webp"])
def test_lossless_formats_keep_every_pixel(format) -> None:
    with Image.open(io.BytesIO(embed(drawing(), RECORD, format=format))) as image:
        assert image.format == format.upper()
        assert np.array_equal(np.asarray(image), drawing())


def test_jpeg_lays_transparency_over_white() -> None:
    with Image.open(io.BytesIO(embed(drawing(), RECORD, format="jpeg"))) as image:
        pixels = np.asarray(image).astype(int)
    assert image.mode == "RGB"
    assert np.abs(pixels[0, 0] - 255).max() <= 3
    assert np.abs(pixels[8, 12] - [200, 40, 90]).max() <= 6


@pytest.mark.parametrize("format", ["jpeg", "webp"])
def test_quality_decides_the_size(format) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    low, high = (len(embed(noise, RECORD, format=format, quality=q)) for q in (10, 90))
    assert low < high / 2


@ALL
def test_every_file_says_that_a_machine_made_it(format) -> None:
    data = embed(drawing(), RECORD, format=format)
    assert b"digitalsourcetype/trainedAlgorithmicMedia" in data
    assert f"Sfumato {__version__}".encode() in data
    with Image.open(io.BytesIO(data)) as image:
        xmp = image.info["xmp"]
    assert (xmp if isinstance(xmp, bytes) else xmp.encode()).startswith(b'<?xpacket begin="\xef\xbb\xbf"')


def test_png_also_speaks_to_people() -> None:
    with Image.open(io.BytesIO(embed(drawing(), RECORD, format="png"))) as image:
        text = image.info["parameters"]
    assert text == f"ein Fuchs 🦊, „rot“\nSeed: {2**63 - 1}, Guidance: 3.5"


def test_parameters_without_prompt_or_settings() -> None:
    assert parameters({"prompt": "a fox"}) == "a fox"
    assert parameters({"seed": 5, "rerank_of": 4}) == "Seed: 5, Rerank of: 4"
    assert parameters({}) == ""


@ALL
def test_pictures_of_others_have_no_record(format) -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, format)
    assert read(file.getvalue()) is None


def test_comments_of_others_are_left_alone() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0holiday"
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "jpeg", exif=exif.tobytes())
    assert read(file.getvalue()) is None


@ALL
def test_a_damaged_record_is_said_to_be_so(format, tmp_path) -> None:
    data = embed(drawing(), {"prompt": "abc"}, format=format)
    broken = data.replace(b'{"prompt":"abc"}', b'{"prompt";"abc"}')
    assert broken != data
    if format == "png":  # the chunk's checksum would give it away first
        broken = _with_chunk_sums(broken)
    path = tmp_path / "a.bin"
    path.write_bytes(broken)
    with pytest.raises(InputError, match=r"record in .*a\.bin is damaged"):
        read(path)


def _with_chunk_sums(png: bytes) -> bytes:
    out, at = [png[:8]], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        body = png[at + 4 : at + 8 + length]
        out += [png[at : at + 4], body, zlib.crc32(body).to_bytes(4, "big")]
        at += 12 + length
    return b"".join(out)


def test_a_record_that_is_no_object_is_damaged() -> None:
    data = embed(drawing(), {"a": 1}, format="webp").replace(b'{"a":1}', b"{}   ,{")
    with pytest.raises(InputError, match="The uploaded picture is damaged"):
        read(data)


@ALL
@settings(max_examples=60)
@given(data=st.data())
def test_cut_and_flipped_files_never_crash(format, data) -> None:
    whole = bytearray(embed(drawing(), RECORD, format=format))
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[at] ^= data.draw(st.integers(1, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        found = read(cut)
    except InputError:
        return
    assert found is None or isinstance(found, dict)


@pytest.mark.parametrize("data", [b"", b"hello", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_picture_is_refused(data) -> None:
    with pytest.raises(InputError, match="PNG, JPEG or WebP"):
        read(data)


def test_other_formats_are_refused_by_content(tmp_path) -> None:
    path = tmp_path / "really-a.png"
    Image.new("RGB", (4, 4)).save(path, "bmp")
    with pytest.raises(InputError, match=r"really-a\.png"):
        read(path)


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match=r"no file .*gone\.png"):
        read(tmp_path / "gone.png")


@pytest.mark.parametrize("quality", [0, 101])
def test_impossible_qualities_are_refused(quality) -> None:
    with pytest.raises(InputError, match="quality"):
        embed(drawing(), RECORD, format="jpeg", quality=quality)


def test_unknown_formats_are_refused() -> None:
    with pytest.raises(InputError, match="png, jpeg, webp"):
        embed(drawing(), RECORD, format="gif")  # type: ignore[arg-type]


@ALL
@pytest.mark.parametrize("record", [{"a": {1, 2}}, {"a": float("nan")}, {"a": b"x"}])
def test_a_record_must_be_json(format, record) -> None:
    with pytest.raises(InputError, match="plain JSON"):
        embed(drawing(), record, format=format)


@ALL
def test_a_record_has_a_largest_size(format) -> None:
    with pytest.raises(InputError, match="shorten"):
        embed(drawing(), {"prompt": "x" * 60_001}, format=format)
    record = {"prompt": "x" * 59_000}
    assert read(embed(drawing(), record, format=format)) == record
