"""Golden numbers for the network's program in TypeScript: what Python computes in doubles.

python -m tests.export.golden       writes web/tests/network/golden/, which vitest reads
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.export.packing import packed, packed_arrays, packed_network
from glassnet.model.experience import Experience
from glassnet.nn import Network
from glassnet.types import Array
from tests.cases import LAYERS, MERGES, LayerCase
from tests.nn import calls

FOLDER = Path(__file__).parents[2] / "web/tests/network/golden"
ROWS = 3


def layer(case: LayerCase) -> dict[str, Any]:
    """A row of tests/cases.py as a network of one node: forward and back, as it answers."""
    made = calls.built(case)
    names = [f"x{k}" for k in range(len(case.shapes))]
    network = Network.wire(
        dict(zip(names, case.shapes, strict=True)),
        {"y": (case.make(), names)},
        "y",
        seed=0,
        dtype="float64",
    )
    network.load_parameters({f"y.{name}": array for name, array in made.arrays().items()})
    xs = calls.inputs(case, ROWS)
    for number, at_kink in enumerate(case.kinks):  # the last row of the first input has the kinks
        xs[0][-1].flat[number] = at_kink
    p = gn.Pass(network)
    p.forward(dict(zip(names, xs, strict=True)))
    y = p["y"].y
    dy = np.random.default_rng(5).normal(size=y.shape)
    dxs = network.layers["y"].backward(dy, p["y"])
    return {
        "name": case.name,
        "affine": made.affine,
        "elementwise": made.elementwise,
        "network": packed_network(network),
        "arrays": packed_arrays(network.arrays()),
        "x": [_rows(x) for x in xs],
        "y": _rows(y),
        "dy": _rows(dy),
        "dx": [_rows(dx) for dx in (dxs if isinstance(dxs, tuple) else (dxs,))],
    }


def answers(name: str, model: gn.Model, rows: Array | gn.Pixels) -> dict[str, Any]:
    """A model with what it answers, explained."""
    asked = rows.bytes if isinstance(rows, gn.Pixels) else rows
    return {
        "name": name,
        "model": packed(model, name)["model"],
        "rows": asked.tolist(),
        "answers": [answer.to_json() for answer in model.answers(rows, explain=True)],
    }


def models() -> list[tuple[str, gn.Model, Array | gn.Pixels]]:
    """Models of each kind of inputs and outputs, more than a chain; rows known and unknown."""
    rng = np.random.default_rng(7)
    table = rng.normal(2, 3, (200, 4)).round(3)
    table[:, 3] = rng.integers(0, 3, 200)
    known = Experience.of(table[:120], table[120:], None)
    asked = np.concatenate([table[:4], table[4:5] * 40, [[2, 2, 2, 9.5]], _at_the_edge(known)])
    three, two = ("rot", "grün", "蓝"), ("no", "yes")
    quantities = gn.Values(("price", "size"), ("1000 $", ""), (22.5, -0.004), (9.1, 0.00003))
    outputs: dict[str, gn.Classes | gn.Values] = {
        "softmax": gn.Classes(three),
        "sigmoid": gn.Classes(three, "sigmoid"),
        "one logit": gn.Classes(two, "sigmoid"),
        "identity": gn.Classes(three, "identity"),
        "values": quantities,
        "values as they are": gn.Values(("y",)),
    }
    found: list[tuple[str, gn.Model, Array | gn.Pixels]] = [
        (name, _of_table(one, table, known), asked) for name, one in outputs.items()
    ]
    pixels = gn.Pixels(rng.integers(0, 17, (60, 12), np.uint8) * (rng.random((60, 12)) < 0.4), 16)
    return [*found, ("images", _of_images(pixels), pixels.rows(slice(5)))]


def _at_the_edge(experience: Experience) -> Array:
    """Rows with one feature just within what counts as its range, or just beyond."""
    slack = experience.most_outside * experience.scale
    edges = [(experience.low, -0.9), (experience.low, -1.1), (experience.high, 0.9),
             (experience.high, 1.1)]  # fmt: skip
    rows = np.tile(experience.typical, (len(edges), 1))
    for n, (edge, times) in enumerate(edges):
        rows[n, n % 3] = (edge + times * slack)[n % 3]
    return rows


def _of_table(outputs: gn.Classes | gn.Values, rows: Array, experience: Experience) -> gn.Model:
    """A graph with a shortcut, a shared layer, branches that meet, and an activation at the end."""
    x = gn.Input((4,))
    standard = gn.Standardize.of(rows)(x)
    shared = gn.Dense(6, name="shared")
    h = gn.Tanh()(shared(standard))
    again = gn.LayerNorm()(gn.GELU()(shared(standard)))
    both = gn.Concatenate()(gn.Add()(h, again), standard)
    y = gn.Sigmoid()(gn.Dense(outputs.size)(gn.Dropout(0.1)(both)))
    network = gn.Network(x, y, seed=3, dtype="float64")
    inputs = gn.Features(("a", "b, long", "c", "kind"), ("cm", "", "1/s", ""))
    return gn.Model(network, inputs, outputs, experience=experience)


def _of_images(pixels: gn.Pixels) -> gn.Model:
    layers = [gn.Dense(5), gn.BatchNorm(), gn.ReLU(), gn.Dense(3)]
    network = gn.Sequential(layers, 12, seed=4, dtype="float64")
    shares = np.tile([0.6, 0.3, 0.1], (200, 1))  # so that an answer below 60 % is not probable
    experience = Experience.of(pixels.rows(slice(40)), pixels.rows(slice(40, 60)), shares)
    classes = gn.Classes(tuple("012"))
    return gn.Model(network, gn.Images(3, 4, 16), classes, experience=experience)


def _rows(values: Array) -> list[list[float]]:
    rows: list[list[float]] = values.reshape(len(values), -1).tolist()
    return rows


def everything() -> dict[str, list[dict[str, Any]]]:
    """The golden files by name."""
    return {
        "layers": [layer(case) for case in (*LAYERS, *MERGES) if case.page is True],
        "models": [answers(*one) for one in models()],
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for stem, documents in everything().items():
        text = json.dumps(documents, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        (FOLDER / f"{stem}.json").write_text(
            text.replace('},{"name"', '},\n{"name"') + "\n", "utf-8"
        )
