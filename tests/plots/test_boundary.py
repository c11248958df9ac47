import numpy as np
import pytest
from numpy.typing import NDArray

import glassnet as gn
from glassnet import plots
from tests.plots.models import SQUARE, halves, line

pytest.importorskip("matplotlib")
from matplotlib.axes import Axes

ONE = gn.Rows(np.array([[0.5, 0.5]]), np.array([1]))


def shades(axes: Axes) -> NDArray[np.float64]:
    return np.asarray(axes.images[0].get_array(), np.float64)


def test_each_half_has_its_colour_and_fades_towards_the_other() -> None:
    (axes,) = plots.boundary(halves(), SQUARE).figure().axes
    (row, *_) = shades(axes)
    left, right = row[:150], row[150:]
    assert (left[:, 2] > left[:, 0]).all()  # blue
    assert (right[:, 0] > right[:, 2]).all()  # orange
    assert left[0].sum() < left[-1].sum()
    assert right[-1].sum() < right[0].sum()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x1 (m)", "x2")


def test_the_line_stands_where_both_are_as_probable() -> None:
    (axes,) = plots.boundary(halves(), SQUARE).figure().axes
    (contour, *_) = (one for one in axes.collections if hasattr(one, "levels"))
    (line,) = (path.vertices for path in contour.get_paths())
    np.testing.assert_allclose(np.asarray(line)[:, 0], 0, atol=1e-9)


def test_rows_are_told_by_truth_and_part() -> None:
    (axes,) = plots.boundary(halves(), SQUARE, ONE).figure().axes
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["left, training", "right, training", "right, test"]


def test_more_classes_than_colours() -> None:
    (axes,) = plots.boundary(halves(8), SQUARE).figure().axes
    assert np.isfinite(shades(axes)).all()


def test_in_the_terminal() -> None:
    lines = plots.boundary(halves(), SQUARE).text(40).splitlines()
    assert lines[0] == "a = left, b = right"
    assert len(lines) == 1 + 12 + 2
    assert lines[1].startswith("aaaaa")
    assert lines[1].endswith("bbbbb")
    assert "a    b" in lines[6]
    assert sum(line.count("A") for line in lines[1:13]) == 3
    assert sum(line.count("B") for line in lines[1:13]) == 1
    assert lines[-2] == "x1 (m) from -1.16 to 1.16 across, x2 from -1.16 to 1.16 up"


def test_rows_in_one_place() -> None:
    plots.boundary(halves(), ONE).figure()


def test_it_needs_two_features_and_classes() -> None:
    with pytest.raises(gn.DataError, match="two features"):
        plots.boundary(line(), SQUARE)
    values = gn.Model(
        gn.Sequential([gn.Dense(1)], input_shape=2), gn.Features(("a", "b")), gn.Values(("y",))
    )
    with pytest.raises(gn.DataError, match="needs classes"):
        plots.boundary(values, SQUARE)
