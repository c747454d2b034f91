from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sfumato.engine import choose
from sfumato.engine.choose import open_engine
from sfumato.errors import BundleError, InputError


def test_openvino_is_opened_on_a_bundle(tiny_bundle: Path) -> None:
    engine = open_engine("openvino", tiny_bundle)
    assert engine.name == "openvino"
    assert engine.manifest.name == "tiny"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"engine": "cuda"}, "no engine 'cuda'; choose openvino or torch"),
        ({"precision": "f64"}, "no precision 'f64'; choose bf16 or f32"),
        ({"threads": 0}, "number of threads 0"),
        ({"threads": True}, "number of threads True"),
        ({"threads": 5000}, "number of threads 5000"),
    ],
)
def test_senseless_choices_are_refused(tiny_bundle: Path, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        open_engine(**{"engine": "openvino", "model": tiny_bundle, **arguments})


def test_torch_without_torch_says_what_to_install(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(choose, "import_module", missing)
    with pytest.raises(InputError, match=r"needs the Python package torch; install sfumato\[train\]"):
        open_engine("torch", tiny_bundle)


def test_a_missing_model_is_a_bundle_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no model in"):
        open_engine("openvino", tmp_path)
