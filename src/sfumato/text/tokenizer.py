"""WordPiece tokens of a caption (Devlin et al. 2019; uncased), from the bundle's tokenizer.json."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding
from tokenizers import Tokenizer as Backend

from sfumato.errors import BundleError

PAD, UNKNOWN = "[PAD]", "[UNK]"


@dataclass(frozen=True, kw_only=True, eq=False)
class Tokens:
    """txt_tokens, txt_mask: int64 [1, L], mask 1 where a token is real. notes: what the user should know."""

    txt_tokens: NDArray[np.int64]
    txt_mask: NDArray[np.int64]
    notes: tuple[str, ...]


class Tokenizer:
    """Captions to exactly L tokens, [CLS] and [SEP] included: longer ones are cut, shorter ones padded."""

    def __init__(self, path: Path, max_tokens: int) -> None:
        """Raises `BundleError` when the file is no tokenizer or lacks [PAD]."""
        self.max_tokens = max_tokens
        self._backend = _load(path)
        pad = self._backend.token_to_id(PAD)
        if pad is None:
            raise BundleError(f"{path} has no {PAD} token; install the model again.")
        self._backend.enable_truncation(max_tokens)
        self._backend.enable_padding(length=max_tokens, pad_id=pad, pad_token=PAD)

    def __call__(self, caption: str) -> Tokens:
        """Any text, the empty one too. Notes say where it was cut and which words the model cannot read."""
        encoding = self._backend.encode(caption)
        return Tokens(
            txt_tokens=np.array([encoding.ids], np.int64),
            txt_mask=np.array([encoding.attention_mask], np.int64),
            notes=(*self._cut(caption, encoding), *_unread(caption, encoding)),
        )

    def pieces(self, text: str) -> list[str]:
        """The text's own tokens as they are written: neither [CLS] nor [SEP], [UNK] for what cannot be read."""
        encoding = self._backend.encode(text, add_special_tokens=False)
        pairs = zip(encoding.tokens, encoding.attention_mask, strict=True)
        return [token for token, real in pairs if real]

    def _cut(self, caption: str, encoding: Encoding) -> list[str]:
        if not encoding.overflowing:
            return []
        end = max(stop for _, stop in encoding.offsets)
        last = caption[:end].rsplit(maxsplit=1)[-1]
        return [f"The prompt is longer than the model reads ({self.max_tokens} tokens): cut after “{last}”."]


def _load(path: Path) -> Backend:
    try:
        return Backend.from_file(str(path))
    except Exception:  # the backend raises bare Exception for whatever is wrong with the file
        raise BundleError(f"{path} is no tokenizer file; install the model again.") from None


def _unread(caption: str, encoding: Encoding) -> list[str]:
    pairs = zip(encoding.tokens, encoding.offsets, strict=True)
    words = dict.fromkeys(caption[start:stop] for token, (start, stop) in pairs if token == UNKNOWN)
    return [f"The model cannot read {', '.join(words)}; say it in other words."] if words else []
