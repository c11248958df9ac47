"""Packing: a model as the JSON document of a page that runs it, and back."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

import glassnet
from glassnet.data.meaning import meaning_from_json
from glassnet.errors import GlassnetError, ModelFileError, SettingError
from glassnet.model.base import BaseModel
from glassnet.model.description import description
from glassnet.model.experience import ARRAYS, Experience
from glassnet.nn import layers
from glassnet.nn.config import network_from_config
from glassnet.nn.network import Network
from glassnet.types import Array

FORMAT, VERSION = "glassnet-page", 1


def packed(model: BaseModel, name: str) -> dict[str, Any]:
    """Write a model as the document that web/src/standalone/document.ts describes.

    Raises SettingError for layers that the page does not know.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "glassnet": glassnet.__version__,
        "description": {"models": [description(model, name)], "learns": False},
        "model": {
            "network": packed_network(model.network),
            "arrays": packed_arrays(model.network.arrays()),
            "inputs": model.inputs.to_json(),
            "outputs": model.outputs.to_json(),
            "experience": model.experience and _packed_experience(model.experience),
        },
    }


def unpacked(document: Mapping[str, Any]) -> BaseModel:
    """Read the model out of a document again.

    Raises ModelFileError for what `packed` did not write.
    """
    try:
        told = document["model"]
        config = {key: value for key, value in told["network"].items() if key != "shapes"}
        network = network_from_config(config, _unpacked_arrays(told["arrays"]))
        inputs: Any = meaning_from_json(told["inputs"])
        outputs: Any = meaning_from_json(told["outputs"])
        experience = told["experience"] and _unpacked_experience(told["experience"])
        return BaseModel(network, inputs, outputs, experience=experience)
    except (KeyError, TypeError, ValueError, GlassnetError) as error:
        raise ModelFileError(f"The page's document is not usable: {error!r}.") from error


def packed_network(network: Network) -> dict[str, Any]:
    """Describe a network, with the shape of each node's output.

    Raises SettingError, by name, for layers that are not Glassnet's own, and for those of its own
    that say that the page does not know them.
    """
    for owner, layer in network.layers.items():
        kind = type(layer).__name__
        if getattr(layers, kind, None) is not type(layer):
            raise SettingError(
                f"The page computes Glassnet's own layers only, and {owner} is a layer of yours, "
                f"{kind}. Put layers of glassnet.nn in its place, or serve the model from Python."
            )
        if why := layer.not_in.get("page"):
            raise SettingError(
                f"The page does not compute {owner}, {layer}: {why}. Put another layer in its "
                "place, or serve the model from Python."
            )
    return network.config() | {"shapes": {node.name: list(node.shape) for node in network.nodes}}


def packed_arrays(arrays: Mapping[str, Array]) -> dict[str, dict[str, Any]]:
    """Write arrays in their own precision, bit for bit."""
    return {name: _packed_array(array) for name, array in arrays.items()}


def _packed_array(array: Array) -> dict[str, Any]:
    data = np.asarray(array, array.dtype.newbyteorder("<"), order="C").tobytes()
    text = base64.b64encode(data).decode("ascii")
    return {"dtype": array.dtype.name, "shape": list(array.shape), "base64": text}


def _unpacked_arrays(packed: Mapping[str, Any]) -> dict[str, Array]:
    arrays = {}
    for name, one in packed.items():
        dtype = np.dtype({"float32": "<f4", "float64": "<f8"}[one["dtype"]])
        try:
            data = base64.b64decode(one["base64"], validate=True)
        except binascii.Error as error:
            raise ValueError(f"the array {name!r} is no base64: {error}") from None
        arrays[name] = np.frombuffer(data, dtype).reshape(one["shape"])
    return arrays


def _packed_experience(experience: Experience) -> dict[str, Any]:
    numbers, arrays = experience.to_file()
    own = {name.removeprefix("experience."): array for name, array in arrays.items()}
    return numbers | {"arrays": packed_arrays(own)}


def _unpacked_experience(packed: Mapping[str, Any]) -> Experience:
    numbers = {name: value for name, value in packed.items() if name != "arrays"}
    arrays = _unpacked_arrays(packed["arrays"])
    return Experience.from_file(numbers, {f"experience.{name}": arrays[name] for name in ARRAYS})


def to_script(document: Mapping[str, Any]) -> str:
    """Write a document as JSON that can stand in a page's script element, whatever its texts hold.

    Only ASCII, and no <, > or &: no text ends the element, or begins a comment in it.
    """
    text = json.dumps(document, allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
