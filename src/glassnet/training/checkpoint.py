"""Checkpoints: everything that is needed to go on with training, in one sealed file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.engines.base import State
from glassnet.errors import DataError, ModelFileError, SettingError, short
from glassnet.files import expect_format, read_sealed, write_sealed
from glassnet.nn.network import Network
from glassnet.optim import Optimizer
from glassnet.settings import inside
from glassnet.training.history import History, as_json, epochs_from_json
from glassnet.types import Array

FORMAT, VERSION = "glassnet-checkpoint", 2
PARTS = {
    "network": dict, "optimizer": dict, "seed": int, "shuffle_seed": int,
    "step": int, "epoch": int, "met": int, "history": list,
}  # fmt: skip
"""What a checkpoint holds, and of which type; every whole number is one that a seed may be."""

SINCE_2 = {
    "training": str, "rate_factor": float, "callbacks": dict, "settings": dict, "about": dict,
}  # fmt: skip
"""What it holds since version 2, before which callbacks began anew and nobody was told of what."""

Memory = Mapping[str, Any]
"""What a callback remembers: by name, JSON or arrays."""

_NONE = np.zeros(0)


@dataclass(frozen=True)
class Snapshot:
    """Everything that is needed to go on with training, as it was at one moment.

    network, optimizer      their descriptions, as JSON
    state                   the network's arrays and the optimiser's
    seed, shuffle_seed      of the network, which fixes dropout, and of the order of the rows
    step, epoch             how many updates and epochs were made
    met                     how many rows of the epoch after were trained on already
    history                 what all of them measured
    losses, counts          (B,) the losses of the batches that made up `met`, and what they count
    training                which training it is of: a name of its own, which goes along
    rate_factor             what multiplies the optimiser's learning rate
    memory                  what each callback remembers, by its name
    settings                how it trains, as JSON
    about                   what else those who keep it want to know, as JSON
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
    losses: Array = field(default_factory=_NONE.copy)
    counts: Array = field(default_factory=_NONE.copy)
    training: str = ""
    rate_factor: float = 1.0
    memory: Mapping[str, Memory] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Keep it in a file; an old one stays whole until the new one is."""
        arrays = {f"network/{name}": array for name, array in self.state.arrays.items()}
        for name, slots in self.state.slots.items():
            arrays |= {f"optimizer/{name}/{slot}": array for slot, array in slots.items()}
        arrays |= {"epoch/losses": self.losses, "epoch/counts": self.counts}
        told: dict[str, dict[str, Any]] = {}
        for callback, memory in self.memory.items():
            told[callback] = {}
            for name, value in memory.items():
                if isinstance(value, np.ndarray):
                    arrays[f"callbacks/{callback}/{name}"] = value
                else:
                    told[callback][name] = as_json(value)
        document = {
            "format": FORMAT,
            "version": VERSION,
            **{part: getattr(self, part) for part in PARTS},
            "history": as_json(self.history.epochs),
            "training": self.training,
            "rate_factor": float(self.rate_factor),
            "callbacks": told,
            "settings": as_json(self.settings),
            "about": as_json(self.about),
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
    return snapshot_of(path, *read_sealed(path))


def snapshot_of(
    path: str | os.PathLike[str], document: Mapping[str, Any], arrays: Mapping[str, Array]
) -> Snapshot:
    """Make a snapshot of what a sealed file holds.

    path    the file's name, for messages

    Raises ModelFileError if it is no whole checkpoint.
    """
    first = document.get("version") == 1
    expect_format(path, document, FORMAT, 1 if first else VERSION)
    known = PARTS if first else PARTS | SINCE_2
    for part, needed in known.items():
        value = document.get(part)
        if type(value) is not needed or (type(value) is int and not 0 <= value < 2**63):
            raise ModelFileError(f"{path} lacks a part of a checkpoint: its {part}.")
    try:
        history = History(epochs_from_json(document["history"]))
    except DataError as error:
        raise ModelFileError(f"{path} holds a damaged history. {error}") from error
    own: dict[str, Array] = {}
    slots: dict[str, dict[str, Array]] = {}
    epoch = {"losses": _NONE, "counts": _NONE}
    memory: dict[str, dict[str, Any]] = {}
    for callback, told in document.get("callbacks", {}).items():
        if not isinstance(told, dict):
            raise ModelFileError(f"{path} is damaged: what {short(callback)} remembers is missing.")
        memory[callback] = dict(told)
    for key, array in arrays.items():
        kind, _, name = key.partition("/")
        if kind == "network":
            own[name] = array
        elif kind == "optimizer":
            parameter, _, slot = name.rpartition("/")
            slots.setdefault(parameter, {})[slot] = array
        elif kind == "epoch":
            epoch[name] = array
        elif kind == "callbacks":
            callback, _, name = name.partition("/")
            memory.setdefault(callback, {})[name] = array
    _expect_an_epoch(path, epoch["losses"], epoch["counts"])
    parts = {part: document[part] for part in PARTS} | {"history": history}
    if not first:
        parts |= {part: document[part] for part in SINCE_2 if part != "callbacks"}
        if not inside("(0, inf)", parts["rate_factor"]):
            raise ModelFileError(f"{path} lacks a part of a checkpoint: its rate_factor.")
    return Snapshot(
        state=State(own, slots),
        losses=epoch["losses"],
        counts=epoch["counts"],
        memory=memory,
        **parts,
    )


def _expect_an_epoch(path: str | os.PathLike[str], losses: Array, counts: Array) -> None:
    """Raise ModelFileError unless an epoch in progress has a loss and a count for each batch."""
    for array in (losses, counts):
        if array.dtype != np.float64 or array.ndim != 1 or len(array) != len(losses):
            raise ModelFileError(f"{path} is damaged: the losses of its last epoch do not fit.")


def _forms(state: State) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return the type and the shape of every array."""
    arrays = dict(state.arrays)
    for name, slots in state.slots.items():
        arrays |= {f"{name}/{slot}": array for slot, array in slots.items()}
    return {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
