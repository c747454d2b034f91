"""What features hang on, by name, so that a run can tell whether they are those that it would compute itself."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sfumato_train.config import DecoderStage
from sfumato_train.context import Context

Key = dict[str, str]
UNIT = 64
"""Samples made at a time. A stream from shards orders its samples by it, so for shards it belongs to the key."""

POINTS = ("space", "masked", "maps")
"""What only the samples of decoders hang on; sheets need none of it."""

_OTHER = {
    "stream": "another stream",
    "seed": "another seed",
    "data": "other data",
    "clip": "another CLIP",
    "space": "another space of the decoder",
    "masked": "another share of masks",
}


def pairs_key(stage: Any, context: Context) -> Key:
    """What embeddings and words hang on. Raises InputError when clip has no checkpoint or the data cannot be read."""
    return {
        "stream": _stream(stage, context),
        "seed": str(stage.train.seed),
        "data": context.fingerprint,
        "clip": context.digest("clip"),
    }


def drawings_key(stage: DecoderStage, context: Context) -> Key:
    """What a decoder's features hang on: masks are drawn after the noise, and so on its size as well.

    Maps are asked for by those that align with them; the others take no harm from them.
    """
    pairs, network = pairs_key(stage, context), stage.network
    digest = context.digest("autoencoder") if stage.space == "latent" else ""
    space = f"{stage.space} {network.channels}x{network.size}x{network.size} {digest}".strip()
    maps = {"maps": "the image tower's last"} if stage.alignment else {}
    return pairs | {"space": space, "masked": str(stage.masked)} | maps


def key_of(stage: Any, context: Context) -> Key:
    """All that a stage asks of features; more may be told of those that are there."""
    return drawings_key(stage, context) if isinstance(stage, DecoderStage) else pairs_key(stage, context)


def folder_name(key: Key) -> str:
    """The folder of a stream's features: recipes have several streams."""
    return hashlib.sha256(key["stream"].encode()).hexdigest()[:12]


def difference(found: Mapping[str, str], wanted: Key) -> str | None:
    """In words, the first thing in which features differ from what is wanted; None where they agree."""
    name = next((name for name, value in wanted.items() if found.get(name) != value), None)
    if name is None:
        return None
    if name not in found:
        return "without the image tower's maps" if name == "maps" else "without the points of the decoder's space"
    values = (found[name], wanted[name])
    shown = " ({} instead of {})".format(*values) if max(map(len, values)) <= 20 else ""
    return f"with {_OTHER[name]}{shown}"


def _stream(stage: Any, context: Context) -> str:
    settings = asdict(stage.stream)
    shards = settings.pop("shards")
    if context.shards:  # which take nothing else from the configuration; threads change no sample
        settings = {"size": settings["size"], "shards": shards | {"workers": None}, "unit": UNIT}
    return json.dumps(settings, sort_keys=True)
