"""Engines: what makes training happen. The table below is where another one is added."""

from glassnet.engines.base import Engine as Engine
from glassnet.engines.base import Examples as Examples
from glassnet.engines.base import Job as Job
from glassnet.engines.base import Runner as Runner
from glassnet.engines.base import State as State
from glassnet.engines.numpy import NumPyEngine as NumPyEngine
from glassnet.settings import named

ENGINES: dict[str, type[Engine]] = {"numpy": NumPyEngine}


def choose(name: str, job: Job) -> tuple[Engine, str]:  # noqa: ARG001
    """Return an engine for a job, and why it was taken: that of the name, or with "auto" ours."""
    engines: dict[str, type[Engine]] = {"auto": NumPyEngine, **ENGINES}
    engine = named("engine", name, engines)()
    only = "the reference engine is the only one installed"
    return engine, only if name == "auto" else "asked for by name"
