"""What is a gradient? Nudge a weight and see. See `glassnet recipe numerical-mnist` for MNIST."""

import time

import numpy as np

import glassnet as gn

data = gn.datasets.load("digits")
x, t = data.train.batch(slice(100), np.float64)  # one batch: 100 images of 64 pixels

N01 = gn.Normal(0, 1)
layers = [gn.Dense(50, N01, N01), gn.Sigmoid(), gn.Dense(10, N01, N01)]
net = gn.Sequential(layers, input_shape=64, seed=0, dtype="float64")
loss = gn.SoftmaxCrossEntropy()
print(f"{net.size():,} weights and biases")


def by_nudging():
    """(L(w + h) - L(w - h)) / 2h for each weight: two passes through the network a weight."""
    h, gradients = 1e-4, {}
    for name, w in net.parameters().items():
        dw = gradients[name] = np.zeros_like(w)
        for place in np.ndindex(w.shape):
            value = w[place]
            w[place] = value + h
            above = net.run(x, t, loss).loss
            w[place] = value - h
            below = net.run(x, t, loss).loss
            w[place] = value
            dw[place] = (above - below) / (2 * h)
    return gradients


def by_fast_nudging():
    """The same, where only what a nudge changes is computed again."""
    return gn.numerical_gradient(net, x, t, loss, h=1e-4)


def by_backpropagation():
    """The chain rule, from the loss back to the first layer: all weights in one pass."""
    return net.run(x, t, loss).gradients


found = {}
for way in (by_nudging, by_fast_nudging, by_backpropagation):
    began = time.perf_counter()
    found[way] = way()
    print(f"{way.__name__:20} {time.perf_counter() - began:8.4f} s")

for way in (by_nudging, by_fast_nudging):
    differences = [
        np.abs(found[way][name] - exact).max() for name, exact in found[by_backpropagation].items()
    ]
    print(f"{way.__name__:20} differs from backpropagation by at most {max(differences):.0e}")

# Whichever way it was found, a gradient is followed downhill.
for step in range(3):
    print(f"step {step}: loss {net.run(x, t, loss).loss:.4f}")
    for name, dw in by_backpropagation().items():
        net.parameters()[name][...] -= 0.6 * dw
