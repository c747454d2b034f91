"""Batches in spite of samples that cannot be made: a damaged picture costs one sample, not the run.

The rule is a function of the sample's number alone, so that resuming, splitting and any number of workers agree: where
sample j cannot be made, sample j + k·2⁴⁰ takes its place, k the smallest of 1 … 8 that can be made.
"""

import zlib
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from sfumato.errors import SfumatoError

STRIDE = 1 << 40  # beyond the samples of any run
TRIES = 8
DAMAGE = (OSError, EOFError, SyntaxError, ValueError, zlib.error)  # what readers raise for damaged pictures

Batch = dict[str, Tensor]


class TrainingError(SfumatoError):
    """Training cannot go on; what was saved before is intact."""


class Maker(Protocol):
    """What makes samples: a task."""

    def batch(self, first: int, count: int) -> Batch:
        """Samples first .. first+count-1 of the run: a pure function of the seed and these numbers."""


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """Sample `sample` could not be made, `by` took its place."""

    sample: int
    by: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Made:
    """Samples first .. first+count-1, with those that took the place of others."""

    first: int
    batch: Batch
    replaced: tuple[Replaced, ...] = ()


def made(maker: Maker, first: int, count: int) -> Made:
    """Make a unit. Raises TrainingError naming the sample when neither it nor what should replace it can be made."""
    try:
        return Made(first=first, batch=maker.batch(first, count))
    except Exception as error:
        if not isinstance(error, DAMAGE):
            raise _cannot(first, count, error) from error
    found = [_one(maker, j) for j in range(first, first + count)]
    replaced = tuple(one for _, one in found if one is not None)
    return Made(first=first, batch=joined([batch for batch, _ in found]), replaced=replaced)


def _one(maker: Maker, j: int) -> tuple[Batch, Replaced | None]:
    reason: Exception | None = None
    for k in range(TRIES + 1):
        number = j + k * STRIDE
        try:
            batch = maker.batch(number, 1)
        except DAMAGE as error:
            reason = reason or error
        except Exception as error:
            raise _cannot(j, 1, error) from error
        else:
            return batch, None if reason is None else Replaced(sample=j, by=number, reason=_said(reason))
    assert reason is not None, "it failed in every try"
    raise _cannot(j, 1, reason, ", and neither can those that should replace it") from reason


def joined(batches: list[Batch]) -> Batch:
    """Batches one after another; captions of different lengths are filled up with zeros, as the tokenizer does."""
    names = batches[0]
    return {name: torch.cat(_evened([batch[name] for batch in batches])) for name in names}


def _evened(tensors: list[Tensor]) -> list[Tensor]:
    widest = [max(sizes) for sizes in zip(*(tensor.shape[1:] for tensor in tensors), strict=True)]
    return [F.pad(tensor, _missing(tensor, widest)) for tensor in tensors]


def _missing(tensor: Tensor, widest: list[int]) -> list[int]:
    """In `pad`'s order: (before, after) of the last dimension first."""
    lacking = [wide - size for wide, size in zip(widest, tensor.shape[1:], strict=True)]
    return [amount for lack in reversed(lacking) for amount in (0, lack)]


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _cannot(first: int, count: int, error: Exception, more: str = "") -> TrainingError:
    which = f"Sample {first}" if count == 1 else f"One of the samples {first} to {first + count - 1}"
    return TrainingError(f"{which} cannot be made ({_said(error)}){more}; build the data set again.")
