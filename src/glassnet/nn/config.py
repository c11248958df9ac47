"""Layers and networks as JSON: descriptions that hold names and numbers, never code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from glassnet.errors import GlassnetError, ModelFileError, SettingError
from glassnet.nn import initializers
from glassnet.nn.layer import Layer


def layer_config(layer: Layer) -> dict[str, Any]:
    """Describe a layer: its class and its hyper-parameters."""
    settings = {}
    for f in fields(layer):
        value = getattr(layer, f.name)
        if f.name != "name":
            is_init = initializers.is_field(f.name)
            settings[f.name] = initializers.describe(value) if is_init else value
    return {"class": type(layer).__name__, **settings}


def layer_from_config(config: Mapping[str, Any], known: Mapping[str, type[Layer]]) -> Layer:
    """Make the layer that `layer_config` described, from the classes in `known`."""
    settings = dict(config)
    name = settings.pop("class", None)
    if name not in known:
        raise ModelFileError(
            f"The file asks for a layer {name!r}, which is not one of Glassnet's. If you wrote it, "
            f"hand its class over: gn.load(path, layers=[{name}])."
        )
    for key, value in settings.items():
        if initializers.is_field(key):
            settings[key] = initializers.initializer("zeros" if value is None else value)
    try:
        return known[name](**settings)
    except TypeError as error:
        raise ModelFileError(
            f"The file describes a {name} with settings that it does not take: {error}."
        ) from None
    except GlassnetError as error:
        raise ModelFileError(f"The file describes a {name} that cannot be: {error}") from None


def known_layers(extra: Iterable[Any] = ()) -> dict[str, type[Layer]]:
    """Return the layer classes by name: Glassnet's own, and those handed over."""
    from glassnet.nn import layers

    own = {name: getattr(layers, name) for name in layers.__all__}
    for cls in extra:
        if not (isinstance(cls, type) and issubclass(cls, Layer)):
            raise SettingError(f"layers= expects classes derived from gn.Layer, got {cls!r}.")
        own[cls.__name__] = cls
    return own
