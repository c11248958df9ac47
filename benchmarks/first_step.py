"""Imports Glassnet and makes one step of W3 with the engine named; prints the seconds."""

import time

began = time.perf_counter()

import sys  # noqa: E402

import numpy as np  # noqa: E402

import glassnet as gn  # noqa: E402

x, t = np.full((128, 784), 0.5, np.float32), np.arange(128) % 10
layers = [gn.Dense(512), gn.ReLU(), gn.Dense(512), gn.ReLU(), gn.Dense(10)]
net = gn.Sequential(layers, input_shape=784, seed=0)
trainer = gn.Trainer(net, gn.SoftmaxCrossEntropy(), gn.Adam(1e-3), engine=sys.argv[1])
trainer.fit((x, t), epochs=1, batch_size=128, progress=False, train_metrics=False)
print(time.perf_counter() - began)
