"""The whole way, from a folder of pictures to a model that draws, on networks of a few thousand weights."""

from __future__ import annotations

import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sfumato import Sfumato
from sfumato.bundle.manifest import MANIFEST, Manifest
from sfumato.bundle.store import Bundle, installed
from sfumato.errors import BundleError, InputError, OutputError
from sfumato_train.checkpoint import all_checkpoints
from sfumato_train.cli import main
from sfumato_train.loop import Trainer
from sfumato_train.lora import LoraConv
from sfumato_train.recover.decoder import recover_decoder
from sfumato_train.signals import Stopped
from sfumato_train.tune import install as installing
from sfumato_train.tune import prepared as files
from sfumato_train.tune.run import Tuned, TuneOptions, tune, work_folder
from support.tunable_bundle import make_tunable_bundle, write_pictures

STEPS = 3


@pytest.fixture(scope="module")
def base(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tunable_bundle(tiny_bundle, tmp_path_factory.mktemp("base") / "tunable")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("own") / "discs", 11, captions=False)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SFUMATO_MODELS", str(tmp_path / "shelf"))
    return tmp_path / "shelf"


class Heard:
    """Everything that a run says."""

    def __init__(self) -> None:
        self.ticks: list[tuple[str, int, int]] = []
        self.notes: list[str] = []

    def run(self, folder: Path, base: Path, **settings: Any) -> Tuned:
        options = TuneOptions(name="mine", model=base, **({"steps": STEPS, "batch": 4, "preserve": 2} | settings))
        return tune(folder, options, tick=lambda *one: self.ticks.append(one), note=self.notes.append)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_folder_becomes_a_model_that_draws(base: Path, pictures: Path, shelf: Path, method: str) -> None:
    heard = Heard()
    done = heard.run(pictures, base, method=method, rank=4, rate=0.05)
    assert (done.target, done.style, done.steps, done.pictures) == (shelf / "mine", "mine style", STEPS, 11)
    assert "mine" in installed()
    assert not [path for path in (shelf / ".tuning").iterdir() if path.name.endswith(".partial")]
    picture = Sfumato("mine").draw("a red apple, mine style", seed=5, size=256)[0]
    before = Sfumato(base).draw("a red apple, mine style", seed=5, size=256)[0]
    assert picture.settings.model == "mine"
    assert not np.array_equal(picture.pixels, before.pixels), "it has learnt something"
    stages = dict.fromkeys(stage for stage, _, _ in heard.ticks)
    assert next(iter(stages)) == "bringing the decoder back"
    assert list(stages)[-1] == "installing"
    for stage, total in {(stage, total) for stage, _, total in heard.ticks}:
        assert (stage, total, total) in heard.ticks, f"{stage} ends"


def test_what_was_not_tuned_is_the_model_s_own(base: Path, pictures: Path, shelf: Path) -> None:
    done = Heard().run(pictures, base)
    old, new = Manifest.read(base / MANIFEST), Manifest.read(done.target / MANIFEST)
    for name in old.files:
        same = old.files[name] == new.files[name]
        assert same == (name not in ("decoder.bin", "decoder.xml", old.card, old.attribution)), name
    assert new.scores == {}
    assert old.scores != {}
    assert new.version == "0.0.1+mine.3"
    assert new == replace(
        old, name="mine", version=new.version, domain=new.domain, files=new.files, scores={}, graphs=new.graphs
    )
    card = (done.target / new.card).read_text(encoding="utf-8")
    assert "11 pictures" in card
    assert "“discs”" in card
    assert "A model of random weights" in card
    assert "user's own" in (done.target / new.attribution).read_text(encoding="utf-8")
    for name in new.graphs:
        Bundle.open("mine").graph(name)


def test_a_tuned_model_can_be_tuned_again(base: Path, pictures: Path, shelf: Path) -> None:
    Heard().run(pictures, base)
    options = TuneOptions(name="other", model="mine", steps=1, batch=2, preserve=0)
    tune(pictures, options, tick=lambda *_: None, note=lambda _: None)
    assert {"mine", "other"} <= set(installed())
    assert recover_decoder(Bundle.open("other")).config == recover_decoder(Bundle.open(base)).config


def test_an_interrupted_run_goes_on_and_ends_as_if_it_had_not_been(
    base: Path, pictures: Path, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Heard().run(pictures, base, seed=4)
    expected = (whole.target / "decoder.bin").read_bytes()
    shutil.rmtree(shelf)
    heard, step = Heard(), Trainer._train_step

    def interrupted(self: Trainer, *arguments: Any) -> Any:
        done = step(self, *arguments)
        if self.step == 1:
            signal.raise_signal(signal.SIGTERM)
        return done

    monkeypatch.setattr(Trainer, "_train_step", interrupted)
    with pytest.raises(Stopped, match="--resume"):
        heard.run(pictures, base, seed=4)
    monkeypatch.undo()
    monkeypatch.setenv("SFUMATO_MODELS", str(shelf))
    assert "mine" not in installed()
    again = Heard()
    # Settings travel in the checkpoint: what is said on resuming does not matter.
    done = again.run(pictures, base, resume=True, seed=99, rank=2, method="full")
    assert done.steps == STEPS
    assert not any(stage == "looking at pictures" for stage, _, _ in again.ticks), "nothing is prepared twice"
    assert (done.target / "decoder.bin").read_bytes() == expected


def test_what_is_there_is_replaced_only_when_asked(base: Path, pictures: Path, shelf: Path) -> None:
    heard = Heard()
    first = heard.run(pictures, base)
    digest = Manifest.read(first.target / MANIFEST).files["decoder.bin"]
    with pytest.raises(InputError, match=r"model 'mine' in .* already; add --replace"):
        heard.run(pictures, base)
    shutil.rmtree(first.target)
    with pytest.raises(InputError, match="holds a run already"):
        heard.run(pictures, base)
    heard.run(pictures, base, replace=True, seed=8)
    assert Manifest.read(first.target / MANIFEST).files["decoder.bin"] != digest


@pytest.mark.parametrize("name", ["a/b", "..", ".hidden", "", "two words", "x" * 101])
def test_names_that_are_no_plain_names_are_refused(base: Path, pictures: Path, shelf: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be called"):
        tune(pictures, TuneOptions(name=name, model=base), tick=lambda *_: None, note=lambda _: None)
    assert not shelf.exists()


def test_the_program_s_own_models_are_not_replaced(pictures: Path, shelf: Path) -> None:
    options = TuneOptions(name="sticker", replace=True)
    with pytest.raises(InputError, match="came with the program"):
        tune(pictures, options, tick=lambda *_: None, note=lambda _: None)


def test_nothing_to_resume(base: Path, pictures: Path, shelf: Path) -> None:
    with pytest.raises(InputError, match="nothing to resume"):
        Heard().run(pictures, base, resume=True)


def test_other_pictures_cannot_go_on_with_a_run(base: Path, pictures: Path, shelf: Path, tmp_path: Path) -> None:
    Heard().run(pictures, base)
    with pytest.raises(InputError, match="not those that the run"):
        Heard().run(write_pictures(tmp_path / "others", 12), base, resume=True)


def test_a_model_whose_decoder_is_no_export_of_ours_is_refused(
    tiny_bundle: Path, pictures: Path, shelf: Path
) -> None:
    with pytest.raises(BundleError, match="cannot be brought back"):
        Heard().run(pictures, tiny_bundle)
    assert not (shelf / "mine").exists()


def test_a_full_disk_leaves_nothing_half_written(
    base: Path, pictures: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(installing, "require", full)
    with pytest.raises(OutputError, match=r"mine could not be written .*No space left.*; free some space"):
        Heard().run(pictures, base)
    assert [path.name for path in shelf.iterdir()] == [".tuning"]
    assert all_checkpoints(work_folder(shelf / "mine")), "what was learnt is kept"
    monkeypatch.setattr(files, "require", full)
    with pytest.raises(OutputError, match=r"prepared\.safetensors could not be written"):
        Heard().run(pictures, base, replace=True)


def test_held_out_pictures_are_measured_and_broken_ones_told(
    base: Path, shelf: Path, tmp_path: Path
) -> None:
    folder = write_pictures(tmp_path / "many", 40)
    (folder / "torn.png").write_bytes(b"torn")
    heard = Heard()
    done = heard.run(folder, base, rate=1e-3)
    assert done.pictures == 36
    assert done.before is not None
    assert done.after is not None
    assert done.before != done.after
    assert "1 of the pictures cannot be used: The picture" in heard.notes[0]
    assert "before" in (done.target / "CARD.md").read_text(encoding="utf-8")


def test_lora_touches_the_layers_it_should(base: Path) -> None:
    from sfumato_train.lora import add_lora  # noqa: PLC0415

    decoder = recover_decoder(Bundle.open(base))
    add_lora(decoder, 4)
    assert isinstance(decoder.unet.stem, LoraConv)


def test_the_command(
    base: Path, pictures: Path, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["tune", str(pictures), "--name", "mine", "--model", str(base), "--steps", "2", "--batch", "2"]
    assert main([*arguments, "--preserve", "0"]) == 0
    out = capsys.readouterr()
    assert out.out.strip() == str(shelf / "mine")
    assert '--model mine' in out.err
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["tune", str(pictures), "--name", "mine", "--method", "magic"]) == 2
    assert "choose lora or full" in capsys.readouterr().err
    assert main(["tune", str(pictures), "--name", "mine", "--rate", "0"]) == 2
