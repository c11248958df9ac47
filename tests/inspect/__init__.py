# ruff: noqa: A005  (tests.inspect, not the inspect of the standard library)
