"""What `sfumato-train data prepare` keeps, and the reasons it gives for leaving something out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from sfumato.errors import InputError

from .places import Shard
from .sample import FAULTS
from .settings import Fit

SMALL, LONG, SHORT_TEXT, LONG_TEXT = "too small", "too long or too wide", "caption too short", "caption too long"
FOREIGN, NSFW = "caption not in ASCII", "not safe for work"
REPEATED, UNLIKE = "caption repeated too often", "caption unlike the picture"
NEAR_PICTURE, NEAR_EMBEDDING = "near-duplicate picture", "near-duplicate embedding"
REASONS = (
    "",
    *FAULTS,
    *(SMALL, LONG, SHORT_TEXT, LONG_TEXT, FOREIGN, NSFW, REPEATED, NEAR_PICTURE, NEAR_EMBEDDING, UNLIKE),
)
"""By the number that rows hold; 0 is kept."""
CODES = {reason: code for code, reason in enumerate(REASONS)}
_VERSION = 2  # to be raised when a step gives other rows for the same rules

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """None leaves a rule out.

    `min_side` of the picture in pixels, `max_aspect` long side by short side; `min_chars`, `max_chars` of the caption,
    `min_ascii` the share of its letters that are ASCII; `max_nsfw` of the publisher's score, where there is one;
    `per_caption`: samples that may share one caption (the first ones are kept); `near_blocks`: by how much (of 255)
    near-duplicates differ at most in the mean of any of 8×8 blocks; `near_cosine`: of the embeddings of
    near-duplicates, at least; `min_similarity`: least cosine of picture and caption; `model`: whose CLIP embeds, None
    for no embeddings; `fit`: how it sees pictures that are not square.
    """

    min_side: Count = 64
    max_aspect: Annotated[float, Field(ge=1)] = 3.0
    min_chars: Count = 3
    max_chars: Count = 1000
    min_ascii: Share = 0.0
    max_nsfw: Share | None = None
    per_caption: Count | None = None
    near_blocks: Annotated[float, Field(ge=0, le=64)] | None = 10.0
    near_cosine: Share | None = None
    min_similarity: Annotated[float, Field(ge=-1, le=1)] | None = None
    model: str | None = None
    fit: Fit = "crop"


def rules_of(**values: object) -> Rules:
    """Rules whose values were checked; InputError naming the first that is wrong."""
    unknown = [name for name in values if name not in _ALL]
    if unknown:
        raise InputError(f"There is no rule {unknown[0]!r}; choose among {', '.join(_ALL)}.")
    try:
        return TypeAdapter(Rules).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"The rule {first['loc'][0]} is wrong: {first['msg']}.") from None


def digest(step: str, rules: Rules, *inputs: object) -> str:
    """A name for all that a step's rows hang on: its rules and its inputs."""
    facts = [_VERSION, step, {name: getattr(rules, name) for name in _DECIDED_BY[step]}, *inputs]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def described(shards: Sequence[Shard]) -> list[tuple[str, int]]:
    """The shards as a digest sees them."""
    return [(shard.url, shard.size) for shard in shards]


_MEASURED = ("min_side", "max_aspect", "min_chars", "max_chars", "min_ascii", "max_nsfw")
_ALL = tuple(asdict(Rules()))
_DECIDED_BY = {
    "measure": _MEASURED,
    "embed": (*_MEASURED, "per_caption", "near_blocks", "model", "fit"),
    "write": _ALL,
}
