"""Decisions over all samples at once, from rows that tests write themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sfumato_train.data.scale.choose import Verdict, by_embeddings, by_pictures
from sfumato_train.data.scale.rows import Rows
from sfumato_train.data.scale.rules import CODES, REASONS, Rules

ALL = Rules(near_blocks=None)


def measured(tmp_path: Path, *shards: list[tuple[str, int, int]]) -> list[Path]:
    """Rows of (fault, hash of the caption, grey of all blocks)."""
    paths = []
    for number, samples in enumerate(shards):
        grey = np.array([grey for _, _, grey in samples], np.uint8).reshape(-1, 1, 1, 1)
        arrays = {
            "fault": np.array([CODES[fault] for fault, _, _ in samples], np.uint8),
            "caption": np.array([caption for _, caption, _ in samples], np.uint64),
            "blocks": np.broadcast_to(grey, (len(samples), 8, 8, 4)),
        }
        paths.append(tmp_path / f"m{number}.safetensors")
        Rows(arrays=arrays).save(paths[-1])
    return paths


def reasons(verdict: Verdict) -> list[str]:
    return [REASONS[fault] for fault in verdict.faults]


def test_faults_of_the_first_step_stay(tmp_path: Path) -> None:
    paths = measured(tmp_path, [("", 1, 5), ("bad json", 0, 0)], [], [("too small", 2, 5), ("", 3, 5)])
    verdict = by_pictures(paths, ALL)
    assert reasons(verdict) == ["", "bad json", "too small", ""]
    assert verdict.starts.tolist() == [0, 2, 2, 4]
    assert [verdict.kept(n).tolist() for n in range(3)] == [[True, False], [], [False, True]]


@pytest.mark.parametrize(
    ("cap", "kept"), [(1, [0, 2]), (2, [0, 1, 2, 4]), (3, [0, 1, 2, 3, 4]), (None, [0, 1, 2, 3, 4])]
)
def test_so_many_may_share_a_caption(tmp_path: Path, cap: int | None, kept: list[int]) -> None:
    paths = measured(tmp_path, [("", 7, 1), ("", 7, 2), ("", 9, 3)], [("", 7, 4), ("", 9, 5)])
    verdict = by_pictures(paths, Rules(near_blocks=None, per_caption=cap))
    assert np.flatnonzero(verdict.faults == 0).tolist() == kept


def test_what_cannot_be_used_does_not_count_as_a_caption(tmp_path: Path) -> None:
    verdict = by_pictures(measured(tmp_path, [("too small", 7, 1), ("", 7, 2)]), Rules(near_blocks=None, per_caption=1))
    assert reasons(verdict) == ["too small", ""]


def test_repeats_name_their_twins_over_shards(tmp_path: Path) -> None:
    paths = measured(tmp_path, [("bad json", 0, 0), ("", 1, 50)], [("", 2, 200), ("", 3, 53)], [("", 4, 203)])
    verdict = by_pictures(paths, Rules(near_blocks=10.0))
    assert reasons(verdict) == ["bad json", "", "", "near-duplicate picture", "near-duplicate picture"]
    assert verdict.twins.tolist() == [-1, -1, -1, 1, 2]


def embedded(tmp_path: Path, *shards: list[tuple[int, float, NDArray[np.float32]]]) -> list[Path]:
    """Rows of (number in the shard, similarity, z_img)."""
    paths = []
    for number, samples in enumerate(shards):
        arrays = {
            "row": np.array([row for row, _, _ in samples], np.int64),
            "similarity": np.array([similarity for _, similarity, _ in samples], np.float32),
            "z_img": np.array([z for _, _, z in samples], np.float16).reshape(-1, 4),
        }
        paths.append(tmp_path / f"e{number}.safetensors")
        Rows(arrays=arrays).save(paths[-1])
    return paths


def test_embeddings_judge_what_is_left(tmp_path: Path) -> None:
    east, north = np.array([1, 0, 0, 0], np.float32), np.array([0, 1, 0, 0], np.float32)
    paths = measured(tmp_path, [("", 1, 9), ("bad json", 0, 0), ("", 2, 9)], [("", 3, 9), ("", 4, 9)])
    verdict = by_pictures(paths, ALL)
    rows = embedded(tmp_path, [(0, 0.1, east), (2, 0.5, north)], [(0, 0.9, east), (1, 0.6, north)])
    found = by_embeddings(verdict, rows, Rules(near_cosine=0.9, min_similarity=0.3))
    assert reasons(found) == [
        "caption unlike the picture",
        "bad json",
        "",
        "",  # its twin was left out already, so it is the first of its kind
        "near-duplicate embedding",
    ]
    assert found.twins.tolist() == [-1, -1, -1, -1, 2]
    assert reasons(verdict) == ["", "bad json", "", "", ""], "the earlier verdict is untouched"
    assert reasons(by_embeddings(verdict, rows, Rules())) == reasons(verdict)


def test_shards_of_which_nothing_is_left(tmp_path: Path) -> None:
    verdict = by_pictures(measured(tmp_path, [("bad json", 0, 0)], []), ALL)
    found = by_embeddings(verdict, embedded(tmp_path, [], []), Rules(near_cosine=0.9, min_similarity=0.3))
    assert reasons(found) == ["bad json"]
