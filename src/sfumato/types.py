"""What goes into the program and what comes out: requests, pictures, progress.

Light on purpose (no numpy, no engine at import), so that the command line can import it for free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, Self

from sfumato import __version__
from sfumato.errors import InputError
from sfumato.text.prompt import check_prompt

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

System = Literal["unclip", "glide"]

SYSTEMS: tuple[str, ...] = ("unclip", "glide")
SIZES: tuple[int, ...] = (256, 512, 1024)
MAX_PICTURES = 100
MAX_STEPS = 1000
MAX_GUIDANCE = 50.0
SEED_LIMIT = 2**63
TRANSPARENT = "transparent"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One finished step: `step` of `steps` of `stage`, for picture `picture` of `pictures` (all from 1)."""

    stage: str
    step: int
    steps: int
    picture: int
    pictures: int


ProgressCallback = Callable[[Progress], None]
CancelledCallback = Callable[[], bool]


@dataclass(frozen=True, kw_only=True)
class DrawRequest:
    """Everything one picture depends on; equal requests give equal pixels on one machine.

    `steps`, `guidance` and `sampler` are the decoder's. The constructor checks every field and raises
    `InputError`; `background` is stored as "transparent" or "#rrggbb".
    """

    prompt: str
    seed: int
    size: int
    steps: int
    guidance: float
    sampler: str
    background: str
    system: str
    model: str
    version: str

    def __post_init__(self) -> None:
        check_prompt(self.prompt)
        check_whole("seed", self.seed, 0, SEED_LIMIT - 1)
        _check_choice("size", self.size, SIZES)
        check_whole("steps", self.steps, 1, MAX_STEPS)
        _check_guidance(self.guidance)
        _check_choice("system", self.system, SYSTEMS)
        _check_sampler(self.sampler)
        object.__setattr__(self, "guidance", float(self.guidance))
        object.__setattr__(self, "background", _normal_background(self.background))

    def to_record(self) -> dict[str, Any]:
        """The JSON object embedded in the picture's file; `from_record` is its inverse."""
        return {"software": f"sfumato {__version__}", **asdict(self)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Reads a picture's record again; `InputError` when a field is missing or out of range."""
        names = [f.name for f in fields(cls)]
        missing = [name for name in names if name not in record]
        if missing:
            raise InputError(
                f"The picture's record lacks {', '.join(missing)}, so it cannot be drawn again; "
                "give the missing settings to draw instead."
            )
        return cls(**{name: record[name] for name in names})


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A drawn picture.

    pixels: uint8 [H,W,4] with straight alpha, or [H,W,3] when the background is a colour.
    similarity: cosine in [-1,1] between picture and prompt, known when asked for or after reranking.
    seconds: wall time by stage. notes: sentences the user should read, such as a prompt that was cut.
    """

    pixels: NDArray[np.uint8]
    settings: DrawRequest
    similarity: float | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def seed(self) -> int:
        """The seed that draws this picture alone."""
        return self.settings.seed

    @property
    def record(self) -> dict[str, Any]:
        """What is embedded in the file: enough to draw the picture again."""
        return self.settings.to_record()

    def to_pil(self) -> Image.Image:
        """The picture as a Pillow image, RGBA or RGB."""
        from sfumato.picture.convert import to_image  # noqa: PLC0415 - keeps `import sfumato.types` light

        return to_image(self.pixels)

    def save(self, path: str | Path) -> Path:
        """Writes PNG, JPEG or WebP by the suffix, with the record inside, whole or not at all.

        Raises `InputError` for an unknown suffix and `OutputError` when the target cannot be written.
        """
        from sfumato.picture import files  # noqa: PLC0415

        return files.save(path, self.pixels, self.record)


def check_whole(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"The {name} {value!r} cannot be used; give a whole number from {low} to {high}.")


def _check_choice(name: str, value: object, known: tuple[object, ...]) -> None:
    if isinstance(value, bool) or value not in known:
        raise InputError(f"The {name} {value!r} is unknown; choose {_listed(known)}.")


def _check_guidance(value: object) -> None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0.0 <= value <= MAX_GUIDANCE
    if not fits:
        raise InputError(
            f"The guidance {value!r} cannot be used; give a number from 0 to {MAX_GUIDANCE:g} (1 is off)."
        )


def _check_sampler(name: str) -> None:
    from sfumato.diffusion.samplers import SAMPLERS  # noqa: PLC0415

    _check_choice("sampler", name, tuple(SAMPLERS))


def _normal_background(background: object) -> str:
    from sfumato.picture.convert import parse_background  # noqa: PLC0415

    colour = parse_background(str(background))
    return TRANSPARENT if colour is None else "#{:02x}{:02x}{:02x}".format(*colour)


def _listed(known: tuple[object, ...]) -> str:
    return ", ".join(map(str, known[:-1])) + f" or {known[-1]}"
