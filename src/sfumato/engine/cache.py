"""Where compiled graphs are kept between runs. Where nothing can be written, nothing is kept."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.bundle.manifest import Manifest

CACHE_VARIABLE = "SFUMATO_CACHE"


def graph_cache() -> Path | None:
    """The user's cache folder for compiled graphs, made if need be; None when it cannot be written."""
    try:
        folder = cache_home() / "graphs"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def shelf_name(manifest: Manifest, graph: str, options: Mapping[str, Any], version: str) -> str:
    """The folder, within the cache, of one graph compiled with these options by this engine version.

    OpenVINO's own key leaves out the precision (2026.4): without a folder for each, a graph compiled in
    bf16 would be used where f32 was asked for, and a picture would depend on what was drawn before.
    """
    entry = manifest.graphs[graph]
    hashes = [manifest.files[name].sha256 for name in (entry.file, entry.weights)]
    key = json.dumps([hashes, dict(options), version], sort_keys=True)
    return f"{manifest.name}-{graph}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def cache_home() -> Path:
    """$SFUMATO_CACHE, or the platform's cache folder for this program."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "sfumato" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "sfumato"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sfumato"
