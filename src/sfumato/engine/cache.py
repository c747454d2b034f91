"""Where compiled graphs are kept between runs. Where nothing can be written, nothing is kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CACHE_VARIABLE = "SFUMATO_CACHE"


def graph_cache() -> Path | None:
    """The user's cache folder for compiled graphs, made if need be; None when it cannot be written."""
    try:
        folder = cache_home() / "graphs"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def cache_home() -> Path:
    """$SFUMATO_CACHE, or the platform's cache folder for this program."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "sfumato" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "sfumato"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sfumato"
