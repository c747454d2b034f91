"""What comes out of the program: pictures, and progress on the way.

Light on purpose (no numpy, no engine at import), so that the command line can import it for free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sfumato.requests.base import Request

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One finished step: `step` of `steps` of `stage`, for picture `picture` of `pictures` (all from 1)."""

    stage: str
    step: int
    steps: int
    picture: int
    pictures: int


@dataclass(frozen=True, kw_only=True)
class Description:
    """A caption of a picture, and how well it fits: their cosine in the CLIP space, in [-1, 1]."""

    text: str
    score: float


@dataclass(frozen=True, kw_only=True)
class Classification:
    """Labels as they were given, and the probability of each, in [0, 1] and 1 together."""

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]

    @property
    def best(self) -> str:
        """The likeliest label; of equal ones the first."""
        return self.labels[self.probabilities.index(max(self.probabilities))]


@dataclass(frozen=True, kw_only=True)
class Match:
    """A picture that a search found: the cosine with what was sought, in [-1, 1]."""

    path: Path
    similarity: float


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A file or folder that a search could not read, and one sentence that says why."""

    path: Path
    reason: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found, best first. pictures: how many were compared; embedded: how many of the folder's files were
    read anew; notes: sentences the user should read.
    """

    matches: tuple[Match, ...]
    pictures: int
    embedded: int
    broken: tuple[Broken, ...] = ()
    notes: tuple[str, ...] = ()


ProgressCallback = Callable[[Progress], None]
CancelledCallback = Callable[[], bool]


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A drawn picture.

    pixels: uint8 [H,W,4] with straight alpha, or [H,W,3] when the background is a colour.
    similarity: cosine in [-1,1] between picture and prompt, known when asked for or after reranking.
    seconds: wall time by stage. notes: sentences the user should read, such as a prompt that was cut.
    """

    pixels: NDArray[np.uint8]
    settings: Request
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
