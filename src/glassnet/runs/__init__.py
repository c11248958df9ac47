"""Recorded runs: open one, go to any moment of it, compare several; one file each."""

from glassnet.runs.compare import Comparison as Comparison
from glassnet.runs.compare import compare as compare
from glassnet.runs.run import Run as Run
from glassnet.runs.run import find as find
from glassnet.runs.run import open as open  # noqa: A004  # gn.runs.open
