"""Recipes: five published tutorials, each run here as it is told; one file each.

A recipe prints what its tutorial prints, draws its picture, and says where its story goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glassnet.errors import one_of
from glassnet.recipes import eleven_lines, gonetwork, house_price, line, numerical_mnist
from glassnet.recipes.options import NextSteps as NextSteps
from glassnet.recipes.options import Options as Options


@dataclass(frozen=True)
class Recipe:
    """One line about a recipe, and what runs it."""

    about: str
    run: Callable[[Options], NextSteps]


RECIPES = {
    "house-price": Recipe(
        "rooms to price, by a graph of layers, a sample at a time", house_price.run
    ),
    "numerical-mnist": Recipe("gradients by nudging, beside backpropagation", numerical_mnist.run),
    "line": Recipe("a curve by Adam; δ, depth, shortcuts, dropout", line.run),
    "eleven-lines": Recipe("the whole idea, to the digits its author printed", eleven_lines.run),
    "gonetwork": Recipe("handwritten digits by mini-batch gradient descent", gonetwork.run),
}


def recipe(name: str) -> Recipe:
    """The recipe of that name. Raises SettingError where there is none."""
    if name not in RECIPES:
        raise one_of("recipe", name, list(RECIPES))
    return RECIPES[name]
