"""Engines by name. Each is imported only when it is chosen: one of them needs PyTorch."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Literal, get_args

from sfumato.bundle.store import Bundle
from sfumato.engine.base import Engine
from sfumato.errors import InputError

EngineName = Literal["openvino", "torch"]
Precision = Literal["bf16", "f32"]


def open_engine(
    engine: str, model: str | Path, *, threads: int | None = None, precision: Precision | None = None
) -> Engine:
    """The engine over the model of that name or path.

    Raises `InputError` for an unknown or uninstalled engine and for senseless threads or precision.
    """
    if engine not in get_args(EngineName):
        raise InputError(f"There is no engine {engine!r}; choose {' or '.join(get_args(EngineName))}.")
    if precision is not None and precision not in get_args(Precision):
        raise InputError(f"There is no precision {precision!r}; choose {' or '.join(get_args(Precision))}.")
    if threads is not None and (isinstance(threads, bool) or not 1 <= threads <= 1024):
        raise InputError(f"The number of threads {threads!r} cannot be used; give one from 1 to 1024.")
    if engine == "torch":
        return _open_torch(model, threads=threads, precision=precision)
    from sfumato.engine.openvino import OpenVINOEngine  # noqa: PLC0415

    return OpenVINOEngine(Bundle.open(model), threads=threads, precision=precision)


def _open_torch(model: str | Path, *, threads: int | None, precision: Precision | None) -> Engine:
    try:
        module = import_module("sfumato.engine.torch")
    except ModuleNotFoundError as error:
        raise InputError(
            f"The torch engine needs the Python package {error.name}; install sfumato[train]."
        ) from None
    engine: Engine = module.TorchEngine(model, threads=threads, precision=precision)
    return engine
