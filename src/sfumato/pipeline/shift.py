"""Text diffs: a picture moved along the difference of two descriptions (unCLIP, Ramesh et al. 2022, section 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sfumato.diffusion.interpolation import slerp
from sfumato.engine.base import Array
from sfumato.errors import InputError
from sfumato.picture.read import Source
from sfumato.pipeline.latent import decode, invert
from sfumato.pipeline.manipulate import finish, gather, needed
from sfumato.pipeline.model import Model
from sfumato.pipeline.prior import encode_text, unit
from sfumato.pipeline.watch import SILENT, Observer, Watch
from sfumato.requests.shift import ShiftRequest
from sfumato.types import Picture

SAME = 1e-3  # length of the difference of two unit vectors; eight-bit weights alone make 1e-4


def shift(
    model: Model, requests: Sequence[ShiftRequest], sources: Sequence[Source], *, observer: Observer = SILENT
) -> list[Picture]:
    """One picture a request; the requests differ in theta alone. x_T stays that of the source's inversion, so that
    theta 0 is the source as the decoder draws it. Raises `Cancelled` between two steps.
    """
    model.engine.prepare(needed(model.engine, requests[0], text=True))
    material = gather(model, requests, sources, observer)
    watch = material.watch()
    z_diff, notes = text_diff(model, requests[0].prompt, requests[0].base, watch=watch)
    latent = invert(material.engine, material.squares[0], material.path, watch=watch)
    made = []
    for index, request in enumerate(requests):
        own = material.watch(index)
        moved = replace(latent, z_img=slerp(latent.z_img, z_diff, request.theta))
        x_0 = decode(material.engine, moved, material.preset, watch=own)
        shared = watch.seconds if index == 0 else {}
        made.append(finish(material, request, x_0, watch=own, shared=shared, notes=notes))
    return made


def text_diff(model: Model, prompt: str, base: str, *, watch: Watch) -> tuple[Array, tuple[str, ...]]:
    """z_d = (z_txt - z_txt0)/|z_txt - z_txt0| [1, E], z_txt0 being the base caption's, and the tokenizer's notes.

    Raises `InputError` where the model sees no difference between the two.
    """
    towards, away = model.tokenizer(prompt), model.tokenizer(base)
    z_txt, z_txt0 = (encode_text(model.engine, tokens, watch=watch).z_txt for tokens in (towards, away))
    difference = z_txt - z_txt0
    if float(np.linalg.norm(difference)) < SAME:
        raise InputError(f"To this model {prompt!r} and {base!r} say the same; describe the change in other words.")
    return unit(difference), tuple(dict.fromkeys((*towards.notes, *away.notes)))
