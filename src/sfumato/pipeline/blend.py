"""Pictures between pictures: spherical means of their bipartite latents (unCLIP, Ramesh et al. 2022, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sfumato.diffusion.interpolation import spherical_mean
from sfumato.engine.base import Array
from sfumato.picture.read import Source
from sfumato.pipeline.decoder import sample_decoder
from sfumato.pipeline.latent import condition_on, decode, invert, mixed
from sfumato.pipeline.manipulate import Material, finish, gather, needed
from sfumato.pipeline.model import Model
from sfumato.pipeline.prior import encode_picture
from sfumato.pipeline.watch import SILENT, Observer, Watch
from sfumato.requests.blend import BlendRequest
from sfumato.types import Picture

Draw = Callable[[BlendRequest, Watch], Array]
"""A request's x_0 in the model's space."""


def blend(
    model: Model, requests: Sequence[BlendRequest], sources: Sequence[Source], *, observer: Observer = SILENT
) -> list[Picture]:
    """One picture a request; the requests differ in weights and seed alone. Raises `Cancelled` between two steps.

    The embeddings are mixed to their Karcher mean, which for two pictures is slerp. With the noise "slerp" the
    inverted x_T are mixed alike, so that all the weight on one picture gives this picture again; with "fixed" x_T
    is the seed's.
    """
    model.engine.prepare(needed(model.engine, requests[0]))
    material = gather(model, requests, sources, observer)
    watch = material.watch()
    draw = _between(material, watch) if requests[0].keeps_noise else _afresh(material)
    made = []
    for index, request in enumerate(requests):
        own = material.watch(index)
        x_0 = draw(request, own)
        made.append(finish(material, request, x_0, watch=own, shared=watch.seconds if index == 0 else {}))
    return made


def _between(material: Material, watch: Watch) -> Draw:
    engine = material.engine
    latents = [invert(engine, picture, material.path, watch=watch) for picture in material.squares]

    def draw(request: BlendRequest, own: Watch) -> Array:
        return decode(engine, mixed(latents, request.weights), material.preset, watch=own)

    return draw


def _afresh(material: Material) -> Draw:
    engine = material.engine
    z_imgs = [encode_picture(engine, picture) for picture in material.squares]

    def draw(request: BlendRequest, own: Watch) -> Array:
        condition = condition_on(engine, spherical_mean(z_imgs, request.weights), None)
        return sample_decoder(engine, condition, material.preset, seed=request.seed, watch=own)

    return draw
