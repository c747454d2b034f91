"""The first signal is noted, a second one acts, and the run that was asked to stop saves and says so."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from sfumato.errors import Cancelled
from sfumato_train import runs
from sfumato_train.checkpoint import newest
from sfumato_train.cli import main
from sfumato_train.loop import Trainer
from sfumato_train.signals import ASKED, Stopped, watched
from support.numbered import NumberedTask, fingerprint, numbered_stage


@pytest.fixture(autouse=True)
def handlers_stay() -> object:
    before = [signal.getsignal(number) for number in ASKED]
    yield
    assert [signal.getsignal(number) for number in ASKED] == before


def test_a_signal_is_noted_and_the_next_one_is_not_held_back() -> None:
    with watched() as asked:
        assert asked.flags() == [False, False]
        os.kill(os.getpid(), signal.SIGTERM)
        assert asked.flags() == [True, False]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert asked.number == signal.SIGTERM


def test_outside_the_main_thread_nothing_is_watched() -> None:
    found: list[bool] = []

    def watch() -> None:
        with watched() as asked:
            found.extend(asked.flags())

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    assert found == [False, False]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("number", "code", "name"), [(signal.SIGTERM, 143, "SIGTERM"), (signal.SIGINT, 130, "Ctrl-C")]
)
def test_a_run_saves_says_so_and_goes_on_as_if_nothing_had_been(
    tmp_path: Path, number: signal.Signals, code: int, name: str, workers: int
) -> None:
    def ask(count: int) -> None:
        if count == 4:
            os.kill(os.getpid(), number)

    stage = numbered_stage(workers=workers)
    trainer = Trainer(NumberedTask(before_loss=ask, drop=0.1), stage, tmp_path / "parts")
    with pytest.raises(Stopped) as caught:
        trainer.run()
    assert str(caught.value) == f"Stopped by {name} after step 5, which is saved; go on with --resume."
    assert caught.value.code == code
    assert newest(tmp_path / "parts") == tmp_path / "parts" / "step-00000005.safetensors"
    again = Trainer(NumberedTask(drop=0.1), stage, tmp_path / "parts")
    assert again.resume()
    again.run()
    Trainer(NumberedTask(drop=0.1), stage, tmp_path / "whole").run()
    assert fingerprint(tmp_path / "parts") == fingerprint(tmp_path / "whole")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_command_ends_with_the_shells_code_and_one_sentence(
    tmp_path: Path,
    tiny_store: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    code: int,
) -> None:
    stage = numbered_stage()
    monkeypatch.setattr(runs, "changed", lambda *_: stage)
    monkeypatch.setattr(runs, "task_of", lambda *_: NumberedTask(before_loss=lambda _: os.kill(os.getpid(), number)))
    where = ["--data", str(tiny_store), "--runs", str(tmp_path)]
    assert main(["run", "autoencoder", *where]) == code
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("Stopped by ")
    assert said.endswith(" after step 1, which is saved; go on with --resume.")


def test_it_is_a_kind_of_being_cancelled() -> None:
    assert isinstance(Stopped(signal.SIGTERM, 3), Cancelled)
