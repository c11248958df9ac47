"""Engines: what trains networks and answers by them. Another one is added to the table below."""

from glassnet.engines.base import Engine as Engine
from glassnet.engines.base import Examples as Examples
from glassnet.engines.base import Job as Job
from glassnet.engines.base import Predictor as Predictor
from glassnet.engines.base import Runner as Runner
from glassnet.engines.base import State as State
from glassnet.engines.native import NativeEngine as NativeEngine
from glassnet.engines.native import NativePredictor as NativePredictor
from glassnet.engines.numpy import NumPyEngine as NumPyEngine
from glassnet.nn.network import Network
from glassnet.settings import named

ENGINES: dict[str, type[Engine]] = {"native": NativeEngine, "numpy": NumPyEngine}
"""In the order in which "auto" asks them."""


def choose(name: str, what: Job | Network) -> tuple[Engine, str]:
    """Return an engine and why it was taken: that of the name, or with "auto" ours.

    what    a job that it is to run, or a network by which it is to answer
    """
    if name != "auto":
        engines: dict[str, type[Engine]] = {"auto": NumPyEngine, **ENGINES}
        return named("engine", name, engines)(), "asked for by name"
    why = "it can run all of this"
    for kind in ENGINES.values():
        engine = kind()
        reason = engine.refuses(what)
        if reason is None:
            break
        why = f"the {engine.name} engine cannot: {reason}"
    return engine, why


def predictor(network: Network, engine: str = "auto") -> Predictor:
    """Return what answers rows by a network, from the engine of a name, or with "auto" ours.

    Raises SettingError, as training does, where an engine that was asked for cannot.
    """
    return choose(engine, network)[0].predictor(network)
