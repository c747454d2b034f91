"""Text to embeddings: the text tower, and the diffusion prior (unCLIP section 2.2 and appendix C)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sfumato.diffusion import rng
from sfumato.diffusion.guidance import combine
from sfumato.engine.base import Array, Engine
from sfumato.pipeline.sample import sample, times_of
from sfumato.pipeline.watch import Watch
from sfumato.text.tokenizer import Tokens

PREFIX = "prefix"
PREFIX_BATCH_AXIS = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Caption:
    """A text as the networks see it: z_txt [1, E] unit norm, txt_feats [1, L, D], txt_mask int64 [1, L]."""

    z_txt: Array
    txt_feats: Array
    txt_mask: Array


def encode_text(engine: Engine, tokens: Tokens, *, watch: Watch) -> Caption:
    """The text tower."""
    with watch.stage("text") as tick:
        out = engine.network("text")(txt_tokens=tokens.txt_tokens, txt_mask=tokens.txt_mask)
        tick()
    return Caption(z_txt=out["z_txt"], txt_feats=out["txt_feats"], txt_mask=tokens.txt_mask)


def encode_picture(engine: Engine, picture: Array) -> Array:
    """The image tower: [1, 4, 64, 64] premultiplied in [-1, 1] → z_img [1, E], unit norm."""
    return engine.network("image")(picture=picture)["z_img"]


def prior_prefix(engine: Engine, caption: Caption) -> dict[str, Array]:
    """What the prior's steps need of the caption, computed once: it depends on neither noise nor time.

    One row per sample of `prior_batch`: the candidates with the caption, then, when guided, without.
    """
    preset = engine.manifest.stages.prior
    keeps = [1.0] if preset.guidance == 1.0 else [1.0, 0.0]
    parts = [_prefix(engine, caption, keep) for keep in keeps]
    rows = [{name: _repeat(name, array, preset.candidates) for name, array in part.items()} for part in parts]
    return {name: np.concatenate([row[name] for row in rows], axis=_batch_axis(name)) for name in rows[0]}


def prior_batch(engine: Engine) -> int:
    """Rows of one evaluation of the prior: the candidates, twice when guided."""
    preset = engine.manifest.stages.prior
    return preset.candidates * (1 if preset.guidance == 1.0 else 2)


def sample_prior(
    engine: Engine, caption: Caption, prefix: dict[str, Array], *, seed: int, watch: Watch
) -> Array:
    """z_img [1, E] of unit norm: of the preset's candidates the one nearest to z_txt."""
    manifest, preset, step = engine.manifest, engine.manifest.stages.prior, engine.network("prior_step")
    batch = prior_batch(engine)

    def denoise(z_t: Array, t: float) -> Array:
        z = z_t if batch == preset.candidates else np.concatenate([z_t, z_t])
        z_0 = step(z_t=z, t=times_of(t, batch), **prefix)["z_0"]
        return z_0 if batch == preset.candidates else combine(z_0, preset.guidance)

    with watch.stage("prior", preset.steps) as tick:
        shape = (preset.candidates, manifest.embedding.dim)
        z = sample(denoise, shape, preset, seed=seed, stream=rng.PRIOR, tick=tick)
        z = unit(z / np.float32(manifest.embedding.scale))
        best = int(np.argmax(z @ caption.z_txt[0]))
    return z[best : best + 1]


def unit(z: Array) -> Array:
    """Rows of norm 1."""
    length = np.linalg.norm(z, axis=-1, keepdims=True)
    scaled: Array = z / np.maximum(length, np.float32(1e-12))
    return scaled


def _prefix(engine: Engine, caption: Caption, keep: float) -> dict[str, Array]:
    return engine.network("prior_prefix")(
        txt_feats=caption.txt_feats,
        txt_mask=caption.txt_mask,
        z_txt=caption.z_txt,
        keep_txt=np.full(1, keep, np.float32),
    )


def _repeat(name: str, array: Array, times: int) -> Array:
    return np.repeat(array, times, axis=_batch_axis(name))


def _batch_axis(name: str) -> int:
    """The cache is [depth, 2, B, heads, P, head_dim]; whatever else the graph gives has the batch first."""
    return PREFIX_BATCH_AXIS if name == PREFIX else 0
