"""Resuming: what a checkpoint says of the `train` that wrote it, and of the model to be made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glassnet.data import Dataset, datasets
from glassnet.data.augment import Augment
from glassnet.data.augment import from_config as augment_from_config
from glassnet.data.meaning import Inputs, Outputs
from glassnet.errors import DataError, ModelFileError, SettingError, short
from glassnet.model.provenance import of_data
from glassnet.optim import Optimizer, optimizer_from_config
from glassnet.training.callbacks import Checkpoint
from glassnet.training.checkpoint import Snapshot, read_checkpoint

Asked = dict[str, Any]
"""What `train` was asked, by the names of its arguments."""


def about(data: Dataset, inputs: Inputs, outputs: Outputs, asked: Asked) -> dict[str, Any]:
    """Write down, as JSON, what `train` needs to go on, and what the rows and the answers mean."""
    return {
        "data": of_data(data),
        "inputs": inputs.to_json(),
        "outputs": outputs.to_json(),
        "asked": {name: as_json(value) for name, value in asked.items()},
    }


def kept_in(checkpoint: str | Path | Checkpoint | None) -> Snapshot | None:
    """Return the last checkpoint in a folder, or None where there is none yet.

    Raises SettingError without a folder, FileError for what is no whole checkpoint.
    """
    if checkpoint is None:
        raise SettingError("resume goes on from a checkpoint: say where, checkpoint=FOLDER.")
    last = _last(checkpoint)
    return read_checkpoint(last) if last.exists() else None


def as_before(kept: Snapshot, data: str | Dataset | None, given: Asked) -> tuple[Dataset, Asked]:
    """Return the data and everything else that `train` was asked when the training began.

    given   what it is asked now; it may repeat what it was asked then, and nothing else

    Raises SettingError for another setting, DataError for other data, or data that is not at hand,
    and ModelFileError where the checkpoint does not say what was asked.
    """
    told, asked = kept.about.get("data"), kept.about.get("asked")
    if not isinstance(told, dict) or not isinstance(asked, dict):
        raise ModelFileError(
            "The checkpoint is not of a training that gn.train began. Go on with it by "
            "trainer.resume(path)."
        )
    expect_as_before(kept, given)
    if data is None:
        data = str(told.get("name"))
        if data not in datasets.names():
            raise DataError(f"The checkpoint is of data of your own, {short(data)}: give it again.")
    if isinstance(data, str):
        data = datasets.load(data)
    if not isinstance(data, Dataset) or data.fingerprint != told.get("sha256"):
        name = data.name if isinstance(data, Dataset) else short(data)
        raise DataError(
            f"The checkpoint is of a training on {short(told.get('name'))}, whose rows are not "
            f"those of {name}. Go on with the same data, or begin in another folder."
        )
    return data, {name: given[name] if name in given else _from_json(name, value)
                  for name, value in asked.items()}  # fmt: skip


def expect_as_before(kept: Snapshot, given: Asked) -> None:
    """Raise SettingError for a setting that is another than a training was begun with."""
    asked = kept.about.get("asked")
    if not isinstance(asked, dict):
        return
    for name, value in given.items():
        same = [asked.get(name), *([kept.settings.get("engine")] if name == "engine" else [])]
        if (now := as_json(value)) not in same:
            raise SettingError(
                f"The training that is gone on with has {name}={short(same[-1])}, got "
                f"{short(now)}. Leave it out, or begin another training in another folder."
            )


def expect_same_engine(kept: Snapshot, engine: str) -> None:
    """Raise SettingError if what computes now is another engine: its last bits are others."""
    if (before := kept.settings.get("engine")) != engine:
        raise SettingError(
            f"The training that is gone on with was computed by the engine {short(before)}, which "
            "is not to be had here: see glassnet inspect --engines."
        )


def _last(checkpoint: str | Path | Checkpoint) -> Path:
    return checkpoint.last if isinstance(checkpoint, Checkpoint) else Checkpoint(checkpoint).last


def as_json(value: Any) -> Any:
    """Write down what `train` was asked of one thing."""
    if isinstance(value, Optimizer | Augment):
        return value.config()
    if isinstance(value, Iterable) and not isinstance(value, str | Mapping):
        return [as_json(one) for one in value]
    return value.item() if hasattr(value, "item") else value


def _from_json(name: str, value: Any) -> Any:
    if name == "optimizer" and isinstance(value, dict):
        return optimizer_from_config(value)
    if name == "augment" and isinstance(value, dict):
        return augment_from_config(value)
    return value
