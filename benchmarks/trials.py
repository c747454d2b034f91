"""Trials of what might help the decoder, each at equal time, judged on held-out pictures and by drawings.

    python benchmarks/trials.py optimiser --data data --runs runs --minutes 60 [--start-from CHECKPOINT]
    python benchmarks/trials.py guidance-interval --data data --runs runs --late CHECKPOINT
    python benchmarks/trials.py autoguidance --data data --runs runs --late CHECKPOINT --early CHECKPOINT

Trained, `--minutes` of the processor for every arm in turn: optimiser, times, loss, emas, alignment. Only drawn, from a
trained decoder: guidance-interval, autoguidance. Writes NAME.json, NAME.md and NAME.png (a row an arm) to `--out`. With
`--precomputed` the arms learn from what `sfumato-train precompute decoder` kept for the same `--seed`.
"""

import argparse
import json
import math
import os
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bench.host import host
from bench.trial_arms import Arm, Shared, held, train, unaligned
from bench.trial_drawing import Conditions, Guide, draw
from bench.trial_judging import HeldOut, Scores, Things, conditions, judged, things
from bench.trial_report import trial_markdown
from PIL import Image
from torch import Tensor, nn

from sfumato.errors import InputError, SfumatoError
from sfumato.networks.decoder import Decoder
from sfumato.networks.weights import put_weights, read_tensors
from sfumato_train.checkpoint import newest
from sfumato_train.config import DecoderStage, TimesConfig
from sfumato_train.evals.judge import Judge
from sfumato_train.recipes import recipe
from sfumato_train.tasks.decoder import DecoderTask
from sfumato_train.tasks.sheets import grid, to_rgb

SHOWN, GUIDANCE = 16, 3.0
GUIDES = {
    "guidance-interval": [
        Guide(name="none", scale=1.0),
        Guide(name="always"),
        Guide(name="0 to 0.8", interval=(0.0, 0.8)),
        Guide(name="0.2 to 1", interval=(0.2, 1.0)),
        Guide(name="0.2 to 0.8", interval=(0.2, 0.8)),
        Guide(name="scale 5, 0.2 to 0.8", scale=5.0, interval=(0.2, 0.8)),
    ],
    "autoguidance": [
        Guide(name="none", scale=1.0),
        Guide(name="without conditions, 3"),
        *(Guide(name=f"earlier decoder, {scale:g}", scale=scale, weak=True) for scale in (1.5, 2.0, 3.0)),
    ],
}


def arms(name: str, base: DecoderStage) -> list[Arm]:
    """The sides of a trial that trains; the first is what the recipe does. InputError where that is already less."""
    if name == "alignment" and not base.alignment:
        raise InputError("This trial leaves alignment out, and the recipe's decoder has none; name another --recipe.")
    adamw, times = base.train.optim, base.times
    muon = [replace(base.train, optim=replace(adamw, name="muon", learning_rate=rate)) for rate in (1e-3, 2e-3)]
    stages: dict[str, dict[str, DecoderStage]] = {
        "optimiser": {"adamw": base} | {f"muon {t.optim.learning_rate:g}": replace(base, train=t) for t in muon},
        "times": {
            f"logit-normal {times.mean:g}": base,
            "logit-normal 0.5": replace(base, times=replace(times, mean=0.5)),
            "uniform": replace(base, times=TimesConfig(uniform=True)),
        },
        "loss": {
            "on v": base,
            "min-SNR-5": replace(base, loss="min_snr"),
            "on x_0": replace(base, loss="x0"),
        },
        "emas": {"adamw": replace(base, train=replace(base.train, emas=(0.9, 0.97, 0.99, 0.995)))},
        "alignment": {f"aligned {base.alignment:g}": base, "plain": unaligned(base)},
    }
    return [Arm(name=label, stage=stage) for label, stage in stages[name].items()]


TRAINED = ("optimiser", "times", "loss", "emas", "alignment")


@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """What all arms of a trial share."""

    options: argparse.Namespace
    context: Shared
    task: DecoderTask
    held_out: HeldOut
    judge: Judge
    wanted: Things
    conditions: Conditions

    def look(self, network: nn.Module, guide: Guide, weak: nn.Module | None = None) -> tuple[Scores, Tensor]:
        """A decoder's drawings and what is said of them."""
        options = self.options
        pictures = draw(
            self.task, network, self.conditions, guide, weak=weak, steps=options.steps, seed=options.seed + 1
        )
        return judged(pictures, self.wanted, self.task.clip, self.judge, self.context), pictures


def bench_of(options: argparse.Namespace) -> Bench:
    """The reference decoder's task, whose loss has no alignment in it, and everything that judges."""
    context = Shared(data=options.data, runs=options.runs)
    task = DecoderTask(unaligned(base_stage(options)), context)
    judge = Judge()
    wanted = things(context, judge, count=options.count, seed=options.seed)
    told = conditions(context, task.clip, wanted, with_picture=not options.words)
    held_out = HeldOut(task, options.held_out)
    return Bench(
        options=options, context=context, task=task, held_out=held_out, judge=judge, wanted=wanted, conditions=told
    )


def base_stage(options: argparse.Namespace) -> DecoderStage:
    """The recipe's decoder with the trial's batch, seed, warm-up and length of average."""
    stage = recipe(options.recipe).stages["decoder"]
    assert isinstance(stage, DecoderStage)
    optim = replace(stage.train.optim, warmup=options.warmup)
    train_config = replace(stage.train, batch=options.batch, seed=options.seed, ema=options.ema, optim=optim)
    network = stage.network
    if options.widths:
        network = replace(network, unet=replace(network.unet, widths=tuple(options.widths)))
    return replace(stage, train=train_config, network=network)


def trained_trial(name: str, bench: Bench) -> tuple[dict[str, Scores], list[Tensor]]:
    """Train the arms and judge the average of each; the trial of averages judges all that one arm kept."""
    options = bench.options
    base = replace(base_stage(options), precomputed=options.precomputed)
    runners = train(
        arms(name, base),
        bench.context,
        seconds=60 * options.minutes,
        start=options.start_from,
        wall=60 * options.wall_minutes,
        tell=lambda line: print(line, file=sys.stderr, flush=True),
    )
    found: dict[str, Scores] = {}
    pictures: list[Tensor] = []
    for one in runners:
        sets = ["model", *one.trainer.state.emas.kept] if name == "emas" else ["ema"]
        for weights in sets:
            put_weights(bench.task.network, held(one, weights))
            scores, made = bench.look(bench.task.network.eval(), Guide(name="always", scale=options.guidance))
            label = weights if name == "emas" else one.arm.name
            found[label] = bench.held_out.scores(bench.task.network) | scores
            found[label] |= {"samples": float(one.samples), "seconds": one.seconds}
            pictures.append(made)
    return found, pictures


def guided_trial(name: str, bench: Bench) -> tuple[dict[str, Scores], list[Tensor]]:
    """Draw with every guide from one decoder; with autoguidance also from an early one."""
    options = bench.options
    late = options.late or newest(options.runs / "decoder")
    if late is None or (name == "autoguidance" and options.early is None):
        raise InputError("This trial draws from trained decoders; name them with --late and --early.")
    strong, weak = _loaded(bench, late), _loaded(bench, options.early) if options.early else None
    found: dict[str, Scores] = {}
    pictures: list[Tensor] = []
    for guide in GUIDES[name]:
        scores, made = bench.look(strong, guide, weak)
        found[guide.name] = scores
        pictures.append(made)
        print(guide.name, scores, file=sys.stderr, flush=True)
    return found, pictures


def _loaded(bench: Bench, path: Path) -> nn.Module:
    network = Decoder(bench.task.stage.network)
    put_weights(network, read_tensors(path, "ema/")[0])
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def main(argv: list[str] | None = None) -> int:
    """Run one trial and write what came of it."""
    options = _arguments(argv)
    torch.set_num_threads(1)
    try:
        bench = bench_of(options)
        run = trained_trial if options.name in TRAINED else guided_trial
        found, pictures = run(options.name, bench)
    except SfumatoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    results = _results(options, bench, found)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{options.name}.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (options.out / f"{options.name}.md").write_text(trial_markdown(options.name, results), encoding="utf-8")
    shown = [to_rgb(part[:SHOWN]) for part in (bench.wanted.pictures, *pictures)]
    Image.fromarray(grid(np.concatenate(shown), len(shown[0]))).save(options.out / f"{options.name}.png")
    print(trial_markdown(options.name, results))
    return 0


def _results(options: argparse.Namespace, bench: Bench, found: dict[str, Scores]) -> dict[str, Any]:
    setting: dict[str, Any] = {"pictures": len(bench.wanted.names), "steps": options.steps}
    if options.name in TRAINED:
        start = options.start_from.name if options.start_from else "random weights"
        setting |= {"minutes an arm": options.minutes, "batch": options.batch, "ema": options.ema, "start": start}
        setting |= {"guidance": options.guidance, "widths": bench.task.stage.network.unet.widths}
        setting |= {"precomputed": True} if options.precomputed else {}
    else:
        files = {"late": options.late or newest(options.runs / "decoder"), "early": options.early}
        setting |= {key: path.name for key, path in files.items() if path is not None}
    return {
        "command": shlex.join(["python", "benchmarks/trials.py", *_told(options)]),
        "host": host(1) | {"machine_cores": os.cpu_count()},
        "seed": options.seed,
        "data": str(bench.context.store.build.get("index_sha256", "")),
        "judge": bench.judge.name,
        "things": bench.wanted.names,
        "setting": setting,
        "arms": found,
    }


def _told(options: argparse.Namespace) -> list[str]:
    """The command again, with paths that mean something elsewhere."""
    told = [options.name, "--data", "data", "--runs", "runs"]
    for key in ("minutes", "batch", "count", "held_out", "steps", "ema", "warmup", "guidance", "seed"):
        told += [f"--{key.replace('_', '-')}", f"{getattr(options, key):g}"]
    told += ["--widths", *map(str, options.widths)] if options.widths else []
    for key in ("start_from", "late", "early"):
        path = getattr(options, key)
        told += [f"--{key.replace('_', '-')}", path.name] if path else []
    return told + [f"--{name}" for name in ("words", "precomputed") if getattr(options, name)]


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=[*TRAINED, *GUIDES])
    parser.add_argument("--data", type=Path, required=True, help="made by `sfumato-train data build`")
    parser.add_argument("--runs", type=Path, required=True, help="with the stages clip and autoencoder")
    parser.add_argument("--recipe", default="sticker")
    parser.add_argument("--minutes", type=float, default=60, help="of the processor, for every arm")
    parser.add_argument("--wall-minutes", type=float, default=math.inf, help="all arms stop when they are over")
    parser.add_argument("--start-from", type=Path, help="a decoder's checkpoint; random weights without")
    parser.add_argument("--late", type=Path, help="the decoder to draw from; the newest of the runs without")
    parser.add_argument("--early", type=Path, help="the weaker decoder of autoguidance")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--widths", type=int, nargs=2, help="of a smaller decoder, for short trials")
    parser.add_argument("--ema", type=float, default=0.9985)
    parser.add_argument("--warmup", type=int, default=100)
    parser.add_argument("--count", type=int, default=120, help="of things drawn by every arm, one picture each")
    parser.add_argument("--held-out", type=int, default=128, help="pictures of the held-out loss")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=GUIDANCE, help="of the drawings of trained arms")
    parser.add_argument("--words", action="store_true", help="draw from the name alone, its embedding for z_img")
    parser.add_argument("--precomputed", action="store_true", help="arms learn from features; drawings are the same")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/trials"))
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
