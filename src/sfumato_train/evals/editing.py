"""Editing and inverting: what is kept, whether a seam shows, and whether a picture comes back from its own latent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sfumato.facade.base import refs
from sfumato.picture.convert import Pixels, to_pixels
from sfumato.picture.mask import Mask
from sfumato.picture.read import Source, read_picture
from sfumato.picture.seam import seam_ratio
from sfumato.pipeline.decoder import to_picture
from sfumato.pipeline.edit import default_feather, edit
from sfumato.pipeline.latent import decode, invert, reversible
from sfumato.pipeline.model import Model, load_model
from sfumato.pipeline.watch import SILENT, Watch
from sfumato.requests.edit import EditRequest
from sfumato_train.data.store import PictureStore
from sfumato_train.noise import mask as training_mask

from . import choose
from .arrays import Floats
from .bench import Bench
from .reconstruction import through_space
from .report import Scores

SMALLEST, LARGEST = 16, 256
STEPS = 4  # what is kept does not depend on how well the rest is painted
SPLIT = "heldout_pair"


def measure_editing(bench: Bench) -> Scores:
    """Share of edits that keep all that is not masked, seams of edited held-out pictures, error of the round trip."""
    model = load_model(bench.engine)
    return {**_kept(bench, model), **_seams(bench, model), **_round_trips(bench)}


def _kept(bench: Bench, model: Model) -> Scores:
    """Random pictures and masks of every shape; bit for bit, colours under alpha 0 too."""
    count, tick = bench.config.edits, bench.tick("editing: what is kept")
    same = 0
    for k, (source, mask) in enumerate(random_edits(bench.config.seed, count)):
        made = edit(model, request(model, source, "a red apple", mask, seed=k, steps=STEPS), source, mask)[0].pixels
        same += int(np.array_equal(made[~mask], source.pixels[~mask]))
        tick(k + 1, count)
    return {"editing.kept": same / count, "editing.edits": float(count)}


def random_edits(seed: int, count: int) -> Iterator[tuple[Source, Mask]]:
    """Noise with every alpha, opaque in half of the cases, and a mask that marks something but not everything."""
    rng = choose.generator(seed, choose.EDITS)
    for _ in range(count):
        height, width = (int(side) for side in rng.integers(SMALLEST, LARGEST + 1, 2))
        pixels = rng.integers(0, 256, (height, width, 4), np.uint8)
        if rng.random() < 0.5:
            pixels[..., 3] = 255
        yield read_picture(pixels), hole(rng, height, width)


def hole(rng: np.random.Generator, height: int, width: int) -> Mask:
    """True where to repaint [H, W]: boxes and discs as in the decoder's training, 5 to 50 % of the picture."""
    while True:
        side = max(height, width)
        mask: Mask = training_mask(rng, side, 1.0)[0, :height, :width] > 0.5
        if 0.05 < mask.mean() < 0.5:
            return mask


def request(
    model: Model, source: Source, prompt: str, mask: Mask, *, seed: int, steps: int | None = None
) -> EditRequest:
    """With the model's presets."""
    manifest, preset = model.manifest, model.manifest.stages.decoder
    return EditRequest(
        prompt=prompt,
        seed=seed,
        steps=preset.steps if steps is None else steps,
        guidance=preset.guidance,
        sampler=preset.sampler,
        model=manifest.name,
        version=manifest.version,
        sources=refs(source),
        feather=default_feather(mask),
    )


def _seams(bench: Bench, model: Model) -> Scores:
    """Held-out pictures at 256² with a hole, painted from their names; beside their own ratio at the same lines."""
    rng = choose.generator(bench.config.seed, choose.SEAMS)
    indices = choose.some(rng, choose.split_pictures(bench.store, SPLIT), bench.config.seams)
    edited, own, tick = [], [], bench.tick("editing: seams")
    for k, index in enumerate(indices):
        pixels = _large(bench.store, int(index))
        mask, source = hole(rng, *pixels.shape[:2]), read_picture(pixels)
        prompt = choose.concept_caption(bench.store.records[int(index)])
        made = edit(model, request(model, source, prompt, mask, seed=bench.config.seed), source, mask)[0].pixels
        edited.append(seam_ratio(made, mask))
        own.append(seam_ratio(pixels, mask))
        tick(k + 1, len(indices))
    return {"editing.seam": float(np.mean(edited)), "editing.seam_real": float(np.mean(own))}


def _large(store: PictureStore, index: int) -> Pixels:
    x = store.picture(index).transpose(2, 0, 1)[None].astype(np.float32) / np.float32(127.5) - 1
    pixels: Pixels = to_pixels(x)[0]
    return pixels


def _round_trips(bench: Bench) -> Scores:
    """PSNR at 64² of pictures drawn again from (z_img, x_T) with eta 0, and of the space alone, in dB."""
    rng = choose.generator(bench.config.seed, choose.TRIPS)
    indices = choose.some(rng, choose.split_pictures(bench.store, SPLIT), bench.config.seams)
    trips, tick = [], bench.tick("inversion")
    for k, picture in enumerate(bench.smalls(indices)):
        trips.append(round_trip(bench, picture[None]))
        tick(k + 1, len(indices))
    names = ("editing.psnr", "editing.psnr_space")
    return dict(zip(names, (float(value) for value in np.mean(trips, axis=0)), strict=True))


def round_trip(bench: Bench, picture: Floats) -> tuple[float, float]:
    """[1, 4, 64, 64] → the two PSNRs."""
    watch, path = Watch(SILENT), reversible(bench.engine.manifest.stages.decoder)
    latent = invert(bench.engine, picture, path, watch=watch)
    again = to_picture(bench.engine, decode(bench.engine, latent, path, watch=watch), watch=watch)
    space = through_space(bench.engine, picture)
    return psnr(again, picture), psnr(picture if space is None else space, picture)


def psnr(one: Floats, other: Floats) -> float:
    """In dB, of arrays in [-1, 1]; 99 for equal ones."""
    error = float(np.mean((one - other) ** 2))
    return 99.0 if error < 4e-10 else float(10 * np.log10(4 / error))
