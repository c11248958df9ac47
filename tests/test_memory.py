"""What was freed stays with the process: a large array made anew needs no new pages."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
import glassnet as gn

net = gn.Sequential([gn.Dense(1)], input_shape=1, seed=0)
gn.Trainer(net, gn.MeanSquaredError(), engine="numpy")
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step = [np.ones(2**17) for _ in range(8)]
    del step
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the switch is glibc's")
def test_pages_are_kept_unless_told_otherwise() -> None:
    kept, returned = (
        int(
            subprocess.run(
                [sys.executable, "-c", FAULTS],
                env=os.environ | {"GLASSNET_KEEP_PAGES": value},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for value in ("1", "0")
    )
    step = 8 * 256  # pages
    assert kept < 3 * step < 10 * step < returned
