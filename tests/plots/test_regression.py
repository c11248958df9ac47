import numpy as np
import pytest

import glassnet as gn
from glassnet import plots
from tests.plots.models import halves, line

pytest.importorskip("matplotlib")
TRAIN = gn.Rows(np.array([[0.0], [4.0]]), np.array([[1.5], [8.0]]))
TEST = gn.Rows(np.array([[-1.0]]), np.array([[0.0]]))


def test_the_curve_runs_through_all_the_points() -> None:
    (axes,) = plots.regression(line(), TRAIN, TEST).figure().axes
    (curve,) = axes.lines
    x, y = np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata())
    assert (x.min(), x.max()) == (-1, 4)
    np.testing.assert_allclose(y, 2 * x + 1)
    training, test = axes.collections
    np.testing.assert_array_equal(np.asarray(training.get_offsets()), [[0, 1.5], [4, 8]])
    np.testing.assert_array_equal(np.asarray(test.get_offsets()), [[-1, 0]])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (s)", "way (m)")
    assert axes.get_legend_handles_labels()[1] == ["training", "test", "the model"]


def test_in_the_terminal() -> None:
    pytest.importorskip("plotext")
    text = plots.regression(line(), TRAIN).text(60)
    assert text.startswith("way (m)   • training   + the model")
    assert "time (s)" in text
    assert max(map(len, text.splitlines())) <= 60


def test_it_needs_one_feature_and_values() -> None:
    with pytest.raises(gn.DataError, match="one feature"):
        plots.regression(halves(), TRAIN)
    classes = gn.Model(
        gn.Sequential([gn.Dense(2)], input_shape=1), gn.Features(("x",)), gn.Classes(("a", "b"))
    )
    with pytest.raises(gn.DataError, match="needs values"):
        plots.regression(classes, TRAIN)
