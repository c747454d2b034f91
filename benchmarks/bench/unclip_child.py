"""diffusers' UnCLIPPipeline with untrained networks of our sizes: seconds to import, to load, to draw.

Two modes, so that loading is measured as users meet it: `make` writes the pipeline into a folder; `run`
imports diffusers, loads the folder and draws 256×256 pictures with the pipeline's own defaults (25 steps of
the prior, 25 of the decoder, 7 of the upsampler, guidance 4 and 8). The weights' values change no time.

The structure is that of the published unCLIP model of this pipeline (Karlo): a decoder in pixels at 64×64,
an upsampler to 256×256 with a second network for its last step. The prior has our width, depth and heads;
channels are chosen so that each network has about as many parameters as the one of ours it stands for.
"""

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

WIDTH, TOKENS = 384, 32
CHANNELS = (80, 160, 240)
PRIOR: dict[str, Any] = {
    "num_attention_heads": 6,
    "attention_head_dim": 64,
    "num_layers": 8,
    "embedding_dim": WIDTH,
    "num_embeddings": TOKENS,
}
TEXT_PROJ: dict[str, Any] = {
    "clip_embeddings_dim": WIDTH,
    "time_embed_dim": 4 * CHANNELS[0],
    "cross_attention_dim": WIDTH,
}
DECODER: dict[str, Any] = {
    "sample_size": 64,
    "in_channels": 3,
    "out_channels": 6,
    "down_block_types": ("ResnetDownsampleBlock2D", *("SimpleCrossAttnDownBlock2D",) * 2),
    "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
    "up_block_types": (*("SimpleCrossAttnUpBlock2D",) * 2, "ResnetUpsampleBlock2D"),
    "block_out_channels": CHANNELS,
    "layers_per_block": 2,
    "norm_num_groups": 16,
    "cross_attention_dim": WIDTH,
    "attention_head_dim": 40,
    "resnet_time_scale_shift": "scale_shift",
    "class_embed_type": "identity",
}
UPSAMPLER: dict[str, Any] = {
    "sample_size": 256,
    "in_channels": 6,
    "out_channels": 3,
    "down_block_types": ("ResnetDownsampleBlock2D",) * 3,
    "up_block_types": ("ResnetUpsampleBlock2D",) * 3,
    "block_out_channels": (48, 96, 128),
    "layers_per_block": 1,
    "norm_num_groups": 16,
    "add_attention": False,
    "resnet_time_scale_shift": "scale_shift",
}


def networks() -> dict[str, Any]:
    """The tokenizer and the networks of the pipeline, untrained."""
    kinds = parts()
    vocabulary = {"<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2}
    return {
        "tokenizer": kinds["tokenizer"](vocab=vocabulary, merges=[], model_max_length=TOKENS),
        "text_encoder": kinds["text_encoder"](_text_config()),
        "prior": kinds["prior"](**PRIOR),
        "text_proj": kinds["text_proj"](**TEXT_PROJ),
        "decoder": kinds["decoder"](**DECODER),
        "super_res_first": kinds["super_res_first"](**UPSAMPLER),
        "super_res_last": kinds["super_res_last"](**UPSAMPLER),
    }


def _text_config() -> Any:
    from transformers import CLIPTextConfig  # noqa: PLC0415

    return CLIPTextConfig(
        vocab_size=30_522,
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=6,
        num_attention_heads=12,
        max_position_embeddings=TOKENS,
        bos_token_id=0,
        eos_token_id=1,
    )


def make(folder: Path) -> dict[str, int]:
    """Write the pipeline into `folder`; the number of parameters of each network."""
    import torch  # noqa: PLC0415
    from diffusers import UnCLIPPipeline, UnCLIPScheduler  # noqa: PLC0415

    torch.manual_seed(0)
    untrained = networks()
    pipeline = UnCLIPPipeline(
        **untrained,
        prior_scheduler=UnCLIPScheduler(prediction_type="sample", clip_sample_range=5.0),
        decoder_scheduler=UnCLIPScheduler(variance_type="learned_range"),
        super_res_scheduler=UnCLIPScheduler(),
    )
    pipeline.save_pretrained(folder)
    modules = {name: part for name, part in untrained.items() if isinstance(part, torch.nn.Module)}
    return {name: sum(p.numel() for p in module.parameters()) for name, module in modules.items()}


def run(folder: Path, repeats: int, threads: int) -> dict[str, Any]:
    """Seconds to import, to load, of the first picture and of each later one."""
    begin = time.perf_counter()
    import torch  # noqa: PLC0415
    from diffusers import UnCLIPPipeline  # noqa: PLC0415

    torch.set_num_threads(threads)
    kinds = parts()
    imported = time.perf_counter()
    # Part by part: since it became deprecated, the pipeline no longer finds all its own parts in a folder.
    pipeline = UnCLIPPipeline(**{name: kind.from_pretrained(folder / name) for name, kind in kinds.items()})
    pipeline.set_progress_bar_config(disable=True)
    loaded = time.perf_counter()
    (first, _), *warm = [_picture(pipeline) for _ in range(repeats + 1)]
    return {
        "import": imported - begin,
        "load": loaded - imported,
        "first": first,
        "warm": [seconds for seconds, _ in warm],
        "warm_cpu": [cpu for _, cpu in warm],
    }


def parts() -> dict[str, Any]:
    """The class of each part of the pipeline."""
    from diffusers import PriorTransformer, UnCLIPScheduler, UNet2DConditionModel, UNet2DModel  # noqa: PLC0415
    from diffusers.pipelines.deprecated.unclip.text_proj import UnCLIPTextProjModel  # noqa: PLC0415
    from transformers import CLIPTextModelWithProjection, CLIPTokenizer  # noqa: PLC0415

    return {
        "tokenizer": CLIPTokenizer,
        "text_encoder": CLIPTextModelWithProjection,
        "prior": PriorTransformer,
        "text_proj": UnCLIPTextProjModel,
        "decoder": UNet2DConditionModel,
        "super_res_first": UNet2DModel,
        "super_res_last": UNet2DModel,
        "prior_scheduler": UnCLIPScheduler,
        "decoder_scheduler": UnCLIPScheduler,
        "super_res_scheduler": UnCLIPScheduler,
    }


def _picture(pipeline: Any) -> tuple[float, float]:
    """Seconds by the clock, and of the CPU."""
    begin, cpu = time.perf_counter(), time.process_time()
    (image,) = pipeline("a red fox").images
    assert image.size == (256, 256)
    return time.perf_counter() - begin, time.process_time() - cpu


def main() -> None:
    warnings.simplefilter("ignore")
    mode, folder, *rest = sys.argv[1:]
    answer = make(Path(folder)) if mode == "make" else run(Path(folder), *map(int, rest))
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
