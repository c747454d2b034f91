"""What the requests of all operations share: seed, settings, model, and the pictures they begin from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, ClassVar, Self

from sfumato import __version__
from sfumato.errors import InputError
from sfumato.requests.checks import MAX_GUIDANCE, MAX_STEPS, SEED_LIMIT, check_number, check_sampler, check_whole


@dataclass(frozen=True, kw_only=True)
class SourceRef:
    """A picture that an operation began from: its file's name, and the SHA-256 of its decoded pixels."""

    name: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """Everything one picture depends on; equal requests give equal pixels on one machine.

    `steps`, `guidance` and `sampler` are the decoder's. The constructor checks every field and raises
    `InputError`. Subclasses set `operation` and extend `check`.
    """

    operation: ClassVar[str]

    prompt: str
    seed: int
    steps: int
    guidance: float
    sampler: str
    model: str
    version: str
    sources: tuple[SourceRef, ...] = ()

    def __post_init__(self) -> None:
        check_whole("seed", self.seed, 0, SEED_LIMIT - 1)
        check_whole("steps", self.steps, 1, MAX_STEPS)
        check_number("guidance", self.guidance, 0, MAX_GUIDANCE, " (1 is off)")
        check_sampler(self.sampler)
        object.__setattr__(self, "guidance", float(self.guidance))
        self.check()

    def check(self) -> None:
        """Raises `InputError` for what does not fit in the subclass's own fields."""

    @property
    def title(self) -> str:
        """What a file of the picture is named after."""
        return self.prompt

    def to_record(self) -> dict[str, Any]:
        """The JSON object embedded in the picture's file; `from_record` is its inverse."""
        settings = asdict(self)
        if not self.sources:
            del settings["sources"]
        return {"software": f"sfumato {__version__}", "operation": self.operation, **settings}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Reads a picture's record again; `InputError` when a field is missing or out of range."""
        missing = [f.name for f in fields(cls) if f.default is MISSING and f.name not in record]
        if missing:
            raise InputError(
                f"The picture's record lacks {', '.join(missing)}, so it cannot be drawn again; "
                "give the missing settings to draw instead."
            )
        values = {f.name: _frozen(record[f.name]) for f in fields(cls) if f.name in record}
        return cls(**{**values, "sources": _sources(record.get("sources", ()))})


def _frozen(value: Any) -> Any:
    """JSON knows only lists; requests hold tuples."""
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


def _sources(value: Any) -> tuple[SourceRef, ...]:
    try:
        refs = tuple(SourceRef(name=ref["name"], sha256=ref["sha256"]) for ref in value)
    except (TypeError, KeyError):
        refs = (SourceRef(name="", sha256=""),)
    if not all(isinstance(part, str) and part for ref in refs for part in (ref.name, ref.sha256)):
        raise InputError("The picture's record does not say what it was made from, so it cannot be redrawn; draw anew.")
    return refs
