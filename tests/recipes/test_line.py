from __future__ import annotations

import re

import numpy as np
import pytest

import glassnet as gn
from glassnet.recipes import Options, depth, line


def test_the_curve_comes_near_the_true_line(capsys: pytest.CaptureFixture[str]) -> None:
    data = gn.datasets.load("line")
    net = line.network(0)
    line.fit(net, data.train, line.EveryHundredSteps())
    shown = re.findall(r"step +(\d+)  loss ([\d.]+)", capsys.readouterr().out)
    assert [int(step) for step, _ in shown] == list(range(100, 2001, 100))
    assert float(shown[-1][1]) < 1  # the noise alone has the variance 1
    x = np.asarray(data.train.x)
    assert np.mean((net(x) - (2.3 * x + 4.7)) ** 2) < 0.1


def test_sigmoids_make_gradients_vanish_and_batch_normalisation_does_not() -> None:
    rows = gn.datasets.load("digits").train
    alone, normalised = (
        depth.gradient_sizes(depth.sigmoid_stack(with_it, 64, 0), rows) for with_it in (False, True)
    )
    assert len(alone) == depth.STACKED + 1
    assert alone == sorted(alone)
    assert alone[0] < 1e-5 * alone[-1]
    assert normalised[0] > 0.1 * normalised[-1]


def test_more_layers_make_it_worse_unless_there_are_shortcuts() -> None:
    data = gn.datasets.load("digits")
    plain, shortcuts = (depth.losses_by_depth(data, with_it, 10, 0) for with_it in (False, True))
    assert plain[-1] > 1.5 * min(plain)
    assert shortcuts == sorted(shortcuts, reverse=True)
    assert shortcuts[-1] < 0.2 * plain[-1]


@pytest.mark.usefixtures("embedded")
def test_keeps_loads_and_shows(quick: Options, capsys: pytest.CaptureFixture[str]) -> None:
    line.run(quick)
    out = capsys.readouterr().out
    for name in ("line.safetensors", "digits.safetensors"):
        assert gn.load(quick.folder / name).network.size()
    for name in ("line.png", "activations.png", "depth.png"):
        assert (quick.folder / name).exists()
    match = re.search(r"holds the same gradients, to (\S+)\. One", out)
    assert match is not None
    assert float(match[1]) < 1e-6
    trained, evaluated = (
        next(row for row in out.splitlines() if row.startswith(start)).split()[-4:]
        for start in ("in training", "in evaluation")
    )
    assert len(set(trained)) > 1
    assert len(set(evaluated)) == 1
