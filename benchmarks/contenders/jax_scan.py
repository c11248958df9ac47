"""JAX: all batches of an epoch in one compiled scan, which gets its state's memory back."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.arrays import Array, floats
from benchmarks.weights import weights
from benchmarks.workloads import Workload

UNROLL = 4  # steps of few rows in one turn of the loop: measured, 1.3 times as fast in W4


def _forward(w: Workload, layers: Any, x: Any) -> Any:
    bend = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu}[w.activation]
    for k, layer in enumerate(layers):
        x = x @ layer["W"]
        if w.bias:
            x = x + layer["b"]
        if w.squashed or k < len(layers) - 1:
            x = bend(x)
    return x


def _loss(w: Workload, layers: Any, x: Any, t: Any) -> Any:
    y = _forward(w, layers, x)
    if w.loss == "half squared":
        return 0.5 * jnp.sum((y - t) ** 2) / len(x)
    picked = jnp.take_along_axis(jax.nn.log_softmax(y), t[:, None], axis=1)
    return -jnp.mean(picked)


def _start(w: Workload, seed: int) -> Any:
    """Make the layers and, for Adam, its two means and its count."""
    layers = [
        {"W": jnp.asarray(W), **({"b": jnp.asarray(b)} if w.bias else {})}
        for W, b in weights(w, seed)
    ]
    if w.rule == "sgd":
        return (layers,)
    mean, square = (jax.tree.map(jnp.zeros_like, layers) for _ in range(2))
    return layers, mean, square, jnp.zeros((), jnp.int32)


def _update(w: Workload, state: Any, x: Any, t: Any) -> tuple[Any, Any]:
    loss, d = jax.value_and_grad(partial(_loss, w))(state[0], x, t)
    if w.rule == "sgd":
        return (jax.tree.map(lambda p, g: p - w.rate * g, state[0], d),), loss
    layers, m, v, k = state
    k = k + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, d)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, d)
    one, two = 1 - 0.9**k, 1 - 0.999**k
    layers = jax.tree.map(
        lambda p, m, v: p - w.rate * (m / one) / (jnp.sqrt(v / two) + 1e-8), layers, m, v
    )
    return (layers, m, v, k), loss


def _learn(w: Workload, state: Any, x: Any, t: Any, order: Any) -> tuple[Any, Any]:
    unroll = UNROLL if w.batch < 10 else 1
    if w.full_batch:
        state, losses = jax.lax.scan(
            lambda state, _: _update(w, state, x, t), state, length=w.passes, unroll=unroll
        )
        return state, losses
    steps, rest = divmod(len(x), w.batch)

    def step(state: Any, i: Any) -> tuple[Any, Any]:
        chosen = (rows.at[i].get(mode="promise_in_bounds") for rows in (x, t))
        return _update(w, state, *chosen)

    whole = order[: steps * w.batch].reshape(steps, w.batch)
    state, losses = jax.lax.scan(step, state, whole, unroll=unroll)
    if rest:
        state, last = step(state, order[-rest:])
        losses = jnp.append(losses, last)
    return state, losses


class Learner:
    def __init__(self, w: Workload, x: Array, t: Array, seed: int = 0) -> None:
        jax.config.update("jax_enable_x64", w.dtype == "float64")
        self.w, self.rng = w, np.random.default_rng(seed)
        self.state = _start(w, seed)
        self.x, self.t = jnp.asarray(floats(x, w.dtype)), jnp.asarray(t)
        began = time.perf_counter()
        given = self.state, self.x, self.t, self._order()
        self.scan = jax.jit(partial(_learn, w), donate_argnums=0).lower(*given).compile()
        self.note = f"after {time.perf_counter() - began:.1f} s of compiling"
        self.forward = jax.jit(partial(_forward, w))

    def _order(self) -> Array:
        count = len(self.x)
        order = self.rng.permutation(count) if self.w.shuffle else np.arange(count)
        return order.astype(np.int32)

    def learn(self) -> None:
        self.state, losses = self.scan(self.state, self.x, self.t, self._order())
        jax.block_until_ready((self.state, losses))

    def answers(self, rows: Array) -> Array:
        return np.asarray(self.forward(self.state[0], rows))


learner = Learner


def answer(w: Workload, x: Array, _: Array) -> Callable[[], object]:
    forward, (layers,), rows = jax.jit(partial(_forward, w)), _start(w, 0), jnp.asarray(floats(x))
    return lambda: forward(layers, rows).block_until_ready()
