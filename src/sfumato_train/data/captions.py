"""Captions, drawn afresh each time a picture is shown, from the words of its record.

The style is named sometimes only, so that it becomes a control and not a need; so are keywords, categories
and the kind of picture ("sticker", "icon").
"""

from __future__ import annotations

import re

import numpy as np

from .aliases import ALIASES
from .english import article, is_plural, noun_phrase
from .record import Record

_ANY_MEDIUM = ("picture", "drawing", "illustration", "sticker", "image", "cartoon")
_EMOJI_WORDS = ("moji", "emoji", "fluent", "blob")
_CATEGORY_WORDS = {
    "food & drink": ("food", "food and drink"),
    "animals & nature": ("animal", "nature"),
    "travel & places": ("travel", "place"),
    "activities": ("activity", "leisure"),
    "objects": ("object",),
    "symbols": ("symbol", "sign"),
    "flags": ("flag",),
    "smileys & emotion": ("smiley", "emotion"),
    "people & body": ("people", "person"),
}
_ARTICLE_CATEGORIES = frozenset(
    {"food & drink", "animals & nature", "travel & places", "activities", "objects", "people & body",
     "smileys & emotion"}
)  # fmt: skip
_ADJECTIVE_ENDINGS = ("ing", "ed")


def spoken_name(record: Record) -> str:
    """The record's name as words: "flag: france" becomes "flag of france"."""
    name = re.sub(r"[“”\"]", "", record.name)
    if name.startswith("flag: "):
        return "flag of " + name.removeprefix("flag: ")
    return " ".join(name.replace(":", " ").replace("_", " ").split())


def phrase(record: Record, rng: np.random.Generator, *, name: str | None = None) -> str:
    """The name with an article where it takes one, and its attributes often: "a hand with dark skin tone"."""
    words = name or spoken_name(record)
    text = noun_phrase(words) if takes_article(record, words) else words
    if record.attributes and rng.random() < 0.75:
        toned = all(attribute.endswith("skin tone") for attribute in record.attributes)
        text += (" with " if toned and rng.random() < 0.5 else ", ") + " and ".join(record.attributes)
    return text


def media(style: str) -> tuple[str, ...]:
    """The words for the kind of picture that a style is: an emoji, an icon, clip art."""
    if any(word in style for word in _EMOJI_WORDS):
        return (*_ANY_MEDIUM, "emoji", "emoji", "icon")
    if style.endswith("icon") or style == "silhouette":
        return (*_ANY_MEDIUM[:4], "icon", "icon", "icon")
    return (*_ANY_MEDIUM, style) if style == "clip art" else _ANY_MEDIUM


def takes_article(record: Record, name: str) -> bool:
    """Whether "a NAME" is English: things, animals and people; not signs or verbs ("add row")."""
    if not record.keywords and record.style.endswith("icon"):
        return False
    first = name.partition(" ")[0]
    if record.category in _ARTICLE_CATEGORIES:
        return not (first.endswith("ing") and " " not in name and record.category != "smileys & emotion")
    return len(name.split()) <= 2 and not first.endswith(_ADJECTIVE_ENDINGS) and record.category != "symbols"


def caption(
    record: Record,
    rng: np.random.Generator,
    *,
    style: float = 0.4,
    name: str | None = None,
    keywords: bool = True,
) -> str:
    """A caption for one object, without background; the style is named with probability `style`.

    `name` replaces the record's own (a recoloured object); then `keywords` should be False, since they
    describe the art as it was.
    """
    others = ALIASES.get(record.concept, ()) if name is None else ()
    words = _pick(rng, others) if others and rng.random() < 0.3 else name or spoken_name(record)
    text = _plain(record, rng, words, keywords=keywords)
    return styled(text, words, record.style, rng) if rng.random() < style else text


def _plain(record: Record, rng: np.random.Generator, words: str, *, keywords: bool) -> str:
    """Name, phrase, "a sticker of ...", "... icon", keywords or category."""
    draw = rng.random()
    full = phrase(record, rng, name=words)
    if draw < 0.26:
        return words
    if draw < 0.62:
        return full
    if draw < 0.74:
        medium = _pick(rng, media(record.style))
        return f"{_indefinite(medium)} of {full}"
    if draw < 0.82:
        return f"{words} {_pick(rng, media(record.style)[2:])}"
    if draw < 0.94 and keywords:
        return _with_keywords(record, rng, full, words)
    return _with_category(record, rng, full)


def _with_keywords(record: Record, rng: np.random.Generator, full: str, words: str) -> str:
    """The phrase followed by one to three keywords; seldom the keywords alone."""
    keywords = [k for k in record.keywords if k not in words and 2 < len(k) < 24]
    if not keywords:
        return full
    count = min(len(keywords), int(rng.integers(1, 4)))
    chosen = [keywords[i] for i in rng.permutation(len(keywords))[:count].tolist()]
    first = full if rng.random() < 0.6 else words
    return ", ".join([first, *chosen])


def _with_category(record: Record, rng: np.random.Generator, full: str) -> str:
    """A caption that says what sort of thing it is: "a food sticker of a red apple"."""
    kinds = _CATEGORY_WORDS.get(record.category)
    if not kinds:
        return full
    kind = _pick(rng, kinds)
    medium = _pick(rng, media(record.style)[1:])
    return f"{_indefinite(f'{kind} {medium}')} of {full}"


def styled(text: str, words: str, style: str, rng: np.random.Generator) -> str:
    """The caption with its style named in one of a few ways."""
    draw = rng.random()
    if draw < 0.35:
        return f"{text}, {style}"
    if draw < 0.55:
        return f"{text}, {style} style" if not style.endswith("style") else f"{text}, {style}"
    if draw < 0.7:
        return f"{text} in {style} style"
    if draw < 0.85:
        return f"{words} {style}"
    if " of " in text:
        return f"{text}, {style}"
    return f"{style} of {text}" if is_plural(style) else f"{_indefinite(style)} of {text}"


def _indefinite(words: str) -> str:
    return words if words.endswith("clip art") else f"{article(words)} {words}"


def _pick(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]
