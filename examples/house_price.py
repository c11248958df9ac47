"""A curve through scattered points, learnt one sample at a time. See `glassnet recipe house-price`.

With Boston housing (GLASSNET_DATA names the folder around boston/BostonHousing.csv) the points are
districts, rooms to price; without it they are patients, a blood value to a score. Boston housing
carries a column built on a racist premise, which is why scikit-learn removed it: only rooms and
price are used here.
"""

import os
from pathlib import Path

import numpy as np

import glassnet as gn

if Path(os.environ.get("GLASSNET_DATA", ""), "boston").exists():
    data = gn.datasets.load("boston")
    print(f"Warning: {data.warning}")
    x, t = data.train.x, data.train.t
    inputs, outputs = data.inputs, data.outputs
else:
    data = gn.datasets.load("diabetes")
    x, t = data.train.x[:, [8]], data.train.t / 10
    inputs, outputs = gn.Features(("log triglycerides",)), gn.Values(("progression / 10",))

# A graph: each layer is called on what feeds it. The computer finds the order to compute it in.
# Weights are drawn from N(0, 1), biases from 0 to 8.
N01, U08 = gn.Normal(0, 1), gn.Uniform(0, 8)
feature = gn.Input(1)
hidden = gn.Sigmoid()(gn.Dense(100, N01, U08)(feature))
hidden = gn.Sigmoid()(gn.Dense(100, N01, U08)(hidden))
price = gn.Dense(1, N01, U08)(hidden)
net = gn.Network(feature, price, seed=0)
print(" → ".join(node.name for node in net.nodes))

# Stochastic gradient descent at its plainest: look at one random row, step, forget it.
trainer = gn.Trainer(net, gn.MeanSquaredError(), gn.SGD(1e-3))
rng = np.random.default_rng(0)
for epoch in range(1, 101):
    rows = rng.integers(len(x), size=100)
    samples = x[rows], t[rows]
    history = trainer.fit(samples, epochs=1, batch_size=1, shuffle=False, progress=False)
    if epoch % 10 == 0 or epoch == 1:
        print(f"Epoch: {epoch}, Loss: {history.last['loss']:.3f}")

model = gn.Model(net, inputs, outputs)
error = ((model.predict(x) - t) ** 2).mean()
print(f"mean squared error {error:.1f}; always the mean would give {t.var():.1f}")

# A picture needs matplotlib: pip install 'glassnet[plot]'
gn.plots.regression(model, gn.Rows(x, t)).save("house_price.png")
print("Drew house_price.png")
