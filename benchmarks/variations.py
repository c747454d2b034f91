"""How well pictures come back from their bipartite latent, and how far variations go from their picture.

    python benchmarks/variations.py --data FOLDER [--model sticker] [--pictures 12] [--seeds 4] [--steps 10 20]

Takes held-out pictures of the data set (no concept of theirs was trained on), evenly spread over its sources, and
prints two Markdown tables: the reconstruction at 64² by steps, time shift and refinements beside the autoencoder's
own, with the spread of x_T; and the cosines of variations with their picture and with each other.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np

from sfumato.engine.base import Array, Engine
from sfumato.engine.choose import open_engine
from sfumato.picture.fit import square
from sfumato.picture.read import read_picture
from sfumato.pipeline import variation
from sfumato.pipeline.decoder import sample_decoder, to_picture
from sfumato.pipeline.latent import condition_on, decode, invert, reversible, to_space
from sfumato.pipeline.prior import encode_picture
from sfumato.pipeline.watch import SILENT, Watch

WATCH = Watch(SILENT)
SHIFTS, REFINEMENTS = (1.0, 2.0), (0, 1, 2)


def main(argv: list[str] | None = None) -> int:
    arguments = _arguments(argv)
    engine = open_engine("openvino", arguments.model, threads=arguments.threads)
    names, pictures = zip(*held_out(arguments.data, arguments.pictures), strict=True)
    results = {
        "model": f"{engine.manifest.name} {engine.manifest.version}",
        "pictures": names,
        "seeds": arguments.seeds,
        "autoencoder_psnr": float(np.mean([psnr(through_space(engine, one), one) for one in pictures])),
        "inversion": [round_trips(engine, pictures, *case) for case in product(arguments.steps, SHIFTS, REFINEMENTS)],
        "variations": [spread(engine, pictures, keep, arguments.seeds) for keep in ("most", "some", "none")],
    }
    text = markdown(results)
    if arguments.output is not None:
        arguments.output.mkdir(parents=True, exist_ok=True)
        (arguments.output / "variations.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        (arguments.output / "variations.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def held_out(data: Path, count: int) -> Iterator[tuple[str, Array]]:
    """(key, [1, 4, 64, 64]) of pictures whose concept no training picture shows."""
    records = [json.loads(line) for line in (data / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [one for one in records if one["split"] == "heldout_concept"]
    for record in rows[:: max(1, len(rows) // count)][:count]:
        with (data / record["shard"]).open("rb") as shard:
            shard.seek(record["offset"])
            yield record["key"], square(read_picture(shard.read(record["length"])).pixels)


def psnr(one: Array, other: Array) -> float:
    """Decibels, of premultiplied pictures in [-1, 1]."""
    return float(-10 * np.log10(np.mean((one - other) ** 2) / 4))


def through_space(engine: Engine, picture: Array) -> Array:
    """What the autoencoder alone makes of a picture."""
    return to_picture(engine, to_space(engine, picture), watch=WATCH)


def round_trips(
    engine: Engine, pictures: tuple[Array, ...], steps: int, shift: float, refinements: int
) -> dict[str, Any]:
    """Inversion and back, without guidance."""
    print(f"measuring: {steps} steps, shift {shift}, {refinements} refinements …", file=sys.stderr, flush=True)
    path = replace(reversible(engine.manifest.stages.decoder), steps=steps, shift=shift)
    errors, decibels, spreads = [], [], []
    for picture in pictures:
        latent, x_0 = invert(engine, picture, path, refinements=refinements, watch=WATCH), to_space(engine, picture)
        again = decode(engine, latent, path, watch=WATCH)
        errors.append(float(np.sqrt(np.mean((again - x_0) ** 2) / np.mean(x_0**2))))
        decibels.append(psnr(to_picture(engine, again, watch=WATCH), picture))
        spreads.append(float(latent.x_T.std()))
    return {
        "steps": steps,
        "shift": shift,
        "refinements": refinements,
        "error": float(np.mean(errors)),
        "psnr": float(np.mean(decibels)),
        "worst_psnr": min(decibels),
        "spread": float(np.mean(spreads)),
    }


def spread(engine: Engine, pictures: tuple[Array, ...], keep: str, seeds: int) -> dict[str, Any]:
    """Mean cosines of variations, embedded again at 64², with their picture and with each other."""
    print(f"measuring: keep {keep} …", file=sys.stderr, flush=True)
    preset = engine.manifest.stages.decoder
    path, near, apart, meant = reversible(preset), [], [], []
    prefix = variation.prior_told(engine, None)
    for picture in pictures:
        z_img, made = encode_picture(engine, picture), []
        latent = invert(engine, picture, path, watch=WATCH) if keep == "most" else None
        for seed in range(seeds):
            z = variation.neighbour(engine, z_img, prefix, seed=seed, watch=WATCH) if keep == "none" else z_img
            if latent is not None:
                x_0 = decode(engine, latent, path, eta=variation.ETA, seed=seed, watch=WATCH)
            else:
                x_0 = sample_decoder(engine, condition_on(engine, z, None), preset, seed=seed, watch=WATCH)
            meant.append(float(z[0] @ z_img[0]))
            made.append(encode_picture(engine, to_picture(engine, x_0, watch=WATCH))[0])
        near += [float(z @ z_img[0]) for z in made]
        apart += [float(one @ other) for one, other in combinations(made, 2)]
    return {"keep": keep, "told": float(np.mean(meant)), "near": float(np.mean(near)), "apart": float(np.mean(apart))}


def markdown(results: dict[str, Any]) -> str:
    """Both tables."""
    lines = [
        f"Model {results['model']}, {len(results['pictures'])} held-out pictures, {results['seeds']} seeds.",
        "",
        f"PSNR of the autoencoder alone: {results['autoencoder_psnr']:.2f} dB.",
        "",
        "| steps | shift | refinements | error of x_0 | PSNR dB | worst dB | spread of x_T |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in results["inversion"]:
        case = f"| {row['steps']} | {row['shift']:g} | {row['refinements']} | {row['error']:.3f}"
        lines.append(f"{case} | {row['psnr']:.2f} | {row['worst_psnr']:.2f} | {row['spread']:.2f} |")
    lines += ["", "| keep | z_img given · z_img | drawn · picture | drawn · drawn |", "|---|---|---|---|"]
    for row in results["variations"]:
        lines.append(f"| {row['keep']} | {row['told']:.3f} | {row['near']:.3f} | {row['apart']:.3f} |")
    return "\n".join(lines) + "\n"


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a built data set")
    parser.add_argument("--model", default="sticker", help="an installed model's name, or a folder")
    parser.add_argument("--pictures", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--steps", type=int, nargs="+", default=[10, 20])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="where to write variations.md and variations.json")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
