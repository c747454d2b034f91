"""Graphs: the names that engines agree on, and outputs that are the networks' own."""

from __future__ import annotations

import pytest
import torch

from sfumato.networks.graphs import Graph, graphs
from support.networks import AR_PRIOR, CLIP, LANGUAGE, LATENT, PRIOR, tiny_networks

COMMON = {
    "text": (("txt_tokens", "txt_mask"), ("z_txt", "txt_feats")),
    "image": (("picture",), ("z_img",)),
    "prior_prefix": (("txt_feats", "txt_mask", "z_txt", "keep_txt"), ("prefix", "prefix_mask")),
    "prior_step": (("z_t", "t", "prefix", "prefix_mask"), ("z_0",)),
    "ar_prior": (("word", "z_txt", "bucket", "kind", "past", "seen"), ("logits", "present")),
    "language": (("z_img", "keep_z", "token", "place", "past"), ("scores", "present")),
    "decoder": (
        ("x_t", "t", "z_img", "keep_z", "txt_feats", "txt_mask", "keep_txt", "known", "mask"),
        ("x_0",),
    ),
    "upsampler_256": (("x_t", "t", "low_res", "known", "mask"), ("x_0",)),
    "upsampler_1024": (("x_t", "t", "low_res"), ("x_0",)),
}
LATENTS = {"space_encoder": (("picture",), ("x_0",)), "space_decoder": (("x_0",), ("picture",))}


@pytest.fixture(scope="module")
def made() -> dict[str, Graph]:
    return graphs(tiny_networks())


def test_the_names_are_those_of_a_bundle(made: dict[str, Graph]) -> None:
    assert {name: (tuple(graph.example), graph.outputs) for name, graph in made.items()} == COMMON | LATENTS
    assert set(graphs(tiny_networks(pixel=True))) == set(COMMON)


def test_examples_fit_and_give_every_output(made: dict[str, Graph]) -> None:
    L, E = CLIP.text.max_tokens, CLIP.embedding
    width = PRIOR.width // PRIOR.heads
    shapes = {
        "text": [(2, E), (2, L, CLIP.text.width)],
        "image": [(2, E)],
        "prior_prefix": [(PRIOR.depth, 2, 2, PRIOR.heads, L + 1, width), (2, L + 1)],
        "prior_step": [(2, E)],
        "ar_prior": [(2, AR_PRIOR.buckets), (2, 3, 2, 2, 16)],
        "language": [(2, LANGUAGE.vocabulary), (2, 2, 2, 2, 16)],
        "decoder": [(2, LATENT.channels, 8, 8)],
        "space_encoder": [(2, LATENT.channels, 8, 8)],
        "space_decoder": [(2, 4, 64, 64)],
        "upsampler_256": [(1, 4, 256, 256)],
    }
    for name, expected in shapes.items():
        out = made[name].module(*made[name].example.values())
        parts = out if isinstance(out, tuple) else (out,)
        assert [tuple(part.shape) for part in parts] == expected, name
        assert all(part.dtype == torch.float32 for part in parts), name


def test_the_prefix_mask_is_of_zeros_and_ones(made: dict[str, Graph]) -> None:
    graph = made["prior_prefix"]
    mask = torch.ones_like(graph.example["txt_mask"])
    mask[:, 3:] = 0
    given = graph.example | {"txt_mask": mask, "keep_txt": torch.tensor([1.0, 0.0])}
    _, prefix_mask = graph.module(*given.values())
    zeros = CLIP.text.max_tokens - 3
    assert prefix_mask.tolist() == [[1.0] * 3 + [0.0] * zeros + [1.0], [0.0] * CLIP.text.max_tokens + [1.0]]


def test_networks_are_ready_to_run_and_frozen(made: dict[str, Graph]) -> None:
    for graph in made.values():
        assert not any(module.training for module in graph.module.modules() if list(module.parameters(recurse=False)))
        assert not any(parameter.requires_grad for parameter in graph.module.parameters())
