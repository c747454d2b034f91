"""The one facade. The command line and the server know nothing below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.diffusion.rng import random_seed
from sfumato.engine.choose import EngineName, Precision, open_engine
from sfumato.facade.base import refs
from sfumato.facade.manipulations import Manipulations
from sfumato.picture.fit import square
from sfumato.picture.mask import repaint_mask
from sfumato.picture.read import Readable, read_picture
from sfumato.pipeline import edit, extend, generate
from sfumato.pipeline.ar_prior import ar_shape
from sfumato.pipeline.classify import classifier
from sfumato.pipeline.describe import MAX_DESCRIPTIONS, describe
from sfumato.pipeline.embed import TEMPLATES, embed_pictures, embed_words
from sfumato.pipeline.model import load_model
from sfumato.pipeline.search import MAX_MATCHES, search
from sfumato.pipeline.speech import language_shape
from sfumato.pipeline.suggest import MAX_TEMPERATURE, suggest
from sfumato.pipeline.watch import Observer
from sfumato.requests.checks import MAX_PICTURES, SEED_LIMIT, check_number, check_whole
from sfumato.requests.draw import DrawRequest
from sfumato.requests.edit import EditRequest
from sfumato.requests.extend import ExtendRequest, check_canvas, parse_amount
from sfumato.types import CancelledCallback, Classification, Description, Found, Picture, ProgressCallback


class Sfumato(Manipulations):
    """Draws pictures with one model.

    model: the name of an installed bundle ("sticker") or the path of a bundle's folder.
    engine: "openvino", or "torch" with the `train` extra. threads: CPU threads, None for all the cores.
    precision: "bf16" or "f32" arithmetic, None for the fastest the CPU has.
    Raises `BundleError` when the model is missing or damaged, `InputError` for an unknown engine.
    """

    def __init__(
        self,
        model: str | Path = "sticker",
        *,
        engine: EngineName = "openvino",
        threads: int | None = None,
        precision: Precision | None = None,
    ) -> None:
        super().__init__(load_model(open_engine(engine, model, threads=threads, precision=precision)))

    def draw(
        self,
        prompt: str,
        *,
        n: int = 1,
        seed: int | None = None,
        size: int = 1024,
        steps: int | None = None,
        guidance: float | None = None,
        background: str = "transparent",
        system: str = "unclip",
        prior: str = "diffusion",
        sampler: str | None = None,
        rerank: int | None = None,
        similarity: bool = False,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> list[Picture]:
        """Draws `n` pictures of `prompt`; picture k has seed + k and is the same drawn alone.

        system: "unclip", or "glide", which draws from the text alone. prior: "diffusion", or "ar" (autoregressive)
        where the model has one.
        seed None chooses one at random (recorded in the picture). steps, guidance, sampler: the decoder's,
        None for the model's preset. rerank K >= n draws K small candidates with seeds seed..seed+K-1 and
        finishes the n that fit the prompt best, best first; each keeps its own seed. similarity: compare the
        picture with the prompt even without rerank.
        Raises `InputError` for a bad argument and `Cancelled` when `cancelled()` says so between two steps.
        """
        settings = self._settings(seed=seed, steps=steps, guidance=guidance, sampler=sampler)
        request = DrawRequest(
            prompt=prompt, size=size, background=background, system=system, prior=prior, **settings
        )
        self._check_count(request.seed, n, rerank)
        self._check_size(request)
        if request.prior == "ar":
            ar_shape(self._model.engine)
        return generate.draw(
            self._model,
            request,
            n=n,
            rerank=rerank,
            compare=similarity or rerank is not None,
            observer=Observer(progress=progress, cancelled=cancelled),
        )

    def describe(
        self,
        picture: Readable,
        *,
        n: int = 1,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> list[Description]:
        """Up to `n` captions of any picture, best first; the same picture always gets the same.

        picture: a file, its bytes, a Pillow image or an array [H, W, 3 or 4]. Raises `InputError` for one that
        cannot be read, `BundleError` where the model has no language model, and `Cancelled`.
        """
        check_whole("number of descriptions", n, 1, MAX_DESCRIPTIONS)
        language_shape(self._model.engine)
        small = square(read_picture(picture).pixels)
        return describe(self._model, small, n=n, observer=Observer(progress=progress, cancelled=cancelled))

    def suggest(
        self,
        start: str = "",
        *,
        n: int = 1,
        seed: int | None = None,
        temperature: float | None = None,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> list[str]:
        """`n` different prompts that begin with `start`, or are wholly made up.

        seed None chooses one at random. temperature: 0 to 2, higher is bolder, None for the model's own. Raises
        `InputError` for a bad argument, `BundleError` where the model has no language model, and `Cancelled`.
        """
        seed = random_seed() if seed is None else seed
        check_whole("number of suggestions", n, 1, MAX_PICTURES)
        check_whole("seed", seed, 0, SEED_LIMIT - n)
        if temperature is not None:
            check_number("temperature", temperature, 0, MAX_TEMPERATURE)
        observer = Observer(progress=progress, cancelled=cancelled)
        return suggest(self._model, start, n=n, seed=seed, temperature=temperature, observer=observer)

    def embed(self, what: Readable) -> NDArray[np.float32]:
        """The unit vector [E] of words (a str) or of a picture (a Path, bytes, a Pillow image or an array).

        Both are in the one CLIP space: products are cosines. Raises `InputError` for what cannot be read.
        """
        if isinstance(what, str):
            z = embed_words(self._model, what)
        else:
            z = embed_pictures(self._model, square(read_picture(what).pixels))
        return z.reshape(-1)

    def classify(
        self, picture: Readable, labels: Sequence[str], *, templates: Sequence[str] = TEMPLATES
    ) -> Classification:
        """How likely each of the labels is right for a picture, if one of them is.

        labels: at least two different ones, or "X" and "not X" alone. templates: what each label is said in, with {}
        in its place, averaged. Raises `InputError` for a picture, a label or a template that cannot be used.
        """
        return self.classifier(labels, templates=templates)(picture)

    def classifier(
        self, labels: Sequence[str], *, templates: Sequence[str] = TEMPLATES
    ) -> Callable[[Readable], Classification]:
        """`classify` for many pictures: the labels are embedded once."""
        ready = classifier(self._model, labels, templates)
        return lambda picture: ready(square(read_picture(picture).pixels))[0]

    def search(
        self,
        directory: str | Path,
        query: Readable,
        *,
        n: int = 12,
        refresh: bool = False,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> Found:
        """The `n` pictures of a folder and its sub-folders that are most like the query, best first.

        query: words (a str), or a picture (a Path, bytes, a Pillow image or an array), which is itself left out.
        Embeddings are kept in one hidden file in the folder and only changed pictures are read again; refresh reads
        all. Broken pictures are named in the result. Raises `InputError` for a query that cannot be read and for a
        folder without pictures, and `Cancelled`, keeping what was embedded.
        """
        check_whole("number of pictures", n, 1, MAX_MATCHES)
        z = self.embed(query)[None]
        skip = query if isinstance(query, Path) else None
        observer = Observer(progress=progress, cancelled=cancelled)
        return search(self._model, Path(directory), z, n=n, refresh=refresh, skip=skip, observer=observer)

    def edit(
        self,
        picture: Readable,
        prompt: str,
        mask: Readable | None = None,
        *,
        mask_colour: str = "alpha",
        n: int = 1,
        seed: int | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        system: str = "unclip",
        prior: str = "diffusion",
        sampler: str | None = None,
        feather: int | None = None,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> list[Picture]:
        """`n` times the picture with a part of it painted anew, of its own size; all other pixels are its own.

        mask: a picture of the same size; repainted is what is fully transparent in it (mask_colour "alpha"), white
        or black. Without one, what is fully transparent in the picture itself. feather: the pixels over which the
        painting is fitted to its surroundings. The other arguments and errors are those of `draw`.
        """
        source = read_picture(picture)
        marks = None if mask is None else read_picture(mask, what="mask")
        where = repaint_mask(source, marks, mask_colour)
        request = EditRequest(
            prompt=prompt,
            mask_colour=mask_colour,
            system=system,
            prior=prior,
            feather=edit.default_feather(where) if feather is None else feather,
            sources=refs(source, marks),
            **self._settings(seed=seed, steps=steps, guidance=guidance, sampler=sampler),
        )
        self._check_count(request.seed, n)
        return edit.edit(
            self._model, request, source, where, n=n, observer=Observer(progress=progress, cancelled=cancelled)
        )

    def extend(
        self,
        picture: Readable,
        prompt: str,
        *,
        left: int | str = 0,
        right: int | str = 0,
        top: int | str = 0,
        bottom: int | str = 0,
        n: int = 1,
        seed: int | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        system: str = "unclip",
        prior: str = "diffusion",
        sampler: str | None = None,
        feather: int | None = None,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> list[Picture]:
        """`n` times the picture, continued beyond its borders; its own pixels stay as they are.

        left, right, top, bottom: what is added, in pixels or as a share of the picture's width or height ("50%");
        at most 4096 a side come out. The other arguments and errors are those of `edit`.
        """
        source = read_picture(picture)
        amounts: dict[str, Any] = {
            "left": parse_amount(left, source.width, "left"),
            "right": parse_amount(right, source.width, "right"),
            "top": parse_amount(top, source.height, "top"),
            "bottom": parse_amount(bottom, source.height, "bottom"),
        }
        room = extend.make_room(source, **amounts)
        check_canvas(room.width, room.height)
        request = ExtendRequest(
            prompt=prompt,
            system=system,
            prior=prior,
            feather=extend.default_feather(room) if feather is None else feather,
            sources=refs(source),
            **amounts,
            **self._settings(seed=seed, steps=steps, guidance=guidance, sampler=sampler),
        )
        self._check_count(request.seed, n)
        observer = Observer(progress=progress, cancelled=cancelled)
        return extend.extend(self._model, request, source, n=n, observer=observer)
