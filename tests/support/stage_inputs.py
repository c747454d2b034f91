"""One training sample of a stage, as its network takes it, and the network of each kind."""

from __future__ import annotations

from typing import Any

import torch

from sfumato.networks.clip import Clip
from sfumato.networks.decoder import MASK_SIZE, Decoder
from sfumato.networks.prior import Prior
from sfumato.networks.upsampler import FACTOR, Upsampler

KINDS: dict[str, Any] = {"clip": Clip, "prior": Prior, "decoder": Decoder, "upsampler": Upsampler}


def inputs(stage: Any, *, caption: int) -> list[Any]:
    """One sample of a stage, and whether the network is to point as well."""
    config, kind = stage.network, stage.kind
    if kind == "clip":
        L = config.text.max_tokens
        ids = torch.zeros(1, L, dtype=torch.long)
        return [torch.zeros(1, 4, config.image.size, config.image.size), ids, ids]
    if kind == "upsampler":
        side = stage.crop
        big, one = torch.zeros(1, 4, side, side), torch.zeros(1, 1, side, side)
        known = [big, one] if config.inpaints else []
        return [big, torch.zeros(1), torch.zeros(1, 4, side // FACTOR, side // FACTOR), *known]
    feats, mask = torch.zeros(1, caption, config.text_width), torch.zeros(1, caption, dtype=torch.long)
    z, one = torch.zeros(1, config.embedding), torch.zeros(1)
    if kind == "prior":
        return [z, one, feats, mask, z, one]
    point = torch.zeros(1, config.channels, config.size, config.size)
    told = [point, one, z, one, feats, mask, one, point, torch.zeros(1, 1, MASK_SIZE, MASK_SIZE)]
    return [*told, True] if stage.alignment else told
