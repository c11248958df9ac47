"""Regression: the curve that a model of one feature draws through the points."""

from __future__ import annotations

import numpy as np

from glassnet.data.meaning import Features, Values
from glassnet.data.rows import Rows
from glassnet.errors import DataError
from glassnet.plots.panel import Panel, Series
from glassnet.plots.panels import panels
from glassnet.plots.picture import BLUE, GREY, ORANGE, Picture
from glassnet.plots.plot_model import PlotModel, labels_of, parts_of

POINTS = 300
"""Of the curve."""

LOOKS = {"training": (GREY, "o"), "test": (BLUE, "x")}


def regression(model: PlotModel, train: Rows, test: Rows | None = None) -> Picture:
    """Draw a model's answers over its one feature, and the rows that it is about.

    Raises DataError for a model of several features, or one that answers with classes.
    """
    if not isinstance(model.inputs, Features) or model.inputs.size != 1:
        raise DataError("A regression curve is drawn over one feature; this model has not one.")
    if not isinstance(model.outputs, Values):
        raise DataError("A regression curve needs values; this model answers with classes.")
    parts = parts_of(train, test)
    known = np.concatenate([np.asarray(rows.x) for rows in parts.values()])
    x = np.linspace(known.min(), known.max(), POINTS)
    y = model.predict(x[:, None])
    (feature,) = labels_of(model.inputs)
    drawn = []
    for k, value in enumerate(labels_of(model.outputs)):
        points = [
            Series(part, np.asarray(rows.x)[:, 0], rows.t[:, k], *LOOKS[part])
            for part, rows in parts.items()
        ]
        drawn.append(Panel("", feature, value, [*points, Series("the model", x, y[:, k], ORANGE)]))
    return panels(drawn, max(7.0, 5.0 * len(drawn)), 4.6)
