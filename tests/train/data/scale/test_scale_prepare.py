"""The whole preparation: what comes out, what is reported, and that it goes on wherever it was killed."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sfumato.errors import Cancelled, InputError
from sfumato_train.data.scale import steps
from sfumato_train.data.scale.places import find_shards
from sfumato_train.data.scale.prepare import prepare
from sfumato_train.data.scale.rows import load, unpacked
from sfumato_train.data.scale.rules import Rules
from sfumato_train.data.scale.runners import runner
from sfumato_train.data.scale.settings import ShardsConfig
from sfumato_train.data.scale.stream import ShardStream
from sfumato_train.data.scenes.sample import StreamConfig
from sfumato_train.data.stream import concept_id
from support.prepare_child import RULES
from support.raw_shards import good, make_raw, picture, write_tar

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Three spoilt shards, and one whose five samples repeat the first shard's pictures in other words."""
    root = tmp_path_factory.mktemp("raw")
    names = make_raw(root, 3, 12, spoilt=True)
    again = [(f"again{n}", {"jpg": picture(n), "txt": f"the same {n}".encode()}) for n in (1, 2, 3, 4, 6)]
    write_tar(root / "00003.tar", again)
    return root, names


@pytest.fixture
def bundle(tiny_bundle: Path) -> str:
    return str(tiny_bundle)


def contents(out: Path) -> dict[str, str]:
    """Hashes of everything that users get, but for the report, which tells the time."""
    files = [p for p in sorted(out.rglob("*")) if p.is_file() and ".work" not in p.parts and "report" not in p.name]
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def keys(tar: Path) -> list[str]:
    with tarfile.open(tar) as opened:
        return sorted({name.partition(".")[0] for name in opened.getnames()})


def test_clean_shards_hold_what_is_good_once(raw: tuple[Path, list[str]], tmp_path: Path) -> None:
    facts = prepare(raw[0], tmp_path / "out", RULES, workers=1)
    kept = [f"{tar.name}/{key}" for tar in sorted((tmp_path / "out").glob("*.tar")) for key in keys(tar)]
    assert sorted(kept) == sorted(raw[1])
    assert facts["kept"] == len(raw[1])
    assert facts["samples"] == 41
    assert facts["left_out"]["near-duplicate picture"] == 5
    assert not (tmp_path / "out" / "00003.tar").exists(), "nothing of it is left"


def test_samples_are_copied_as_they_were(tmp_path: Path) -> None:
    (key, files), other = good(0, 1), ("k2", {"png": picture(2, format="PNG"), "json": b'{"caption": "from json"}'})
    write_tar(tmp_path / "raw" / "a.tar", [(key, {**files, "json": b'{"x": 1}'}), other])
    prepare(tmp_path / "raw", tmp_path / "out", RULES, workers=1)
    with tarfile.open(tmp_path / "out" / "00000.tar") as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
        assert all(member.mtime == 0 for member in tar.getmembers())
    assert found == {
        f"{key}.jpg": files["jpg"],
        f"{key}.txt": files["txt"],
        f"{key}.json": b'{"x": 1}',
        "k2.png": other[1]["png"],
        "k2.json": other[1]["json"],
        "k2.txt": b"from json",
    }


def test_every_sample_left_out_has_a_line(raw: tuple[Path, list[str]], tmp_path: Path) -> None:
    prepare(raw[0], tmp_path / "out", RULES, workers=1)
    lines = [json.loads(line) for line in (tmp_path / "out" / "left_out.jsonl").read_text().splitlines()]
    assert len(lines) == 41 - len(raw[1])
    assert lines[0] == {"sample": "00000.tar/000000000", "reason": "unreadable picture", "repeats": None}
    twins = {line["sample"]: line["repeats"] for line in lines if line["repeats"]}
    assert twins == {f"00003.tar/again{n}": f"00000.tar/00000{n:04d}" for n in (1, 2, 3, 4, 6)}


def test_reports_tell_people_and_machines_the_same(raw: tuple[Path, list[str]], tmp_path: Path) -> None:
    facts = prepare(raw[0], tmp_path / "out", RULES, workers=1)
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == facts
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "41 samples in 4 shards; 27 kept (65.9%)." in text
    for reason, count in facts["left_out"].items():
        assert f"| {reason} | {count} | " in text
    assert [step["name"] for step in facts["steps"]] == ["measure", "choose by pictures", "write"]
    assert [step["samples"] for step in facts["steps"]] == [41, 41, 27]
    lost = {change["term"]: change["ratio"] for change in facts["terms_lost"]}
    assert lost == {}, "a term of fewer than twenty captions tells nothing"


def test_terms_that_a_filter_takes_out_are_told(tmp_path: Path) -> None:
    """Half of the samples are said to be unsafe, and only those have beaches."""
    samples = [
        (f"k{n:03d}", {"jpg": picture(n), "txt": text, "json": facts})
        for n in range(50)
        for text, facts in [(b"a beach", b'{"punsafe": 0.9}') if n % 2 else (b"a mountain", b'{"punsafe": 0.1}')]
    ]
    write_tar(tmp_path / "raw" / "a.tar", samples)
    facts = prepare(tmp_path / "raw", tmp_path / "out", replace(RULES, per_caption=None, max_nsfw=0.5), workers=1)
    assert [(c["term"], c["ratio"]) for c in facts["terms_lost"]] == [("beach", 0.0)]
    assert [(c["term"], c["ratio"]) for c in facts["terms_gained"]] == [("mountain", 2.0)]
    assert "| beach | 25 | 0 | 0.00 |" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


def test_clean_shards_are_a_training_source(raw: tuple[Path, list[str]], tmp_path: Path) -> None:
    prepare(raw[0], tmp_path / "out", RULES, workers=1)
    config = StreamConfig(size=16, shards=ShardsConfig(held_out=0, window=5))
    stream = ShardStream(find_shards(tmp_path / "out"), config, seed=0, batch=4)
    read = [record for batch in stream.once() for record in batch.records.tolist()]
    assert sorted(read) == sorted(concept_id(name) for name in raw[1])
    assert stream.tally.counts == {}


def test_other_readers_read_them(raw: tuple[Path, list[str]], tmp_path: Path) -> None:
    prepare(raw[0], tmp_path / "out", RULES, workers=1)
    code = "import sys, webdataset as w\nfor x in w.WebDataset(sys.argv[1], shardshuffle=False): print(x['__key__'])"
    tar = tmp_path / "out" / "00000.tar"
    done = subprocess.run([sys.executable, "-c", code, tar], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == keys(tar)


def test_embeddings_lie_beside_their_shards(raw: tuple[Path, list[str]], tmp_path: Path, bundle: str) -> None:
    facts = prepare(raw[0], tmp_path / "out", replace(RULES, model=bundle, near_blocks=None), workers=1)
    assert facts["kept"] == len(raw[1]) + 5
    for number in range(4):
        rows = load(tmp_path / "out" / "embeddings" / f"{number:05d}.safetensors")
        assert sorted(unpacked(rows.arrays["keys"])) == keys(tmp_path / "out" / f"{number:05d}.tar")
        for name in ("z_img", "z_txt"):
            z = rows.arrays[name].astype(np.float32)
            assert z.shape == (rows.facts["samples"], 12)
            np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, atol=2e-3)


def test_rules_on_embeddings(raw: tuple[Path, list[str]], tmp_path: Path, bundle: str) -> None:
    """The copies of the last shard have their originals' very embeddings."""
    rules = replace(RULES, model=bundle, near_blocks=None, near_cosine=0.9999)
    facts = prepare(raw[0], tmp_path / "out", rules, workers=1)
    assert facts["left_out"]["near-duplicate embedding"] >= 5
    lines = [json.loads(line) for line in (tmp_path / "out" / "left_out.jsonl").read_text().splitlines()]
    twins = {line["sample"]: line["repeats"] for line in lines if line["reason"] == "near-duplicate embedding"}
    assert twins.items() >= {("00003.tar/again1", "00000.tar/000000001"), ("00003.tar/again6", "00000.tar/000000006")}
    unlike = prepare(raw[0], tmp_path / "out", replace(rules, near_cosine=None, min_similarity=1.0), workers=1)
    assert unlike["kept"] == 0
    assert not list((tmp_path / "out").glob("*.tar"))
    assert not list((tmp_path / "out" / "embeddings").glob("*"))


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the steps that are done from now on."""
    done: list[str] = []

    def noting(name: str, step: Callable[[steps.Task], Any]) -> Callable[[steps.Task], Any]:
        def run(task: steps.Task) -> Any:
            done.append(name)
            return step(task)

        return run

    monkeypatch.setattr(steps, "_STEPS", {name: noting(name, step) for name, step in steps._STEPS.items()})
    return done


def test_what_is_done_is_not_done_twice(
    raw: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prepare(raw[0], tmp_path / "out", RULES, workers=1)
    done = counted(monkeypatch)
    assert prepare(raw[0], tmp_path / "out", RULES, workers=1) == first
    assert done == []
    prepare(raw[0], tmp_path / "out", replace(RULES, per_caption=None), workers=1)
    assert done == ["write"] * 4, "measuring does not hang on that rule"
    before = contents(tmp_path / "out")
    (tmp_path / "out" / "00001.tar").unlink()
    (tmp_path / "out" / "prepare.json").unlink()
    prepare(raw[0], tmp_path / "out", RULES, workers=1)
    prepare(raw[0], tmp_path / "out", replace(RULES, per_caption=None), workers=1)
    assert contents(tmp_path / "out") == before


def test_fewer_shards_leave_no_old_ones_behind(raw: tuple[Path, list[str]], tmp_path: Path) -> None:
    prepare(raw[0], tmp_path / "out", RULES, workers=1)
    facts = prepare(f"{raw[0]}/{{00001..00002}}.tar", tmp_path / "out", RULES, workers=1)
    assert [tar.name for tar in sorted((tmp_path / "out").glob("*.tar"))] == ["00000.tar", "00001.tar"]
    assert facts["shards"] == 2


@pytest.mark.parametrize("stop", range(1, 9))
def test_stopped_anywhere_it_goes_on(raw: tuple[Path, list[str]], tmp_path: Path, stop: int) -> None:
    """Of 8 pieces of work, `stop` are done when somebody cancels."""
    prepare(raw[0], tmp_path / "whole", RULES, workers=1)
    calls = 0

    def cancel(stage: str, done: int, total: int) -> None:
        nonlocal calls
        calls += done > 0
        if calls == stop:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        prepare(raw[0], tmp_path / "out", RULES, workers=1, progress=cancel)
    assert not (tmp_path / "out" / "prepare.json").exists()
    prepare(raw[0], tmp_path / "out", RULES, workers=1)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def _killed(raw: Path, out: Path, after: float) -> bool:
    """Whether the preparation was still at work when it was killed."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])}
    script = ROOT / "tests" / "support" / "prepare_child.py"
    child = subprocess.Popen([sys.executable, script, raw, out], env=env, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(after)
    child.kill()
    child.stdout.close()
    return child.wait() != 0


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on(tmp_path: Path) -> None:
    make_raw(tmp_path / "raw", 12, 60, spoilt=True)
    started = time.perf_counter()
    prepare(tmp_path / "raw", tmp_path / "whole", RULES, workers=1)
    whole = time.perf_counter() - started
    kills = 0
    for seed in range(8):
        out, rng = tmp_path / f"out{seed}", random.Random(seed)
        while len(list(out.glob("prepare.json"))) == 0 and kills < 40:
            kills += _killed(tmp_path / "raw", out, rng.uniform(0, whole / 2))
        prepare(tmp_path / "raw", out, RULES, workers=1)
        assert contents(out) == contents(tmp_path / "whole")
    assert kills >= 8


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # what Ray does within itself
def test_a_pool_and_a_cluster_do_the_same(raw: tuple[Path, list[str]], tmp_path: Path, bundle: str) -> None:
    ray = pytest.importorskip("ray")
    rules = replace(RULES, model=bundle, near_cosine=0.9999)
    prepare(raw[0], tmp_path / "here", rules, workers=1)
    prepare(raw[0], tmp_path / "pool", rules, workers=2)
    try:
        prepare(raw[0], tmp_path / "ray", rules, workers=2, engine="ray")
    finally:
        ray.shutdown()
    assert contents(tmp_path / "here") == contents(tmp_path / "pool") == contents(tmp_path / "ray")
    assert len(contents(tmp_path / "ray")) == 3 + 3 + 2


def test_a_cluster_without_its_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"needs the package ray.*; install sfumato\[cluster\]"):
        runner("ray", 2)
    with pytest.raises(InputError, match=r"There is no engine 'spark'.*choose local or ray"):
        runner("spark", 2)


def test_folders_of_others_are_left_alone(raw: tuple[Path, list[str]], tmp_path: Path) -> None:
    (tmp_path / "letters.txt").touch()
    with pytest.raises(InputError, match="is not empty and was not made by `data prepare`; choose another folder"):
        prepare(raw[0], tmp_path, RULES, workers=1)
    assert os.listdir(tmp_path) == ["letters.txt"]


def test_rules_on_embeddings_need_a_model(raw: tuple[Path, list[str]], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="need a model that embeds"):
        prepare(raw[0], tmp_path / "out", Rules(near_cosine=0.9))
    assert not (tmp_path / "out").exists()
