"""Measures the seams of edited pictures, and what each means against them is worth.

    python benchmarks/edit_seams.py --data DATA --out DIR [--model sticker] [--pictures 20]

Holes as in the decoder's training are cut into held-out pictures at 256×256 and painted from the pictures' names, with
all means and without some of them, at the same seed. Writes seams.json and a sheet: picture, hole, then one column for
each row of the table.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from sfumato.api import Sfumato
from sfumato.picture.convert import Pixels, flatten, to_pixels
from sfumato.picture.mask import Mask
from sfumato.picture.seam import seam_ratio
from sfumato.pipeline import repaint
from sfumato.pipeline.decoder import sample_decoder
from sfumato_train.data.store import PictureStore
from sfumato_train.noise import mask as training_mask

SIDE = 256
VARIANTS: dict[str, tuple[bool, bool, bool]] = {  # told what is known, mended at every step, healed at the end
    "nothing: drawn alone, pasted": (False, False, False),
    "known channels, pasted": (True, False, False),
    "known channels, healed": (True, False, True),
    "mended steps, healed": (False, True, True),
    "known channels, mended steps, healed": (True, True, True),
}


@contextmanager
def means(told: bool, mended: bool, healed: bool) -> Iterator[None]:
    """Editing with some of its means left out."""
    sample, fitted = sample_decoder, repaint._fitted

    def sampled(engine: Any, condition: Any, *arguments: Any, mend: Callable[..., Any] | None, **others: Any) -> Any:
        seen = condition if told else replace(condition, known=None, mask=None)
        return sample(engine, seen, *arguments, mend=mend if mended else None, **others)

    def pasted(painted: Any, known: Any, *_: Any, opaque: bool) -> Any:
        return fitted(painted, known, 0.0, opaque=opaque)

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(repaint, "sample_decoder", sampled))
        if not healed:
            stack.enter_context(mock.patch.object(repaint, "_fitted", pasted))
        yield


def cases(data: Path, count: int) -> Iterator[tuple[str, Pixels, Mask]]:
    """Prompt, picture and hole of held-out Noto emoji, every one that comes after so many others."""
    store, rng = PictureStore(data), np.random.default_rng(5)
    held = [k for k, r in enumerate(store.records) if r.style == "noto emoji" and r.split != "train"]
    for k in held[:: max(1, len(held) // count)][:count]:
        hole = np.ones((SIDE, SIDE), np.bool_)
        while not 0.05 < hole.mean() < 0.5:
            hole = training_mask(rng, SIDE, 1.0)[0] > 0.5
        x = store.picture(k).transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1
        yield f"{store.records[k].name}, noto emoji style", to_pixels(x)[0], hole


def as_mask(hole: Mask) -> Pixels:
    return np.repeat(np.where(hole, 0, 255).astype(np.uint8)[..., None], 4, axis=2)


def measure(painter: Sfumato, todo: Sequence[tuple[str, Pixels, Mask]], seed: int) -> tuple[dict[str, Any], Pixels]:
    """The table, and the sheet."""
    ratios: dict[str, list[float]] = {name: [] for name in ("the original", *VARIANTS)}
    errors: dict[str, list[float]] = {name: [] for name in VARIANTS}
    rows = []
    for prompt, picture, hole in todo:
        ratios["the original"].append(seam_ratio(picture, hole))
        row = [picture, np.where(hole[..., None], 0, picture)]
        for name, chosen in VARIANTS.items():
            with means(*chosen):
                out = painter.edit(picture, prompt, as_mask(hole), seed=seed)[0].pixels
            ratios[name].append(seam_ratio(out, hole))
            errors[name].append(float(np.abs(out[hole].astype(float) - picture[hole]).mean()))
            row.append(out)
        rows.append(np.concatenate([flatten(one, (255, 255, 255)) for one in row], axis=1))
    table = {
        name: {
            "seam_median": float(np.median(values)),
            "seam_mean": float(np.mean(values)),
            "error_in_hole": float(np.mean(errors[name])) if name in errors else 0.0,
        }
        for name, values in ratios.items()
    }
    return table, np.concatenate(rows)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", default="sticker")
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(argv)
    painter = Sfumato(given.model)
    table, sheet = measure(painter, list(cases(given.data, given.pictures)), given.seed)
    given.out.mkdir(parents=True, exist_ok=True)
    told = {"model": f"{painter.name} {painter.version}", "pictures": given.pictures, "seed": given.seed}
    (given.out / "seams.json").write_text(json.dumps({**told, "seams": table}, indent=1) + "\n", encoding="utf-8")
    Image.fromarray(sheet).resize((sheet.shape[1] // 2, sheet.shape[0] // 2)).save(given.out / "sheet.png")
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
