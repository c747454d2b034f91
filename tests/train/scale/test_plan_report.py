"""The tables, the command and the page that repeats them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from sfumato_train.cli import main
from sfumato_train.recipes import recipe
from sfumato_train.scale.plan import A100
from sfumato_train.scale.report import PLANS, costs_table, figure, plans_table, quantity
from support.pages import load_generate


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    return load_generate()


def test_the_page_is_what_the_program_works_out(generate: ModuleType) -> None:
    page = generate.SCALE.read_text(encoding="utf-8")
    assert page == generate.fill_plans(page), "run make docs"
    blocks = {match["name"] for match in generate.PLAN.finditer(page)}
    assert blocks == {"costs", *recipe("paper").stages}


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_a_row_for_every_stage_and_every_number_of_devices() -> None:
    costs = rows(costs_table(recipe("sticker"), caption=32))
    assert [row[0] for row in costs[2:]] == [
        "clip",
        "decoder",
        "decoder_pixel",
        "prior",
        "upsampler_256",
        "upsampler_1024",
    ]
    plans = rows(plans_table(recipe("paper"), "decoder", (1, 8), A100, caption=32))
    assert [row[0] for row in plans[2:]] == ["1", "8"]
    assert "use more devices" in plans[2][1]
    assert all(len(row) == len(PLANS) for row in plans)


@pytest.mark.parametrize(
    ("number", "text"), [(1234567, "1.23M"), (999, "999"), (0.5, "0.5"), (2e9, "2G"), (3.3e12, "3.3T"), (4000, "4k")]
)
def test_quantities(number: float, text: str) -> None:
    assert quantity(number) == text


def test_figures() -> None:
    assert (figure(12345.6), figure(99.44), figure(0.123)) == ("12,346", "99", "0.12")


Ran = tuple[int, str, str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def call(*argv: Any) -> Ran:
        code = main([str(one) for one in argv])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_the_command_prints_the_tables(run: Callable[..., Ran]) -> None:
    code, out, _ = run("plan", "prior", "--recipe", "sticker", "--devices", "1,2", "--memory", 24, "--peak", 165)
    assert code == 0
    assert out.count("\n| 1 |") == out.count("\n| 2 |") == 1


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["paint"], "no formula for 'paint'"),
        (["autoencoder", "--recipe", "sticker"], "no formula for 'autoencoder'"),
        (["prior", "--devices", "1;2"], "'1;2' cannot be read"),
        (["prior", "--memory", "0"], "A device needs memory"),
        (["prior", "--recipe", "imagen"], "no recipe 'imagen'"),
    ],
)
def test_bad_input_gets_a_sentence(run: Callable[..., Ran], argv: list[str], said: str) -> None:
    code, out, err = run("plan", *argv)
    assert code == 2
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
