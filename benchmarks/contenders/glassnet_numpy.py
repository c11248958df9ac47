"""Glassnet with its reference engine: layers as they are written, on NumPy."""

from __future__ import annotations

from functools import partial

from benchmarks.contenders import glassnet_engine
from benchmarks.contenders.glassnet_engine import gradient as gradient
from benchmarks.contenders.glassnet_engine import read as read

learner = partial(glassnet_engine.Learner, "numpy")
answer = partial(glassnet_engine.answer, "numpy")
