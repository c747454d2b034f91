"""Sfumato: an open, complete DALL·E 2.

`from sfumato import Sfumato` loads the engine; `import sfumato` alone loads nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfumato.api import Sfumato as Sfumato
    from sfumato.types import Picture as Picture

__version__ = "0.1.0"
__all__ = ["Picture", "Sfumato", "__version__"]

_HOMES = {"Sfumato": "sfumato.api", "Picture": "sfumato.types"}


def __getattr__(name: str) -> Any:
    """PEP 562: the public names, imported when first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sfumato' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(_HOMES[name]), name)
