"""The tokenizer that belongs to the toy language model."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer as Backend
from tokenizers import models, normalizers, pre_tokenizers, processors

from sfumato.text.tokenizer import Tokenizer
from support.toy_language import PIECES


def toy_tokenizer(folder: Path, max_tokens: int = 16) -> Tokenizer:
    """WordPiece over the toy's words."""
    ids = {token: index for index, token in enumerate(("[PAD]", *PIECES))}
    backend = Backend(models.WordPiece(ids, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.BertProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))
    path = folder / "tokenizer.json"
    backend.save(str(path))
    return Tokenizer(path, max_tokens)
