"""Drawings before and after tuning, beside true pictures of the style.

python records/2026-11-22-tune/measure.py DATA STYLE_SOURCE TUNED_FOLDER OUT MODEL=PROMPT_SUFFIX …

TUNED_FOLDER: the pictures that were learnt, by key. Every other picture of the source is held out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from sfumato.engine.choose import open_engine
from sfumato.picture.convert import flatten, to_pixels
from sfumato.pipeline.embed import embed_pictures, embed_texts
from sfumato.pipeline.model import load_model
from sfumato_train.data.store import PictureStore
from sfumato_train.evals.distribution import kernel_distance
from sfumato_train.evals.drawing import draw_small, recognised
from sfumato_train.evals.judge import Judge

COUNT, REAL, SEED = 24, 300, 1000


def main() -> None:
    data, source, learnt, out, *models = sys.argv[1:]
    store, folder = PictureStore(Path(data)), Path(out)
    known = {path.stem for path in Path(learnt).glob("*.png")}
    plain = [
        i for i, r in enumerate(store.records)
        if r.source == source and r.key not in known and not r.attributes
        and r.category not in ("flags", "symbols") and len(r.name.split()) <= 3
    ]  # fmt: skip
    order = [int(i) for i in np.random.default_rng(1).permutation(plain)]
    shown, real = order[:COUNT], order[COUNT : COUNT + REAL]
    names = [store.records[i].name for i in shown]
    true = inside(store, real)
    judge = Judge()
    true_features = judge.look(true).features
    folder.mkdir(parents=True, exist_ok=True)
    rows, numbers = [inside(store, shown)[:12]], {}
    clip = load_model(open_engine("openvino", "sticker", threads=1))
    z_txt = embed_texts(clip, names)
    z_true = embed_pictures(clip, true)
    numbers["true pictures"] = figures(judge, true_features, clip, z_true, z_txt, inside(store, shown))
    for system in ("unclip", "glide"):
        for model in models:
            path, _, suffix = model.partition("=")
            label = f"{system} {Path(path).name if suffix == '' else Path(path).parent.name + suffix}"
            kept = folder / f"{label}.npy"  # drawn once: a measurement that was stopped goes on
            if not kept.exists():
                engine = open_engine("openvino", path, threads=1)
                np.save(kept, draw_small(engine, [name + suffix for name in names], system=system, seed=SEED))
            drawn = np.load(kept)
            numbers[label] = figures(judge, true_features, clip, z_true, z_txt, drawn)
            rows.append(drawn[:12])
            print(label, numbers[label], flush=True)
    (folder / "figures.json").write_text(json.dumps(numbers, indent=1) + "\n")
    sheet(rows).save(folder / "sheet.png")


def inside(store: PictureStore, some: list[int]) -> np.ndarray:
    """[N, 4, 64, 64] premultiplied in [-1, 1]."""
    return np.stack([store.small(i) for i in some]).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1


def figures(judge, true_features, clip, z_true, z_txt, drawn) -> dict[str, float]:
    """Distances to the held-out pictures of the style, and how well the concept is found again."""
    features = judge.look(drawn).features
    distance = kernel_distance(features, true_features, np.random.default_rng(0))
    z = embed_pictures(clip, drawn)
    found = recognised(z, z_txt)
    return {
        "judge_kid": round(distance.value, 4),
        "judge_kid_error": round(distance.error, 4),
        "clip_mean_distance": round(float(np.linalg.norm(z.mean(0) - z_true.mean(0))), 4),
        "concept_top1": round(found.recall.top1, 3),
        "concept_top5": round(found.recall.top5, 3),
        "cosine": round(found.similarity, 3),
    }


def sheet(rows: list[np.ndarray]) -> Image.Image:
    lines = [np.concatenate([flatten(one, (255, 255, 255)) for one in to_pixels(row)], axis=1) for row in rows]
    image = Image.fromarray(np.concatenate(lines, axis=0))
    return image.resize((image.width * 2, image.height * 2), Image.Resampling.NEAREST)


main()
