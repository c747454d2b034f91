"""What is measured hangs on the data and the seed alone, and a quick look is the beginning of a full one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.errors import InputError
from sfumato_train.data.store import PictureStore
from sfumato_train.evals import choose
from support.tiny_data import CONCEPTS, make_tiny_data, tiny_record


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 2**32))
def test_a_smaller_choice_is_the_beginning_of_a_larger(few: int, many: int, seed: int) -> None:
    items = list(range(100, 150))
    small, large = (choose.some(np.random.default_rng(seed), items, count) for count in sorted((few, many)))
    assert large[: len(small)].tolist() == small.tolist()
    assert len(set(large.tolist())) == len(large) == min(max(few, many), 50)
    assert set(large.tolist()) <= set(items)


def test_no_count_means_all() -> None:
    assert sorted(choose.some(np.random.default_rng(0), [5, 7, 9], None).tolist()) == [5, 7, 9]


@pytest.mark.parametrize(
    ("name", "caption"),
    [
        ("red apple", "a red apple"),
        ("owl", "an owl"),
        ("sunglasses", "sunglasses"),
        ("flag: Switzerland", "flag of Switzerland"),
    ],
)
def test_captions_are_plain_english(name: str, caption: str) -> None:
    category = "flags" if name.startswith("flag") else "objects"
    record = replace(tiny_record(0, (name, "clip art", "train")), category=category)
    assert choose.concept_caption(record) == caption
    assert choose.styled_caption(record) == f"{caption}, clip art"


def test_concepts_are_told_once_in_order(store: PictureStore) -> None:
    firsts = choose.first_of_concepts(store, range(len(store)))
    assert list(firsts)[:8] == list(CONCEPTS)
    assert [store.records[i].concept for i in firsts.values()] == list(firsts)


def test_training_prompts_ask_for_common_concepts(store: PictureStore) -> None:
    prompts = choose.training_prompts(store, count=99, popular=3, seed=0)
    counts = {c: sum(r.concept == c and r.split == "train" for r in store.records) for c in CONCEPTS}
    assert {prompt.concept for prompt in prompts} == {c for c, n in counts.items() if n >= 3}
    assert all(store.records[prompt.record].split == "train" for prompt in prompts)


def test_where_no_concept_is_common_all_are_asked_for(store: PictureStore) -> None:
    prompts = choose.training_prompts(store, count=99, popular=50, seed=0)
    assert {prompt.concept for prompt in prompts} == set(CONCEPTS)


def test_pairs_name_the_style_that_training_never_saw(store: PictureStore) -> None:
    prompts = choose.pair_prompts(store, count=99, seed=0)
    assert len({prompt.concept for prompt in prompts}) == len(prompts) == 6
    for prompt in prompts:
        record = store.records[prompt.record]
        assert record.split == "heldout_pair"
        assert prompt.text.endswith(f", {record.style}")


def test_the_seed_decides(store: PictureStore) -> None:
    def texts(seed: int) -> list[str]:
        return [p.text for p in choose.training_prompts(store, count=5, popular=1, seed=seed)]

    assert texts(0) == texts(0)
    assert len({tuple(texts(seed)) for seed in range(5)}) > 1


def test_a_drawing_is_judged_among_its_own_list_first(store: PictureStore) -> None:
    prompts = choose.pair_prompts(store, count=3, seed=0)
    among = choose.judged_among(store, prompts, count=7, popular=1, seed=0)
    assert among[:3] == [choose.concept_caption(store.records[p.record]) for p in prompts]
    assert len(set(among)) == len(among) == 7


def test_no_more_captions_than_concepts(store: PictureStore) -> None:
    prompts = choose.training_prompts(store, count=3, popular=1, seed=0)
    assert len(choose.judged_among(store, prompts, count=500, popular=1, seed=0)) == len(CONCEPTS)


def test_a_data_set_without_held_out_pictures_says_so(tmp_path: Path) -> None:
    small = PictureStore(make_tiny_data(tmp_path, [("cat", "flat emoji", "train")]))
    with pytest.raises(InputError, match="no pictures for heldout_pair"):
        choose.pair_prompts(small, count=1, seed=0)
