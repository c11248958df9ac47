"""Frame: everything that one call of one layer leaves behind."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from glassnet.errors import SettingError, one_of
from glassnet.types import Array, Generator

SPECIAL = {"numpy": "scipy.special", "jax.numpy": "jax.scipy.special"}
"""The modules that have SciPy's special functions, by SciPy's names, for each array namespace."""


class Frame:
    """What one call of one layer keeps, by name. A layer itself keeps no trace of any pass.

    xp          the array namespace to compute with: the only seam to the hardware
    special     the special functions for it, such as erf, which array namespaces lack
    training    whether dropout drops and running statistics move
    rng         random numbers of this call, the same for the same (seed, step, node)
    y, dy, dx   the call's output, and the loss's gradient with respect to output and input
    gradients   the loss's gradient with respect to the layer's parameters
    updates     new values of the layer's buffers, written after the pass
    wants_dx    False where nobody reads dx, as in front of the data: it may then be left out

    What `forward` keeps under a name, `frame["name"]` gives back to `backward`, and to anyone who
    looks at the pass afterwards.
    """

    __slots__ = ("dx", "dy", "gradients", "kept", "source", "training", "updates", "wants_dx",
                 "xp", "y")  # fmt: skip

    def __init__(
        self,
        training: bool = False,
        source: tuple[int, int, int] = (0, 0, 0),
        xp: Any = np,
        wants_dx: bool = True,
    ) -> None:
        self.xp = xp
        self.training = training
        self.source = source
        self.wants_dx = wants_dx
        self.kept: dict[str, Any] = {}
        self.gradients: dict[str, Array] = {}
        self.updates: dict[str, Array] = {}
        self.y: Any = None
        self.dy: Any = None
        self.dx: Any = None

    def keep(self, **values: Any) -> None:
        """Keep values for `backward`, by name."""
        self.kept.update(values)

    def __getitem__(self, name: str) -> Any:
        if name not in self.kept:
            raise one_of("kept value", name, list(self.kept) or ["none"])
        return self.kept[name]

    def grad(self, **gradients: Array) -> None:
        """Set the gradients of the layer's parameters, by name."""
        self.gradients.update(gradients)

    def update(self, **values: Array) -> None:
        """Set new values for the layer's buffers, by name; they are written after the pass."""
        self.updates.update(values)

    @property
    def rng(self) -> Generator:
        """Random numbers made from (seed, step, node) by the counter-based Philox generator.

        Any engine can draw the same numbers, and none depends on what was drawn before. The last
        word of the counter keeps them apart from those that shuffle rows.
        Source: Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (2011).
        """
        seed, step, node = self.source
        return np.random.Generator(np.random.Philox(key=[seed, node], counter=[0, 0, step, 1]))

    @property
    def special(self) -> Any:
        """SciPy's special functions for the arrays of `xp`; raises SettingError where none are."""
        name = self.xp.__name__
        if name not in SPECIAL:
            raise SettingError(
                f"No special functions are known for arrays of {name}, only for those of "
                f"{' and '.join(SPECIAL)}. Add a module to glassnet.nn.frame.SPECIAL."
            )
        return import_module(SPECIAL[name])


class ForgetfulFrame(Frame):
    """A frame for a forward pass that nobody will look back at: it keeps nothing."""

    __slots__ = ()

    def keep(self, **values: Any) -> None:
        """Keep nothing."""
