"""Training curves as one SVG: a panel a stage, drawn from the `stats.jsonl` of its run.

    python benchmarks/curves.py runs/*/stats.jsonl --out curves.svg
"""

import argparse
import json
import math
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, MARGIN, COLUMNS = 320, 180, 36, 3
SMOOTH = 0.8


def smoothed(values: list[float]) -> list[float]:
    """Exponential moving average, unbiased at its start."""
    out, mean, weight = [], 0.0, 0.0
    for value in values:
        mean, weight = SMOOTH * mean + (1 - SMOOTH) * value, SMOOTH * weight + (1 - SMOOTH)
        out.append(mean / weight)
    return out


def points(xs: list[float], ys: list[float]) -> str:
    """Polyline points in a panel's own coordinates; the vertical axis is logarithmic."""
    logs = [math.log10(max(y, 1e-9)) for y in ys]
    low, high, right = min(logs), max(logs), max(xs)
    inner_w, inner_h = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    span = max(high - low, 1e-9)
    return " ".join(
        f"{MARGIN + inner_w * x / right:.1f},{MARGIN + inner_h * (high - y) / span:.1f}"
        for x, y in zip(xs, logs, strict=True)
    )


def panel(name: str, lines: list[dict[str, Any]]) -> str:
    """One stage: the loss over steps, raw in grey and smoothed in black."""
    xs = [float(line["step"]) for line in lines]
    ys = [float(line["loss"]) for line in lines]
    left, right, low = MARGIN, WIDTH - MARGIN, HEIGHT - 12
    return "\n".join(
        [
            f'<rect x="0" y="0" width="{WIDTH}" height="{HEIGHT}" fill="white" stroke="#ddd"/>',
            f'<text x="{left}" y="20" font-weight="bold">{name}</text>',
            f'<text x="{right}" y="20" text-anchor="end">loss {smoothed(ys)[-1]:.3g}</text>',
            f'<text x="{left}" y="{low}">{max(ys):.3g} … {min(ys):.3g}, log</text>',
            f'<text x="{right}" y="{low}" text-anchor="end">{xs[-1]:,.0f} steps</text>',
            f'<polyline points="{points(xs, ys)}" fill="none" stroke="#bbb"/>',
            f'<polyline points="{points(xs, smoothed(ys))}" fill="none" stroke="black" stroke-width="1.5"/>',
        ]
    )


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stats", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    body = []
    for index, path in enumerate(options.stats):
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        name = path.parent.name if path.name == "stats.jsonl" else path.stem
        row, column = divmod(index, COLUMNS)
        body.append(f'<g transform="translate({column * WIDTH},{row * HEIGHT})">{panel(name, lines)}</g>')
    rows = -(-len(options.stats) // COLUMNS)
    size = f'width="{COLUMNS * WIDTH}" height="{rows * HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    options.out.write_text("\n".join([head, *body, "</svg>", ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
