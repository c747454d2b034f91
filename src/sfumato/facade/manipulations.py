"""The facade's methods that begin from pictures' embeddings: vary, blend and shift; and redraw, for every operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sfumato.errors import InputError
from sfumato.facade.base import Facade, refs
from sfumato.picture.backdrop import backdrop
from sfumato.picture.read import Readable, Source, read_picture
from sfumato.pipeline import redraw
from sfumato.pipeline.blend import blend
from sfumato.pipeline.shift import shift
from sfumato.pipeline.variation import vary
from sfumato.pipeline.watch import Observer
from sfumato.requests.base import Request
from sfumato.requests.blend import BlendRequest, check_weights, walk
from sfumato.requests.manipulate import Manipulation
from sfumato.requests.shift import ShiftRequest, thetas
from sfumato.requests.vary import VaryRequest
from sfumato.types import CancelledCallback, Picture, ProgressCallback

UNGUIDED: dict[str, Any] = {"sampler": "ddim", "guidance": 1.0}
"""What a kept x_T is drawn with unless the user says: it was found so."""

FRAMES = 5

Kind = TypeVar("Kind", bound=Manipulation)


class Manipulations(Facade):
    """Pictures from pictures."""

    def vary(
        self,
        picture: Readable,
        *,
        n: int = 4,
        keep: str = "some",
        prompt: str = "",
        seed: int | None = None,
        size: int = 1024,
        steps: int | None = None,
        guidance: float | None = None,
        background: str | None = None,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> list[Picture]:
        """`n` variations of a picture; picture k has seed + k and is the same drawn alone.

        keep: "most" keeps layout and details (the picture's own noise, shaken a little), "some" only what the image
        tower sees (z_img), "none" a neighbour of that. prompt: words that the variations are to fit too; may be empty.
        The results have the picture's shape, their longer side is `size`. background: None leaves it transparent, or
        for a picture without any transparency takes the mean colour along its edges, so that the results are opaque.
        guidance None: the model's, but 1 with keep "most". The rest, and the errors, are those of `draw`.
        """
        sources = (read_picture(picture),)
        first = VaryRequest(
            prompt=prompt,
            keep=keep,
            size=size,
            background=_background(background, sources),
            sources=refs(*sources),
            **self._fitting(keep == "most", seed=seed, steps=steps, guidance=guidance),
        )
        requests = self._seeded(first, n)
        return vary(self._model, requests, sources, observer=Observer(progress=progress, cancelled=cancelled))

    def blend(
        self,
        pictures: Sequence[Readable],
        *,
        frames: int | None = None,
        weights: Sequence[float] | None = None,
        n: int | None = None,
        noise: str | None = None,
        seed: int | None = None,
        size: int = 1024,
        steps: int | None = None,
        guidance: float | None = None,
        background: str | None = None,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> list[Picture]:
        """Pictures between 2 to 16 pictures: a way through them in `frames` pictures, or with weights one mixture.

        Without weights and n: `frames` (5) pictures evenly spread from the first picture through the others to the
        last, all with one seed. weights, one positive number a picture, or n: `n` pictures of the spherical (Karcher)
        mean of the embeddings; picture k has seed + k. noise: "slerp" takes x_T from the pictures too, so that the
        ends of a way are the pictures themselves; "fixed" takes it from the seed; None: slerp on a way, fixed in a
        mixture. The results have the pictures' shape if it is the same, and are square otherwise. The rest, and the
        errors, are those of `vary`.
        """
        if isinstance(pictures, str) or not isinstance(pictures, Sequence):
            raise InputError("The pictures to blend must be a list; give two or more.")
        sources = [read_picture(picture) for picture in pictures]
        mixing = weights is not None or n is not None
        if mixing and frames is not None:
            raise InputError("A blend is either a way in steps or one mixture; give steps, or weights and a number.")
        if weights is not None:
            check_weights(weights, len(sources))
        noise = noise or ("fixed" if mixing else "slerp")
        first = BlendRequest(
            prompt="",
            weights=tuple(weights or (1.0,) * len(sources)),
            noise=noise,
            size=size,
            background=_background(background, sources),
            sources=refs(*sources),
            **self._fitting(noise == "slerp", seed=seed, steps=steps, guidance=guidance),
        )
        if mixing and first.keeps_noise and (n or 1) > 1:
            raise InputError('With the noise "slerp" all mixtures are the same; ask for one, or for the noise "fixed".')
        requests = self._seeded(first, n or 1)
        if not mixing:
            steps_of = walk(len(sources), FRAMES if frames is None else frames)
            requests = [replace(first, weights=one) for one in steps_of]
        return blend(self._model, requests, sources, observer=Observer(progress=progress, cancelled=cancelled))

    def shift(
        self,
        picture: Readable,
        *,
        to: str,
        from_: str = "",
        frames: int = FRAMES,
        strength: float = 0.4,
        seed: int | None = None,
        size: int = 1024,
        steps: int | None = None,
        guidance: float | None = None,
        background: str | None = None,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> list[Picture]:
        """The picture on its way from the description `from_` (may be empty) towards the description `to`.

        `frames` pictures turn z_img towards the difference of the texts' embeddings, by slerp from 0 (the picture
        itself, as the model draws it) to `strength` in [0, 1], of which 0.25 to 0.5 is usual; one frame alone is at
        `strength`. The noise is the picture's own, so the seed only touches the finest details. The rest, and the
        errors, are those of `vary`.
        """
        sources = (read_picture(picture),)
        angles = thetas(strength, frames)
        first = ShiftRequest(
            prompt=to,
            base=from_,
            theta=angles[0],
            size=size,
            background=_background(background, sources),
            sources=refs(*sources),
            **self._fitting(True, seed=seed, steps=steps, guidance=guidance),
        )
        self._check_size(first)
        requests = [replace(first, theta=theta) for theta in angles]
        return shift(self._model, requests, sources, observer=Observer(progress=progress, cancelled=cancelled))

    def redraw(
        self,
        request: Request,
        sources: Sequence[Readable] = (),
        *,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> Picture:
        """The picture that a request of any operation describes, pixel for pixel on the same machine.

        sources: the pictures that it was made from, in any order; each is known by the SHA-256 of its pixels.
        Raises `InputError` for a source that is missing or another, and for what this model cannot draw.
        """
        self._check_size(request)
        given = [read_picture(source, what="source") for source in sources]
        return redraw.redraw(
            self._model, request, given, observer=Observer(progress=progress, cancelled=cancelled)
        )

    def _fitting(self, kept: bool, *, guidance: float | None, **settings: Any) -> dict[str, Any]:
        """`_settings`, along DDIM and by default unguided where x_T is kept."""
        mine = self._settings(guidance=guidance, sampler=None, **settings)
        if not kept:
            return mine
        return {**mine, **UNGUIDED} if guidance is None else {**mine, "sampler": UNGUIDED["sampler"]}

    def _seeded(self, first: Kind, n: int) -> list[Kind]:
        """The request with n seeds that follow each other."""
        self._check_size(first)
        self._check_count(first.seed, n)
        return [replace(first, seed=first.seed + k) for k in range(n)]


def _background(background: str | None, sources: Sequence[Source]) -> str:
    return backdrop([source.pixels for source in sources]) if background is None else background
