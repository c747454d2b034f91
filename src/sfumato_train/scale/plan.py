"""How to train a stage on N accelerators, and how long it takes.

Bytes a parameter: weights, gradients, Adam's two moments and the running average, all float32 (Rajbhandari et al. 2020,
section 3.1, counts the same without the average). FSDP2 divides them among the devices and gathers one block at a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sfumato.errors import InputError
from sfumato.networks.clip import ClipConfig
from sfumato_train.scale.networks import STAGES, block_inputs, frozen_cost, stage_cost

STATE_BYTES = 4 + 4 + 8 + 4
HALF = 2  # bytes of a number in bf16
USABLE = 0.9  # of the memory; the rest is the framework's, NCCL's and lost between blocks
BLOCKS = 10  # a block gathered by FSDP is at most this part of the network (asserted by a test)
NODE = 8  # devices that are wired to each other
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Device:
    """An accelerator: memory in bytes, dense bf16 FLOP/s, and the share of them that training reaches.

    `wires`, `network`: bytes a second of a collective (NCCL's bus bandwidth) within a node of eight and between nodes
    with a network card for every device. A utilisation of 40 % is what well-tuned trainers report for transformers and
    U-Nets of these sizes.
    """

    name: str
    memory: float
    peak: float
    utilisation: float = 0.4
    wires: float = 250e9
    network: float = 150e9

    def __post_init__(self) -> None:
        if min(self.memory, self.peak, self.wires, self.network) <= 0 or not 0 < self.utilisation <= 1:
            raise InputError("A device needs memory, a peak and wires above 0, and a utilisation above 0 and up to 1.")


A100 = Device(name="A100 80 GB", memory=80e9, peak=312e12, wires=250e9, network=150e9)
H100 = Device(name="H100 80 GB", memory=80e9, peak=989e12, wires=400e9, network=300e9)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Settings for `sfumato-train run`, and what follows from them.

    `micro_batch`: samples a device works on at a time; `accumulate`: such parts a step. `bytes`: memory a device needs.
    `computing`, `exchanging`: seconds of a step; the two overlap, so the longer one is the step.
    """

    devices: int
    batch: int
    steps: int
    parallel: str
    micro_batch: int
    accumulate: int
    recompute: bool
    bytes: float
    computing: float
    exchanging: float

    @property
    def step_seconds(self) -> float:
        """Computing hides the exchange of gradients and weights, or the other way round."""
        return max(self.computing, self.exchanging)

    @property
    def samples_per_second(self) -> float:
        """Of all devices together."""
        return self.batch / self.step_seconds

    @property
    def days(self) -> float:
        """Until the last step."""
        return self.steps * self.step_seconds / SECONDS_A_DAY

    @property
    def settings(self) -> str:
        """As command line options."""
        flags = f"--set train.parallel={self.parallel} --set train.accumulate={self.accumulate}"
        return f"{flags} --set train.recompute={str(self.recompute).lower()}"


def training_flops(stage: Any, towers: ClipConfig, *, caption: int, recompute: bool) -> float:
    """Of one sample: forward, twice that backward, forward again where blocks are computed again."""
    own = stage_cost(stage, caption=caption).flops * (4 if recompute else 3)
    return own + frozen_cost(stage, towers, caption=caption).flops


def state_bytes(stage: Any, towers: ClipConfig, devices: int, *, parallel: str, caption: int) -> float:
    """Weights, gradients, moments and averages on one device, with the copies in bf16 and the frozen towers (bf16)."""
    parameters = stage_cost(stage, caption=caption).parameters
    frozen = HALF * frozen_cost(stage, towers, caption=caption).parameters
    if parallel == "ddp":
        return (STATE_BYTES + HALF) * parameters + frozen
    gathered = 2 * (HALF + 4) * parameters / BLOCKS  # two blocks: weights in bf16, gradients before they are divided
    return STATE_BYTES * parameters / devices + gathered + frozen


def sample_bytes(stage: Any, *, caption: int, recompute: bool) -> float:
    """What a sample keeps for the backward pass, in bf16."""
    kept = stage_cost(stage, caption=caption).kept
    if not recompute:
        return HALF * kept
    return HALF * (block_inputs(stage, caption=caption) + kept / BLOCKS)


def exchanged_bytes(parameters: int, devices: int, *, parallel: str, parts: int) -> float:
    """What a device sends in a step.

    DDP's ring sums the gradients once a step, which takes twice their size; FSDP gathers the weights in bf16 for either
    way of every part, and divides the gradients.
    """
    share = (devices - 1) / devices
    if parallel == "ddp":
        return 2 * 4 * parameters * share
    return (2 * HALF + 4) * parameters * share * parts


def plan(stage: Any, towers: ClipConfig, devices: int, device: Device, *, caption: int = 32) -> Plan:
    """The fastest setting that fits; of equally fast ones the plainest.

    Raises `InputError` for a kind of stage without a formula, for a batch that cannot be split over the devices, and
    where the stage does not fit at all.
    """
    _check(stage, devices)
    ways = [(parallel, recompute) for recompute in (False, True) for parallel in ("ddp", "fsdp")]
    found = [_candidate(stage, towers, devices, device, caption, *way) for way in ways]
    fitting = [one for one in found if one is not None]
    if not fitting:
        need = state_bytes(stage, towers, devices, parallel="fsdp", caption=caption) / 1e9
        raise InputError(
            f"This stage needs more than {need:.0f} GB on each of {devices} devices, and of {device.name} "
            f"{USABLE * device.memory / 1e9:.0f} can be used; use more devices."
        )
    return min(fitting, key=lambda one: one.step_seconds)


def _candidate(
    stage: Any, towers: ClipConfig, devices: int, device: Device, caption: int, parallel: str, recompute: bool
) -> Plan | None:
    """The plan with this setting, None where it does not fit."""
    state = state_bytes(stage, towers, devices, parallel=parallel, caption=caption)
    each = sample_bytes(stage, caption=caption, recompute=recompute)
    room = int((USABLE * device.memory - state) / each)
    if room < 1 or (parallel == "fsdp" and devices == 1):
        return None
    micro, parts = _split(stage.train.batch // devices, room)
    flops = training_flops(stage, towers, caption=caption, recompute=recompute)
    parameters = stage_cost(stage, caption=caption).parameters
    sent = exchanged_bytes(parameters, devices, parallel=parallel, parts=parts)
    return Plan(
        devices=devices,
        batch=stage.train.batch,
        steps=stage.train.steps,
        parallel=parallel,
        micro_batch=micro,
        accumulate=parts,
        recompute=recompute,
        bytes=state + micro * each,
        computing=stage.train.batch * flops / (devices * device.peak * device.utilisation),
        exchanging=sent / (device.wires if devices <= NODE else device.network),
    )


def _check(stage: Any, devices: int) -> None:
    if stage.kind not in STAGES:
        raise InputError(f"There is no formula for stages of the kind {stage.kind}; choose {', '.join(STAGES)}.")
    if devices < 1 or stage.train.batch % devices:
        raise InputError(f"A batch of {stage.train.batch} cannot be split over {devices} devices; use a divisor.")


def _split(share: int, room: int) -> tuple[int, int]:
    """The largest part of a device's share that fits and divides it, and how many parts that makes."""
    micro = max(part for part in range(1, min(share, room) + 1) if share % part == 0)
    return micro, math.ceil(share / micro)


def tokens(stage: Any, *, caption: int = 32) -> int:
    """Places a sample has in a network: tokens of a transformer, places of a U-Net's finest map."""
    config = stage.network
    if stage.kind == "prior":
        return caption + 4
    if stage.kind == "clip":
        return int(config.text.max_tokens + (config.image.size // config.image.patch) ** 2)
    return int(((config.size // config.patch) if stage.kind == "decoder" else stage.crop // 4) ** 2)
