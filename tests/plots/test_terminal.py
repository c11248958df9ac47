"""Pictures in a terminal: which can be shown, and what is left out."""

import sys

import numpy as np
import pytest

import glassnet as gn
from glassnet import plots
from glassnet.plots.panel import Panel, Series
from glassnet.plots.terminal import write_panel


def test_a_line_stands_where_it_should() -> None:
    pytest.importorskip("plotext")
    text = write_panel(Panel("rise", "x", "", [Series("y", [0, 1], [0, 1])]), 40)
    head, *lines = text.splitlines()
    assert head == "rise   • y"
    columns = [line.index("•") for line in lines if "•" in line]
    assert columns == sorted(columns, reverse=True)
    assert len(columns) > 10
    assert "\x1b" not in text


def test_what_is_no_number_is_left_out() -> None:
    pytest.importorskip("plotext")
    series = [Series("gap", [0, 1, 2], [0, np.nan, 2], style="o"), Series("", [0], [np.nan])]
    assert write_panel(Panel("t", "x", "", series), 40).count("•") == 1 + 2


def test_curves_of_a_run_without_numbers() -> None:
    pytest.importorskip("plotext")
    assert plots.curves([{"epoch": 1, "loss": None}]).text(40).startswith("loss   • training")


def test_the_confusion_table_is_a_table() -> None:
    text = plots.confusion(np.array([[3, 0], [1, 2]]), ("cat", "dog")).text()
    _, cat, dog = text.splitlines()
    assert (cat.split(), dog.split()) == (["cat", "3", "."], ["dog", "1", "2"])


def test_a_picture_that_characters_cannot_show() -> None:
    with pytest.raises(gn.SettingError, match="cannot be shown in a terminal"):
        plots.weights(gn.Sequential([gn.Dense(2)], input_shape=2), gn.Images(1, 2)).text()


def test_without_plotext(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotext", None)
    with pytest.raises(gn.errors.MissingExtraError, match=r"needs plotext.*glassnet\[plot\]"):
        plots.activations().text()
