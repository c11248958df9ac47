"""Make the gallery: files of every kind that this version writes, and the answers they gave.

    python scripts/make_gallery.py FOLDER

tests/gallery/ holds a folder for each version whose files were kept, and its test has every later
version load them. A folder is made by the code of its version, and no file in it is made twice: one
that is there already gets what it lacks, such as a layer that the version has got since.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.gallery.asking import ANSWERS, answers, restless  # noqa: E402

import glassnet as gn  # noqa: E402

LABELS = ("red", "green", "blue")
FEATURES = gn.Features(("a", "b", "c", "d"), ("cm", "", "kg", "s"))

AFTER: dict[str, list[gn.Layer]] = {
    "identity": [gn.Identity()],
    "sigmoid": [gn.Sigmoid()],
    "tanh": [gn.Tanh()],
    "relu": [gn.ReLU()],
    "leaky-relu": [gn.LeakyReLU(0.2)],
    "elu": [gn.ELU(0.7)],
    "gelu": [gn.GELU()],
    "silu": [gn.SiLU()],
    "softplus": [gn.Softplus()],
    "softmax": [gn.Softmax()],
    "dropout": [gn.Dropout(0.25)],
    "batch-norm": [gn.BatchNorm(momentum=0.5)],
    "layer-norm": [gn.LayerNorm()],
    "standardize": [gn.Standardize()],
    "flatten": [gn.Flatten()],
    "maxout": [gn.Maxout(4, pieces=3)],
    "dense-without-bias": [gn.Dense(4, bias=False), gn.Tanh()],
}
"""What stands between two dense layers, by the name of the file."""

LOSSES: dict[str, tuple[gn.Loss, gn.Classes | gn.Values]] = {
    "mean-squared": (gn.MeanSquaredError(), gn.Values(("h", "w"), ("cm", "kg"))),
    "half-squared": (gn.HalfSquaredError(), gn.Values(("h",), mean=(3.0,), std=(2.0,))),
    "mean-absolute": (gn.MeanAbsoluteError(), gn.Values(("h",))),
    "huber": (gn.Huber(0.5), gn.Values(("h",), ("cm",))),
    "two-classes": (gn.SigmoidCrossEntropy(), gn.Classes(("no", "yes"), "sigmoid")),
    "sigmoid-each": (gn.SigmoidCrossEntropy(), gn.Classes(LABELS, "sigmoid")),
    "identity-link": (gn.MeanSquaredError(), gn.Classes(LABELS, "identity")),
    "softmax-link": (gn.SoftmaxCrossEntropy(), gn.Classes(LABELS)),
}
"""What a model answers with, and the loss it learns by, by the name of the file."""

OPTIMIZERS: dict[str, gn.Optimizer] = {
    "sgd": gn.SGD(0.1, momentum=0.9, nesterov=True),
    "rmsprop": gn.RMSprop(0.01),
    "adagrad": gn.Adagrad(0.05),
    "adam": gn.Adam(gn.CosineDecay(0.01, steps=20)),
    "adamw": gn.AdamW(0.01),
}


def rows(count: int = 24, columns: int = 4) -> Any:
    return np.random.default_rng(5).normal(size=(count, columns)).round(3)


def targets(outputs: gn.Classes | gn.Values, x: Any) -> Any:
    """Make targets that rows could have."""
    if isinstance(outputs, gn.Values):
        return np.stack([x[:, k] - x[:, k + 1] for k in range(outputs.size)], axis=1)
    sectors = np.abs(x[:, :3]).argmax(axis=1) % len(outputs.labels)
    if outputs.link == "softmax":
        return sectors
    if outputs.size == 1:
        return sectors[:, None].astype(float)
    return np.eye(outputs.size)[sectors]


def trained(network: gn.Network, loss: gn.Loss, outputs: Any, **settings: Any) -> gn.Trainer:
    x = rows()
    trainer = gn.Trainer(network, loss, engine="numpy", **settings)
    trainer.fit((x, targets(outputs, x)), epochs=2, batch_size=8, progress=False)
    return trainer


def models() -> dict[str, gn.Model]:
    """Make a model of each kind, by the name of its file."""
    made: dict[str, gn.Model] = {}
    classes = gn.Classes(LABELS)

    def keep(name: str, network: gn.Network, loss: gn.Loss, outputs: Any) -> None:
        trainer = trained(network, loss, outputs, optimizer="sgd")
        provenance = {"settings": trainer.settings(), "history": list(trainer.history)}
        made[name] = gn.Model(network, FEATURES, outputs, provenance)

    for name, between in AFTER.items():
        network = gn.Sequential([gn.Dense(4), *between, gn.Dense(3)], 4, seed=1)
        keep(f"layer-{name}", network, gn.SoftmaxCrossEntropy(), classes)
    for name, (loss, outputs) in LOSSES.items():
        keep(f"loss-{name}", gn.Sequential([gn.Dense(outputs.size)], 4, seed=2), loss, outputs)
    wide = gn.Sequential([gn.Dense(4), gn.Tanh(), gn.Dense(3)], 4, seed=1, dtype="float64")
    keep("float64", wide, gn.SoftmaxCrossEntropy(), classes)
    x = gn.Input(4, "x")
    shared = gn.Dense(4, name="shared")
    h = gn.Add()(shared(x), gn.Tanh()(shared(gn.Sigmoid()(x))))
    joined = gn.Dense(3)(gn.Concatenate()(h, x))
    graph = gn.Network(x, joined, seed=4)
    keep("graph-with-merges-and-a-shared-layer", graph, gn.SoftmaxCrossEntropy(), classes)
    for name, units in (("digits", 3), ("iris", 4), ("line", 3)):
        made[f"data-{name}"] = gn.train(
            name, layers=units, epochs=2, engine="numpy", seed=0, progress=False
        )
    return made


def main() -> None:
    """Write the files, and what they answer, into a folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / ANSWERS
    before = json.loads(kept.read_text()) if kept.exists() else {}
    for name, model in models().items():
        if not (path := folder / "models" / f"{name}.safetensors").exists():
            model.save(path)
    for name, optimizer in OPTIMIZERS.items():
        loss, outputs = gn.SoftmaxCrossEntropy(), gn.Classes(LABELS)
        if not (path := folder / "checkpoints" / f"{name}.safetensors").exists():
            trained(restless(), loss, outputs, optimizer=optimizer).save(path)
    for name in ("line", "moons"):
        if not (path := folder / "runs" / name).exists():
            gn.train(name, layers=[3], epochs=2, batch_size=100, engine="numpy", progress=False,
                     record=path)  # fmt: skip
    told = {kind: found | before.get(kind, {}) for kind, found in answers(folder).items()}
    kept.write_text(json.dumps(told, indent=1) + "\n")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"Wrote {sum(map(len, told.values()))} exhibits to {folder} ({size / 1e3:.0f} kB)")


if __name__ == "__main__":
    main()
