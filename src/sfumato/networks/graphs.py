"""The networks of a model as named functions of named arrays: what an engine runs and what an export writes.

Names, inputs and outputs are those of the bundle's graphs; the shapes are in each network's own module.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sfumato.networks.ar_prior import FIRST, ArPrior
from sfumato.networks.autoencoder import Autoencoder
from sfumato.networks.clip import Clip
from sfumato.networks.decoder import MASK_SIZE, Decoder
from sfumato.networks.language import Language
from sfumato.networks.prior import Prior
from sfumato.networks.upsampler import FACTOR, Upsampler


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A module whose `forward` takes `example`'s tensors in order and gives `outputs` in order."""

    module: nn.Module
    example: dict[str, Tensor]
    outputs: tuple[str, ...]


class _PriorPrefix(nn.Module):
    def __init__(self, prior: Prior) -> None:
        super().__init__()
        self.prior = prior

    def forward(
        self, txt_feats: Tensor, txt_mask: Tensor, z_txt: Tensor, keep_txt: Tensor
    ) -> tuple[Tensor, Tensor]:
        prefix, real = self.prior.prefix(txt_feats, txt_mask, z_txt, keep_txt)
        return prefix, real.to(prefix.dtype)


class _PriorStep(nn.Module):
    def __init__(self, prior: Prior) -> None:
        super().__init__()
        self.prior = prior

    def forward(self, z_t: Tensor, t: Tensor, prefix: Tensor, prefix_mask: Tensor) -> Tensor:
        return self.prior.step(z_t, t, prefix, prefix_mask > 0.5)


class _ArStep(nn.Module):
    def __init__(self, prior: ArPrior) -> None:
        super().__init__()
        self.prior = prior

    def forward(
        self, word: Tensor, z_txt: Tensor, bucket: Tensor, kind: Tensor, past: Tensor, seen: Tensor
    ) -> tuple[Tensor, Tensor]:
        return self.prior.step(word, z_txt, bucket, kind, past, seen)


class _Speak(nn.Module):
    def __init__(self, language: Language) -> None:
        super().__init__()
        self.language = language

    def forward(
        self, z_img: Tensor, keep_z: Tensor, token: Tensor, place: Tensor, past: Tensor
    ) -> tuple[Tensor, Tensor]:
        return self.language.step(z_img, keep_z, token, place, past)


class _Encode(nn.Module):
    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__()
        self.autoencoder = autoencoder

    def forward(self, picture: Tensor) -> Tensor:
        return self.autoencoder.encode(picture)


class _Decode(nn.Module):
    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__()
        self.autoencoder = autoencoder

    def forward(self, x_0: Tensor) -> Tensor:
        return self.autoencoder.decode(x_0)


def graphs(networks: Mapping[str, nn.Module]) -> dict[str, Graph]:
    """The graphs of a model's networks by stage name (clip, prior, decoder, autoencoder, upsampler_256, …)."""
    made: dict[str, Graph] = {}
    for stage, network in networks.items():
        network.eval().requires_grad_(False)
        if isinstance(network, Clip):
            made |= _clip(network)
        elif isinstance(network, Prior):
            made |= _prior(network, networks)
        elif isinstance(network, ArPrior):
            made["ar_prior"] = _ar_prior(network)
        elif isinstance(network, Language):
            made["language"] = _language(network)
        elif isinstance(network, Decoder):
            made["decoder"] = decoder_graph(network, _text_length(networks))
        elif isinstance(network, Autoencoder):
            made |= _space(network)
        elif isinstance(network, Upsampler):
            made[stage] = _upsampler(network)
    return made


def _clip(clip: Clip) -> dict[str, Graph]:
    B, L = 2, clip.config.text.max_tokens
    text = {"txt_tokens": torch.ones(B, L, dtype=torch.long), "txt_mask": torch.ones(B, L, dtype=torch.long)}
    size = clip.config.image.size
    return {
        "text": Graph(module=clip.text, example=text, outputs=("z_txt", "txt_feats")),
        "image": Graph(module=clip.image, example={"picture": torch.randn(B, 4, size, size)}, outputs=("z_img",)),
    }


def _text_length(networks: Mapping[str, nn.Module]) -> int:
    clip = networks["clip"]
    assert isinstance(clip, Clip)
    return clip.config.text.max_tokens


def _prior(prior: Prior, networks: Mapping[str, nn.Module]) -> dict[str, Graph]:
    B, E, L = 2, prior.config.embedding, _text_length(networks)
    said = {
        "txt_feats": torch.randn(B, L, prior.config.text_width),
        "txt_mask": torch.ones(B, L, dtype=torch.long),
        "z_txt": torch.randn(B, E),
        "keep_txt": torch.ones(B),
    }
    prefix = _PriorPrefix(prior)
    cache, real = prefix(**said)
    step = {"z_t": torch.randn(B, E), "t": torch.rand(B), "prefix": cache, "prefix_mask": real}
    return {
        "prior_prefix": Graph(module=prefix, example=said, outputs=("prefix", "prefix_mask")),
        "prior_step": Graph(module=_PriorStep(prior), example=step, outputs=("z_0",)),
    }


def _ar_prior(prior: ArPrior) -> Graph:
    B, config = 2, prior.config
    example = {
        "word": torch.randn(B, config.text_width),
        "z_txt": torch.randn(B, config.embedding),
        "bucket": torch.ones(B, dtype=torch.long),
        "kind": torch.full((B,), FIRST),
        "past": torch.randn(B, *config.cache_shape),
        "seen": torch.ones(B, config.places),
    }
    return Graph(module=_ArStep(prior), example=example, outputs=("logits", "present"))


def _language(language: Language) -> Graph:
    B, config = 2, language.config
    example = {
        "z_img": torch.randn(B, config.embedding),
        "keep_z": torch.ones(B),
        "token": torch.ones(B, dtype=torch.long),
        "place": torch.ones(B, dtype=torch.long),
        "past": torch.randn(B, *config.cache_shape),
    }
    return Graph(module=_Speak(language), example=example, outputs=("scores", "present"))


def decoder_graph(decoder: Decoder, max_tokens: int) -> Graph:
    """The decoder alone; max_tokens (L): the length of captions."""
    B, config, L = 2, decoder.config, max_tokens
    point = (B, config.channels, config.size, config.size)
    example = {
        "x_t": torch.randn(point),
        "t": torch.rand(B),
        "z_img": torch.randn(B, config.embedding),
        "keep_z": torch.ones(B),
        "txt_feats": torch.randn(B, L, config.text_width),
        "txt_mask": torch.ones(B, L, dtype=torch.long),
        "keep_txt": torch.ones(B),
        "known": torch.zeros(point),
        "mask": torch.ones(B, 1, MASK_SIZE, MASK_SIZE),
    }
    return Graph(module=decoder, example=example, outputs=("x_0",))


def _space(autoencoder: Autoencoder) -> dict[str, Graph]:
    B, config = 2, autoencoder.config
    picture = torch.randn(B, 4, config.picture, config.picture)
    point = torch.randn(B, config.channels, config.size, config.size)
    return {
        "space_encoder": Graph(module=_Encode(autoencoder), example={"picture": picture}, outputs=("x_0",)),
        "space_decoder": Graph(module=_Decode(autoencoder), example={"x_0": point}, outputs=("picture",)),
    }


def _upsampler(upsampler: Upsampler) -> Graph:
    low = upsampler.config.low_size
    example = {
        "x_t": torch.randn(1, 4, low * FACTOR, low * FACTOR),
        "t": torch.rand(1),
        "low_res": torch.randn(1, 4, low, low),
    }
    if upsampler.config.inpaints:
        example["known"] = torch.randn_like(example["x_t"])
        example["mask"] = torch.ones_like(example["x_t"][:, :1])
    return Graph(module=upsampler, example=example, outputs=("x_0",))
