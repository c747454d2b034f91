"""What a picture may be asked about: labels to choose among, or one thing and its opposite.

Imports nothing heavy, so that bad labels are refused before anything is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sfumato.errors import InputError
from sfumato.text.prompt import check_prompt

MAX_LABELS = 1000
PLACE = "{}"
_NEGATION = re.compile(r"(?:not|no|isn't|is not|without|anything but)\s+(?=\S)", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:a|an|the|any)\s+(?=\S)")


@dataclass(frozen=True, kw_only=True)
class Labels:
    """`names` as they were given, at least two. `denied`: the place of "not X" beside X, None among plain labels."""

    names: tuple[str, ...]
    denied: int | None = None

    @property
    def asked(self) -> str:
        """The X of "X or not X"."""
        assert self.denied is not None, "there is no opposite among plain labels"
        return self.names[1 - self.denied]


def read_labels(labels: Sequence[str]) -> Labels:
    """Checks labels and finds the opposite among them.

    CLIP knows no negation: the caption "not a hot dog" lies beside "a hot dog". So "not X" (or "no X", "without X")
    is understood beside X alone. Raises `InputError` for labels that are blank, given twice or fewer than two, and
    for a "not X" in other company.
    """
    names = tuple(check_prompt(label, "label").strip() for label in labels)
    _check_count(names)
    _check_twice(names)
    if len(names) == 2:
        for place, other in ((0, 1), (1, 0)):
            if opposite(names[place]) == _bare(names[other]):
                return Labels(names=names, denied=place)
    alone = next((name for name in names if re.match(r"not\s", name, re.IGNORECASE)), None)
    if alone is not None:
        raise InputError(f"The label {alone!r} needs {opposite(alone)!r} beside it and nothing else; give both.")
    return Labels(names=names)


def opposite(label: str) -> str | None:
    """The bare X of "not an X" or "no X"; None for a label that denies nothing."""
    found = _NEGATION.match(label)
    return None if found is None else _bare(label[found.end() :])


def check_templates(templates: Sequence[str]) -> tuple[str, ...]:
    """The templates themselves; `InputError` for none, and for one without its place for the label."""
    if not templates:
        raise InputError(f"There is no template; give at least one such as 'a sticker of {PLACE}'.")
    for template in templates:
        check_prompt(template, "template")
        if template.count(PLACE) != 1:
            raise InputError(f"The template {template!r} needs {PLACE} once, where the label goes.")
    return tuple(templates)


def _bare(label: str) -> str:
    words = " ".join(label.casefold().split())
    return _ARTICLE.sub("", words, count=1) if _ARTICLE.match(words) else words


def _check_count(names: Sequence[str]) -> None:
    if not names:
        raise InputError("There is no label; say in a few words each what the picture may show.")
    if len(names) == 1:
        hint = f"not {names[0]}" if opposite(names[0]) is None else opposite(names[0])
        raise InputError(f"One label leaves no choice; give others beside {names[0]!r}, or its opposite {hint!r}.")
    if len(names) > MAX_LABELS:
        raise InputError(f"There are {len(names)} labels; give {MAX_LABELS} or fewer.")


def _check_twice(names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        key = " ".join(name.casefold().split())
        if key in seen:
            raise InputError(f"The label {name!r} is given twice; leave one of them out.")
        seen.add(key)
