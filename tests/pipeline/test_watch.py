from __future__ import annotations

import pytest

from sfumato.errors import Cancelled
from sfumato.pipeline.watch import SILENT, Observer, Watch
from sfumato.types import Progress


def test_steps_are_reported_in_order_and_timed() -> None:
    seen: list[Progress] = []
    watch = Watch(Observer(progress=seen.append), picture=2, pictures=4)
    with watch.stage("prior", 2) as tick:
        tick()
        tick("what a sampler hands over")
    assert seen == [
        Progress(stage="prior", step=1, steps=2, picture=2, pictures=4),
        Progress(stage="prior", step=2, steps=2, picture=2, pictures=4),
    ]
    assert list(watch.seconds) == ["prior"]
    assert watch.seconds["prior"] >= 0


def test_a_stage_run_twice_adds_up() -> None:
    watch = Watch(SILENT)
    for _ in range(2):
        with watch.stage("text") as tick:
            tick()
    assert len(watch.seconds) == 1


def walk(watch: Watch, steps: list[int]) -> None:
    """A stage of five steps that notes each of them."""
    with watch.stage("decoder", 5) as tick:
        for step in range(5):
            steps.append(step)
            tick()


def test_cancelling_stops_after_the_running_step_and_before_the_next_stage() -> None:
    steps: list[int] = []
    watch = Watch(Observer(cancelled=lambda: len(steps) >= 2))
    with pytest.raises(Cancelled):
        walk(watch, steps)
    assert steps == [0, 1]
    with pytest.raises(Cancelled):
        walk(watch, steps)
    assert steps == [0, 1]
