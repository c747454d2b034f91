"""The environments: every dependency is pinned where we build; make installs once and quotes what it gets."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
MADE = ("Makefile", "pyproject.toml", "constraints.txt", "requirements-train.txt")
# Stands for Python and for every program of the environment that it makes: writes down what it is asked.
SCRIPT = """#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
    mkdir -p "$3/bin"
    for program in python sfumato; do cp "$0" "$3/bin/$program"; done
fi
printf '<%s>' "${0##*/}" "$@" >> log
printf '\\n' >> log
"""


def requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *(project["optional-dependencies"][name] for name in ("dev", "train"))]
    return [Requirement(line) for group in groups for line in group]


@pytest.mark.parametrize("requirement", declared(), ids=lambda requirement: requirement.name)
def test_what_make_installs_is_pinned_within_its_range(requirement: Requirement) -> None:
    pins = {canonicalize_name(pin.name): pin for pin in requirements("constraints.txt")}
    pin = pins[canonicalize_name(requirement.name)]
    (exact,) = pin.specifier
    assert exact.operator == "=="
    assert requirement.specifier.contains(exact.version)


def test_what_is_installed_without_dependencies_is_pinned_alike() -> None:
    pins = {canonicalize_name(pin.name): pin.specifier for pin in requirements("constraints.txt")}
    alone = requirements("requirements-train.txt")
    assert alone
    assert all(pins[canonicalize_name(one.name)] == one.specifier for one in alone)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in MADE:
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "fake").write_text(SCRIPT)
    (tmp_path / "fake").chmod(0o755)
    return tmp_path


def make(clone: Path, *argv: str) -> list[str]:
    """What the programs were asked, a line each, by one run of make."""
    (clone / "log").write_text("")
    outside = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    subprocess.run(["make", "PYTHON=./fake", *argv], cwd=clone, env=outside, check=True, capture_output=True)
    return (clone / "log").read_text(encoding="utf-8").splitlines()


def installs(asked: list[str]) -> int:
    return sum("<pip>" in line for line in asked)


def test_make_draw_installs_once_without_extras(clone: Path) -> None:
    asked = make(clone, "draw", "PROMPT=a red fox")
    assert installs(asked) == 1
    assert "<--constraint><constraints.txt><--editable><.>" in asked[1]
    assert asked[-1] == "<sfumato><draw><--output><out/><--><a red fox>"
    assert make(clone, "draw", "PROMPT=a red fox") == asked[-1:]


def test_make_draw_installs_again_when_the_project_asks_for_more(clone: Path) -> None:
    make(clone, "draw")
    later = time.time() + 5  # two files touched within one tick of the clock are of the same age
    os.utime(clone / "pyproject.toml", (later, later))
    assert installs(make(clone, "draw")) == 1


@pytest.mark.parametrize("prompt", ["it's", 'a "cat"; rm -rf x', "`ls` & | > <", "-n is a letter", "é 🦊"])
def test_make_draw_hands_on_any_prompt(clone: Path, prompt: str) -> None:
    assert make(clone, "draw", f"PROMPT={prompt}", "ARGS=-n 4")[-1] == (
        f"<sfumato><draw><-n><4><--output><out/><--><{prompt}>"
    )


def test_the_training_environment_serves_drawing(clone: Path) -> None:
    asked = make(clone, "env-dev")
    assert installs(asked) == 2
    assert "<.[dev,train]>" in asked[1]
    assert "<--no-deps><--requirement><requirements-train.txt>" in asked[2]
    assert installs(make(clone, "draw")) == 0


def test_make_clean_leaves_the_sources(clone: Path) -> None:
    make(clone, "env-run")
    for folder in ("src", "tests"):
        (clone / folder / "__pycache__").mkdir(parents=True)
        (clone / folder / "one.py").touch()
    make(clone, "clean")
    assert not (clone / ".venv").exists()
    assert sorted(path.name for path in clone.rglob("*.py")) == ["one.py", "one.py"]
    assert not list(clone.rglob("__pycache__"))


def test_continuous_integration_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "make test" in script.read_text(encoding="utf-8").splitlines()
