"""Upsamplers on crops, from degraded low-resolution pictures (unCLIP, section 2.1; few-step tuning as Karlo's)."""

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.diffusion.parameterization import add_noise
from sfumato.diffusion.samplers import euler
from sfumato.diffusion.schedule import schedule, time_steps
from sfumato.errors import InputError
from sfumato.networks.autoencoder import edge_aware_loss
from sfumato.networks.upsampler import FACTOR, Upsampler
from sfumato_train.config import UpsamplerStage
from sfumato_train.context import Context, pictures_to_tensor
from sfumato_train.data.stream import Stream
from sfumato_train.noise import generators, mask, normal, stacked, times
from sfumato_train.tasks.sheets import grid, to_rgb

LATENT_NOISE = 0.15


def gaussian_blur(picture: Tensor, sigma: float) -> Tensor:
    """3×3 Gaussian blur with repeated edges (unCLIP: kernel 3, σ 0.6)."""
    x = torch.tensor([-1.0, 0.0, 1.0])
    line = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = torch.outer(line, line) / line.sum() ** 2
    channels = picture.shape[1]
    padded = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    return F.conv2d(padded, kernel.expand(channels, 1, 3, 3), groups=channels)


def blurred_part(picture: Tensor, sigma: float, y: int, x: int, side: int) -> Tensor:
    """The square at (y, x) of the blurred picture; no more than it and the pixels around it is blurred."""
    rows, columns = (torch.arange(at - 1, at + side + 1).clamp(0, picture.shape[-1] - 1) for at in (y, x))
    around = picture[:, :, rows][:, :, :, columns]
    return gaussian_blur(around, sigma)[:, :, 1:-1, 1:-1]


class _Picture:
    """A picture of which several crops are taken: what they share is computed once, what none shows not at all."""

    def __init__(self, pixels_HWC: NDArray[np.uint8]) -> None:
        self.pixels = pixels_HWC
        whole = torch.from_numpy(np.ascontiguousarray(pixels_HWC)[None]).permute(0, 3, 1, 2).float()
        self.low = F.avg_pool2d(whole, FACTOR) / 127.5 - 1
        self._latents: Tensor | None = None

    def crop(self, y: int, x: int, side: int) -> Tensor:
        """[1, 4, side, side] in [−1, 1]."""
        return pictures_to_tensor(self.pixels[None, y : y + side, x : x + side].copy())

    def latents(self, autoencoder: Any) -> Tensor:
        """The low-resolution picture in the autoencoder's space."""
        if self._latents is None:
            self._latents = autoencoder.encode(self.low)
        return self._latents


def _check_crop(stage: UpsamplerStage) -> None:
    unit = FACTOR * 2 ** (len(stage.network.unet.widths) - 1)
    size = 1024 if stage.large else stage.stream.size
    if stage.crop % unit or stage.crop > size:
        raise InputError(f"A crop of {stage.crop} pixels cannot be used; choose a multiple of {unit} up to {size}.")


class UpsamplerTask:
    """High-resolution crops from their small, spoilt versions."""

    def __init__(self, stage: UpsamplerStage, context: Context) -> None:
        _check_crop(stage)
        self.stage, self.context = stage, context
        torch.manual_seed(stage.train.seed)
        self.network: Any = Upsampler(stage.network)
        self.schedule = schedule(stage.schedule)
        through = stage.through_autoencoder > 0 and not stage.large
        self.autoencoder = context.trained("autoencoder") if through else None
        pictures = max(1, stage.train.batch // stage.crops_per_picture)
        self.stream = context.stream(stage.stream, seed=stage.train.seed, batch=pictures)
        self.held_out = context.held_out(stage.stream, "heldout_pair")
        self.large = context.store.select(large=True) if stage.large else np.zeros(0, np.int64)

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        """Several crops of each picture: decoding a large picture costs more than cropping it."""
        stage = self.stage
        rngs = generators(stage.train.seed, first, count)
        high, low = self._crops(self.stream, first, rngs)
        made = {
            "high": high,
            "low_res": low,
            "t": times(rngs, stage.times),
            "eps": normal(rngs, (4, stage.crop, stage.crop)),
        }
        if stage.network.inpaints:
            made["mask"] = stacked(rngs, lambda rng: mask(rng, stage.crop, stage.masked))
        return made

    def _crops(
        self, stream: Stream, first: int, rngs: list[np.random.Generator]
    ) -> tuple[Tensor, Tensor]:
        """Crops first, first + 1, …, one a generator: crop j is of picture j // crops_per_picture of the stream."""
        pictures = lru_cache(1)(lambda index: self._picture(stream, index))
        numbers = enumerate(rngs, first)
        crops = [self._crop(pictures(j // self.stage.crops_per_picture), rng) for j, rng in numbers]
        high, low = zip(*crops, strict=True)
        return torch.cat(high), torch.cat(low)

    def _crop(self, picture: "_Picture", rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """A crop and its low-resolution version.

        Noise is drawn for the whole low-resolution picture and the place after it, so that the samples of a run do not
        depend on how much of the picture is spoilt; only the crop, and what the blur sees around it, is.
        """
        low = picture.low
        if self.autoencoder is not None and rng.random() < self.stage.through_autoencoder:
            low = self._reconstructed(picture, rng)
        blur = float(rng.uniform(0.3, 0.9)) if rng.random() < 0.5 else None
        noise: NDArray[np.float32] | None = None
        if rng.random() < 0.5:
            noise, spread = rng.standard_normal(low.shape, dtype=np.float32), rng.uniform(0, 0.06)
        side = self.stage.crop // FACTOR
        y, x = (int(rng.integers(0, low.shape[-1] - side + 1)) for _ in range(2))
        seen = low[:, :, y : y + side, x : x + side] if blur is None else blurred_part(low, blur, y, x, side)
        if noise is not None:
            seen = seen + torch.from_numpy(noise[:, :, y : y + side, x : x + side] * np.float32(spread))
        return picture.crop(y * FACTOR, x * FACTOR, self.stage.crop), seen.clamp(-1, 1)

    def _picture(self, stream: Stream, index: int) -> "_Picture":
        if self.stage.large:
            rng = generators(self.stage.train.seed + 1, index, 1)[0]
            pixels = self.context.store.large(int(rng.choice(self.large)))
            return _Picture(pixels[:, :: -1 if rng.random() < 0.5 else 1])
        return _Picture(stream.batch(index, 1).pictures[0])

    @torch.no_grad()
    def _reconstructed(self, picture: "_Picture", rng: np.random.Generator) -> Tensor:
        latents = picture.latents(self.autoencoder)
        noise = torch.from_numpy(rng.standard_normal(latents.shape, dtype=np.float32))
        made: Tensor = self.autoencoder.decode(latents + noise * rng.uniform(0, LATENT_NOISE))  # type: ignore[union-attr]
        return made

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        high = batch["high"]
        x_t = add_noise(high, batch["eps"], schedule=self.schedule, t=batch["t"])
        made = network(x_t, batch["t"], batch["low_res"], *self._known(batch))
        mse = (made.detach().float() - high).square().mean()
        return {"loss": edge_aware_loss(made, high), "psnr": 10 * torch.log10(4 / mse)}

    @staticmethod
    def _known(batch: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """What is left of the crop outside the mask, and the mask, for networks that take them."""
        return (batch["high"] * (1 - batch["mask"]), batch["mask"]) if "mask" in batch else ()

    def sheet(self, network: nn.Module) -> NDArray[np.uint8]:
        """Held-out crops: enlarged smoothly, drawn in two steps, drawn with their left half known, true."""
        stage = self.stage
        rngs = generators(1, 0, 8)
        high, low = self._crops(self.held_out, 0, rngs)
        start = normal(rngs, (4, stage.crop, stage.crop))
        smooth = F.interpolate(low, scale_factor=float(FACTOR), mode="bilinear")
        rows = [smooth, *(self._drawn(network, start, high, low, some) for some in self._sheet_masks(high)), high]
        return grid(np.concatenate([to_rgb(part) for part in rows]), 8)

    def _sheet_masks(self, high: Tensor) -> list[Tensor]:
        whole = torch.ones_like(high[:, :1])
        if not self.stage.network.inpaints:
            return [whole]
        half = whole.clone()
        half[..., : self.stage.crop // 2] = 0
        return [whole, half]

    def _drawn(self, network: nn.Module, start: Tensor, high: Tensor, low: Tensor, repaint: Tensor) -> Tensor:
        known = self._known({"high": high, "mask": repaint}) if self.stage.network.inpaints else ()

        def denoise(x_t: Tensor, t: float) -> Tensor:
            out: Tensor = network(x_t, torch.full((len(low),), t), low, *known)
            return out.float()

        made: Tensor = euler(denoise, start, time_steps(2), schedule=self.schedule)
        return made


