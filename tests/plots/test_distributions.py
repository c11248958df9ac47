from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet import plots

pytest.importorskip("matplotlib")


def spread(scale: float, zeros: float = 0.0) -> dict[str, Any]:
    return {"quantiles": [scale * q for q in (1, 2, 3, 4, 5)], "zeros": zeros}


LAYERS = {
    step: {
        "dense_1": {"activations": spread(step + 1), "gradients": spread(1e-4)},
        "relu_1": {"activations": spread(1, zeros=0.5), "gradients": spread(10)},
    }
    for step in (0, 10, 5)
}


def test_the_middle_is_a_line_in_order_of_steps() -> None:
    axes, *_ = plots.distributions(LAYERS).figure().axes
    (line,) = axes.lines
    assert np.asarray(line.get_xdata()).tolist() == [0, 5, 10]
    assert np.asarray(line.get_ydata()).tolist() == [3, 18, 33]
    assert len(axes.collections) == 2


def test_each_node_has_its_row_and_the_zeros_are_told() -> None:
    axes = plots.distributions(LAYERS).figure().axes
    titles = [one.get_title(loc="left") for one in axes]
    assert titles == ["dense_1", "dense_1", "relu_1, at the end 50 % zeros", "relu_1"]
    assert sum("healthy" in text.get_text() for one in axes for text in one.texts) == 2


def test_gradients_share_a_logarithmic_axis() -> None:
    _, first, _, second = plots.distributions(LAYERS).figure().axes
    assert first.get_ylim() == second.get_ylim()
    assert first.get_ylim()[0] < 1e-4 < 50 < first.get_ylim()[1]
    assert first.get_yscale() == "log"


def test_only_nodes_that_are_asked_for() -> None:
    assert len(plots.distributions(LAYERS, ["relu_1"]).figure().axes) == 2
    with pytest.raises(gn.DataError, match=r"'relu_2' was not measured\. There are: dense_1"):
        plots.distributions(LAYERS, ["relu_2"])


def test_gradients_that_are_all_zero_are_a_gap() -> None:
    dead = {"quantiles": None, "zeros": 1.0}
    layers = {step: {"relu_1": {"activations": spread(0, 1), "gradients": dead}} for step in (0, 1)}
    _, axes = plots.distributions(layers).figure().axes
    assert axes.get_title(loc="left") == "relu_1, at the end 100 % zeros"
    assert np.isnan(np.asarray(axes.lines[0].get_ydata())).all()


def test_without_a_probe() -> None:
    with pytest.raises(gn.DataError, match="recorded without a probe"):
        plots.distributions({})
