"""What a raw sample says: caption, facts, and the picture as a file; or why it cannot be used."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .tar import RawSample

PICTURES = ("jpg", "jpeg", "png", "webp")
NO_PICTURE, NO_CAPTION, BAD_JSON, BAD_TEXT = "no picture", "no caption", "bad json", "caption is no UTF-8"
UNREADABLE = "unreadable picture"
BROKEN_SHARD = "broken shard"
FAULTS = (NO_PICTURE, NO_CAPTION, BAD_JSON, BAD_TEXT, UNREADABLE)
_NSFW = ("punsafe", "NSFW", "nsfw")
_WORDS = {"UNLIKELY": 0.0, "UNSURE": 0.5, "NSFW": 1.0}


class Unusable(Exception):
    """Why a sample is left out: one of FAULTS."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Captioned:
    """A sample that can be decoded. `caption` has single spaces; `facts` is what stood in its JSON."""

    caption: str
    picture: bytes
    facts: dict[str, Any]

    @property
    def nsfw(self) -> float | None:
        """The publisher's score in 0..1, where there is one (LAION's `punsafe`, or its words under `NSFW`)."""
        for key in _NSFW:
            value = self.facts.get(key)
            if isinstance(value, str):
                value = _WORDS.get(value.upper())
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
        return None


def parse(raw: RawSample) -> Captioned:
    """The sample's parts; raises Unusable."""
    picture = next((raw.files[kind] for kind in PICTURES if kind in raw.files), None)
    if picture is None:
        raise Unusable(NO_PICTURE)
    facts = _facts(raw.files.get("json"))
    return Captioned(caption=_caption(raw.files.get("txt"), facts), picture=picture, facts=facts)


def _facts(data: bytes | None) -> dict[str, Any]:
    if data is None:
        return {}
    try:
        facts = json.loads(data)
    except (ValueError, RecursionError):
        raise Unusable(BAD_JSON) from None
    if not isinstance(facts, dict):
        raise Unusable(BAD_JSON)
    return facts


def _caption(text: bytes | None, facts: dict[str, Any]) -> str:
    """The .txt, or the JSON's "caption" where that is missing or empty."""
    try:
        said = (text or b"").decode()
    except UnicodeDecodeError:
        raise Unusable(BAD_TEXT) from None
    other = facts.get("caption")
    caption = " ".join(said.split()) or (" ".join(other.split()) if isinstance(other, str) else "")
    if not caption:
        raise Unusable(NO_CAPTION)
    return caption
