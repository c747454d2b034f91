"""What a run computes in, and when something is said about it."""

from __future__ import annotations

import pytest

from sfumato_train import precision
from sfumato_train.precision import BF16, FP32, choose


@pytest.fixture(params=[True, False], ids=["bf16 is faster", "fp32 is faster"])
def faster(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(precision, "bf16_is_faster", lambda: request.param)
    return BF16 if request.param else FP32


def test_a_new_run_takes_what_is_faster_here(faster: str) -> None:
    assert choose(None, "") == (faster, "")


def test_a_setting_is_obeyed(faster: str) -> None:
    assert choose(True, "") == (BF16, "")
    assert choose(False, "") == (FP32, "")


def test_a_resumed_run_stays_what_it_was_and_says_where_it_could_be_faster(faster: str) -> None:
    for before in (BF16, FP32):
        chosen, note = choose(None, before)
        assert chosen == before
        setting = f"--set train.bf16={'true' if faster == BF16 else 'false'}"
        expected = f"The run goes on in {before}, though {faster} is faster on this machine; {setting} changes it."
        assert note == ("" if before == faster else expected)


def test_a_change_is_told(faster: str) -> None:
    assert choose(True, FP32) == (BF16, "The precision changes from float32 to bfloat16.")
    assert choose(False, FP32) == (FP32, "")


def test_measuring_draws_no_random_numbers() -> None:
    import torch  # noqa: PLC0415

    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    assert precision.seconds(torch.float32) > 0
    assert torch.equal(torch.rand(2), wanted)
