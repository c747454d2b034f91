"""One frame of a picture, repainted where it is unknown: what editing and extending are made of.

The frame goes to 64×64, the decoder paints what is unknown there and is told the rest, the upsamplers take it to the
frame's own size, and after each of these the painting is fitted to what is known (`picture.heal`). Nothing but unknown
pixels is ever written.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sfumato.bundle.manifest import StagePreset
from sfumato.engine.base import Array, Engine
from sfumato.picture.convert import Pixels
from sfumato.picture.fit import resample
from sfumato.picture.frame import Frame, shrunk, shrunk_mask
from sfumato.picture.heal import healed, made_opaque
from sfumato.picture.mask import Mask
from sfumato.pipeline.ar_prior import ar_shape
from sfumato.pipeline.decoder import MASK_SIZE, Condition, decoder_batches, from_space, sample_decoder, to_picture
from sfumato.pipeline.generate import decoder_preset, imagine, needed_by_prior, read_caption
from sfumato.pipeline.latent import to_space
from sfumato.pipeline.model import Model
from sfumato.pipeline.prior import Caption, encode_text
from sfumato.pipeline.upsample import LARGE, SMALL, Known, enlarge, upsampler_names
from sfumato.pipeline.watch import Observer, Watch
from sfumato.requests.edit import Repaint

TRANSPARENT = -1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Canvas:
    """A picture that is being painted: uint8 [H, W, 4], and where it is still unknown [H, W]. Both change.

    opaque: what is known has no transparency, so nothing that is painted has.
    """

    pixels: Pixels
    unknown: Mask
    opaque: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Brush:
    """What the frames of one prompt share; `request` is the first picture's."""

    engine: Engine
    request: Repaint
    caption: Caption
    prefix: dict[str, Array]
    notes: tuple[str, ...]
    observer: Observer
    seconds: dict[str, float]

    @property
    def preset(self) -> StagePreset:
        """The decoder's, with the request's settings."""
        return decoder_preset(self.engine, self.request)


def make_canvas(pixels: Pixels, unknown: Mask) -> Canvas:
    """A canvas of its own, of a picture and where it is to be painted."""
    return Canvas(pixels=pixels.copy(), unknown=unknown.copy(), opaque=bool((pixels[..., 3] == 255)[~unknown].all()))


def take_brush(model: Model, request: Repaint, side: int, count: int, observer: Observer) -> Brush:
    """What is done once for all the `count` pictures of a prompt, and all their frames of `side` pixels.

    Raises `InputError` for a prior that the model has not.
    """
    if request.prior == "ar":
        ar_shape(model.engine)
    model.engine.prepare(needed(model.engine, request, side))
    watch = Watch(observer, pictures=count)
    tokens = model.tokenizer(request.prompt)
    caption = encode_text(model.engine, tokens, watch=watch)
    return Brush(
        engine=model.engine,
        request=request,
        caption=caption,
        prefix=read_caption(model.engine, caption, request),
        notes=tokens.notes,
        observer=observer,
        seconds=watch.seconds,
    )


def embedding(brush: Brush, *, seed: int, watch: Watch) -> Array | None:
    """z_img [1, E] of the prompt by the request's prior; None for glide, which has none."""
    return imagine(brush.engine, brush.request, brush.caption, brush.prefix, seed=seed, watch=watch)


def repaint(
    brush: Brush, canvas: Canvas, frame: Frame, *, z_img: Array | None, feather: float, seed: int, watch: Watch
) -> None:
    """Paints all that is unknown in the frame, which is known afterwards. feather: in pixels of the canvas."""
    pixels, unknown = frame.cut(canvas.pixels), frame.cut_mask(canvas.unknown)
    reach, opaque = feather / frame.side, canvas.opaque
    small = _known(pixels, unknown, MASK_SIZE)
    sketch = _sketch(brush, small, z_img, reach=reach, opaque=opaque, seed=seed, watch=watch)
    size = working_size(brush.engine, frame.side)
    known = _known(pixels, unknown, size)
    large = enlarge(brush.engine, sketch, size, seed=seed, watch=watch, known=known, whole=True)
    fine = min(size, frame.side)
    there = known if fine == size else _known(pixels, unknown, fine)
    done = _fitted(resample(large, fine, fine), there, reach, opaque=opaque)
    frame.paste(done, canvas.pixels, canvas.unknown, opaque=opaque)
    canvas.unknown[frame.inside(*canvas.unknown.shape)] = False


def working_size(engine: Engine, side: int) -> int:
    """What the upsamplers paint a frame at: the nearest of their sizes that is not below the frame's."""
    return LARGE if side > SMALL and engine.manifest.stages.upsampler_1024 is not None else SMALL


def needed(engine: Engine, request: Repaint, side: int) -> list[tuple[str, int]]:
    """The networks that run and their batch sizes, in the order of their use."""
    graphs = [("text", 1), *needed_by_prior(engine, request)]
    latent = engine.manifest.space.kind == "latent"
    graphs += [("space_encoder", 1)] if latent else []
    graphs += [("decoder", batch) for batch in decoder_batches(decoder_preset(engine, request))]
    graphs += [("space_decoder", 1)] if latent else []
    return graphs + [(name, 1) for name in upsampler_names(working_size(engine, side))]


def known_point(engine: Engine, known: Known) -> Array:
    """What the decoder is shown of a picture [1, 4, 64, 64]: a point in its space, as in its training.

    Erased places are transparent; where everything is erased, the point is zero.
    """
    if known.mask.all():
        space = engine.manifest.space
        return np.zeros((1, space.channels, space.size, space.size), np.float32)
    erased = np.where(known.mask > 0.5, np.float32(TRANSPARENT), known.picture)
    return to_space(engine, erased)


def _known(pixels: Pixels, unknown: Mask, size: int) -> Known:
    return Known(picture=shrunk(pixels, size), mask=shrunk_mask(unknown, size))


def _sketch(
    brush: Brush, small: Known, z_img: Array | None, *, reach: float, opaque: bool, seed: int, watch: Watch
) -> Array:
    """The decoder's picture [1, 4, 64, 64], fitted to what is known.

    Every estimate on the way is fitted too, so that the decoder goes on from a whole picture: as RePaint does with
    noisy pixels (Lugmayr et al. 2022, arXiv 2201.09865, equation 8), but with the estimate of x_0 and without a seam.
    """
    engine = brush.engine

    def mend(x_0: Array) -> Array:
        return to_space(engine, _fitted(from_space(engine, x_0), small, reach, opaque=opaque))

    condition = Condition(
        z_img=z_img, caption=brush.caption, known=known_point(engine, small), mask=small.mask
    )
    held = None if small.mask.all() else mend
    x_0 = sample_decoder(engine, condition, brush.preset, seed=seed, watch=watch, mend=held)
    return _fitted(to_picture(engine, x_0, watch=watch), small, reach, opaque=opaque)


def _fitted(painted: Array, known: Known, reach: float, *, opaque: bool) -> Array:
    """The painting fitted to what is known, over `reach` of the frame's side."""
    if known.mask.all():
        return painted
    solid = made_opaque(painted, known.picture, known.mask) if opaque else painted
    return healed(solid, known.picture, known.mask, reach * painted.shape[-1])
