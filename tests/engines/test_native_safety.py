"""What the compiled modules refuse: no program and no array makes them reach beyond their memory.

Each attempt is made in a process of its own, which it must not bring down.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.engines.both import needs_native
from tests.waiting import PATIENCE

pytestmark = needs_native

START = """
import numpy as np
import glassnet as gn
from glassnet.engines import library
from glassnet.engines.base import Job
from glassnet.engines.lowering import Lowering

native = library.load()

def lowered(dtype="float32", inputs=40, loss=None, optimizer=None):
    layers = [gn.Dense(17), gn.BatchNorm(), gn.Tanh(), gn.Dropout(0.2), gn.LayerNorm(),
              gn.Dense(3)]
    network = gn.Sequential(layers, input_shape=inputs, seed=0, dtype=dtype)
    optimizer = optimizer or gn.Adam()
    slots = {name: optimizer.start(w) for name, w in network.parameters().items()}
    losses = {"dense_2": loss or gn.SoftmaxCrossEntropy()}
    job = Job(network, losses, optimizer, (gn.L2(0.1),), gn.ClipNorm(1.0))
    return tuple(Lowering(network, 2, job, slots))

words, numbers, arrays = lowered()
program = native.program(words, numbers, arrays)
x = np.ones((20, 40), np.float32)
good = dict(
    program=program, inputs=((x, 0.0),), targets=((np.zeros(20, np.int64), True),), weights=None,
    order=np.arange(20), batch=7, rates=np.full(3, 0.01), step=0, seed=0, losses=np.empty(3),
)

def train(**other):
    return native.train(*(good | other).values())

def refused(work, *kinds):
    try:
        work()
    except (ValueError, TypeError, BufferError, SystemError, MemoryError, OverflowError) as error:
        assert not kinds or isinstance(error, kinds), repr(error)
        return True
    return False
"""


def run(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", START + code],
        env=os.environ, capture_output=True, text=True, timeout=5 * PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.returncode}: {done.stderr[-3000:]}"


REFUSED = {
    "a row after the last": "order=np.array([0, 20])",
    "a row before the first": "order=np.array([-1, 0])",
    "a row far away": "order=np.array([2**62, 0])",
    "a batch of none": "batch=0",
    "a batch of less": "batch=-5",
    "few rates": "rates=np.zeros(2)",
    "little room for losses": "losses=np.empty(2)",
    "losses that are not to be written": "losses=np.arange(3.0).tobytes()",
    "few weights": "weights=np.ones(19, np.float32)",
    "few labels": "targets=((np.zeros(19, np.int64), True),)",
    "few numbers as targets": "targets=((np.zeros((20, 2), np.float32), False),)",
    "labels taken for numbers": "targets=((np.zeros(20, np.int64), False),)",
    "no targets": "targets=()",
    "two targets": "targets=good['targets'] * 2",
    "no inputs": "inputs=()",
    "two inputs": "inputs=good['inputs'] * 2",
    "inputs too narrow": "inputs=((x[:, :20].copy(), 0.0),)",
    "inputs in lists": "inputs=([x, 0.0],)",
    "inputs that are no array": "inputs=((None, 0.0),)",
    "inputs with gaps": "inputs=((x[:, ::-1], 0.0),)",
    "inputs as a list": "inputs=[(x, 0.0)]",
    "bytes too few": "inputs=((np.zeros((19, 40), np.uint8), 1.0),)",
    "something for a program": "program=object()",
    "None for a program": "program=None",
    "an order with gaps": "order=np.arange(40)[::2]",
}


@pytest.mark.parametrize("other", REFUSED.values(), ids=REFUSED)
def test_training_refuses(other: str) -> None:
    """In one process for all of them would be quicker, and would not say which."""
    run(f"assert train() == 3\nassert refused(lambda: train({other}))\nassert train() == 3")


def test_training_on_no_batches_does_nothing() -> None:
    run("""
before = [a.tobytes() for a in arrays]
assert train(order=np.arange(0), losses=np.empty(0), rates=np.empty(0)) == 0
assert [a.tobytes() for a in arrays] == before
""")


def test_a_batch_as_large_as_can_be_is_all_rows() -> None:
    run("assert train(batch=2**63 - 1) == 1\nassert refused(lambda: train(batch=2**63))")


@pytest.mark.parametrize("label", [-1, -(2**63), 3, 2**62])
def test_a_label_that_there_is_not(label: int) -> None:
    run(f"""
labels = np.zeros(20, np.int64)
labels[4] = {label}
assert refused(lambda: train(targets=((labels, True),)))
for loss in (gn.MeanSquaredError(), gn.SigmoidCrossEntropy()):
    other = native.program(*lowered(loss=loss))
    assert refused(lambda: train(program=other, targets=((labels, True),)))
""")


def test_answers_refuse() -> None:
    run("""
y = np.empty((20, 3), np.float32)
native.infer(program, ((x, 0.0),), (y,))
for inputs, outputs in [
    ((), (y,)), (((x, 0.0),), ()), (((x, 0.0),), (y, y)), (((x, 0.0), (x, 0.0)), (y,)),
    (((x, 0.0),), (y[:19],)), (((x, 0.0),), (y[:, :2],)), (((x, 0.0),), (y.tobytes(),)),
    (((x, 0.0),), (None,)), (((x[::2], 0.0),), (y,)), ((None,), (y,)), (None, (y,)),
    (((x, "0"),), (y,)), (((np.zeros((21, 40), np.uint8), 1.0),), (y,)),
]:
    assert refused(lambda: native.infer(program, inputs, outputs)), (inputs, outputs)
native.infer(program, ((x[:0], 0.0),), (y[:0],))
""")


def test_a_program_keeps_its_arrays_alive() -> None:
    run("""
import gc
del arrays, words, numbers
gc.collect()
[np.zeros(100_000) for _ in range(50)]
assert train() == 3
""")


def test_programs_that_are_cut_short_or_too_long() -> None:
    run("""
for end in range(len(words)):
    assert refused(lambda: native.program(words[:end], numbers, arrays), ValueError), end
for end in range(len(numbers)):
    assert refused(lambda: native.program(words, numbers[:end], arrays), ValueError), end
assert refused(lambda: native.program(np.append(words, 0), numbers, arrays), ValueError)
assert refused(lambda: native.program(words, np.append(numbers, 0), arrays), ValueError)
assert refused(lambda: native.program(words, numbers, arrays[:-1]), ValueError)
assert refused(lambda: native.program(words, numbers, (*arrays, arrays[0])), ValueError)
assert refused(lambda: native.program(words, numbers, (arrays[-1], *arrays[1:])), ValueError)
assert refused(lambda: native.program(words, numbers, (arrays[0].tobytes(), *arrays[1:])))
assert refused(lambda: native.program(words, numbers, list(arrays)))
assert refused(lambda: native.program(None, numbers, arrays))
assert refused(lambda: native.program())
""")


def test_programs_with_one_word_changed() -> None:
    """They are refused, or run within their memory: `make sanitize` watches that."""
    run("""
y = np.empty((20, 3), np.float32)
survived = 0
for place in range(len(words)):
    for word in (-1, 0, 1, 2, 3, 7, 50):
        changed = words.copy()
        changed[place] = word
        try:
            other = native.program(changed, numbers, arrays)
            train(program=other)
            native.infer(other, ((x, 0.0),), (y,))
        except (ValueError, MemoryError):
            continue
        survived += 1
assert survived < 7 * len(words)
""")
