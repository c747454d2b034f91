from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import BundleError
from sfumato.text.tokenizer import Tokenizer
from support.tiny_bundle import VOCABULARY, tiny_tokenizer

L = 8
CLS, SEP, PAD, UNK = (VOCABULARY.index(name) for name in ("[CLS]", "[SEP]", "[PAD]", "[UNK]"))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    tiny_tokenizer().save(str(path))
    return Tokenizer(path, L)


def ids(*words: str) -> list[int]:
    return [VOCABULARY.index(word) for word in words]


def test_words_become_tokens_between_marks_and_padding(tokenizer: Tokenizer) -> None:
    tokens = tokenizer("A red FOX")
    assert tokens.txt_tokens.tolist() == [[CLS, *ids("a", "red", "fox"), SEP, PAD, PAD, PAD]]
    assert tokens.txt_mask.tolist() == [[1, 1, 1, 1, 1, 0, 0, 0]]
    assert tokens.txt_tokens.dtype == tokens.txt_mask.dtype == np.int64
    assert tokens.notes == ()


def test_word_pieces(tokenizer: Tokenizer) -> None:
    assert tokenizer("foxs").txt_tokens[0, 1:3].tolist() == ids("fox", "##s")


def test_the_empty_caption_is_only_marks(tokenizer: Tokenizer) -> None:
    tokens = tokenizer("")
    assert tokens.txt_tokens[0, :3].tolist() == [CLS, SEP, PAD]
    assert tokens.txt_mask.sum() == 2


def test_exactly_full_is_not_cut(tokenizer: Tokenizer) -> None:
    tokens = tokenizer("red red red red red red")
    assert tokens.txt_mask.sum() == L
    assert tokens.notes == ()


def test_longer_is_cut_and_says_where(tokenizer: Tokenizer) -> None:
    tokens = tokenizer("a red fox on a green hat two stars")
    assert tokens.txt_tokens.shape == (1, L)
    assert tokens.txt_tokens[0, -1] == SEP
    assert len(tokens.notes) == 1
    assert "cut after “green”" in tokens.notes[0]


def test_unreadable_words_are_named_once(tokenizer: Tokenizer) -> None:
    (note,) = tokenizer("a 🦊 and 🦊 cat").notes
    assert note.count("🦊") == 1


def test_calls_do_not_disturb_each_other(tokenizer: Tokenizer) -> None:
    before = tokenizer("a cat").txt_tokens
    tokenizer("red " * 50)
    assert (tokenizer("a cat").txt_tokens == before).all()


@given(st.text(max_size=200))
def test_every_text_gives_exactly_l_tokens(tokenizer: Tokenizer, text: str) -> None:
    tokens = tokenizer(text)
    assert tokens.txt_tokens.shape == tokens.txt_mask.shape == (1, L)
    real = int(tokens.txt_mask.sum())
    assert tokens.txt_tokens[0, 0] == CLS
    assert tokens.txt_tokens[0, real - 1] == SEP
    assert (tokens.txt_tokens[0, real:] == PAD).all()
    assert (tokens.txt_tokens < len(VOCABULARY)).all()


@pytest.mark.parametrize("content", ["", "{}", "not json"])
def test_a_damaged_file_is_a_bundle_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(BundleError, match="no tokenizer file"):
        Tokenizer(path, L)


def test_a_vocabulary_without_padding_is_a_bundle_error(tmp_path: Path) -> None:
    from tokenizers import Tokenizer as Backend  # noqa: PLC0415
    from tokenizers import models  # noqa: PLC0415

    path = tmp_path / "tokenizer.json"
    Backend(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]")).save(str(path))
    with pytest.raises(BundleError, match=r"no \[PAD\] token"):
        Tokenizer(path, L)
