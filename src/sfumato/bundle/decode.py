"""Strict reading of JSON values into frozen dataclasses, by their type hints.

Anything missing, unknown or of another type is a `FieldError` that carries the field's dotted path.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal


class FieldError(ValueError):
    """A value that does not fit its field; `path` is dotted, such as `stages.decoder.steps`."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


def decode(hint: Any, value: Any, path: str = "") -> Any:
    """`value`, parsed from JSON, as the type `hint`: a dataclass, Mapping, tuple, Literal or scalar."""
    if dataclasses.is_dataclass(hint):
        return _decode_dataclass(hint, value, path)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:  # only `X | None` is used
        return None if value is None else decode(arguments[0], value, path)
    if origin is Literal:
        return _expect(value in arguments and not isinstance(value, bool), value, path, f"one of {arguments}")
    if origin is tuple:
        return _decode_tuple(arguments, value, path)
    if origin is not None and issubclass(origin, Mapping):
        _expect(isinstance(value, dict), value, path, "an object")
        items = {key: decode(arguments[1], item, _join(path, key)) for key, item in value.items()}
        return types.MappingProxyType(items)
    return _decode_scalar(hint, value, path)


def encode(value: Any) -> Any:
    """The inverse of `decode`: plain dicts, lists and scalars for `json.dumps`."""
    if dataclasses.is_dataclass(value):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    return value


def _decode_dataclass(cls: Any, value: Any, path: str) -> Any:
    _expect(isinstance(value, dict), value, path, "an object")
    hints = typing.get_type_hints(cls)
    known = {f.name: f for f in dataclasses.fields(cls)}
    for name in value:
        if name not in known:
            raise FieldError(_join(path, name), "is not a field of this format")
    for name, f in known.items():
        if name not in value and f.default is dataclasses.MISSING:
            raise FieldError(_join(path, name), "is missing")
    decoded = {name: decode(hints[name], item, _join(path, name)) for name, item in value.items()}
    try:
        return cls(**decoded)
    except FieldError as error:
        raise FieldError(_join(path, error.path), error.problem) from None


def _decode_tuple(arguments: tuple[Any, ...], value: Any, path: str) -> tuple[Any, ...]:
    _expect(isinstance(value, list), value, path, "a list")
    if arguments[-1] is Ellipsis:
        arguments = (arguments[0],) * len(value)
    _expect(len(value) == len(arguments), value, path, f"a list of {len(arguments)}")
    pairs = zip(arguments, value, strict=True)
    return tuple(decode(hint, item, f"{path}[{i}]") for i, (hint, item) in enumerate(pairs))


def _decode_scalar(hint: Any, value: Any, path: str) -> Any:
    if hint is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return float(_expect(fits, value, path, "a finite number"))
    fits = isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
    return _expect(fits, value, path, {int: "a whole number", str: "a text"}.get(hint, hint.__name__))


def _expect(fits: bool, value: Any, path: str, wanted: str) -> Any:
    if not fits:
        raise FieldError(path or "the whole", f"is {_short(value)}, not {wanted}")
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
