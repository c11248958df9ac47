import numpy as np
import pytest

import glassnet as gn
from glassnet import plots

pytest.importorskip("matplotlib")


def test_every_function_that_has_a_curve_is_drawn() -> None:
    axes = plots.activations().figure().axes
    assert [one.get_title(loc="left") for one in axes] == [
        "Identity", "Sigmoid", "Tanh", "ReLU", "LeakyReLU", "ELU", "GELU", "SiLU", "Softplus"
    ]  # fmt: skip


@pytest.mark.parametrize("place", range(9))
def test_the_slope_is_that_of_the_curve(place: int) -> None:
    y, slope = plots.activations().figure().axes[place].lines
    x, values = np.asarray(y.get_xdata()), np.asarray(y.get_ydata())
    between = (np.asarray(slope.get_ydata())[1:] + np.asarray(slope.get_ydata())[:-1]) / 2
    away = np.abs(x[1:] + x[:-1]) > 0.06  # from the kinks at 0
    np.testing.assert_allclose((np.diff(values) / np.diff(x))[away], between[away], atol=1e-3)


def test_those_that_are_asked_for_with_their_settings() -> None:
    first, second = plots.activations(gn.ReLU(), gn.ELU(0.5)).figure().axes
    assert second.get_title(loc="left") == "ELU(alpha=0.5)"
    assert first.get_legend() is not None


def test_what_has_no_curve() -> None:
    with pytest.raises(gn.SettingError, match=r"Softmax\(\) has no curve"):
        plots.activations(gn.Softmax())


def test_in_the_terminal() -> None:
    pytest.importorskip("plotext")
    text = plots.activations(gn.Tanh(), gn.ReLU()).text(50)
    assert [line for line in text.splitlines() if "slope" in line] == [
        "Tanh   • y   + slope",
        "ReLU   • y   + slope",
    ]
