"""Checkpoints: everything that is needed to go on with training, in one sealed file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glassnet.engines.base import State
from glassnet.errors import ModelFileError, SettingError
from glassnet.files import read_sealed, write_sealed
from glassnet.nn.network import Network
from glassnet.optim import Optimizer
from glassnet.training.history import History, as_json, from_json
from glassnet.types import Array

FORMAT, VERSION = "glassnet-checkpoint", 1
PARTS = {
    "network": dict, "optimizer": dict, "seed": int, "shuffle_seed": int,
    "step": int, "epoch": int, "met": int, "history": list,
}  # fmt: skip


@dataclass(frozen=True)
class Checkpoint:
    """Everything that is needed to go on with training, as it was at one moment.

    network, optimizer      their descriptions, as JSON
    state                   the network's arrays and the optimiser's
    seed, shuffle_seed      of the network, which fixes dropout, and of the order of the rows
    step, epoch             how many updates and epochs were made
    met                     how many rows of the epoch after were trained on already
    history                 what all of them measured
    """

    network: Mapping[str, Any]
    optimizer: Mapping[str, Any]
    state: State
    seed: int
    shuffle_seed: int
    step: int
    epoch: int
    met: int
    history: History

    def write(self, path: str | os.PathLike[str]) -> None:
        """Keep it in a file; an old one stays whole until the new one is."""
        arrays = {f"network/{name}": array for name, array in self.state.arrays.items()}
        for name, slots in self.state.slots.items():
            arrays |= {f"optimizer/{name}/{slot}": array for slot, array in slots.items()}
        document = {
            "format": FORMAT,
            "version": VERSION,
            **{part: getattr(self, part) for part in PARTS},
            "history": [as_json(figures) for figures in self.history],
        }
        write_sealed(path, document, arrays)

    def expect(self, network: Network, optimizer: Optimizer, state: State) -> None:
        """Raise SettingError unless it was made of such a network with such an optimiser.

        state   what the training that is to go on from here has now
        """
        own = json.loads(json.dumps(network.config()))
        for part in ("inputs", "outputs", "layers", "nodes", "dtype"):
            if own[part] != self.network.get(part):
                raise SettingError(
                    f"The checkpoint is of another network: its {part} are "
                    f"{self.network.get(part)}, not {own[part]}."
                )
        if optimizer.config()["class"] != self.optimizer.get("class"):
            raise SettingError(
                f"The checkpoint was made with {self.optimizer.get('class')}, "
                f"not with {type(optimizer).__name__}. Its state would mean nothing here."
            )
        if _shapes(self.state) != _shapes(state):
            raise SettingError(
                f"The checkpoint was made with {self.optimizer}, which remembers other arrays than "
                f"{optimizer}. Use the settings it was made with."
            )


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint. Raises FileError or ModelFileError if it is not a whole one."""
    document, arrays = read_sealed(path)
    if document.get("format") != FORMAT or document.get("version") != VERSION:
        raise ModelFileError(
            f"{path} is no checkpoint of this version: expected {FORMAT} {VERSION}, "
            f"got {document.get('format')} {document.get('version')}."
        )
    for part, needed in PARTS.items():
        if not isinstance(document.get(part), needed):
            raise ModelFileError(f"{path} lacks a part of a checkpoint: its {part}.")
    own: dict[str, Array] = {}
    slots: dict[str, dict[str, Array]] = {}
    for key, array in arrays.items():
        kind, _, name = key.partition("/")
        if kind == "network":
            own[name] = array
        else:
            parameter, _, slot = name.rpartition("/")
            slots.setdefault(parameter, {})[slot] = array
    history = History([from_json(figures) for figures in document["history"]])
    parts = {part: document[part] for part in PARTS} | {"history": history}
    return Checkpoint(state=State(own, slots), **parts)


def _shapes(state: State) -> dict[str, tuple[int, ...]]:
    shapes = {name: array.shape for name, array in state.arrays.items()}
    for name, slots in state.slots.items():
        shapes |= {f"{name}/{slot}": array.shape for slot, array in slots.items()}
    return shapes
