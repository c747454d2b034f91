"""The few operations whose spelling differs between Python floats, numpy arrays and torch tensors.

Samplers need only arithmetic, which all three share. What is left is here: elementwise functions, a lower
bound, and the shaping of per-picture coefficients. torch itself is never imported: its tensors carry the
functions as methods, and what has no such method is numpy's.
"""

import math
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""A numpy array or a torch tensor."""

Time: TypeAlias = Any
"""A diffusion time in [0, 1]: a float, or one per picture as an array or tensor [B]."""


def elementwise(name: str, value: Any) -> Any:
    """`name` (one of exp, expm1, log, sin, sqrt) of a float, array or tensor; the type is kept."""
    if isinstance(value, (int, float)):
        return getattr(math, name)(float(value))
    method = getattr(value, name, None)
    return getattr(np, name)(value) if method is None else method()


def log(value: Any) -> Any:
    """The natural logarithm with log(0) = -inf for floats, arrays and tensors."""
    if isinstance(value, (int, float)):
        return math.log(value) if value > 0 else -math.inf
    with np.errstate(divide="ignore"):
        return elementwise("log", value)


def at_least(value: Any, floor: float) -> Any:
    """max(value, floor), element by element."""
    if isinstance(value, (int, float)):
        return max(float(value), floor)
    return value.clip(min=floor)


def over(coefficient: Any, x: Array) -> Any:
    """`coefficient`, a float or [B], shaped [B, 1, …] so that it multiplies x [B, …] picture by picture."""
    shape = getattr(coefficient, "shape", ())
    if len(shape) == 0:
        return coefficient
    return coefficient.reshape((*shape, *(1,) * (x.ndim - len(shape))))
