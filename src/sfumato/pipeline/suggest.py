"""Prompts out of nothing, or out of their first words."""

from __future__ import annotations

from dataclasses import dataclass

from sfumato.diffusion import rng
from sfumato.errors import InputError
from sfumato.pipeline.model import Model
from sfumato.pipeline.sentences import Chance, drawn
from sfumato.pipeline.speech import GRAPH, language_shape, read_vocabulary
from sfumato.pipeline.watch import SILENT, Observer, Watch
from sfumato.text.prompt import check_prompt
from sfumato.text.spelling import continued
from sfumato.text.vocabulary import Vocabulary

MAX_TEMPERATURE = 2.0
ATTEMPTS = 32
"""How often one suggestion is drawn anew when it is there already."""
PATIENCE = 4
"""How often one that finds no end is drawn anew before a cut one is taken."""
ROOM = 8
"""Tokens that the user's words must leave for others."""


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """The user's words as they were typed, and as the model reads them."""

    text: str
    words: tuple[int, ...]


def suggest(
    model: Model,
    start: str = "",
    *,
    n: int = 1,
    seed: int,
    temperature: float | None = None,
    observer: Observer = SILENT,
) -> list[str]:
    """n different prompts that begin with `start`, word for word as it was typed.

    Prompt k depends on seed + k and on those before it only in that it is none of them. temperature: None for the
    model's own; 0 takes the likeliest words, so that only one prompt is to be had. Raises `InputError` for a start
    that cannot be used and where no more are found, `BundleError` without a language model, `Cancelled`.
    """
    shape, vocabulary = language_shape(model.engine), read_vocabulary(model.engine)
    beginning = begun(model, vocabulary, start)
    chance = Chance(temperature=shape.temperature if temperature is None else temperature, top_p=shape.top_p)
    model.engine.prepare([(GRAPH, 1)])
    found: list[str] = []
    for k in range(n):
        watch = Watch(observer, picture=k + 1, pictures=n)
        found.append(_another(model, vocabulary, beginning, chance, seed=seed + k, found=found, watch=watch))
    return found


def begun(model: Model, vocabulary: Vocabulary, start: str) -> Beginning:
    """`InputError` for a start with control characters and for one that leaves no room."""
    if not start.strip():
        return Beginning(text="", words=())
    check_prompt(start)
    words = vocabulary.numbers(model.tokenizer.pieces(start))
    shape = language_shape(model.engine)
    longest = shape.places - shape.picture_tokens - 1 - ROOM
    if len(words) > longest:
        raise InputError(
            f"The start is longer than the model can go on from ({longest} tokens); shorten it to a few words."
        )
    return Beginning(text=start.strip(), words=tuple(words))


def _another(
    model: Model,
    vocabulary: Vocabulary,
    beginning: Beginning,
    chance: Chance,
    *,
    seed: int,
    found: list[str],
    watch: Watch,
) -> str:
    """One that is not among those found: the first of its seed's draws that comes to an end."""
    places, endless = language_shape(model.engine).places, 0
    for attempt in range(ATTEMPTS if chance.temperature > 0 else 1):
        u = rng.uniform(seed, (1, places), stream=rng.LANGUAGE + (attempt << 16))
        with watch.stage(GRAPH, places) as tick:
            (one,) = drawn(model.engine, vocabulary, u, chance, given=beginning.words, tick=tick)
        text = continued(beginning.text, vocabulary.spell(one.words[one.given :]))
        endless += not one.ended
        enough = one.ended or endless > PATIENCE or chance.temperature == 0
        if enough and text not in found and len(one.words) > one.given:
            return text
    raise InputError(
        f"No more than {len(found)} different suggestions were found; raise the temperature or ask for fewer."
    )
