r"""Decoders trained side by side for the same time, judged by what they draw and not by their loss.

    python benchmarks/decoder_rivals.py --runs trial --judge runs --data data \
        --stages decoder decoder_pixel --out rivals

Every rival draws the same prompts (training concepts, drawn by the seed) from words alone and from the same noise
seeds at 64². The CLIP in `--judge` says how often a drawing is nearest to its own prompt among all of them (top-1,
top-5) and how similar the two are. Writes rivals.json and one sheet of pictures, a row a rival.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bench.host import host
from numpy.typing import NDArray
from PIL import Image

from sfumato.networks.weights import load_network, read_tensors
from sfumato_train.checkpoint import newest
from sfumato_train.conditions import image_embedding, words
from sfumato_train.config import STAGE
from sfumato_train.context import Context
from sfumato_train.evals.retrieval import recall
from sfumato_train.tasks.decoder import DecoderTask
from sfumato_train.tasks.sheets import grid, to_rgb

BATCH = 25


def prompts(context: Context, count: int, seed: int) -> list[str]:
    """Names of `count` training concepts that several styles draw."""
    drawn: dict[str, set[str]] = {}
    for index in context.store.select(min_weight=0.5):
        record = context.store.records[index]
        drawn.setdefault(record.concept, set()).add(record.style)
    common = sorted(concept for concept, styles in drawn.items() if len(styles) >= 4)
    rng = np.random.default_rng(seed)
    return [common[i] for i in rng.choice(len(common), count, replace=False)]


@torch.no_grad()
def draw(runs: Path, stage_name: str, context: Context, said: list[str]) -> tuple[torch.Tensor, dict[str, Any]]:
    """The rival's pictures [N, 4, 64, 64] and how long it was trained."""
    path = newest(runs / stage_name)
    assert path is not None, f"{runs / stage_name} has no checkpoint"
    network, metadata = load_network(path)
    stage: Any = STAGE.validate_json(metadata["stage"])
    task = DecoderTask(stage, Context(data=context.data, runs=runs))
    network.eval()
    pictures = []
    for first in range(0, len(said), BATCH):
        part = said[first : first + BATCH]
        captions = words(task.clip, *context.tokens(part))
        z = torch.zeros(len(part), stage.network.embedding)
        pictures.append(
            task.sample(network, z_img=z, keep_z=0, said=captions, keep_txt=1, seed=1000 + first).clamp(-1, 1)
        )
    tensors, _ = read_tensors(path, "ema/")
    facts = {
        "parameters": sum(tensor.numel() for tensor in tensors.values()),
        "steps": int(metadata["step"]),
        "samples": int(metadata["step"]) * stage.train.batch,
    }
    return torch.cat(pictures), facts


def judge(clip: Any, pictures: torch.Tensor, said: list[str], context: Context) -> dict[str, float]:
    """How well pictures and prompts find each other."""
    similarity = (image_embedding(clip, pictures) @ words(clip, *context.tokens(said)).z_txt.T).numpy()
    return found(similarity)


def found(similarity: NDArray[np.float32]) -> dict[str, float]:
    """Recall of picture n (row) for prompt n (column), what guessing would give, and the mean similarity of pairs."""
    recalled = recall(similarity, np.eye(len(similarity), dtype=bool))
    return {
        "top1": recalled.top1,
        "top5": recalled.top5,
        "chance1": recalled.chance1,
        "chance5": recalled.chance5,
        "similarity": float(similarity.diagonal().mean()),
    }


def main() -> None:
    """Compare and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--stages", nargs="+", required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    context = Context(data=options.data, runs=options.judge)
    clip, said = context.trained("clip"), prompts(context, options.count, options.seed)
    results, rows = {}, []
    for stage in options.stages:
        pictures, facts = draw(options.runs, stage, context, said)
        results[stage] = facts | judge(clip, pictures, said, context)
        rows.append(to_rgb(pictures[:16]))
        print(stage, results[stage])
    Image.fromarray(grid(np.concatenate(rows), 16)).save(options.out / "rivals.png")
    report = {
        "host": host(torch.get_num_threads()),
        "data": context.store.build["index_sha256"],
        "judge": str(newest(options.judge / "clip").name),  # type: ignore[union-attr]
        "prompts": said[:16],
        "count": options.count,
        "seed": options.seed,
    }
    text = json.dumps(report | {"rivals": results}, indent=2)
    (options.out / "rivals.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
