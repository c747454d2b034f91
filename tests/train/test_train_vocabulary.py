"""The words a language model needs: counted, ordered, and written for whoever speaks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from sfumato.networks.language import END, NO_WORD, START, UNKNOWN, Language, LanguageConfig
from sfumato.text.vocabulary import Vocabulary as Spoken
from sfumato_train.context import minilm_folder
from sfumato_train.data.store import PictureStore
from sfumato_train.vocabulary import READ_AT_ONCE, numbering, vocabulary, vocabulary_file, words_of

TEXTS = ["a red cat", "a red apple", "a cat, choco", "chocolates a"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    return tokenizer


def pieces(tokenizer: Tokenizer, words: torch.Tensor) -> list[str]:
    return [tokenizer.id_to_token(i) for i in words.tolist() if i != NO_WORD]


def test_special_words_first_then_the_frequent_ones(tokenizer: Tokenizer) -> None:
    found = pieces(tokenizer, vocabulary(tokenizer, TEXTS, size=32, joins=64).words)
    assert [found[k] for k in (UNKNOWN, START, END)] == ["[UNK]", "[CLS]", "[SEP]"]
    assert found[3] == "a"
    assert set(found[4:6]) == {"red", "cat"}
    assert set(found[6:]) >= {"apple", ","}


def test_of_a_small_size_the_rare_ones_are_left_out(tokenizer: Tokenizer) -> None:
    whole, part = (vocabulary(tokenizer, TEXTS, size=size, joins=64).words for size in (32, 6))
    assert torch.equal(whole[:6], part)
    assert (part != NO_WORD).all()
    assert (whole == NO_WORD).any()


def test_only_what_ended_a_word_may_end_one(tokenizer: Tokenizer) -> None:
    known = vocabulary(tokenizer, ["chocolates unhappily", "cat"], size=64, joins=64)
    ends = dict(zip(pieces(tokenizer, known.words), known.ends.tolist(), strict=False))
    for word in ("chocolates", "unhappily"):
        *inner, last = tokenizer.encode(word, add_special_tokens=False).tokens
        assert ends[last]
        assert not any(ends[piece] for piece in inner)
    assert ends["cat"]
    assert not ends["[SEP]"]


def test_joins_are_the_pairs_within_words(tokenizer: Tokenizer) -> None:
    known = vocabulary(tokenizer, ["unhappily", "unhappily", "choco cat", "a"], size=64, joins=8)
    names = pieces(tokenizer, known.words)
    found = [(names[one], names[other]) for one, other in known.joins.tolist() if one != NO_WORD]
    parts = {word: tokenizer.encode(word, add_special_tokens=False).tokens for word in ("unhappily", "choco")}
    assert set(found) == {pair for word in parts.values() for pair in pairwise(word)}
    few = vocabulary(tokenizer, ["unhappily", "unhappily", "choco"], size=64, joins=1)
    assert names[few.joins[0, 1]] in parts["unhappily"]
    assert len(few.joins) == 1


def test_texts_of_more_than_one_part_are_all_counted(tokenizer: Tokenizer) -> None:
    many = ["cat"] * READ_AT_ONCE + ["dog"] * (READ_AT_ONCE + 1)
    assert pieces(tokenizer, vocabulary(tokenizer, many, size=8, joins=64).words)[3:] == ["dog", "cat"]


def test_padding_is_no_word(tokenizer: Tokenizer) -> None:
    padded = Tokenizer.from_str(tokenizer.to_str())
    padded.enable_padding()
    words = pieces(padded, vocabulary(padded, ["a", "a red cat"], size=16, joins=64).words)
    assert "[PAD]" not in words


def test_there_and_back(tokenizer: Tokenizer) -> None:
    words = vocabulary(tokenizer, TEXTS, size=32, joins=64).words
    back = numbering(words, tokenizer.get_vocab_size())
    known = words[words != NO_WORD]
    assert torch.equal(back[known], torch.arange(len(known)))
    assert back[tokenizer.token_to_id("zebra")] == UNKNOWN


def test_all_words_of_a_record_are_read(tiny_store: Path) -> None:
    store = PictureStore(tiny_store)
    for record in store.records[:8]:
        said = words_of(record)
        for part in (record.style, record.category, *record.keywords, *record.attributes):
            assert part in said


def test_the_file_is_what_the_program_reads(tokenizer: Tokenizer, tmp_path: Path) -> None:
    network = Language(LanguageConfig(embedding=4, vocabulary=24, width=8, depth=1, heads=1, joins=64))
    known = vocabulary(tokenizer, TEXTS, size=24, joins=64)
    network.words.copy_(known.words)
    network.ends.copy_(known.ends)
    network.joins.copy_(known.joins)
    path = tmp_path / "language.tsv"
    path.write_text(vocabulary_file(network, tokenizer), encoding="utf-8")
    read = Spoken.read(path)
    assert len(read) == 24
    numbers = read.numbers(["red", "cat"])
    assert UNKNOWN not in numbers
    assert read.spell(numbers) == "red cat"
    assert [tokenizer.token_to_id(piece) for piece in read.pieces if piece] == known.words[known.words >= 0].tolist()
    assert read.whole(numbers)
