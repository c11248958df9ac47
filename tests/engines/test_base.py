"""Examples and State: what passes between the trainer and an engine."""

from __future__ import annotations

import numpy as np

from glassnet.data import Batches, Pixels
from glassnet.engines import Examples, State


def test_rows_are_gathered_by_index_and_bytes_become_floats() -> None:
    pixels = Pixels(np.array([[0, 255], [51, 102], [255, 0]], np.uint8))
    examples = Examples(
        {"a": np.arange(6.0).reshape(3, 2), "b": pixels}, {"y": np.arange(3)}, np.array([1.0, 2, 5])
    )
    order = np.array([2, 0])
    xs, ts, weights = examples.gather(order, np.dtype("float64"))
    assert xs["a"].tolist() == [[4, 5], [0, 1]]
    np.testing.assert_allclose(xs["b"], [[1, 0], [0, 1]])
    assert xs["b"].dtype == np.float64
    assert ts["y"].tolist() == [2, 0]
    assert weights is not None
    assert weights.tolist() == [5, 1]
    assert len(examples) == 3


def test_a_batch_counts_as_much_as_its_rows_together() -> None:
    examples = Examples({"a": np.zeros((3, 2))}, {"y": np.arange(3)}, np.array([1.0, 2, 5]))
    assert examples.counts(Batches(np.array([2, 0, 1]), 2)).tolist() == [6, 2]
    assert examples.counts(Batches(np.array([2, 0, 1]), 2)[:0]).tolist() == []


def test_without_weights_rows_count_as_many_as_they_are() -> None:
    examples = Examples({"a": np.zeros((3, 2))}, {"y": np.arange(3)})
    counts = examples.counts(Batches(np.array([2, 0, 1]), 2))
    assert counts.tolist() == [2, 1]
    assert counts.dtype == np.float64
    assert examples.gather(slice(1, 3), np.dtype("float32"))[2] is None


def test_a_copy_of_a_state_stays_as_it_is() -> None:
    state = State({"w": np.zeros(2)}, {"w": {"v": np.zeros(2)}})
    copy = state.copy()
    state.arrays["w"] += 1
    state.slots["w"]["v"] += 1
    assert copy.arrays["w"].tolist() == copy.slots["w"]["v"].tolist() == [0, 0]
