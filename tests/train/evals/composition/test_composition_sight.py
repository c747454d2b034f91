"""From maps to things."""

from __future__ import annotations

import numpy as np
import pytest

from sfumato_train.evals.composition.sight import peaks, sigmoid, things_in

COLOURS = ("red", "blue")


def maps(*things: tuple[int, int, float, int, int]) -> tuple[np.ndarray, ...]:
    """(row, column, logit, kind, colour) on an 8 by 8 grid; boxes of a quarter, in the middle of their cells."""
    thing = np.full((8, 8), -9.0, np.float32)
    box = np.zeros((4, 8, 8), np.float32)
    box[2:] = np.log(1 / 3)  # sigmoid: 1/4
    kind, colour = np.zeros((3, 8, 8), np.float32), np.zeros((2, 8, 8), np.float32)
    for row, column, logit, which, shade in things:
        thing[row, column] = logit
        kind[which, row, column] = colour[shade, row, column] = 5
    return thing, box, kind, colour


def test_a_peak_becomes_a_thing() -> None:
    (one,) = things_in(*maps((2, 6, 3.0, 1, 1)), threshold=0.5, colours=COLOURS)
    assert one.kind == 1
    assert one.colour == "blue"
    assert one.score == pytest.approx(sigmoid(np.float32(3.0)))
    assert one.centre == pytest.approx((6.5 / 8, 2.5 / 8))
    assert one.box == pytest.approx((6.5 / 8 - 0.125, 2.5 / 8 - 0.125, 6.5 / 8 + 0.125, 2.5 / 8 + 0.125))


def test_the_surest_comes_first_and_the_unsure_not_at_all() -> None:
    found = things_in(*maps((0, 0, 1.0, 0, 0), (4, 4, 4.0, 1, 0), (7, 7, -1.0, 2, 0)), threshold=0.5, colours=COLOURS)
    assert [one.kind for one in found] == [1, 0]


def test_the_slope_of_a_peak_is_no_thing() -> None:
    found = things_in(*maps((3, 3, 2.0, 0, 0), (3, 4, 1.5, 1, 0), (2, 3, 1.0, 1, 0)), threshold=0.5, colours=COLOURS)
    assert [one.kind for one in found] == [0]


def test_boxes_end_at_the_edge() -> None:
    (one,) = things_in(*maps((0, 0, 2.0, 0, 0)), threshold=0.5, colours=COLOURS)
    assert one.box[:2] == (0.0, 0.0)


def test_a_plateau_has_one_peak() -> None:
    assert np.argwhere(peaks(np.ones((4, 4), np.float32))).tolist() == [[0, 0]]


def test_peaks_are_where_a_search_finds_them() -> None:
    values = np.random.default_rng(0).random((8, 8)).astype(np.float32)
    for row, column in np.ndindex(8, 8):
        around = values[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        assert peaks(values)[row, column] == (values[row, column] == around.max())


def test_sigmoids_do_not_overflow() -> None:
    assert sigmoid(np.array([-1e4, 0, 1e4], np.float32)).tolist() == [0.0, 0.5, 1.0]
