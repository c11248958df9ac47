"""Handwritten digits by mini-batch gradient descent. See `glassnet recipe gonetwork`.

Reads MNIST if GLASSNET_DATA names a folder with it, else the small digits that come along.
"""

import os
from pathlib import Path

import numpy as np

import glassnet as gn

here = Path(os.environ.get("GLASSNET_DATA", ""), "mnist").exists()
data = gn.datasets.load("mnist" if here else "digits")
pixels = data.inputs.size
x, t = data.train.x, gn.one_hot(data.train.t, 10)  # the answer 3 is written 0 0 0 1 0 0 0 0 0 0

# A network of the sizes [784, 30, 10], sigmoid everywhere, all weights and biases from N(0, 1).
N01 = gn.Normal(0, 1)
net = gn.Sequential(
    [gn.Dense(30, N01, N01), gn.Sigmoid(), gn.Dense(10, N01, N01), gn.Sigmoid()],
    input_shape=pixels,
    seed=0,
)
cost = gn.HalfSquaredError()  # C = ½ ‖a - t‖², the mean over the mini-batch

# The four equations of backpropagation, on one image, beside what the network computed.
image, truth = np.asarray(x[:1]), t[:1]
p = net.run(image, truth, cost)
a1, a2 = p["sigmoid_1"].y, p["sigmoid_2"].y
W2 = net.parameters()["dense_2.W"]
delta2 = (a2 - truth) * a2 * (1 - a2)  # 1. δ at the output: error times slope
delta1 = delta2 @ W2.T * a1 * (1 - a1)  # 2. δ one layer back
bias_gradient = delta1[0]  # 3. of a bias: δ itself
weight_gradient = image.T @ delta1  # 4. of a weight: what came in, times δ
assert np.allclose(delta2, p["dense_2"].dy)
assert np.allclose(delta1, p["dense_1"].dy)
assert np.allclose(bias_gradient, p.gradients["dense_1.b"])
assert np.allclose(weight_gradient, p.gradients["dense_1.W"])


class Count(gn.Callback):
    """After each epoch: how many test images are read rightly."""

    def on_epoch(self, fit, figures):
        answers = fit.network(np.asarray(data.test.x)).argmax(axis=1)
        right = (answers == data.test.t).sum()
        print(f"Epoch {figures['epoch'] - 1} : {right} / {len(data.test)}")


trainer = gn.Trainer(net, cost, gn.SGD(learning_rate=3.0))
trainer.fit((x, t), epochs=30, batch_size=10, callbacks=[Count()], progress=False)

# The quadratic cost learns slowly where a sigmoid is saturated, since δ has its slope in it. With
# the cross-entropy δ = a - t; weights that are smaller to begin with, and kept small, do the rest.
net = gn.Sequential(
    [gn.Dense(30, gn.lecun_normal, N01), gn.Sigmoid(), gn.Dense(10, gn.lecun_normal, N01)],
    input_shape=pixels,
    seed=0,
)
print("With the cross-entropy")
trainer = gn.Trainer(net, gn.SigmoidCrossEntropy(), gn.SGD(0.5), penalties=gn.L2(1e-4))
trainer.fit((x, t), epochs=5, batch_size=10, callbacks=[Count()], progress=False)

gn.Model(net, data.inputs, data.outputs).save("gonetwork.safetensors")
print(f"Kept it. Ask: glassnet predict gonetwork.safetensors {data.name} --row 0")
