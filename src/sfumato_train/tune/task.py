"""The decoder's task on prepared inputs: the loss of `tasks/decoder.py`, and nothing computed but the decoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato.diffusion.parameterization import add_noise, to_v
from sfumato.diffusion.samplers import ddim
from sfumato.diffusion.schedule import schedule, time_steps
from sfumato.networks.decoder import MASK_SIZE, Decoder
from sfumato_train.config import TuneStage
from sfumato_train.lora import add_lora, merged
from sfumato_train.noise import generator, generators, normal, times
from sfumato_train.tasks.sheets import grid, to_rgb
from sfumato_train.tune.prepared import Prepared

MEASURE_SEED = 0x7E57
ACROSS = 8
ToPictures = Callable[[Tensor], Tensor]


class TuneTask:
    """to_pictures: x_0 [B, C, S, S] → [B, 4, 64, 64], for sheets. max_tokens: L of the captions."""

    def __init__(
        self, stage: TuneStage, decoder: Decoder, prepared: Prepared, *, max_tokens: int, to_pictures: ToPictures
    ) -> None:
        self.stage, self.prepared = stage, prepared
        self.max_tokens, self.to_pictures = max_tokens, to_pictures
        torch.manual_seed(stage.train.seed)
        self.network: Any = decoder
        if stage.method == "lora":
            add_lora(decoder, stage.rank)
        else:
            decoder.requires_grad_(True)
        self.schedule = schedule(stage.schedule)
        self._index()

    def _index(self) -> None:
        """Lists that a sample is chosen from."""
        p = self.prepared
        count = len(p.held_out)
        self.learnt = [i for i in range(count) if not p.held_out[i]]
        self.unseen = [i for i in range(count) if p.held_out[i]]
        self.views: list[list[int]] = [[] for _ in range(count)]
        self.masked: list[list[int]] = [[] for _ in range(count)]
        self.captions: list[dict[bool, list[int]]] = [{True: [], False: []} for _ in range(count)]
        self.imagined: dict[int, list[int]] = {}
        for v, i in enumerate(p.view_of.tolist()):
            self.views[i].append(v)
        for m, v in enumerate(p.masked_view.tolist()):
            self.masked[int(p.view_of[v])].append(m)
        for k, (i, styled) in enumerate(zip(p.caption_of.tolist(), p.styled.tolist(), strict=True)):
            self.captions[i][bool(styled)].append(k)
        for row, k in enumerate(p.imagined_for.tolist()):
            self.imagined.setdefault(k, []).append(row)
        self.old = [r for r, k in enumerate(p.old_caption.tolist()) if not p.held_out[p.caption_of[k]]]

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        """Samples first … of the run, of the pictures that are learnt."""
        rngs = [generator(self.stage.train.seed, j) for j in range(first, first + count)]
        return self._joined([self._sample(rng) for rng in rngs], rngs)

    def _sample(self, rng: np.random.Generator) -> dict[str, Any]:
        """One drawing of the old model or one picture, with its conditions."""
        stage, p = self.stage, self.prepared
        if self.old and rng.random() < stage.preserved:
            r = _one(rng, self.old)
            return {"x_0": p.old_x_0[r], "z_img": p.old_z[r], "caption": int(p.old_caption[r])} | self._drops(rng)
        i = _one(rng, self.learnt)
        k = _one(rng, self.captions[i][bool(rng.random() < stage.styled)])
        if self.masked[i] and rng.random() < stage.masked:
            m = _one(rng, self.masked[i])
            seen, hidden = int(p.masked_view[m]), {"known": p.known[m], "mask": p.mask[m].float()}
        else:
            seen, hidden = _one(rng, self.views[i]), {}
        made_up = self.imagined.get(k, [])
        other = bool(made_up) and rng.random() < stage.imagined
        z_img = p.imagined[_one(rng, made_up)] if other else p.z_img[seen]
        return {"x_0": p.x_0[seen], "z_img": z_img, "caption": k} | hidden | self._drops(rng)

    def _drops(self, rng: np.random.Generator) -> dict[str, float]:
        keep_z, keep_txt = rng.random() >= self.stage.drop_z, rng.random() >= self.stage.drop_txt
        return {"keep_z": float(keep_z), "keep_txt": float(keep_txt)}

    def _joined(self, samples: list[dict[str, Any]], rngs: list[np.random.Generator]) -> dict[str, Tensor]:
        config = self.stage.network
        point = (config.channels, config.size, config.size)
        whole, nothing = torch.ones(1, MASK_SIZE, MASK_SIZE), torch.zeros(point)
        feats, txt_mask = self.prepared.text([one["caption"] for one in samples], self.max_tokens)
        return {
            "x_0": torch.stack([one["x_0"] for one in samples]),
            "z_img": torch.stack([one["z_img"] for one in samples]),
            "keep_z": torch.tensor([one["keep_z"] for one in samples]),
            "txt_feats": feats,
            "txt_mask": txt_mask,
            "keep_txt": torch.tensor([one["keep_txt"] for one in samples]),
            "known": torch.stack([one.get("known", nothing) for one in samples]),
            "mask": torch.stack([one.get("mask", whole) for one in samples]),
            "t": times(rngs, self.stage.times),
            "eps": normal(rngs, point),
        }

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Mean squared error of the velocity, with its floor near t = 0."""
        x_0, t = batch["x_0"], batch["t"]
        x_t = add_noise(x_0, batch["eps"], schedule=self.schedule, t=t)
        told = [batch[name] for name in ("z_img", "keep_z", "txt_feats", "txt_mask", "keep_txt", "known", "mask")]
        made = network(x_t, t, *told).float()
        error = self._velocity(made, x_t, t) - self._velocity(x_0, x_t, t)
        return {"loss": error.square().mean()}

    def _velocity(self, x_0: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        floor = self.stage.velocity_floor
        out: Tensor = to_v("x0", x_0, x_t, schedule=self.schedule, t=t, floor=floor)
        return out

    @torch.no_grad()
    def measure(self, network: nn.Module) -> float | None:
        """The loss on pictures that were held out, always with the same noise; None where none were.

        Each is told of its styled caption and of its own embedding.
        """
        if not self.unseen:
            return None
        p, losses = self.prepared, []
        for start in range(0, len(self.unseen), ACROSS):
            some = self.unseen[start : start + ACROSS]
            rngs = generators(MEASURE_SEED, 4 * start, 4 * len(some))
            told = [
                {"x_0": p.x_0[self.views[i][0]], "z_img": p.z_img[self.views[i][0]], "keep_z": 1.0, "keep_txt": 1.0}
                | {"caption": self.captions[i][True][0]}
                for i in some
                for _ in range(4)
            ]
            losses += [float(self.loss(network, self._joined(told, rngs))["loss"])] * len(some)
        return float(np.mean(losses))

    def sheet(self, network: nn.Module) -> NDArray[np.uint8]:
        """Three rows: pictures that were learnt, drawings from the prior's embedding and the words, and from the words
        alone."""
        p = self.prepared
        some = self.learnt[:: max(1, len(self.learnt) // ACROSS)][:ACROSS]
        said = [self.captions[i][True][0] for i in some]
        z = [p.imagined[self.imagined[k][0]] if k in self.imagined else torch.zeros_like(p.z_img[0]) for k in said]
        keep = [float(k in self.imagined) for k in said]
        rows = [p.x_0[[self.views[i][0] for i in some]]]
        rows += [self._drawn(network, said, torch.stack(z), torch.tensor(keep) * on) for on in (1.0, 0.0)]
        return grid(np.concatenate([to_rgb(self.to_pictures(row)) for row in rows]), len(some))

    @torch.no_grad()
    def _drawn(
        self, network: nn.Module, said: list[int], z_img: Tensor, keep_z: Tensor, *, guidance: float = 3.0
    ) -> Tensor:
        """x_0 [B, C, S, S] by guided DDIM."""
        config, B = self.stage.network, len(said)
        feats, txt_mask = self.prepared.text(said, self.max_tokens)
        shape = (config.channels, config.size, config.size)
        ones, none = torch.ones(B), torch.zeros(B)
        known, whole = torch.zeros(B, *shape), torch.ones(B, 1, MASK_SIZE, MASK_SIZE)

        def denoise(x_t: Tensor, t: float) -> Tensor:
            def once(z: Tensor, txt: Tensor) -> Tensor:
                out: Tensor = network(x_t, ones * t, z_img, z, feats, txt_mask, txt, known, whole)
                return out.float()

            uncond = once(none, none)
            return uncond + guidance * (once(keep_z, ones) - uncond)

        start = normal(generators(0, 0, B), shape)
        out: Tensor = ddim(denoise, start, time_steps(20), schedule=self.schedule)
        return out


def weights_of(network: nn.Module, method: str) -> dict[str, Tensor]:
    """The state of a plain decoder."""
    return merged(network) if method == "lora" else network.state_dict()


def _one(rng: np.random.Generator, items: list[int]) -> int:
    return items[int(rng.integers(len(items)))]
