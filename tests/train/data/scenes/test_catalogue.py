"""Splits, shares and pools."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from sfumato.errors import InputError
from sfumato_train.data.scenes.catalogue import SPLITS, Catalogue, catalogue_of, in_split
from sfumato_train.data.store import PictureStore
from support.cast_store import HELD_OUT_CONCEPTS, HELD_OUT_PAIR, HELD_OUT_STYLE, SILHOUETTES


def test_every_record_is_in_one_picture_split(cast_store: PictureStore) -> None:
    for record in cast_store.records:
        splits = [split for split in SPLITS if split != "heldout_scene" and in_split(record, split)]
        assert len(splits) == 1
        assert in_split(record, "heldout_scene") == in_split(record, "train")


def test_splits_hold_what_they_say(cast_store: PictureStore) -> None:
    def concepts(split: str) -> set[str]:
        return set(catalogue_of(cast_store, split).by_concept)

    assert concepts("heldout_concept") == HELD_OUT_CONCEPTS
    assert not concepts("train") & HELD_OUT_CONCEPTS
    pairs = catalogue_of(cast_store, "heldout_pair").indices.tolist()
    assert [(cast_store.records[i].style, cast_store.records[i].concept) for i in pairs] == [HELD_OUT_PAIR]
    styles = {cast_store.records[i].style for i in catalogue_of(cast_store, "heldout_style").indices.tolist()}
    assert styles == {HELD_OUT_STYLE}


def test_unknown_split(cast_store: PictureStore) -> None:
    with pytest.raises(InputError, match="choose one of train"):
        Catalogue(cast_store, "test")


def test_the_catalogue_is_made_once(cast_store: PictureStore) -> None:
    assert catalogue_of(cast_store, "train") is catalogue_of(cast_store, "train")


def test_records_are_drawn_by_weight(cast_store: PictureStore) -> None:
    catalogue = catalogue_of(cast_store, "train")
    rng = np.random.default_rng(0)
    drawn = Counter(catalogue.draw(rng) for _ in range(20_000))
    weights = cast_store.weights[catalogue.indices]
    for index, weight in zip(catalogue.indices.tolist(), (weights / weights.sum()).tolist(), strict=True):
        assert drawn[index] / 20_000 == pytest.approx(weight, abs=5 * np.sqrt(weight / 20_000))


def test_siblings_share_the_concept_and_not_the_record(cast_store: PictureStore) -> None:
    catalogue = catalogue_of(cast_store, "train")
    rng = np.random.default_rng(1)
    for index in catalogue.indices.tolist():
        other = catalogue.sibling(rng, index)
        assert cast_store.records[other].concept == cast_store.records[index].concept
        assert in_split(cast_store.records[other], "train")
        alone = len(catalogue.by_concept[cast_store.records[index].concept]) == 1
        assert (other == index) == alone


def test_pools_keep_out_what_does_not_belong(cast_store: PictureStore) -> None:
    catalogue = catalogue_of(cast_store, "train")
    names = {cast_store.records[i].name for i in catalogue.objects.members}
    assert {"cat", "lemon", "guitar", "automobile"} <= names
    assert not names & {"up arrow", "flag of japan", "waving hand", "man", *SILHOUETTES}
    assert {cast_store.records[i].name for i in catalogue.tintable.members} == set(SILHOUETTES)
    assert {cast_store.records[i].concept for i in catalogue.pool(("cat", "owl")).members} == {"cat"}
    assert not catalogue.pool(("unheard of",))


def test_a_pool_draws_within_a_style_where_it_can(cast_store: PictureStore) -> None:
    catalogue = catalogue_of(cast_store, "train")
    rng = np.random.default_rng(2)
    drawn = [catalogue.objects.draw(rng, "twemoji") for _ in range(50)]
    assert {cast_store.records[i].style for i in drawn} == {"twemoji"}
    drawn = [catalogue.objects.draw(rng, "no such style") for _ in range(50)]
    assert len({cast_store.records[i].style for i in drawn}) > 1


def test_sprites_come_from_the_version_that_is_large_enough(cast_store: PictureStore) -> None:
    catalogue = catalogue_of(cast_store, "train")
    index = next(i for i, r in enumerate(cast_store.records) if r.name == "lemon")
    small, large = catalogue.sprite(index, 40), catalogue.sprite(index, 150)
    assert small.width == pytest.approx(44, abs=1)
    assert large.width == pytest.approx(176, abs=2)


def test_hue_and_head_are_measured_once(cast_store: PictureStore) -> None:
    catalogue = catalogue_of(cast_store, "train")
    index = next(i for i, r in enumerate(cast_store.records) if r.name == "dog face")
    assert catalogue.head(index) is catalogue.head(index)
    assert catalogue.hue(index) is catalogue.hue(index)
    assert catalogue.hue(index)[1] > 0.8
