"""Recipes: functions that return the full configuration of a model."""

from collections.abc import Callable

from sfumato.errors import InputError
from sfumato_train.config import Recipe
from sfumato_train.recipes.paper import paper
from sfumato_train.recipes.sticker import sticker
from sfumato_train.recipes.tiny import tiny

RECIPES: dict[str, Callable[[], Recipe]] = {"sticker": sticker, "tiny": tiny, "paper": paper}


def recipe(name: str) -> Recipe:
    """The recipe called `name`; InputError naming the known ones otherwise."""
    if name not in RECIPES:
        raise InputError(f"There is no recipe {name!r}; choose one of {', '.join(RECIPES)}.")
    return RECIPES[name]()
