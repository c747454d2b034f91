"""Unpacked packages of a made-up world, small enough to draw in a test: emoji vendors, clip art, words."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from sfumato_train.data.build import Packages
from sfumato_train.data.sources import Source, Words

FIXTURES = Path(__file__).parents[1] / "fixtures" / "art"

EMOJI = {
    "1F34E": ("red apple", ["fruit", "orchard"], 4, 39),
    "1F40C": ("snail", ["mollusk", "shell"], 3, 36),
    "2764-FE0F": ("red heart", ["love", "emotion"], 0, 14),
    "1F44B": ("waving hand", ["hello", "wave"], 1, 16),
    "1F1E8-1F1ED": ("flag: Switzerland", ["CH", "flag"], 9, 98),
    "2B1B": ("black large square", ["square"], 8, 96),
    "1F6A6": ("vertical traffic light", ["signal"], 5, 52),
}
_SKIN = ("waving hand: dark skin tone", "1F44B-1F3FF", 5)
_GROUPS = {
    0: "smileys & emotion",
    1: "people & body",
    3: "animals & nature",
    4: "food & drink",
    5: "travel & places",
    8: "symbols",
    9: "flags",
}
_SUBGROUPS = {
    14: "heart",
    16: "hand",
    36: "animal-bug",
    39: "food-fruit",
    52: "transport-ground",
    96: "geometric",
}


def _rect(x: int, y: int, width: int, height: int, fill: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"/>'


def _circle(x: int, y: int, radius: int, fill: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}"/>'


_HEART = '<path d="M16 28 L3 14 A7 7 0 0 1 16 8 A7 7 0 0 1 29 14Z" fill="#e0245e"/>'
ROUND = {
    "red-apple": _circle(16, 18, 12, "#e23b3b") + _rect(15, 2, 2, 6, "#630"),
    "snail": _circle(18, 14, 9, "#b5651d") + _rect(2, 22, 28, 5, "#dcb"),
    "heart": _HEART,
    "waving-hand": _rect(8, 6, 16, 22, "#fc4"),
    "waving-hand-dark-skin-tone": _rect(8, 6, 16, 22, "#743"),
    "flag-for-switzerland": _rect(0, 0, 32, 32, "#d00") + _rect(13, 7, 6, 18, "#fff"),
    "black-large-square": _rect(2, 2, 28, 28, "#111"),
    "vertical-traffic-light": _rect(10, 1, 12, 30, "#444") + _circle(16, 7, 4, "red"),
}
SQUARE = {
    "apple": _rect(4, 7, 24, 22, "#c22") + _rect(14, 1, 4, 8, "#282"),
    "snail": _rect(9, 5, 18, 18, "#958") + '<path d="M1 28L31 28L31 23L1 23Z" fill="#8b8"/>',
    # The same art as the other vendor's, under another name.
    "heavy-heart": _HEART,
    "unheard-of": '<path d="M2 2L30 4L18 30Z" fill="#19c"/>',
}
_SQUARE_CODES = {"1f34e": "apple", "1f40c": "snail", "2764": "heavy-heart"}

_FIELDS: dict[str, Any] = {
    "client": "npm",
    "author": "A Vendor",
    "licence": "MIT",
    "url": "https://example.org",
}
ROUND_SET = Source(
    name="round", package="@art/round", title="Round", style="round emoji", emoji=True, grey=True, skins=True,
    large=2, **_FIELDS,
)  # fmt: skip
SQUARE_SET = Source(
    name="square", package="@art/square", title="Square", style="square emoji", emoji=True, train=False,
    **(_FIELDS | {"licence": "CC-BY-SA-4.0"}),
)  # fmt: skip
SHINY_SET = Source(
    name="shiny", package="@art/shiny", title="Shiny", style="shiny 3d", reader="webp", emoji=True,
    folder="package/assets", **_FIELDS,
)  # fmt: skip
CLIPART = Source(
    name="openclipart", package="clipart", title="Clips", style="clip art", reader="openclipart",
    folder="svg", crop=True, large=1, **(_FIELDS | {"client": "apt", "licence": "public domain"}),
)  # fmt: skip
TABLE = (ROUND_SET, SQUARE_SET, SHINY_SET, CLIPART)


class ArtPackages(Packages):
    """The packages below `root`, all written at once; `asked` counts how often a folder was wanted."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._root, self.asked = root, 0
        write_packages(root)

    def folder(self, package: Source | Words) -> Path:
        self.asked += 1
        return self._root / package.package

    def version(self, package: Source | Words) -> str:
        return f"1.0-{package.name}"


def write_packages(root: Path) -> None:
    """Write all packages below `root`."""
    _iconify(root / "@art/round", ROUND, {}, {"Nature": ["snail"]})
    _iconify(root / "@art/square", SQUARE, _SQUARE_CODES, {})
    _webp(root / "@art/shiny" / "package" / "assets" / "1f34e.webp")
    (root / "clipart").mkdir(parents=True)
    (root / "clipart" / "svg").symlink_to(FIXTURES, target_is_directory=True)
    _emojibase(root / "emojibase-data" / "package")
    _emojilib(root / "emojilib" / "package" / "dist")


def _iconify(root: Path, icons: Mapping[str, str], codes: Mapping[str, str], groups: Mapping[str, list[str]]) -> None:
    folder = root / "package"
    hidden = {"old-thing": {"body": "<rect/>", "hidden": True}}
    bodies = {name: {"body": body} for name, body in icons.items()}
    _json(folder / "icons.json", {"icons": bodies | hidden, "width": 32, "height": 32})
    _json(folder / "chars.json", codes)
    _json(folder / "metadata.json", {"categories": groups})


def _webp(path: Path) -> None:
    picture = Image.new("RGBA", (64, 64))
    picture.paste((200, 40, 60, 255), (10, 14, 54, 60))
    file = io.BytesIO()
    picture.save(file, "WEBP", lossless=True)
    path.parent.mkdir(parents=True)
    path.write_bytes(file.getvalue())


def _emojibase(folder: Path) -> None:
    entries: list[dict[str, Any]] = [
        {"label": label, "hexcode": code, "tags": tags, "group": group, "subgroup": subgroup}
        for code, (label, tags, group, subgroup) in EMOJI.items()
    ]
    label, code, tone = _SKIN
    next(e for e in entries if e["hexcode"] == "1F44B")["skins"] = [{"label": label, "hexcode": code, "tone": tone}]
    _json(folder / "en" / "data.json", entries)
    italian = [{"label": "lumaca", "hexcode": "1F40C"}, {"label": "cosa ignota", "hexcode": "FFFF"}]
    _json(folder / "it" / "data.json", italian)
    groups = [{"order": order, "message": message} for order, message in _GROUPS.items()]
    subgroups = [{"order": order, "key": key} for order, key in (_SUBGROUPS | {98: "country-flag"}).items()]
    _json(folder / "en" / "messages.json", {"groups": groups, "subgroups": subgroups})
    _json(folder / "en" / "shortcodes" / "github.json", {"2764": ["heart", "luv"], "1F34E": "apple"})
    _json(folder / "meta" / "unicode-names.json", {"2764": "HEAVY BLACK HEART"})


def _emojilib(folder: Path) -> None:
    _json(
        folder / "emoji-en-US.json",
        {"🍎": ["red_apple", "fruit", "mac", "school"], "🐌": ["snail", "slow", "shell"]},
    )


def _json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
