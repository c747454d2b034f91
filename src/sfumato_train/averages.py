"""Choosing, after a run, among the averages of its weights that it kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sfumato.errors import InputError
from sfumato_train.checkpoint import source
from sfumato_train.ema import set_name


def kept(path: Path) -> list[str]:
    """Names of the averages in a checkpoint: `ema`, which ships, and `ema@DECAY` of the others."""
    names = {name.partition("/")[0] for name in source(path).types}
    return sorted(name for name in names if name == "ema" or name.startswith("ema@"))


def chosen(path: Path, decay: float | None) -> str:
    """The name of an average for `load_network(path, weights=…)`; None is the one that ships.

    Raises InputError that names those there are when it was not kept.
    """
    name = "ema" if decay is None else set_name(decay)
    there = kept(path)
    if name not in there:
        others = ", ".join(one.partition("@")[2] for one in there if one != "ema") or "none"
        raise InputError(
            f"{path} has no average of decay {decay:g}; it has {others} besides the one that ships."
        )
    return name


def sets(checkpoints: Mapping[str, Path], decays: Mapping[str, float]) -> dict[str, str]:
    """The name of the average of each stage; InputError for a stage that is not among the checkpoints."""
    unknown = sorted(set(decays) - set(checkpoints))
    if unknown:
        known = ", ".join(checkpoints)
        raise InputError(f"There is no stage {unknown[0]!r} to take an average of; choose among {known}.")
    return {stage: chosen(path, decays.get(stage)) for stage, path in checkpoints.items()}


def wanted(settings: Sequence[str]) -> dict[str, float]:
    """`decoder=0.9995` → the decay by stage; InputError for what is not written so."""
    found = {}
    for setting in settings:
        stage, _, decay = setting.partition("=")
        try:
            found[stage] = float(decay)
        except ValueError as error:
            raise InputError(f"The average {setting!r} is not understood; write it as decoder=0.9995.") from error
    return found
