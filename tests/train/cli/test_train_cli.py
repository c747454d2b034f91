"""sfumato-train: families are found by their files and loaded one at a time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sfumato_train.cli
from sfumato_train.cli import main
from support.painter import one_sentence

GROUP = """
import typer
{name}_app = typer.Typer(help="The family {name}.")

@{name}_app.command()
def {command}(where: str = "here") -> None:
    '''Does one thing.'''
    typer.echo(f"{name} {command} {{where}}")
"""


@pytest.fixture
def families(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of families in the place of ours."""
    names = ("zoo", "fly", "lost")
    monkeypatch.setattr(sfumato_train.cli, "__path__", [str(tmp_path)])
    monkeypatch.setattr(sfumato_train.cli, "FAMILIES", (*names, "unwritten"))
    (tmp_path / "helper.py").write_text("raise AssertionError('a helper is no family')")
    for name in names:
        monkeypatch.delitem(sys.modules, f"sfumato_train.cli.{name}", raising=False)
    (tmp_path / "zoo.py").write_text(GROUP.format(name="zoo", command="build"))
    (tmp_path / "fly.py").write_text(GROUP.format(name="fly", command="fly"))
    (tmp_path / "lost.py").write_text("import a_package_that_is_not_there")
    yield tmp_path
    for name in names:
        sys.modules.pop(f"sfumato_train.cli.{name}", None)


def test_a_family_is_a_group(families: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "build", "--where", "there"]) == 0
    assert capsys.readouterr().out == "zoo build there\n"
    assert main(["zoo"]) == 2


def test_a_family_of_one_command_of_its_name_is_that_command(
    families: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fly", "--where", "up"]) == 0
    assert capsys.readouterr().out == "fly fly up\n"


def test_only_the_family_used_is_loaded(families: Path) -> None:
    main(["fly"])
    assert "sfumato_train.cli.fly" in sys.modules
    assert "sfumato_train.cli.zoo" not in sys.modules


def test_a_missing_package_breaks_its_own_family_alone(
    families: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.split("Commands:\n")[1].splitlines()] == ["zoo", "fly", "lost"]
    assert main(["lost", "anything", "--at", "all"]) == 2
    assert one_sentence(capsys.readouterr().err, "a_package_that_is_not_there", "sfumato[train]")


@pytest.mark.parametrize("name", ["paint", "helper", "unwritten"])
def test_an_unknown_family(families: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main([name]) == 2
    assert one_sentence(capsys.readouterr().err, name, "sfumato-train --help")


def test_without_arguments_it_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "Usage: sfumato-train" in capsys.readouterr().out


def test_our_own_families_explain_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    for name in sfumato_train.cli.Families(name="x").list_commands(None):
        assert main([name, "--help"]) == 0
        assert f"Usage: sfumato-train {name}" in capsys.readouterr().out


def test_help_loads_no_torch() -> None:
    code = "import sys; from sfumato_train.cli import main; main(['--help']); print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.splitlines()[-1] == "False"


def test_python_m_sfumato_train() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "sfumato_train", "--help"], check=True, capture_output=True, text=True
    )
    assert ran.stdout.startswith("Usage: sfumato-train ")
