"""Checks of single values: each raises `InputError` with a sentence that says what would do."""

from __future__ import annotations

from sfumato.errors import InputError

MAX_PICTURES = 100
MAX_STEPS = 1000
MAX_GUIDANCE = 50.0
SEED_LIMIT = 2**63
TRANSPARENT = "transparent"


def check_whole(name: str, value: object, low: int, high: int) -> None:
    """A whole number from low to high; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"The {name} {value!r} cannot be used; give a whole number from {low} to {high}.")


def check_number(name: str, value: object, low: float, high: float, hint: str = "") -> None:
    """A finite number from low to high; `hint` is put behind the range."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    if not fits:
        raise InputError(f"The {name} {value!r} cannot be used; give a number from {low:g} to {high:g}{hint}.")


def check_choice(name: str, value: object, known: tuple[object, ...]) -> None:
    """One of a few values."""
    if isinstance(value, bool) or value not in known:
        raise InputError(f"The {name} {value!r} is unknown; choose {listed(known)}.")


def check_sampler(name: object) -> None:
    """The name of a sampler."""
    from sfumato.diffusion.samplers import SAMPLERS  # noqa: PLC0415 - keeps requests light

    check_choice("sampler", name, tuple(SAMPLERS))


def normal_background(background: object) -> str:
    """Any way to write a background → "transparent" or "#rrggbb"."""
    from sfumato.picture.convert import parse_background  # noqa: PLC0415

    colour = parse_background(str(background))
    return TRANSPARENT if colour is None else "#{:02x}{:02x}{:02x}".format(*colour)


def listed(known: tuple[object, ...]) -> str:
    """a, b or c."""
    *others, last = map(str, known)
    return f"{', '.join(others)} or {last}" if others else last
