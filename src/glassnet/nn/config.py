"""Networks from JSON: descriptions that hold names and numbers, never code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.errors import (
    GlassnetError,
    GraphError,
    ModelFileError,
    SettingError,
    ShapeError,
)  # fmt: skip
from glassnet.nn import initializers, layers
from glassnet.nn.graph import ForeignArraysError
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network
from glassnet.nn.wiring import listed
from glassnet.settings import as_tuple
from glassnet.types import Array


def network_from_config(
    config: Mapping[str, Any], arrays: Mapping[str, Array], own_layers: Any = ()
) -> Network:
    """Make the network that `Network.config` described, with these arrays.

    Only classes from glassnet.nn and those in `own_layers` are used. Raises ModelFileError if the
    description or the arrays do not fit, before memory is taken for more than the arrays hold.
    """
    known = known_layers(own_layers)
    try:
        made = {
            name: layer_from_config({**one, "name": name}, known)
            for name, one in config["layers"].items()
        }
        with np.errstate(over="ignore"):  # a float64 that a float32 cannot hold becomes infinite
            network = Network.wire(
                {name: tuple(shape) for name, shape in config["inputs"].items()},
                {n["name"]: (made[n["layer"]], n["inputs"]) for n in config["nodes"]},
                config["outputs"],
                seed=config["seed"],
                dtype=config["dtype"],
                arrays=arrays,
            )
    except ForeignArraysError as error:
        raise ModelFileError(f"The file's arrays are not those of its network: {error}") from error
    except (GraphError, ShapeError, SettingError) as error:
        raise ModelFileError(f"The file describes a network that cannot be: {error}") from error
    except (KeyError, TypeError, AttributeError, ValueError, MemoryError) as error:
        raise ModelFileError(
            f"The file's description of the network is damaged ({error!r})."
        ) from error
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
