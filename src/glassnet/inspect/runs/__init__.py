"""Recorded runs: open one, go to any moment of it, compare several; one file each."""

from glassnet.inspect.runs.compare import Comparison as Comparison
from glassnet.inspect.runs.compare import compare as compare
from glassnet.inspect.runs.run import Run as Run
from glassnet.inspect.runs.run import find as find
from glassnet.inspect.runs.run import open as open  # noqa: A004  # gn.runs.open
