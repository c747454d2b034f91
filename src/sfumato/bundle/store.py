"""Bundles on disk: found by name or path, and every file's SHA-256 checked before its first use."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import sys
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

    def graph(self, name: str) -> tuple[Path, Path]:
        """The checked .xml and .bin of a graph; `BundleError` as in `file`."""
        graph = self.manifest.graphs.get(name)
        if graph is None:
            raise BundleError(f"The model {self.manifest.name} has no graph {name}; choose another model.")
        return self.file(graph.file), self.file(graph.weights)

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
    """The folder of a model given by path, or by name on one of the `shelves`."""
    folders = [Path(model).expanduser()] if _is_path(model) else [shelf / model for shelf in shelves()]
    for folder in folders:
        if (folder / MANIFEST).is_file():
            return folder
    if _is_path(model):
        raise BundleError(f"There is no model in {model} (no {MANIFEST}); give a bundle's folder.")
    known = ", ".join(installed()) or "none"
    raise BundleError(f"There is no model named {model!r} (installed: {known}); give one of them or a path.")


def shelves() -> list[Path]:
    """The folders that named models are looked up in, in order: the program's, those of $SFUMATO_MODELS, the user's."""
    own = data_home()
    return [SHIPPED, *_named_shelves(), *([] if own is None else [own / "models"])]


def user_shelf() -> Path:
    """Where the user's own models are put: the first folder of $SFUMATO_MODELS, or one among the user's data.

    Raises `BundleError` for a user without a home.
    """
    named, own = _named_shelves(), data_home()
    if named:
        return named[0]
    if own is None:
        raise BundleError(f"This user has no home folder for models; name one in ${MODELS_VARIABLE}.")
    return own / "models"


def data_home() -> Path | None:
    """The platform's folder for this program's data; None for a user without a home."""
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "sfumato"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "sfumato"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "sfumato"


def _named_shelves() -> list[Path]:
    extra = os.environ.get(MODELS_VARIABLE, "")
    return [Path(part).expanduser() for part in extra.split(os.pathsep) if part]


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
