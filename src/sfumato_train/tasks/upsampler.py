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
from sfumato_train.data.stream import TrainingStream
from sfumato_train.noise import generators, normal, times
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
        self.stream = TrainingStream(context.store, stage.stream, seed=stage.train.seed)
        self.held_out = context.held_out(stage.stream, "heldout_pair")
        self.large = context.store.select(large=True) if stage.large else np.zeros(0, np.int64)

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        """Several crops of each picture: decoding a large picture costs more than cropping it."""
        stage = self.stage
        rngs = generators(stage.train.seed, first, count)
        high, low = self._crops(self.stream, first, rngs)
        return {
            "high": high,
            "low_res": low,
            "t": times(rngs, stage.times),
            "eps": normal(rngs, (4, stage.crop, stage.crop)),
        }

    def _crops(
        self, stream: TrainingStream, first: int, rngs: list[np.random.Generator]
    ) -> tuple[Tensor, Tensor]:
        """Crops first, first + 1, …, one a generator: crop j is of picture j // crops_per_picture of the stream."""
        pictures = lru_cache(1)(lambda index: self._picture(stream, index))
        numbers = enumerate(rngs, first)
        crops = [self._crop(pictures(j // self.stage.crops_per_picture), rng) for j, rng in numbers]
        high, low = zip(*crops, strict=True)
        return torch.cat(high), torch.cat(low)

    def _crop(self, picture: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """A crop and its low-resolution version, which is spoilt whole; the place is drawn from the sample's own."""
        low = self._degraded(F.avg_pool2d(picture, FACTOR), rng)
        side = self.stage.crop // FACTOR
        y, x = (int(rng.integers(0, low.shape[-1] - side + 1)) for _ in range(2))
        crop = picture[:, :, y * FACTOR :, x * FACTOR :][:, :, : self.stage.crop, : self.stage.crop]
        return crop, low[:, :, y : y + side, x : x + side]

    def _picture(self, stream: TrainingStream, index: int) -> Tensor:
        if self.stage.large:
            rng = generators(self.stage.train.seed + 1, index, 1)[0]
            pixels = self.context.store.large(int(rng.choice(self.large)))[None]
            return pictures_to_tensor(pixels[:, :, :: -1 if rng.random() < 0.5 else 1].copy())
        return pictures_to_tensor(stream.batch(index, 1).pictures)

    def _degraded(self, low: Tensor, rng: np.random.Generator) -> Tensor:
        """Blur, noise, and (for the decoder's size) the autoencoder's own mistakes, each in a share of samples."""
        if self.autoencoder is not None and rng.random() < self.stage.through_autoencoder:
            low = self._reconstructed(low, rng)
        if rng.random() < 0.5:
            low = gaussian_blur(low, float(rng.uniform(0.3, 0.9)))
        if rng.random() < 0.5:
            noise = rng.standard_normal(low.shape, dtype=np.float32) * rng.uniform(0, 0.06)
            low = low + torch.from_numpy(noise.astype(np.float32))
        return low.clamp(-1, 1)

    @torch.no_grad()
    def _reconstructed(self, low: Tensor, rng: np.random.Generator) -> Tensor:
        latents = self.autoencoder.encode(low)  # type: ignore[union-attr]
        noise = torch.from_numpy(rng.standard_normal(latents.shape, dtype=np.float32))
        made: Tensor = self.autoencoder.decode(latents + noise * rng.uniform(0, LATENT_NOISE))  # type: ignore[union-attr]
        return made

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        high = batch["high"]
        x_t = add_noise(high, batch["eps"], schedule=self.schedule, t=batch["t"])
        made = network(x_t, batch["t"], batch["low_res"])
        mse = (made.detach().float() - high).square().mean()
        return {"loss": edge_aware_loss(made, high), "psnr": 10 * torch.log10(4 / mse)}

    def sheet(self, network: nn.Module) -> NDArray[np.uint8]:
        """Held-out crops: enlarged smoothly, drawn in two steps, true."""
        stage = self.stage
        rngs = generators(1, 0, 8)
        high, low = self._crops(self.held_out, 0, rngs)

        def denoise(x_t: Tensor, t: float) -> Tensor:
            out: Tensor = network(x_t, torch.full((len(low),), t), low)
            return out.float()

        start = normal(rngs, (4, stage.crop, stage.crop))
        made: Any = euler(denoise, start, time_steps(2), schedule=self.schedule)
        smooth = F.interpolate(low, scale_factor=float(FACTOR), mode="bilinear")
        return grid(np.concatenate([to_rgb(part) for part in (smooth, made, high)]), 8)


