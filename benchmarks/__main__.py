"""Measures Glassnet beside its peers.

    python -m benchmarks           the workloads W1 to W8 (see table.py)
    python -m benchmarks growth    the cost of a parameter, by width and batch
    python -m benchmarks start     what it takes to begin
    python -m benchmarks peak      the machine's peak, and the limits that follow from it

Each takes --help.
"""

from __future__ import annotations

import sys

from benchmarks import growth, peak, start, table

COMMANDS = {"growth": growth.main, "start": start.main, "peak": peak.main}


def main() -> None:
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    if name in COMMANDS:
        COMMANDS[name](arguments)
    else:
        table.main(sys.argv[1:])


if __name__ == "__main__":
    main()
