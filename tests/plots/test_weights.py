from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest

import glassnet as gn
from glassnet import plots
from glassnet.types import Array
from tests import own_layers as own

pytest.importorskip("matplotlib")
from matplotlib.axes import Axes

IMAGES = gn.Images(2, 3)


def network(W: Array, *before: gn.Layer) -> gn.Network:
    made = gn.Sequential(
        [*before, gn.Dense(W.shape[1], name="first"), gn.Dense(6)], input_shape=len(W), seed=0
    )
    made.load_parameters({"first.W": W})
    return made


def drawn(axes: Axes) -> Array:
    return np.asarray(axes.images[0].get_array())


W = np.arange(-6.0, 12).reshape(6, 3)


@pytest.mark.parametrize(("order", "units"), [("norm", [2, 1, 0]), ("index", [0, 1, 2])])
def test_each_unit_is_an_image(order: Literal["norm", "index"], units: list[int]) -> None:
    axes = plots.weights(network(W), IMAGES, order).figure().axes
    assert [one.get_title() for one in axes[:3]] == [f"unit {unit}" for unit in units]
    for unit, one in zip(units, axes, strict=False):
        np.testing.assert_allclose(drawn(one), W[:, unit].reshape(2, 3))
        assert one.images[0].get_clim() == (-11, 11)


def test_the_units_of_a_table_stand_side_by_side() -> None:
    names = gn.Features(tuple("abcdef"))
    figure = plots.weights(network(W, gn.Standardize()), names, "index").figure()
    axes, bar = figure.axes
    np.testing.assert_allclose(drawn(axes), W)
    assert [label.get_text() for label in axes.get_yticklabels()] == list("abcdef")
    assert bar.get_ylabel() == "weight"
    assert figure.get_suptitle() == "First layer: 3 units, in their order"


def test_many_units_are_cut() -> None:
    many = np.ones((6, 60))
    figure = plots.weights(network(many), IMAGES, most=10).figure()
    assert sum(bool(axes.images) for axes in figure.axes) == 10
    assert figure.get_suptitle() == "First layer: 10 of 60 units, the longest weights first"


@pytest.mark.parametrize("inputs", [IMAGES, gn.Features(tuple("abcdef"))])
def test_weights_that_are_all_zero(inputs: Any) -> None:
    figure = plots.weights(network(np.zeros((6, 3))), inputs).figure()
    assert figure.axes[0].images[0].get_clim() == (-1, 1)


def test_a_network_without_weights() -> None:
    with pytest.raises(gn.DataError, match="No layer of the network multiplies its 6 inputs"):
        plots.weights(gn.Sequential([gn.ReLU()], input_shape=6), IMAGES)


@dataclass(eq=False)
class Squeezed(own.Scale):
    """Scaled by what a matrix makes of nothing: W does not weigh the inputs."""

    params = ("a", "W")
    units: int = 3

    def build(self, shape: Any, declare: Any) -> Any:
        declare("W", (*shape, self.units), gn.Normal())
        return super().build(shape, declare)


def test_only_weighted_sums_are_drawn_whoever_wrote_them() -> None:
    made = gn.Sequential([Squeezed(), own.Sums(3), gn.Dense(6)], input_shape=6, seed=0)
    axes = plots.weights(made, gn.Features(tuple("abcdef")), "index").figure().axes
    np.testing.assert_array_equal(drawn(axes[0]), made.parameters()["sums_1.W"])
