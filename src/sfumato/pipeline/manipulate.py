"""What variations, blends and text diffs share: pictures go in as squares and come out in their own shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sfumato.bundle.manifest import StagePreset
from sfumato.engine.base import Array, Engine
from sfumato.picture.convert import on_background
from sfumato.picture.fit import Placement, place, square
from sfumato.picture.read import Source
from sfumato.pipeline.decoder import decoder_batches, to_picture
from sfumato.pipeline.generate import decoder_preset
from sfumato.pipeline.latent import reversible
from sfumato.pipeline.model import Model
from sfumato.pipeline.upsample import enlarge, upsampler_names
from sfumato.pipeline.watch import Observer, Watch
from sfumato.requests.manipulate import Manipulation
from sfumato.types import Picture


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """What the `count` pictures that are made of the same sources share.

    squares: each source as [1, 4, 64, 64], premultiplied in [-1, 1]. box: the place of the result in its square, None
    where the sources differ in shape. preset: what the decoder draws with; path: what x_T is found along.
    """

    engine: Engine
    squares: tuple[Array, ...]
    box: Placement | None
    preset: StagePreset
    path: StagePreset
    observer: Observer
    count: int

    def watch(self, index: int = 0) -> Watch:
        """For picture `index`."""
        return Watch(self.observer, picture=index + 1, pictures=self.count)


def gather(
    model: Model, requests: Sequence[Manipulation], sources: Sequence[Source], observer: Observer
) -> Material:
    """The requests are of one operation on one set of sources and share steps, guidance and size."""
    engine, first = model.engine, requests[0]
    plain = decoder_preset(engine, first)
    path = reversible(plain)
    boxes = {place(source.height, source.width) for source in sources}
    return Material(
        engine=engine,
        squares=tuple(square(source.pixels) for source in sources),
        box=boxes.pop() if len(boxes) == 1 else None,
        preset=replace(path, guidance=plain.guidance) if first.keeps_noise else plain,
        path=path,
        observer=observer,
        count=len(requests),
    )


def needed(
    engine: Engine, request: Manipulation, *, text: bool = False, prior: bool = False
) -> list[tuple[str, int]]:
    """The networks that are run and their batch sizes, in the order of their use."""
    latent = engine.manifest.space.kind == "latent"
    inverted = request.keeps_noise
    graphs = [("text", 1)] if text else []
    graphs += [("image", 1)]
    graphs += [("space_encoder", 1)] if inverted and latent else []
    graphs += [("prior_prefix", 1), ("prior_step", 1)] if prior else []
    graphs += [("decoder", 1)] if inverted else []
    graphs += [("decoder", batch) for batch in decoder_batches(decoder_preset(engine, request))]
    graphs += [("space_decoder", 1)] if latent else []
    return list(dict.fromkeys(graphs + [(name, 1) for name in upsampler_names(request.size)]))


def finish(
    material: Material,
    request: Manipulation,
    x_0: Array,
    *,
    watch: Watch,
    shared: Mapping[str, float],
    notes: tuple[str, ...] = (),
) -> Picture:
    """From the space to a picture of the sources' shape. shared: seconds that this picture bears for all."""
    small = to_picture(material.engine, x_0, watch=watch)
    large = enlarge(material.engine, small, request.size, seed=request.seed, watch=watch)
    if material.box is not None:
        large = material.box.crop(large)
    return Picture(
        pixels=on_background(large, request.background),
        settings=request,
        seconds={**shared, **watch.seconds},
        notes=notes,
    )
