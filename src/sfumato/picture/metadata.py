"""The record of a picture inside its file: what it was made from, and that a machine made it.

A record is a JSON object: prompt, seed, model, settings. It stands

- in PNG: as the iTXt chunk "sfumato" (JSON), and for people and other programs as "parameters" (text);
- in JPEG and WebP: as EXIF UserComment (JSON in ASCII, prefixed as the EXIF standard asks);
- in GIF, which has room for no more: as the comment (JSON in ASCII);
- and the first three say in XMP that the source is a trained model (IPTC DigitalSourceType), and name the software.
"""

import io
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from sfumato import __version__
from sfumato.errors import InputError
from sfumato.picture.convert import Pixels, flatten, to_image

Format = Literal["png", "jpeg", "webp"]
FORMATS: tuple[Format, ...] = get_args(Format)
Record = Mapping[str, Any]

SOFTWARE = f"Sfumato {__version__}"
WHITE = (255, 255, 255)
_READABLE = ("PNG", "JPEG", "WEBP", "GIF")
_EXIF_IFD, _SOFTWARE, _USER_COMMENT = 0x8769, 0x0131, 0x9286
_ASCII = b"ASCII\0\0\0"
_LARGEST = 60_000  # bytes; a JPEG's EXIF segment holds 65,533 in all
_XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmp:CreatorTool="{SOFTWARE}"
 Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def parameters(record: Record) -> str:
    """The record as text: the prompt on a line of its own, then "Name: value" for everything simple."""
    simple = {k: v for k, v in record.items() if k != "prompt" and isinstance(v, str | int | float)}
    names = ", ".join(f"{key.replace('_', ' ').capitalize()}: {value}" for key, value in simple.items())
    return "\n".join(line for line in (str(record.get("prompt", "")), names) if line)


def embed(pixels: Pixels, record: Record, *, format: Format = "png", quality: int | None = None) -> bytes:
    """A file of uint8 [H, W, 3 or 4] with the record in it.

    quality (1–100) is for JPEG (95 when None) and WebP (lossless when None); PNG is always lossless. JPEG
    knows no transparency: such pixels are laid over white. Raises InputError for an unknown format, a quality
    out of range and a record that is no JSON or larger than 60 kB.
    """
    if format not in FORMATS:
        raise InputError(f"Pictures are written as {', '.join(FORMATS)}, not as {format!r}.")
    if quality is not None and not 1 <= quality <= 100:
        raise InputError(f"The quality {quality} must be a whole number from 1 to 100.")
    options = _png(record) if format == "png" else _exif(record) | _compression(format, quality)
    image = to_image(flatten(pixels, WHITE) if format == "jpeg" else pixels)
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def _json(record: Record, *, ascii: bool) -> str:
    try:
        text = json.dumps(dict(record), ensure_ascii=ascii, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise InputError(f"The record of a picture must be plain JSON: {error}.") from None
    if len(text.encode()) > _LARGEST:
        raise InputError(f"The record of a picture is larger than {_LARGEST // 1000} kB; shorten its prompt.")
    return text


def _png(record: Record) -> dict[str, Any]:
    info = PngInfo()
    info.add_itxt("sfumato", _json(record, ascii=False))
    info.add_itxt("parameters", parameters(record))
    info.add_text("Software", SOFTWARE)
    info.add_itxt("XML:com.adobe.xmp", _XMP)
    return {"pnginfo": info, "compress_level": 4}  # three times as fast as 6, and no larger on flat art


def _exif(record: Record) -> dict[str, Any]:
    exif = Image.Exif()
    exif[_SOFTWARE] = SOFTWARE
    exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = _ASCII + _json(record, ascii=True).encode()
    return {"exif": exif.tobytes(), "xmp": _XMP.encode()}


def animation_options(record: Record, *, format: Literal["webp", "gif"]) -> dict[str, Any]:
    """What Pillow is told to put the record into an animation. Raises InputError as `embed` does."""
    return {"comment": _json(record, ascii=True).encode()} if format == "gif" else _exif(record)


def _compression(format: Format, quality: int | None) -> dict[str, Any]:
    if format == "jpeg":
        return {"quality": quality or 95, "subsampling": 0}
    # exact: colours under full transparency are kept too, as in PNG.
    return {"lossless": True, "exact": True} if quality is None else {"quality": quality}


def read(source: Path | str | bytes) -> dict[str, Any] | None:
    """The record in a PNG, JPEG, WebP or GIF file (a path, or the file's bytes); None where there is none.

    Raises InputError where there is no such file, it is no picture, or its record is damaged. Only the
    file's head is read, never its pixels.
    """
    name = "The uploaded picture" if isinstance(source, bytes) else f"{source}"
    file: BinaryIO | Path = io.BytesIO(source) if isinstance(source, bytes) else Path(source)
    try:
        text = _open(file)
    except FileNotFoundError:
        raise InputError(f"There is no file {name}; check the path.") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise InputError(f"{name} cannot be read as a picture; give a PNG, JPEG or WebP file.") from None
    return None if text is None else _parse(text, name)


def _open(file: BinaryIO | Path) -> str | bytes | None:
    with warnings.catch_warnings():
        # Pillow warns of a damaged EXIF block; to us that is a picture without a record.
        warnings.simplefilter("ignore", UserWarning)
        with Image.open(file, formats=_READABLE) as image:
            return _find(image)


def _find(image: Image.Image) -> str | bytes | None:
    if image.format == "PNG":
        found = image.info.get("sfumato")
        return found if isinstance(found, str) else None
    if image.format == "GIF":
        said = image.info.get("comment", b"")
        return said if isinstance(said, bytes) and said.startswith(b'{"software":') else None
    comment = image.getexif().get_ifd(_EXIF_IFD).get(_USER_COMMENT)
    if isinstance(comment, bytes) and comment.startswith(_ASCII + b"{"):
        return comment.removeprefix(_ASCII)
    return None


def _parse(text: str | bytes, name: str) -> dict[str, Any]:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise InputError(f"The record in {name} is damaged; the picture is fine, but cannot be redrawn from it.")
    return record
