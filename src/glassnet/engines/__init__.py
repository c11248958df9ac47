"""Engines: what makes training happen. The table below is where another one is added."""

from glassnet.engines.base import Engine as Engine
from glassnet.engines.base import Examples as Examples
from glassnet.engines.base import Job as Job
from glassnet.engines.base import Runner as Runner
from glassnet.engines.base import State as State
from glassnet.engines.native import NativeEngine as NativeEngine
from glassnet.engines.native import Predictor as Predictor
from glassnet.engines.native import outputs_function as outputs_function
from glassnet.engines.numpy import NumPyEngine as NumPyEngine
from glassnet.settings import named

ENGINES: dict[str, type[Engine]] = {"native": NativeEngine, "numpy": NumPyEngine}
"""In the order in which "auto" asks them."""


def choose(name: str, job: Job) -> tuple[Engine, str]:
    """Return an engine for a job, and why it was taken: that of the name, or with "auto" ours."""
    if name != "auto":
        engines: dict[str, type[Engine]] = {"auto": NumPyEngine, **ENGINES}
        return named("engine", name, engines)(), "asked for by name"
    why = "it can run all of this"
    for kind in ENGINES.values():
        engine = kind()
        reason = engine.refuses(job)
        if reason is None:
            break
        why = f"the {engine.name} engine cannot: {reason}"
    return engine, why
