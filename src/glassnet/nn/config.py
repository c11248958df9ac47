"""Networks from JSON: descriptions that hold names and numbers, never code."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from glassnet.errors import (
    DataError,
    GlassnetError,
    GraphError,
    ModelFileError,
    SettingError,
    ShapeError,
)  # fmt: skip
from glassnet.nn import initializers, layers
from glassnet.nn.graph import listed
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network
from glassnet.settings import as_tuple
from glassnet.types import Array, Generator, Shape


def network_from_config(
    config: Mapping[str, Any], arrays: Mapping[str, Array], own_layers: Any = ()
) -> Network:
    """Make the network that `Network.config` described, with these arrays.

    Only classes from glassnet.nn and those in `own_layers` are used. Raises ModelFileError if the
    description or the arrays do not fit, before memory is taken for more than the arrays hold.
    """
    known = known_layers(own_layers)
    allowance = Allowance(sum(array.size for array in arrays.values()))
    try:
        made = {
            name: layer_from_config({**one, "name": name}, known)
            for name, one in config["layers"].items()
        }
        with allowance.over(made.values()):
            network = Network.wire(
                {name: tuple(shape) for name, shape in config["inputs"].items()},
                {n["name"]: (made[n["layer"]], n["inputs"]) for n in config["nodes"]},
                config["outputs"],
                seed=config["seed"],
                dtype=config["dtype"],
            )
    except (GraphError, ShapeError, SettingError) as error:
        raise ModelFileError(f"The file describes a network that cannot be: {error}") from error
    except (KeyError, TypeError, AttributeError, ValueError, MemoryError) as error:
        raise ModelFileError(
            f"The file's description of the network is damaged ({error!r})."
        ) from error
    missing = set(network.arrays()) ^ set(arrays)
    if missing:
        raise ModelFileError(
            f"The file's arrays are not those of its network: {listed(sorted(missing))}."
        )
    try:
        with np.errstate(over="ignore"):  # a float64 that a float32 cannot hold becomes infinite
            network.load_parameters(arrays)
    except (ShapeError, DataError) as error:
        raise ModelFileError(f"The file's arrays do not fit its network: {error}") from error
    wrong = [name for name, array in network.arrays().items() if not np.isfinite(array).all()]
    if wrong:
        raise ModelFileError(f"The file's arrays are NaN or infinite in {listed(wrong)}.")
    return network


def layer_from_config(config: Mapping[str, Any], known: Mapping[str, type[Layer]]) -> Layer:
    """Make the layer that `Layer.config` described, from the classes in `known`."""
    settings = dict(config)
    name = settings.pop("class", None)
    if name not in list(known):
        raise ModelFileError(
            f"The file asks for a layer {name!r}, which is not one of Glassnet's. If you wrote it, "
            f"hand its class over: gn.load(path, layers=[{name}])."
        )
    try:
        for key, value in settings.items():
            if key in known[name].initializers:
                settings[key] = initializers.initializer("zeros" if value is None else value)
        return known[name](**settings)
    except TypeError as error:
        raise ModelFileError(
            f"The file describes a {name} with settings that it does not take: {error}."
        ) from None
    except GlassnetError as error:
        raise ModelFileError(f"The file describes a {name} that cannot be: {error}") from None


def known_layers(extra: Any = ()) -> dict[str, type[Layer]]:
    """Return the layer classes by name: Glassnet's own, and those handed over."""
    own = {name: getattr(layers, name) for name in layers.__all__}
    for cls in as_tuple("layers", extra, type, "a class derived from gn.Layer"):
        if not issubclass(cls, Layer):
            raise SettingError(f"layers expects classes derived from gn.Layer, got {cls!r}.")
        own[cls.__name__] = cls
    return own


class Allowance:
    """Stands in for initialisers while a file is read: zeros, no more than the file holds."""

    def __init__(self, numbers: int) -> None:
        self.left = numbers

    def __call__(self, shape: Shape, rng: Generator, /) -> Array:  # noqa: ARG002
        self.take(math.prod(shape))
        return np.zeros(shape)

    def take(self, numbers: int) -> None:
        """Count numbers that an array is going to hold."""
        self.left -= numbers
        if self.left < 0:
            raise ShapeError("it has more parameters than the file has numbers.")

    @contextmanager
    def over(self, made: Iterable[Layer]) -> Iterator[None]:
        """Watch over these layers while they are built."""
        watched = []
        for layer in made:
            inits = {name: getattr(layer, name) for name in layer.initializers}
            watched.append((layer, inits))
            vars(layer).update(dict.fromkeys(inits, self))
            if isinstance(layer, layers.BatchNorm | layers.LayerNorm | layers.Standardize):
                vars(layer)["build"] = partial(self._build, layer.build)
        yield
        for layer, inits in watched:
            vars(layer).update(inits)
            vars(layer).pop("build", None)

    def _build(self, build: Callable[..., Shape], shape: Shape, rng: Generator) -> Shape:
        """Build a layer without initialisers: its arrays have the shape of a row."""
        self.take(math.prod(shape))
        return build(shape, rng)
