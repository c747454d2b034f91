"""Bundles on disk: found by name or path, and every file's SHA-256 checked before its first use."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path

from sfumato.bundle.manifest import MANIFEST, FileEntry, Manifest
from sfumato.errors import BundleError

MODELS_VARIABLE = "SFUMATO_MODELS"
SHIPPED = Path(__file__).resolve().parent.parent / "models"


class Bundle:
    """One model's folder and manifest. `file` is safe to call from several threads."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self._checked: set[str] = set()

    @classmethod
    def open(cls, model: str | Path) -> Bundle:
        """The bundle at a path or of a name; `BundleError` when there is none or its manifest is bad."""
        folder = find(model)
        return cls(folder, Manifest.read(folder / MANIFEST))

    def file(self, name: str) -> Path:
        """The path of a file of the bundle after its hash was found right (checked once).

        Raises `BundleError` for a file that is missing, changed or not in the manifest.
        """
        if name not in self._checked:
            self._check(name)
            self._checked.add(name)
        return self.folder / name

    def graph(self, name: str) -> Path:
        """The checked .xml of a graph, its checked weights beside it; `BundleError` as in `file`."""
        graph = self.manifest.graphs.get(name)
        if graph is None:
            raise BundleError(f"The model {self.manifest.name} has no graph {name}; choose another model.")
        self.file(graph.weights)
        return self.file(graph.file)

    def _check(self, name: str) -> None:
        expected = self.manifest.files.get(name)
        path = self.folder / name
        if expected is None:
            raise BundleError(f"{path} is not listed in the model's manifest; install the model again.")
        try:
            found = fingerprint(path)
        except OSError as error:
            raise BundleError(f"{path} cannot be read ({error.strerror}); install the model again.") from None
        if found != expected:
            raise BundleError(f"{path} differs from what its manifest promises; install the model again.")


def find(model: str | Path) -> Path:
    """The folder of a model given by path, or by name in the shipped models and in $SFUMATO_MODELS."""
    folders = [Path(model).expanduser()] if _is_path(model) else [shelf / model for shelf in shelves()]
    for folder in folders:
        if (folder / MANIFEST).is_file():
            return folder
    if _is_path(model):
        raise BundleError(f"There is no model in {model} (no {MANIFEST}); give a bundle's folder.")
    known = ", ".join(installed()) or "none"
    raise BundleError(f"There is no model named {model!r} (installed: {known}); give one of them or a path.")


def shelves() -> list[Path]:
    """The folders that named models are looked up in, in order."""
    extra = os.environ.get(MODELS_VARIABLE, "")
    return [SHIPPED, *(Path(part).expanduser() for part in extra.split(os.pathsep) if part)]


def installed() -> list[str]:
    """The names of all models on the shelves."""
    return sorted({path.parent.name for shelf in shelves() for path in shelf.glob(f"*/{MANIFEST}")})


def fingerprint(path: Path) -> FileEntry:
    """SHA-256 and length of a file, read as a stream."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return FileEntry(sha256=digest.hexdigest(), bytes=file.tell())


def write_manifest(folder: Path, manifest: Manifest) -> Manifest:
    """Hashes every file of `folder` and its folders into the manifest, writes it, returns it as written.

    Raises `BundleError` when a file that the manifest needs is not in the folder.
    """
    present = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): fingerprint(path) for path in present}
    files.pop(MANIFEST, None)
    for name in manifest.required_files():
        if name not in files:
            raise BundleError(f"{folder / name} is missing; export every graph and the tokenizer first.")
    complete = dataclasses.replace(manifest, files=files)
    complete.write(folder / MANIFEST)
    return complete


def _is_path(model: str | Path) -> bool:
    return isinstance(model, Path) or model.startswith((".", "~")) or "/" in model or os.sep in model
