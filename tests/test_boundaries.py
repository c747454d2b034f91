"""Which room may know which: checked on the source, and on what a fresh interpreter really loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src"
ROOMS = {  # what a room of sfumato may import of sfumato, besides itself, errors and __version__
    "diffusion": set(),
    "errors": set(),
    "text": set(),
    "picture": set(),
    "bundle": {"diffusion"},
    "networks": set(),
    "engine": {"bundle", "networks"},
    "requests": {"text", "picture", "diffusion"},
    "types": {"requests", "picture"},
    "pipeline": {"bundle", "diffusion", "engine", "picture", "requests", "text", "types"},
    "facade": {"diffusion", "picture", "pipeline", "requests", "types"},
    "api": {"bundle", "diffusion", "engine", "facade", "picture", "pipeline", "requests", "types"},
    "cli": {"api", "requests", "types", "picture"},
}
TORCH_FILES = ("sfumato/engine/torch.py", "sfumato/networks/")
HEAVY = ("torch", "openvino", "numpy", "PIL", "tokenizers")


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Absolute names of all that a file imports, inside functions too; but not for type checking only."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = {id(child) for node in ast.walk(tree) if _types_only(node) for child in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 or "sfumato_train" in path.parts, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def room(name: str) -> str:
    """sfumato.pipeline.generate.draw → pipeline."""
    return name.split(".")[1] if "." in name else ""


def named(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("path", [p for p in modules() if named(p).startswith("sfumato/")], ids=named)
def test_rooms_know_only_what_they_may(path: Path) -> None:
    own = path.relative_to(SOURCE / "sfumato").parts[0].removesuffix(".py")
    if own not in ROOMS:
        assert own in {"__init__", "__main__"}, f"{own} is a new room: say in ROOMS what it may import"
        return
    allowed = ROOMS[own] | {own, "errors", "__version__"}
    known = {room(name) for name in imports(path) if name.split(".")[0] == "sfumato"}
    assert known <= allowed, f"{named(path)} imports {sorted(known - allowed)}"


def test_the_program_knows_nothing_of_training() -> None:
    users = [named(p) for p in modules() if any(name.startswith("sfumato_train") for name in imports(p))]
    assert not [user for user in users if user.startswith("sfumato/")]
    assert users, "the check sees imports at all"


def test_torch_lives_in_its_rooms_only() -> None:
    users = {named(p) for p in modules() if any(name.split(".")[0] == "torch" for name in imports(p))}
    runtime = {user for user in users if user.startswith("sfumato/")}
    assert {user for user in runtime if not user.startswith(TORCH_FILES)} == set()


def test_networks_are_for_the_torch_engine_and_training() -> None:
    users = {named(p) for p in modules() if any(name.startswith("sfumato.networks") for name in imports(p))}
    allowed = ("sfumato/networks/", "sfumato/engine/torch.py", "sfumato_train/")
    assert {user for user in users if not user.startswith(allowed)} == set()


def loaded_by(statement: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after a statement."""
    code = f"import sys; sys.path.insert(0, {str(SOURCE)!r}); {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return {name.split(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("module", ["sfumato", "sfumato.types", "sfumato.cli"])
def test_light_modules_load_nothing_heavy(module: str) -> None:
    assert loaded_by(f"import {module}").isdisjoint(HEAVY)


def test_the_facade_loads_no_torch() -> None:
    loaded = loaded_by("import sfumato.engine.openvino, sfumato.api")
    assert "openvino" in loaded
    assert "torch" not in loaded
