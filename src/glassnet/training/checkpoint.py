"""Checkpoints: everything that is needed to go on with training, in one sealed file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glassnet.engines.base import State
from glassnet.errors import DataError, ModelFileError, SettingError, short
from glassnet.files import expect_format, read_sealed, write_sealed
from glassnet.nn.network import Network
from glassnet.optim import Optimizer
from glassnet.training.history import History, as_json, epochs_from_json
from glassnet.types import Array

FORMAT, VERSION = "glassnet-checkpoint", 1
PARTS = {
    "network": dict, "optimizer": dict, "seed": int, "shuffle_seed": int,
    "step": int, "epoch": int, "met": int, "history": list,
}  # fmt: skip
"""What a checkpoint holds, and of which type; every whole number is one that a seed may be."""


@dataclass(frozen=True)
class Snapshot:
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
            "history": as_json(self.history.epochs),
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
                    f"The checkpoint is of another network. Its {part}: "
                    f"{short(self.network.get(part))}; here: {short(own[part])}."
                )
        made_with = self.optimizer.get("class")
        if optimizer.config()["class"] != made_with:
            raise SettingError(
                f"The checkpoint was made with {short(made_with)}, not with "
                f"{type(optimizer).__name__}. Its state would mean nothing here."
            )
        if _forms(self.state) != _forms(state):
            raise SettingError(
                f"The checkpoint was made with {short(self.optimizer)}, which remembers other "
                f"arrays than {optimizer}. Use the settings it was made with."
            )


def read_checkpoint(path: str | os.PathLike[str]) -> Snapshot:
    """Read a checkpoint. Raises FileError or ModelFileError if it is not a whole one."""
    document, arrays = read_sealed(path)
    expect_format(path, document, FORMAT, VERSION)
    for part, needed in PARTS.items():
        value = document.get(part)
        if type(value) is not needed or (type(value) is int and not 0 <= value < 2**63):
            raise ModelFileError(f"{path} lacks a part of a checkpoint: its {part}.")
    try:
        history = History(epochs_from_json(document["history"]))
    except DataError as error:
        raise ModelFileError(f"{path} holds a damaged history. {error}") from error
    own: dict[str, Array] = {}
    slots: dict[str, dict[str, Array]] = {}
    for key, array in arrays.items():
        kind, _, name = key.partition("/")
        if kind == "network":
            own[name] = array
        else:
            parameter, _, slot = name.rpartition("/")
            slots.setdefault(parameter, {})[slot] = array
    parts = {part: document[part] for part in PARTS} | {"history": history}
    return Snapshot(state=State(own, slots), **parts)


def _forms(state: State) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return the type and the shape of every array."""
    arrays = dict(state.arrays)
    for name, slots in state.slots.items():
        arrays |= {f"{name}/{slot}": array for slot, array in slots.items()}
    return {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
