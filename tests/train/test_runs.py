"""Settings of a run, and every bad one's sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfumato.errors import InputError
from sfumato_train import runs
from sfumato_train.config import STAGE
from sfumato_train.loop import Trainer
from sfumato_train.recipes import RECIPES, recipe
from sfumato_train.runs import changed, prepare
from support.numbered import NumberedTask, numbered_stage


def test_without_settings_it_is_the_recipes_stage() -> None:
    for name in RECIPES:
        for stage_name, stage in recipe(name).stages.items():
            assert changed(name, stage_name, []) == stage


def test_every_stage_survives_being_stored() -> None:
    for name in RECIPES:
        for stage in recipe(name).stages.values():
            assert STAGE.validate_json(STAGE.dump_json(stage)) == stage


def test_settings_are_applied_in_order_and_typed() -> None:
    stage = changed(
        "tiny",
        "decoder",
        ["drop_z=1.0", "train.ema=0.5", "train.batch=2", "train.batch=4", "space=pixel", "train.bf16=false"],
    )
    assert stage.kind == "decoder"
    assert (stage.drop_z, stage.train.ema, stage.train.batch) == (1.0, 0.5, 4)
    assert stage.space == "pixel"
    assert stage.train.bf16 is False


def test_deep_settings_and_lists() -> None:
    stage = changed("tiny", "decoder", ["network.unet.widths=[32, 64]", "train.optim.betas=[0.8,0.9]"])
    assert stage.kind == "decoder"
    assert stage.network.unet.widths == (32, 64)
    assert stage.train.optim.betas == (0.8, 0.9)


BAD = {
    "drop_z": "There is no setting 'drop_z'; write it as name=value or train.name=value.",
    "drop_y=1": "There is no setting 'drop_y=1';",
    "train=5": "There is no setting 'train=5';",
    'train={"batch": 2}': "There is no setting",
    "train.optim.nothing=1": "There is no setting",
    "train.batch.size=1": "There is no setting",
    "kind=prior": "There is no setting 'kind=prior';",
    "=5": "There is no setting '=5';",
    "train.batch=many": "The setting train.batch is wrong: Input should be a valid integer",
    "train.batch=0": "The setting train.batch is wrong: Input should be greater than or equal to 1.",
    "train.batch=2.5": "The setting train.batch is wrong:",
    "train.log_every=0": "The setting train.log_every is wrong:",
    "train.seed=-1": "The setting train.seed is wrong:",
    "train.ema=1": "The setting train.ema is wrong: Input should be less than 1.",
    "train.optim.learning_rate=NaN": "The setting train.optim.learning_rate is wrong:",
    "train.optim.learning_rate=-1": "The setting train.optim.learning_rate is wrong:",
    "drop_txt=1.5": "The setting drop_txt is wrong: Input should be less than or equal to 1.",
    "space=spherical": "The setting space is wrong: Input should be 'pixel' or 'latent'.",
    "velocity_floor=0": "The setting velocity_floor is wrong:",
}


@pytest.mark.parametrize("setting", sorted(BAD))
def test_a_bad_setting_is_one_sentence(setting: str) -> None:
    with pytest.raises(InputError) as caught:
        changed("tiny", "decoder", [setting])
    sentence = str(caught.value)
    assert sentence.startswith(BAD[setting])
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_unknown_recipes_and_stages_name_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no recipe 'giant'; choose one of sticker, tiny"):
        changed("giant", "decoder", [])
    with pytest.raises(InputError, match=r"has no stage 'encoder'; choose one of autoencoder, clip, decoder, prior"):
        changed("tiny", "encoder", [])


def refused(folder: Path, *, resume: bool) -> str:
    stage = recipe("tiny").stages["clip"]
    context = prepare(stage, "clip", data=folder / "nowhere", runs=folder, resume=resume)
    with pytest.raises(InputError) as caught, context:
        raise AssertionError("it began")
    return str(caught.value)


def test_a_run_is_not_begun_over_another(tmp_path: Path) -> None:
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip" / "step-00000001.safetensors").touch()
    assert "holds a run already; add --resume" in refused(tmp_path, resume=False)


def test_nothing_to_resume_leaves_nothing_behind(tmp_path: Path) -> None:
    assert "nothing to resume" in refused(tmp_path, resume=True)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_data_set_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    assert "nowhere is not a built data set" in refused(tmp_path, resume=False)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_that_cannot_be_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    sentence = refused(tmp_path, resume=False)
    assert sentence == "A batch of 32 cannot be split over 3 processes; use a multiple."


def test_a_batch_that_cannot_be_split_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    stage = changed("tiny", "clip", ["train.accumulate=3"])
    with pytest.raises(InputError) as caught, prepare(
        stage, "clip", data=tmp_path / "nowhere", runs=tmp_path, resume=False
    ):
        raise AssertionError("it began")
    assert str(caught.value) == "A batch of 32 cannot be split over 2 processes with 3 parts each; use a multiple."


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("found", [True, False])
def test_a_process_that_may_be_begun_again_takes_what_is_there(
    tmp_path: Path, tiny_store: Path, monkeypatch: pytest.MonkeyPatch, found: bool, resume: bool
) -> None:
    """torchrun repeats the command as it was, whether or not the first life came to save anything."""
    stage = numbered_stage(steps=3)
    monkeypatch.setattr(runs, "task_of", lambda *_: NumberedTask())
    if found:
        Trainer(NumberedTask(), stage, tmp_path / "run").run()
    monkeypatch.setenv("TORCHELASTIC_MAX_RESTARTS", "3")
    with prepare(stage, "run", data=tiny_store, runs=tmp_path, resume=resume) as trainer:
        assert trainer.step == (3 if found else 0)


def test_settings_of_the_trainer_are_reached_by_name() -> None:
    settings = ["train.optim.name=muon", "train.optim.schedule=cosine", "train.parallel=fsdp", "train.emas=[0.99,0.5]"]
    train = changed("tiny", "decoder", [*settings, "train.recompute=true", "train.workers=2"]).train
    assert (train.optim.name, train.optim.schedule, train.parallel) == ("muon", "cosine", "fsdp")
    assert (train.emas, train.recompute, train.workers) == ((0.99, 0.5), True, 2)
    for wrong in ("train.parallel=both", "train.optim.name=sgd", "train.emas=[1.0]", "train.accumulate=0"):
        with pytest.raises(InputError, match="is wrong: "):
            changed("tiny", "decoder", [wrong])
