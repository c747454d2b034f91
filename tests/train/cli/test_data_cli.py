"""`sfumato-train data build` from the command line, over made-up packages."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from sfumato_train import cli
from sfumato_train.data import build as module
from sfumato_train.data.store import PictureStore
from support.art_packages import TABLE, ArtPackages


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ArtPackages:
    """The command finds made-up packages and their table where it would fetch."""
    packages = ArtPackages(tmp_path / "packages")
    monkeypatch.setattr(module, "Packages", lambda cache: packages)
    monkeypatch.setattr(module, "build", partial(module.build, table=TABLE))
    return packages


def arguments(tmp_path: Path, *more: str) -> list[str]:
    return ["data", "build", "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"), *more]


@pytest.mark.usefixtures("offline")
def test_builds_and_says_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments(tmp_path, "--sources", "round, openclipart", "--workers", "1")) == 0
    store = PictureStore(tmp_path / "out")
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{len(store)} pictures of ")
    assert "left out: 1 trademark" in printed.out
    assert printed.err == ""
    assert {r.source for r in store.records} == {"round", "openclipart"}


@pytest.mark.usefixtures("offline")
def test_unknown_source_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments(tmp_path, "--sources", "sqare")) == 2
    assert capsys.readouterr().err.startswith("There is no source 'sqare'; choose among openclipart")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--limit", "--workers"])
def test_nothing_cannot_be_asked_for(tmp_path: Path, option: str) -> None:
    assert cli.main(arguments(tmp_path, option, "0")) == 2


def test_help_names_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "build", "--help"]) == 0
    printed = capsys.readouterr().out
    for option in ("--out", "--limit", "--workers", "--sources", "--cache", "--no-large"):
        assert option in printed


def test_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path))
    assert module.default_cache() == tmp_path / "data"
