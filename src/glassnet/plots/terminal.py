"""Pictures in a terminal: panels drawn with characters, by plotext."""

from __future__ import annotations

import math
from itertools import cycle

from glassnet.errors import missing_extra
from glassnet.plots.panel import Panel, Series

HEIGHT = 18
MARKERS = "•+ox*#"
"""One for each series with a label, in order; the others are faint."""


def write_panel(panel: Panel, width: int) -> str:
    """Write a panel in lines of that width, in plain characters.

    Raises MissingExtraError without plotext (the extra `plot`).
    """
    try:
        import plotext
    except ImportError:
        raise missing_extra("A picture in the terminal", "plotext", "plot") from None
    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(width, HEIGHT)
    for series, marker in _marked(panel):
        if points := _finite(series):
            x, y = zip(*points, strict=True)
            signal = figure.signal(list(x), list(y), marker=marker)
            if series.is_line:
                signal.lines()
            figure.draw(signal)
    text = plotext.uncolorize(str(figure.build()))
    figure.clear()
    lines = [_caption(panel), *text.rstrip("\n").split("\n"), panel.x_label.center(width)]
    return "\n".join(line.rstrip() for line in lines)


def _caption(panel: Panel) -> str:
    """Say what is drawn, and with which character."""
    what = panel.title or panel.y_label
    marks = [f"{marker} {series.label}" for series, marker in _marked(panel) if series.label]
    return "   ".join([what, *marks])


def _marked(panel: Panel) -> list[tuple[Series, str]]:
    markers = cycle(MARKERS)
    return [(series, next(markers) if series.label else "·") for series in panel.series]


def _finite(series: Series) -> list[tuple[float, float]]:
    points = zip(map(float, series.x), map(float, series.y), strict=True)
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
