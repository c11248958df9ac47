from __future__ import annotations

import re
import statistics

import numpy as np
import pytest

import glassnet as gn
from glassnet.recipes import Options
from glassnet.recipes.datasets import all_rows, boston_or_patients
from glassnet.recipes.house_price import figures, graph, learn, run


def test_the_order_is_found() -> None:
    net = graph(1, seed=0)
    names = [node.name for node in net.nodes]
    assert names == ["linear_1", "sigmoid_1", "linear_2", "sigmoid_2", "y"]
    assert net.size() == 100 + 100 + 100 * 100 + 100 + 100 + 1


@pytest.mark.data("boston/BostonHousing.csv")
@pytest.mark.slow
def test_figures_of_the_tutorial(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the last samples leave the curve is luck, so the figures are the middle of 5 seeds."""
    data = boston_or_patients(download=False)
    assert "racist premise" in capsys.readouterr().out
    x, t = all_rows(data)
    assert x.shape == t.shape == (506, 1)
    first, found = [], []
    for seed in range(5):
        net = graph(1, seed)
        first.append(learn(net, gn.MeanSquaredError(), x, t)[0])
        found.append(figures(net(x), t))
    errors, shares = zip(*found, strict=True)
    assert 90 <= statistics.median(first) <= 114
    assert 37 <= statistics.median(errors) <= 43
    assert 0.49 <= statistics.median(shares) <= 0.56
    line = np.polynomial.Polynomial.fit(x[:, 0], t[:, 0], 1)
    assert figures(line(x), t)[0] == pytest.approx(43.6, abs=0.05)


@pytest.mark.usefixtures("embedded")
def test_monitor_shows_each_node_forward_then_backward(
    quick: Options, capsys: pytest.CaptureFixture[str]
) -> None:
    run(Options(quick.folder, quick=True, monitor=True))
    out = capsys.readouterr().out
    shown = re.findall(r"^(?:forward|backward) +(\w+)", out, re.MULTILINE)
    names = ["linear_1", "sigmoid_1", "linear_2", "sigmoid_2", "y", "loss"]
    assert shown == [*names, *reversed(names)]
    assert "(max, argmax)" in out
