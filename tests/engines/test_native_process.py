"""The compiled engine among processes, threads and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines import NativePredictor
from glassnet.types import Array
from tests.engines.both import needs_native
from tests.training.setups import bits, quiet
from tests.waiting import PATIENCE, wait_until

pytestmark = needs_native

START = """
import os, signal, sys, threading, time
import numpy as np
import glassnet as gn
from glassnet.engines import NativePredictor

signal.alarm(300)
rng = np.random.default_rng(0)
x, t = rng.normal(size=(640, 200)).astype("float32"), rng.integers(10, size=640)

def trainer():
    layers = [gn.Dense(150), gn.ReLU(), gn.Dropout(0.1), gn.Dense(10)]
    network = gn.Sequential(layers, input_shape=200, seed=0)
    return gn.Trainer(network, gn.SoftmaxCrossEntropy(), engine="native")

def fit(one, epochs=2):
    one.fit((x, t), epochs=epochs, batch_size=64, progress=False)
    return [w.tobytes() for w in one.network.arrays().values()]

def in_child(work):
    child = os.fork()
    if child == 0:
        signal.alarm(120)
        os._exit(0 if work() else 1)
    return os.waitpid(child, 0)[1]
"""


def run(code: str) -> None:
    """Run in a process of its own, which may die of it."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", START + code],
        env=os.environ | {"GLASSNET_THREADS": "3"},
        capture_output=True, text=True, timeout=5 * PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.returncode}: {done.stderr[-2000:]}"


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")


@needs_fork
def test_a_child_trains_on_where_its_parent_has_threads() -> None:
    run("""
alone = trainer(); fit(alone); wanted = fit(alone); anew = fit(trainer())
one = trainer(); fit(one)
answers = NativePredictor(one.network); y = answers(x)
for _ in range(2):
    assert in_child(lambda: fit(one) == wanted) == 0
    assert in_child(lambda: fit(trainer()) == anew) == 0
    assert in_child(lambda: (answers(x) == y).all()) == 0
    assert in_child(lambda: in_child(lambda: fit(one) == wanted) == 0) == 0
assert (answers(x) == y).all()
assert fit(one) == wanted
""")


@needs_fork
def test_a_child_of_a_process_that_is_training_in_another_thread() -> None:
    run("""
wanted = fit(trainer())
busy = threading.Thread(target=fit, args=(trainer(), 10**6), daemon=True)
busy.start()
for _ in range(10):
    assert in_child(lambda: fit(trainer()) == wanted) == 0
assert busy.is_alive()
""")


@needs_fork
def test_a_pool_of_processes_that_inherit_a_trainer() -> None:
    run("""
import multiprocessing
one = trainer(); fit(one)
def work(_):
    return fit(one)
wanted = fit(trainer(), 4)
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert all(found == wanted for found in pool.map(work, range(2), chunksize=1))
""")


def test_a_process_ends_while_threads_wait_and_while_one_trains() -> None:
    run("""
one = trainer(); fit(one)
threading.Thread(target=fit, args=(trainer(), 10**6), daemon=True).start()
time.sleep(0.3)
""")


def network(seed: int = 0) -> gn.Network:
    layers = [gn.Dense(150), gn.ReLU(), gn.Dropout(0.1), gn.Dense(10)]
    return gn.Sequential(layers, input_shape=200, seed=seed)


def data(rows: int = 640) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, 200)).astype(np.float32), rng.integers(10, size=rows)


def model_of(network: gn.Network) -> gn.Model:
    names = tuple(f"x{i}" for i in range(200))
    return gn.Model(network, gn.Features(names), gn.Classes(tuple("0123456789")))


def native(network: gn.Network) -> gn.Trainer:
    return gn.Trainer(network, gn.SoftmaxCrossEntropy(), engine="native")


def test_eight_threads_ask_one_predictor_while_two_trainers_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GLASSNET_THREADS", "2")
    asked = network()
    x, _ = data(2000)
    predictor, model = NativePredictor(asked), model_of(asked)
    parts = [slice(start, start + size) for start, size in
             ((0, 1), (1, 7), (8, 8), (16, 255), (300, 300), (600, 1400), (0, 2000))]  # fmt: skip
    wanted = [(predictor(x[part]), model.predict(x[part])) for part in parts]
    np.testing.assert_allclose(wanted[-1][0], asked(x), rtol=1e-3, atol=1e-5)
    alone = native(network(1))
    quiet(alone, data(), epochs=3, batch_size=64)
    trainers = [native(network(1)) for _ in range(2)]
    training = [
        threading.Thread(target=quiet, args=(one, data()), kwargs={"epochs": 3, "batch_size": 64})
        for one in trainers
    ]

    def ask(turn: int) -> bool:
        part, (y, answer) = parts[turn % len(parts)], wanted[turn % len(parts)]
        return bool((predictor(x[part]) == y).all() and (model.predict(x[part]) == answer).all())

    for thread in training:
        thread.start()
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(160)))
    for thread in training:
        thread.join()
    for one in trainers:
        assert bits(one.network) == bits(alone.network)


def test_a_network_answers_while_it_is_trained() -> None:
    trainer = native(network())
    predictor, (x, t) = NativePredictor(trainer.network), data()
    training = threading.Thread(
        target=quiet, args=(trainer, (x, t)), kwargs={"epochs": 5, "batch_size": 64}
    )
    training.start()
    while training.is_alive():
        assert np.isfinite(predictor(x)).all()
        assert np.isfinite(
            next(iter(trainer.runner.outputs(trainer.examples((x, t))).values()))
        ).all()
    np.testing.assert_allclose(predictor(x), trainer.network(x), rtol=1e-3, atol=1e-4)


def test_answers_follow_the_weights() -> None:
    one = network()
    predictor, (x, _) = NativePredictor(one), data()
    for count in (1, 5, 300):
        before = predictor(x[:count])
        one.parameters()["dense_2.W"][...] *= 2
        after = predictor(x[:count])
        np.testing.assert_allclose(after, 2 * before, rtol=1e-5, atol=1e-6)


@pytest.fixture
def handler() -> Iterator[None]:
    """Python's own handler of Ctrl-C, which has to be back in its place after the test."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


@pytest.mark.usefixtures("handler")
@pytest.mark.parametrize("after", [0.05, 0.5])
def test_an_interrupt_inside_a_chunk(after: float) -> None:
    trainer = native(network())

    def interrupt() -> None:
        wait_until(lambda: trainer.step)
        time.sleep(after)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    history = quiet(trainer, data(), epochs=10**6, batch_size=64)
    thread.join()
    assert history.ended == "interrupted"
    assert trainer.step > 0
    assert all(np.isfinite(w).all() for w in trainer.network.arrays().values())
    assert bits(trainer.network) != bits(network())
    # What is left is what so many steps make, and training goes on from there.
    losses = trainer.evaluate(data())
    assert losses["loss"] < native(network()).evaluate(data())["loss"]
    assert quiet(trainer, data(), epochs=2).ended == "finished"
