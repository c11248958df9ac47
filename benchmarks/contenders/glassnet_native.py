"""Glassnet with its compiled engine."""

from __future__ import annotations

from functools import partial

from benchmarks.contenders import glassnet_engine
from benchmarks.contenders.glassnet_engine import read as read

learner = partial(glassnet_engine.Learner, "native")
answer = partial(glassnet_engine.answer, "native")
