"""The code of embeddings and the network that carries it: between numpy and buffers."""

from dataclasses import fields

import torch

from sfumato.diffusion.buckets import Code
from sfumato.networks.ar_prior import ArPrior

NAMES = tuple(field.name for field in fields(Code))


def code_of(network: ArPrior) -> Code:
    """The code that travels with the network's weights."""
    return Code(**{name: getattr(network, name).detach().cpu().numpy() for name in NAMES})


def put_code(network: ArPrior, code: Code) -> None:
    """Let this code travel with the network's weights; its sizes must be those of the network's configuration."""
    for name in NAMES:
        buffer, array = getattr(network, name), torch.from_numpy(getattr(code, name))
        assert buffer.shape == array.shape, name
        buffer.copy_(array)
