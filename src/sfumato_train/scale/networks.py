"""What this project's networks cost, from their configurations alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sfumato.networks.clip import ClipConfig, ImageConfig
from sfumato.networks.decoder import ALIGN_WIDTH, IMAGE_TOKENS, MASK_SIZE, DecoderConfig
from sfumato.networks.prior import STEP_TOKENS, PriorConfig
from sfumato.networks.text import TextConfig
from sfumato.networks.unet import UNetConfig
from sfumato.networks.upsampler import FACTOR, UpsamplerConfig
from sfumato_train.scale.costs import (
    NOTHING,
    Cost,
    activation,
    bare,
    context_attention,
    conv,
    linear,
    norm,
    res_block,
    time_embedding,
    total,
    transformer_layer,
)

CHANNELS = 4


def unet(config: UNetConfig, channels_in: int, channels_out: int, side: int, *, tokens: int = 0) -> Cost:
    """On maps of side × side at the finest level, with `tokens` context tokens."""
    widths, levels = config.widths, range(len(config.widths))
    sides = [side // 2**level for level in levels]
    parts = [conv(channels_in, widths[0], 3, sides[0] ** 2), activation(config.embedding, 1)]
    for level in levels:
        parts += [_level(config, level, widths[level], sides[level] ** 2, tokens)]
        parts += [_level(config, level, 2 * widths[level], sides[level] ** 2, tokens)]
    middle = _block(config, len(widths) - 1, widths[-1], sides[-1] ** 2, tokens)
    parts.append(middle * config.middle)
    for level in levels[1:]:
        fine, coarse = widths[level - 1], widths[level]
        parts += [conv(fine, coarse, 3, sides[level] ** 2, stride=2), conv(coarse, 4 * fine, 1, sides[level] ** 2)]
    parts += [norm(widths[0], side**2), activation(widths[0], side**2), conv(widths[0], channels_out, 3, side**2)]
    return total(*parts)


def _level(config: UNetConfig, level: int, channels_in: int, places: int, tokens: int) -> Cost:
    first = _block(config, level, channels_in, places, tokens)
    return first + _block(config, level, config.widths[level], places, tokens) * (config.blocks[level] - 1)


def _block(config: UNetConfig, level: int, channels_in: int, places: int, tokens: int) -> Cost:
    width = config.widths[level]
    attends = config.attention[level]
    extra = context_attention(width, config.context, places, tokens) if attends else NOTHING
    return res_block(channels_in, width, places, embedding=config.embedding) + extra


def text_encoder(config: TextConfig, tokens: int) -> Cost:
    """`networks.text.TextEncoder` on `tokens` tokens."""
    W = config.width
    layer = transformer_layer(W, config.hidden, tokens, config.heads)
    return bare((config.vocabulary + config.max_tokens) * W) + norm(W, tokens) + layer * config.depth


def image_tower(config: ImageConfig, embedding: int) -> Cost:
    """`networks.clip.ImageTower`."""
    side, width = config.size // config.patch, CHANNELS * config.patch**2
    parts = []
    for level, (channels, count) in enumerate(zip(config.widths, config.blocks, strict=True)):
        side = side if level == 0 else side // 2
        parts += [conv(width, channels, 3, side**2, stride=1 if level == 0 else 2)]
        parts += [res_block(channels, channels, side**2) * count]
        width = channels
    parts += [norm(width, side**2), activation(width, side**2), linear(width, CHANNELS, side**2)]
    return total(*parts, linear(CHANNELS * width, embedding, 1), Cost(flops=2 * CHANNELS * width * side**2))


def clip(config: ClipConfig) -> Cost:
    """Both towers on one picture with its caption, at the full length of captions."""
    text = text_encoder(config.text, config.text.max_tokens) + linear(config.text.width, config.embedding, 1)
    return text + image_tower(config.image, config.embedding) + bare(1)


def prior(config: PriorConfig, *, caption: int) -> Cost:
    """`networks.prior.Prior` after a caption of so many tokens, all in one pass as in training."""
    D, E, T = config.width, config.embedding, config.text_width
    layer = transformer_layer(D, 4 * D, caption + 1 + STEP_TOKENS, config.heads)
    ends = [linear(T, D, caption), linear(E, D, 1) * 2, time_embedding(D), norm(D, caption + 1 + STEP_TOKENS)]
    return total(*ends, layer * config.depth, linear(D, E, 1), bare(T + E + D + 4 * D))


def decoder(config: DecoderConfig, *, caption: int) -> Cost:
    """`networks.decoder.Decoder` with a caption of so many tokens, and what it is aligned by."""
    width, context, E, T = config.unet.embedding, config.unet.context, config.embedding, config.text_width
    inner, grid = config.channels * config.patch**2, config.size // config.patch
    told = [linear(E, width, 1), linear(E, IMAGE_TOKENS * context, 1), linear(T, width, 1), linear(T, context, caption)]
    body = unet(config.unet, 2 * inner + (MASK_SIZE // grid) ** 2, inner, grid, tokens=IMAGE_TOKENS + caption)
    return total(time_embedding(width), *told, bare(E + T), body, _alignment(config, grid))


def _alignment(config: DecoderConfig, grid: int) -> Cost:
    """The perceptron at every place of the middle map."""
    if not config.align:
        return NOTHING
    widths = config.unet.widths
    places, width = (grid >> (len(widths) - 1)) ** 2, ALIGN_WIDTH
    return conv(widths[-1], width, 1, places) + activation(width, places) + conv(width, config.align, 1, places)


def upsampler(config: UpsamplerConfig, *, crop: int | None = None) -> Cost:
    """`networks.upsampler.Upsampler` on a high-resolution crop, without one on the whole picture."""
    inner = CHANNELS * FACTOR**2
    side = config.low_size if crop is None else crop // FACTOR
    channels_in = inner + CHANNELS + (inner + FACTOR**2) * config.inpaints
    return time_embedding(config.unet.embedding) + unet(config.unet, channels_in, inner, side)


STAGES: Mapping[str, Callable[[Any, int], Cost]] = {
    "clip": lambda stage, _: clip(stage.network),
    "prior": lambda stage, caption: prior(stage.network, caption=caption),
    "decoder": lambda stage, caption: decoder(stage.network, caption=caption),
    "upsampler": lambda stage, _: upsampler(stage.network, crop=stage.crop),
}


def stage_cost(stage: Any, *, caption: int = 32) -> Cost:
    """One training sample of a stage (its own network; frozen towers are `frozen_cost`'s). KeyError for other kinds."""
    return STAGES[stage.kind](stage, caption)


def frozen_cost(stage: Any, towers: ClipConfig, *, caption: int = 32) -> Cost:
    """What a sample costs in CLIP, which prior and decoder are conditioned on: a forward pass, nothing kept.

    Words and embeddings that a stage drops are not computed, but for embeddings whose maps it is aligned with.
    """
    if stage.kind not in ("prior", "decoder"):
        return NOTHING
    text = text_encoder(towers.text, caption) + linear(towers.text.width, towers.embedding, 1)
    image = image_tower(towers.image, towers.embedding)
    if stage.kind == "prior":
        flops = float(text.flops + image.flops)
    else:
        seen = 1.0 if stage.alignment else 1 - stage.drop_z
        flops = text.flops * (1 - stage.drop_txt) + image.flops * seen
    return Cost(parameters=text.parameters + image.parameters, flops=round(flops))


def block_inputs(stage: Any, *, caption: int = 32) -> int:
    """Numbers that a sample keeps when every block is computed again for the gradient: the blocks' inputs."""
    config = stage.network
    if stage.kind == "prior":
        return int(config.depth * config.width * (caption + 1 + STEP_TOKENS))
    if stage.kind == "clip":
        return int(config.text.depth * config.text.width * config.text.max_tokens + _tower_inputs(config.image))
    side = config.size // config.patch if stage.kind == "decoder" else stage.crop // FACTOR
    return _unet_inputs(config.unet, side)


def _tower_inputs(config: ImageConfig) -> int:
    side = config.size // config.patch
    return sum(
        count * width * (side >> level) ** 2
        for level, (width, count) in enumerate(zip(config.widths, config.blocks, strict=True))
    )


def _unet_inputs(config: UNetConfig, side: int) -> int:
    """On the way up a level's first block has twice the width; the last level's map is the middle's too."""
    levels = enumerate(zip(config.widths, config.blocks, strict=True))
    both_ways = sum((2 * count + 1) * width * (side >> level) ** 2 for level, (width, count) in levels)
    last = len(config.widths) - 1
    return int(both_ways + config.middle * config.widths[last] * (side >> last) ** 2)
