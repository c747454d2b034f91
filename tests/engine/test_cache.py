from __future__ import annotations

from pathlib import Path

import pytest

from sfumato.bundle.manifest import Manifest
from sfumato.engine.cache import cache_home, graph_cache, shelf_name


def test_the_variable_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "new" / "cache"))
    assert cache_home() == tmp_path / "new" / "cache"
    assert graph_cache() == tmp_path / "new" / "cache" / "graphs"
    assert (tmp_path / "new" / "cache" / "graphs").is_dir()


def test_xdg_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SFUMATO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_home() == tmp_path / "sfumato"


def test_nowhere_to_write_means_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "file"))
    assert graph_cache() is None


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("SFUMATO_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert graph_cache() is None


def test_every_circumstance_has_its_own_shelf(tiny_bundle: Path, tiny_pixel_bundle: Path) -> None:
    one, two = (Manifest.read(path / "manifest.json") for path in (tiny_bundle, tiny_pixel_bundle))
    names = {
        shelf_name(one, "decoder", {"INFERENCE_PRECISION_HINT": "f32"}, "1"),
        shelf_name(one, "decoder", {"INFERENCE_PRECISION_HINT": "bf16"}, "1"),
        shelf_name(one, "decoder", {"INFERENCE_PRECISION_HINT": "f32"}, "2"),
        shelf_name(one, "text", {"INFERENCE_PRECISION_HINT": "f32"}, "1"),
        shelf_name(two, "decoder", {"INFERENCE_PRECISION_HINT": "f32"}, "1"),
    }
    assert len(names) == 5
    assert all(Path(name).name == name for name in names)
