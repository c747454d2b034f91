"""`sfumato-train data inspect` and `data prepare` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sfumato_train import cli
from support.raw_shards import make_raw


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("raw")
    make_raw(root, 2, 12, spoilt=True)
    (root / "00001.tar").write_bytes((root / "00001.tar").read_bytes()[:20_000])
    return root


def test_inspect_says_what_is_there(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "inspect", str(raw)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("2 shards; of the first ")
    assert "  pictures: 24, 24, 24 wide, 20, 20, 20 high (least, median, most)" in said
    assert "  “thing 0 1”" in said
    assert any(line.startswith("  left out: 1 broken shard (00001.tar: ") for line in said)
    assert any(line.startswith("  left out: 2 unreadable picture (00000.tar/000000000, ") for line in said)


def test_inspect_stops_early(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "inspect", str(raw), "--samples", "3"]) == 0
    assert capsys.readouterr().out.startswith("2 shards; of the first 3 samples 2 can be used.")


def test_inspect_of_nothing_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "inspect", str(tmp_path)]) == 2
    assert "name a folder of .tar files" in capsys.readouterr().err


def test_prepare_says_what_it_left_out(raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "clean"
    assert cli.main(["data", "prepare", str(raw), "--out", str(out), "--min-side", "10", "--workers", "1"]) == 0
    said = capsys.readouterr()
    facts = json.loads((out / "report.json").read_text())
    assert said.out.startswith(f"{facts['kept']} of {facts['samples']} samples in {out}")
    assert "  left out: 1 broken shard\n" in said.out
    assert said.err == ""
    assert facts["rules"]["min_side"] == 10
    assert facts["rules"]["near_blocks"] == 10.0


def test_prepare_hands_on_every_rule(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "clean"
    rules = {"--min-side": "10", "--max-aspect": "2", "--min-chars": "4", "--max-chars": "50", "--min-ascii": "0.5"}
    rules |= {"--max-nsfw": "0.3", "--per-caption": "5", "--near-blocks": "-1", "--fit": "pad"}
    words = [word for pair in rules.items() for word in pair]
    assert cli.main(["data", "prepare", str(raw), "--out", str(out), "--workers", "1", *words]) == 0
    expected = {"min_side": 10, "max_aspect": 2.0, "min_chars": 4, "max_chars": 50, "min_ascii": 0.5, "max_nsfw": 0.3}
    expected |= {"per_caption": 5, "near_blocks": None, "near_cosine": None, "min_similarity": None}
    assert json.loads((out / "report.json").read_text())["rules"] == expected | {"model": None, "fit": "pad"}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--fit", "bend"], "The rule fit is wrong"),
        (["--engine", "spark"], "There is no engine 'spark'"),
        (["--near-cosine", "0.9"], "need a model that embeds"),
        (["--model", "nobody"], "There is no model named 'nobody'"),
        (["--min-side", "0"], "min-side"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    raw: Path, tmp_path: Path, words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["data", "prepare", str(raw), "--out", str(tmp_path / "out"), *words]) == 2
    assert complaint in capsys.readouterr().err
    assert not list((tmp_path / "out").glob("*.tar"))


@pytest.mark.parametrize("command", ["inspect", "prepare"])
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", command, "--help"]) == 0
    assert "{shards}" in capsys.readouterr().out
