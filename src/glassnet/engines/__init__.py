"""Engines: what makes training happen. The table below is where another one is added."""

from glassnet.engines.base import Engine as Engine
from glassnet.engines.base import Examples as Examples
from glassnet.engines.base import Job as Job
from glassnet.engines.base import Runner as Runner
from glassnet.engines.base import State as State
from glassnet.engines.numpy import NumPyEngine as NumPyEngine
from glassnet.errors import one_of

ENGINES: dict[str, type[Engine]] = {"numpy": NumPyEngine}


def choose(name: str) -> tuple[Engine, str]:
    """Return the engine of that name, and why it was taken; "auto" leaves the choice to us."""
    if name == "auto":
        return NumPyEngine(), "the reference engine is the only one installed"
    if name not in ENGINES:
        raise one_of("engine", name, ["auto", *ENGINES])
    return ENGINES[name](), "asked for by name"
