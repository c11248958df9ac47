"""What the files of the gallery are asked: of each, all that somebody who kept it could want."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.training.checkpoint import read_checkpoint
from glassnet.types import Array

ANSWERS = "answers.json"
"""The file beside the exhibits that holds what they gave."""

GALLERY = Path(__file__).parent


def answers(folder: Path) -> dict[str, dict[str, Any]]:
    """Ask every file and every run of a folder: {"models": {name: what it says}, …}, as JSON."""
    told = {
        "models": {path.stem: _model(path) for path in _files(folder / "models")},
        "checkpoints": {path.stem: _checkpoint(path) for path in _files(folder / "checkpoints")},
        "runs": {path.name: _run(path) for path in sorted((folder / "runs").iterdir())},
    }
    plain: dict[str, dict[str, Any]] = json.loads(json.dumps(told))
    return plain


def rows(columns: int, count: int = 5) -> Array:
    """Return rows that are alike on every machine: (count, columns), from 0 to 1."""
    places = np.arange(count * columns, dtype=float).reshape(count, columns)
    return (places * 0.37) % 1


def restless() -> gn.Network:
    """Make the network of the checkpoints: it has running statistics, and dropout."""
    layers = [gn.Dense(5), gn.BatchNorm(), gn.ReLU(), gn.Dropout(0.3), gn.Dense(3)]
    return gn.Sequential(layers, input_shape=4, seed=3)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


def _model(path: Path) -> dict[str, Any]:
    model = gn.load(path)
    x = rows(model.inputs.size)
    return {
        "inputs": model.inputs.to_json(),
        "outputs": model.outputs.to_json(),
        "dtype": model.network.dtype.name,
        "parameters": model.network.size(),
        "answers": [answer.to_json() for answer in model.answers(x)],
        "provenance": sorted(model.provenance),
        "why": [answer.explanation is not None for answer in model.answers(x[:1], explain=True)],
    }


def _checkpoint(path: Path) -> dict[str, Any]:
    """Read it, and go on from it for an epoch."""
    kept = read_checkpoint(path)
    class_ = getattr(gn, kept.optimizer["class"])
    settings = {name: value for name, value in kept.optimizer.items() if name != "class"}
    if isinstance(settings.get("learning_rate"), dict):
        rate = dict(settings["learning_rate"])
        settings["learning_rate"] = getattr(gn, rate.pop("class"))(**rate)
    loss = gn.SoftmaxCrossEntropy()
    trainer = gn.Trainer(restless(), loss, class_(**settings), engine="numpy")
    before = [figures["loss"] for figures in trainer.resume(path)]
    x = rows(4, 24)
    after = trainer.fit((x, np.arange(24) % 3), epochs=1, batch_size=8, progress=False)
    return {
        "step": kept.step,
        "epoch": kept.epoch,
        "losses": [*before, *(figures["loss"] for figures in after)],
        "outputs": trainer.network(x[:3].astype("float32")).tolist(),
    }


def _run(folder: Path) -> dict[str, Any]:
    run = gn.runs.open(folder)
    columns = run.inputs.size if run.inputs else 1
    return {
        "data": run.data,
        "ended": run.ended,
        "losses": run.losses,
        "epochs": [figures["loss"] for figures in run.epochs],
        "moments": run.moments,
        "layers": sorted(run.layers),
        "outputs": [network(rows(columns)).tolist() for _, network in run.scrub()],
    }
