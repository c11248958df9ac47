"""load(): a model from its file, or from a checkpoint of its training."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from typing import Any

from glassnet.data.meaning import meaning_from_json as read_meaning
from glassnet.errors import ModelFileError, SettingError, ShapeError
from glassnet.files import expect_format, read_sealed_bytes, unseal
from glassnet.model.base import FORMAT, VERSION
from glassnet.model.experience import Experience
from glassnet.model.model import Model
from glassnet.nn.config import network_from_config
from glassnet.nn.layer import Layer
from glassnet.settings import ALLOW_MORE, as_people_read, most_memory
from glassnet.training.checkpoint import FORMAT as CHECKPOINT
from glassnet.training.checkpoint import Snapshot, snapshot_of
from glassnet.types import Array


def load(
    path: str | os.PathLike[str],
    layers: type[Layer] | Iterable[type[Layer]] = (),
    max_memory: int | str | None = None,
) -> Model:
    """Read a model file, or a checkpoint of `gn.train`, which is the model as it was then.

    Nothing in it is run: it holds names and numbers.

    layers      classes of your own that the network uses: one or several
    max_memory  bytes, or a text such as "512M", that the file may have and that one row may take on
                its way through the network; unless given, GLASSNET_MAX_MEMORY or else 1 GiB

    Raises FileError if there is no such file, ModelFileError if it is damaged, was changed after it
    was saved, is something else, or asks for a layer that is not known or for more memory.
    """
    limit = most_memory(max_memory)
    data = read_sealed_bytes(path, limit)
    document, arrays = unseal(path, data)
    if document.get("format") == CHECKPOINT:
        model = _model_of(path, snapshot_of(path, document, arrays), layers)
    else:
        model = _model_in(path, document, arrays, layers)
    network = model.network
    needed = network.need.forward * network.dtype.itemsize
    if needed > limit:
        raise ModelFileError(
            f"{path} holds a network that needs {as_people_read(needed)} for one row, and "
            f"{as_people_read(limit)} are allowed. {ALLOW_MORE}"
        )
    network.most_memory = limit
    model.digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return model


def _model_in(
    path: str | os.PathLike[str], document: dict[str, Any], arrays: dict[str, Array],
    layers: type[Layer] | Iterable[type[Layer]],
) -> Model:  # fmt: skip
    """Make the model that a model file holds."""
    expect_format(path, document, FORMAT, VERSION)
    for part in ("network", "inputs", "outputs", "provenance"):
        if not isinstance(document.get(part), dict):
            raise ModelFileError(f"{path} lacks its {part}.")
    experience = None
    if "experience" in document:
        experience = Experience.from_file(document["experience"], arrays)
    network = network_from_config(document["network"], arrays, layers)
    inputs: Any = read_meaning(document["inputs"])
    outputs: Any = read_meaning(document["outputs"])
    return _fitting(path, network, inputs, outputs, document["provenance"], experience)


def _model_of(
    path: str | os.PathLike[str], kept: Snapshot, layers: type[Layer] | Iterable[type[Layer]]
) -> Model:
    """Make the model that a checkpoint holds, as it was then.

    path, layers    as `load` has them

    Raises ModelFileError where the checkpoint does not say what rows and answers mean.
    """
    inputs, outputs = kept.about.get("inputs"), kept.about.get("outputs")
    if not isinstance(inputs, dict) or not isinstance(outputs, dict):
        raise ModelFileError(
            f"{path} is a checkpoint that does not say what rows and answers mean. Go on with it "
            "by trainer.resume(path)."
        )
    x: Any = read_meaning(inputs)
    y: Any = read_meaning(outputs)
    network = network_from_config(kept.network, kept.state.arrays, layers)
    provenance = {
        "data": kept.about.get("data"),
        "settings": dict(kept.settings),
        "history": kept.history.epochs,
        "ended": f"a checkpoint after epoch {kept.epoch}",
    }
    return _fitting(path, network, x, y, provenance)


def _fitting(path: str | os.PathLike[str], *parts: Any) -> Model:
    """Make a model of its parts. Raises ModelFileError where they do not fit together."""
    try:
        return Model(*parts)
    except (SettingError, ShapeError) as error:
        raise ModelFileError(f"{path} does not fit together: {error}") from error
