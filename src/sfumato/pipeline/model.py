"""A model ready to run: its networks and its tokenizer, the two things every operation needs."""

from __future__ import annotations

from dataclasses import dataclass

from sfumato.bundle.manifest import TOKENIZER, Manifest
from sfumato.engine.base import Engine
from sfumato.text.tokenizer import Tokenizer


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """`engine` runs the bundle's networks, `tokenizer` reads prompts for them."""

    engine: Engine
    tokenizer: Tokenizer

    @property
    def manifest(self) -> Manifest:
        """What the bundle says about itself."""
        return self.engine.manifest


def load_model(engine: Engine) -> Model:
    """The engine with its bundle's tokenizer. Raises `BundleError` when the tokenizer is damaged."""
    return Model(engine=engine, tokenizer=Tokenizer(engine.file(TOKENIZER), engine.manifest.text.max_tokens))
