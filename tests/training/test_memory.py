"""Memory: images stay bytes until a batch is made."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIMIT = 400
"""Megabytes at the peak."""

SCRIPT = """
import re, sys
from pathlib import Path
import glassnet as gn

data = gn.datasets.load("mnist")
network = gn.Sequential([gn.Dense(30), gn.Sigmoid(), gn.Dense(10)], input_shape=784, seed=0)
trainer = gn.Trainer(network, gn.SoftmaxCrossEntropy(), gn.SGD(0.5), metrics="accuracy")
history = trainer.fit(
    data.train, validation=data.validation, epochs=1, batch_size=10, progress=False
)
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(int(peak[1]) // 1024, history.last["validation_accuracy"])
"""


@pytest.mark.data("mnist")
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_an_epoch_of_mnist_stays_small() -> None:
    """Not by getrusage, whose peak begins with that of the process that started this one."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    peak, accuracy = done.stdout.split()
    assert int(peak) < LIMIT
    assert float(accuracy) > 0.9
