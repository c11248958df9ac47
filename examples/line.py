"""Regression with a small network: train, keep, load, predict. See `glassnet recipe line`."""

import numpy as np

import glassnet as gn

data = gn.datasets.load("line")  # 100 points around y = 2.3 x + 4.7
x, t = data.train.x, data.train.t

layers = [gn.Dense(2), gn.Sigmoid(), gn.Dense(5), gn.Sigmoid(), gn.Dense(1)]
net = gn.Sequential(layers, input_shape=1, seed=0)
loss = gn.MeanSquaredError()


class EveryHundredSteps(gn.Callback):
    """Ten batches are a pass, so a hundred steps are ten passes."""

    def on_epoch(self, fit, figures):  # noqa: ARG002
        if figures["epoch"] % 10 == 0:
            print(f"step {figures['epoch'] * 10:5}  loss {figures['loss']:.4f}")


trainer = gn.Trainer(net, loss, gn.Adam(0.02))
trainer.fit((x, t), epochs=200, batch_size=10, callbacks=[EveryHundredSteps()], progress=False)

# A model is a network with what its numbers mean; the file holds names and numbers, no code.
gn.Model(net, data.inputs, data.outputs).save("line.safetensors")
model = gn.load("line.safetensors")
for at in (0.5, 1.5, 2.5):
    (answer,) = model.predict([[at]])[0]
    print(f"x = {at}: predicted {answer:.2f}, on the true line {2.3 * at + 4.7:.2f}")

# Look inside: one point there and back. δ of a layer is ∂L/∂z, the gradient at its weighted sum,
# made from the δ of the layer above; an update is made of δ and what came into the layer.
p = net.run(x[:1], t[:1], loss)
W3 = net.parameters()["dense_3.W"]
a2 = p["sigmoid_2"].y
delta3 = 2 * (p["dense_3"].y - t[:1])
delta2 = delta3 @ W3.T * a2 * (1 - a2)
assert np.allclose(delta2, p["dense_2"].dy, atol=1e-6)
assert np.allclose(a2.T @ delta3, p.gradients["dense_3.W"], atol=1e-6)
print("δ of the layers, from the output back:")
for name in ("dense_3", "dense_2", "dense_1"):
    print(f"  {name}  {p[name].dy[0]}")

# Dropout drops in training only: net(x) is evaluation, whatever was trained before.
dropping = gn.Sequential([gn.Dense(16), gn.Dropout(0.5), gn.Dense(1)], input_shape=1, seed=0)
for step in range(3):
    there = dropping.run(x[50:51], t[50:51], loss, training=True, step=step)
    print(f"training {there['dense_2'].y[0, 0]:+.3f}  evaluation {dropping(x[50:51])[0, 0]:+.3f}")
