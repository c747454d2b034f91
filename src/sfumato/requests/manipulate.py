"""What the requests that begin from pictures' embeddings share (unCLIP section 3): vary, blend, shift."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar

from sfumato.errors import InputError
from sfumato.requests.draw import Sized


@dataclass(frozen=True, kw_only=True)
class Manipulation(Sized, ABC):
    """`size` is the longer side of the result, which has the source's shape. Subclasses say `keeps_noise`.

    Where x_T is kept the way is DDIM's and its noise is the source's; elsewhere it is the seed's, as in drawing.
    """

    least_sources: ClassVar[int] = 1
    most_sources: ClassVar[int] = 1

    def check(self) -> None:
        super().check()
        if not self.least_sources <= len(self.sources) <= self.most_sources:
            raise InputError(
                f"The number of pictures to {self.operation} cannot be {len(self.sources)}; {self.wanted_sources()}."
            )

    @classmethod
    def wanted_sources(cls) -> str:
        """How many pictures to give, in words."""
        if cls.least_sources == cls.most_sources == 1:
            return "give one"
        return f"give {cls.least_sources} to {cls.most_sources}"

    @property
    @abstractmethod
    def keeps_noise(self) -> bool:
        """Whether x_T comes from the sources and not from the seed."""

    @property
    def title(self) -> str:
        """The sources' names and what was done with them."""
        return " ".join([*(PurePath(source.name).stem for source in self.sources), self.operation])
