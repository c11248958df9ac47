"""Lowering: which layers become one, which values are one, and what is not lowered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import Batches
from glassnet.engines import Job
from glassnet.engines.codes import OURS, code_of, codes
from glassnet.engines.lowering import FUSED, Lowering, refusal
from glassnet.engines.native import NativeEngine
from glassnet.nn.losses import LOSSES
from tests import cases
from tests.engines.both import needs_native

pytestmark = needs_native


def chain(*layers: gn.Layer, **settings: Any) -> gn.Network:
    return gn.Sequential(list(layers), input_shape=4, seed=0, **settings)


@pytest.mark.parametrize("activation", FUSED)
def test_a_dense_layer_takes_the_activation_behind_it_along(activation: Any) -> None:
    lowered = Lowering(chain(gn.Dense(3), activation(), gn.Dense(2)), 1)
    assert list(lowered.fused) == ["dense_1"]
    name = activation.__name__.lower() + "_1"
    assert lowered.values["dense_1"] == lowered.values[name]
    assert len(set(lowered.values.values())) == 3


@pytest.mark.parametrize("activation", [gn.GELU, gn.SiLU, gn.Softplus, gn.Softmax])
def test_not_one_whose_slope_asks_for_its_input(activation: Any) -> None:
    lowered = Lowering(chain(gn.Dense(3), activation(), gn.Dense(2)), 1)
    assert lowered.fused == {}
    assert len(set(lowered.values.values())) == 4


def test_not_where_the_layer_is_seen_from_elsewhere() -> None:
    x = gn.Input(4)
    h = gn.Dense(3, name="h")(x)
    a = gn.ReLU(name="a")(h)
    assert Lowering(gn.Network(x, [a, h], seed=0), 1).fused == {}
    assert Lowering(gn.Network(x, gn.Add()(a, h), seed=0), 1).fused == {}
    both = gn.Network(x, gn.Add()(a, gn.Tanh()(h)), seed=0)
    assert Lowering(both, 1).fused == {}
    assert list(Lowering(gn.Network(x, a, seed=0), 1).fused) == ["h"]


def test_what_only_renames_shares_its_value() -> None:
    network = gn.Sequential(
        [gn.Flatten(), gn.Identity(), gn.Dense(2), gn.Identity(), gn.ReLU(), gn.Flatten()],
        input_shape=(2, 3), seed=0,
    )  # fmt: skip
    values = Lowering(network, 1).values
    assert values["input_1"] == values["flatten_1"] == values["identity_1"]
    assert values["dense_1"] == values["identity_2"]
    assert values["flatten_2"] != values["relu_1"], "an output is a value of its own"


def test_compiled_code_names_all_of_the_librarys_own() -> None:
    losses = {type(case.make()).__name__ for case in cases.LOSSES if case.native is True}
    assert losses == set(codes("losses"))
    for case in cases.OPTIMIZERS:
        assert (type(case.make()).__name__ in codes("rules")) == (case.native is True), case
    rows = [row for row in (*cases.LAYERS, *cases.MERGES) if row.native is True]
    only_views = {"Flatten"}  # which shares the numbers of its input
    in_rows = {type(row.make()).__name__ for row in rows} - only_views
    assert {*codes("activations"), *codes("kernels")} == in_rows | {"Elementwise"}


def test_a_class_is_not_known_by_its_name_alone() -> None:
    theirs = type("ReLU", (gn.ReLU,), {})
    assert code_of("activations", gn.ReLU()) == codes("activations")["ReLU"]
    assert code_of("activations", theirs()) is None
    assert refusal(chain(theirs(name="own"))) == "it does not know the layer ReLU (own)"


def test_what_is_added_here_and_not_there_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A loss and a rule of the library's own that compiled code has not learnt yet."""

    class Quartic(gn.MeanSquaredError):
        pass

    class Lazy(gn.SGD):
        pass

    for table, cls in ((OURS, Quartic), (LOSSES, Quartic), (OURS, Lazy)):
        monkeypatch.setitem(table, cls.__name__, cls)
    job = Job(chain(gn.Dense(3)), {"dense_1": Quartic()}, gn.SGD(0.1))
    assert refusal(job) == "it does not know the loss Quartic"
    assert NativeEngine().refuses(job) == "it does not know the loss Quartic"
    job = Job(chain(gn.Dense(3)), {"dense_1": gn.MeanSquaredError()}, Lazy(0.1))
    assert refusal(job) == "it does not know the optimiser Lazy"


def test_the_first_stranger_is_named() -> None:
    class Mine(gn.ReLU):
        pass

    class Rule(gn.SGD):
        pass

    network = chain(gn.Dense(3), Mine(name="own"), gn.Dense(1))
    assert refusal(network) == "it does not know the layer Mine (own)"
    job = Job(network, {"dense_2": gn.MeanSquaredError()}, Rule(0.1))
    assert refusal(job) == "it does not know the layer Mine (own)"
    job = Job(chain(gn.Dense(3)), {"dense_1": gn.MeanSquaredError()}, Rule(0.1))
    assert refusal(job) == "it does not know the optimiser Rule"


@pytest.mark.parametrize("seed", [0, 1, 2**32, 2**63 - 1])
@pytest.mark.parametrize("step", [0, 1, 2**40])
@pytest.mark.parametrize("width", [1, 7, 17, 64])
def test_masks_are_the_references(seed: int, step: int, width: int) -> None:
    """Where gradients are 0 in dW, a mask has dropped: on the second node, and at any step."""
    found = {}
    for engine in ("numpy", "native"):
        network = gn.Sequential(
            [gn.Dense(width, bias=False), gn.Dropout(0.4), gn.Dropout(0.1), gn.Dense(2)],
            input_shape=3, seed=seed, dtype="float64",
        )  # fmt: skip
        before = network.parameters()["dense_1.W"].copy()
        trainer = gn.Trainer(network, gn.MeanSquaredError(), gn.SGD(0.1), engine=engine)
        examples = trainer.examples((np.ones((5, 3)), np.ones((5, 2))))
        trainer.runner.run(examples, Batches(np.arange(5), 1), np.full(5, 0.1), step)
        found[engine] = network.parameters()["dense_1.W"] - before
    np.testing.assert_allclose(found["native"], found["numpy"], atol=1e-13)


@pytest.mark.parametrize(
    ("network", "most"),
    [
        (chain(*(gn.GELU() for _ in range(9)), gn.Dense(2)), 2),
        (chain(*(layer for _ in range(9) for layer in (gn.Dense(4), gn.ReLU()))), 2),
        (gn.Network(x := gn.Input(4), gn.Add()(*(gn.GELU()(x) for _ in range(5))), seed=0), 6),
    ],
)
def test_values_take_turns_in_as_few_places_as_are_needed_at_once(
    network: gn.Network, most: int
) -> None:
    lowered = Lowering(network, 1)
    count = lowered.words[2]
    slots = lowered.words[5 : 3 + 3 * count : 3]
    assert len(slots) == count == len(set(lowered.values.values()))
    assert set(slots) == set(range(most))


def test_places_are_taken_where_they_fit_and_outputs_stay_to_the_end() -> None:
    x = gn.Input(100, "x")
    small = gn.Dense(2, name="small")(x)
    wide = gn.GELU(name="wide")(x)
    last = gn.Dense(3, name="last")(gn.Softplus()(gn.SiLU(name="end")(wide)))
    network = gn.Network(x, [small, last], seed=0)
    lowered = Lowering(network, 1)
    count = lowered.words[2]
    slot = dict(enumerate(lowered.words[5 : 3 + 3 * count : 3]))
    of = {name: slot[value] for name, value in lowered.values.items()}
    assert of["small"] not in {of[name] for name in of if name != "small"}
    assert of["end"] == of["x"]
