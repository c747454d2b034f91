"""Read an unpacked package: one `Item` per picture, with what the package says about it, as it says it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from .sources import Source

_SKIN = re.compile(r"-(?:tone-?[1-6]|(?:medium|light|medium-light|dark|medium-dark)-skin-tone)$")
_SHORT_SKIN = re.compile(r"-(?:medium|light|medium-light|dark|medium-dark)$")
_DC = "{http://purl.org/dc/elements/1.1/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One picture as its package gives it.

    `id` is unique within the source; `data` is the SVG or WebP file; `hexcode` the emoji's code points (lower
    case, joined by "-") where known; `path` is the folder or category the package puts it in.
    """

    source: str
    id: str
    name: str
    data: bytes
    hexcode: str = ""
    keywords: tuple[str, ...] = ()
    path: str = ""
    author: str = ""


def read(source: Source, folder: Path) -> Iterator[Item]:
    """The source's pictures in a fixed order, from the folder its package was unpacked to."""
    yield from _READERS[source.reader](source, folder / source.folder)


def _iconify(source: Source, folder: Path) -> Iterator[Item]:
    sheet = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
    codes = _codes(folder / "chars.json")
    categories = _categories(folder / "metadata.json")
    chosen = _CHOOSERS.get(source.name, _any)
    for name, icon in sorted(sheet["icons"].items()):
        if icon.get("hidden") or categories.get(name) in source.skip or not chosen(name, sheet["icons"]):
            continue
        code = codes.get(name, "")
        if not source.skins and source.emoji and is_skin_variant(name, code, sheet["icons"]):
            continue
        yield Item(
            source=source.name,
            id=name,
            name=name,
            data=_svg(icon, sheet).encode(),
            hexcode=code,
            path=categories.get(name, ""),
        )


def is_skin_variant(name: str, hexcode: str, names: Container[str]) -> bool:
    """Whether an emoji's slug or code points carry a skin tone beside something else.

    Some sets write "astronaut-dark"; that counts only beside an "astronaut-medium",
    so a "traffic-light" has none.
    """
    if hexcode:
        return "-" in hexcode and re.search(r"1f3f[b-f]", hexcode) is not None
    short = _SHORT_SKIN.search(name)
    return _SKIN.search(name) is not None or (short is not None and f"{name[: short.start()]}-medium" in names)


def _svg(icon: dict[str, Any], sheet: dict[str, Any]) -> str:
    left, top = icon.get("left", 0), icon.get("top", 0)
    width = icon.get("width", sheet.get("width", 16))
    height = icon.get("height", sheet.get("height", 16))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" viewBox="{left} {top} {width} {height}">{icon["body"]}</svg>'
    )


def _codes(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    chars: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return {name: code for code, name in chars.items()}


def _categories(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    categories = json.loads(path.read_text(encoding="utf-8")).get("categories", {})
    return {name: category for category, names in categories.items() for name in names}


def _largest_only(name: str, icons: dict[str, Any]) -> bool:
    """Of the sizes of one icon ("mail-16", "mail-48") the one with the most detail."""
    stem, _, size = name.rpartition("-")
    sizes = [int(n.rpartition("-")[2]) for n in icons if n.rpartition("-")[0] == stem]
    return int(size) == max(sizes)


def _any(name: str, icons: dict[str, Any]) -> bool:
    return True


_CHOOSERS: dict[str, Callable[[str, dict[str, Any]], bool]] = {
    "flag": lambda name, _: name.endswith("-4x3"),
    "circle-flags": lambda name, _: re.fullmatch(r"[a-z]{2}|gb-(eng|sct|wls)", name) is not None,
    "fluent-color": _largest_only,
}


def _webp(source: Source, folder: Path) -> Iterator[Item]:
    for path in sorted(folder.glob("*.webp")):
        yield Item(
            source=source.name,
            id=path.stem,
            name="",
            data=path.read_bytes(),
            hexcode=path.stem.lower().replace("_", "-"),
        )


def _plain(source: Source, folder: Path) -> Iterator[Item]:
    # Phantom's folders below the top hold the single frames of animations.
    for path in sorted(folder.glob("*.svg" if source.name == "phantom" else "**/*.svg")):
        inside = path.relative_to(folder)
        if path.is_symlink() or inside.as_posix().startswith(source.skip):
            continue
        yield Item(
            source=source.name,
            id=inside.with_suffix("").as_posix(),
            name=path.stem,
            data=path.read_bytes(),
            path=inside.parent.as_posix() if inside.parent.parts else "",
        )


def _openclipart(source: Source, folder: Path) -> Iterator[Item]:
    for item in _plain(source, folder):
        title, author, keywords = _metadata(item.data)
        yield Item(
            source=item.source,
            id=item.id,
            name=title or item.name,
            data=item.data,
            keywords=keywords,
            path=item.path,
            author=author,
        )


def _metadata(data: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Title, author and keywords from an SVG's RDF (Dublin Core) metadata; empty where it has none."""
    try:
        work = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError):
        return "", "", ()
    titles = [e for e in work.iter() if e.tag == f"{_DC}title"]
    creators = [t for e in work.iter(f"{_DC}creator") for t in e.iter(f"{_DC}title")]
    agents = {id(t) for tag in ("publisher", "creator", "rights") for e in work.iter(_DC + tag) for t in e.iter()}
    title = next((t.text for t in titles if id(t) not in agents and t.text), "")
    subjects = [li.text or "" for s in work.iter(f"{_DC}subject") for li in s.iter(f"{_RDF}li")]
    author = creators[0].text or "" if creators else ""
    return _mended(title), _mended(author), tuple(s.strip() for s in subjects if s.strip())


def _mended(text: str) -> str:
    """One line, without the HTML entities and the doubly encoded letters that some files carry."""
    text = html.unescape(text)
    with suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    return " ".join(text.split())


_READERS: dict[str, Callable[[Source, Path], Iterator[Item]]] = {
    "iconify": _iconify,
    "webp": _webp,
    "openclipart": _openclipart,
    "tango": _plain,
    "phantom": _plain,
}
