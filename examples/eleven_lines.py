"""The whole idea of backpropagation, on four rows. `glassnet recipe eleven-lines` tells more."""

import numpy as np

import glassnet as gn

# Three inputs; the answer is 1 where one of the first two is 1 and the other is not.
x = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], float)
t = np.array([[0], [1], [1], [0]], float)

# Each row passes through four hidden units to one output. No layer has a bias: the third input,
# which is always 1, serves as one.
net = gn.Sequential(
    [gn.Dense(4, bias=False), gn.Sigmoid(), gn.Dense(1, bias=False), gn.Sigmoid()],
    input_shape=3,
    dtype="float64",
)

# These first weights are the tutorial's: what NumPy drew from the seed 1 in 2015.
legacy = np.random.RandomState(1)
net.load_parameters(
    {
        "dense_1.W": 2 * legacy.random_sample((3, 4)) - 1,
        "dense_2.W": 2 * legacy.random_sample((4, 1)) - 1,
    }
)

# What has to become small is ½ (y - t)². Glassnet takes the mean over the rows, the tutorial their
# sum: a learning rate of four, one a row, makes both the same.
loss = gn.HalfSquaredError()
trainer = gn.Trainer(net, loss, gn.SGD(learning_rate=4))


def look(when):
    """One pass forward and back; each row's error, slope and their product."""
    p = net.run(x, t, loss)
    y = p["sigmoid_2"].y
    print(when)
    for row, answer, error, slope in zip(x, y, t - y, y * (1 - y), strict=True):
        print(
            f"  {row}  answer {answer[0]:.4f}  error {error[0]:+.4f}"
            f"  slope {slope[0]:.4f}  product {error[0] * slope[0]:+.6f}"
        )


look("Before training: unsure answers, steep slopes, large updates")

# 60,000 updates, each with all four rows; six epochs of 10,000 equal batches.
rows = np.tile(x, (10_000, 1)), np.tile(t, (10_000, 1))
for _ in range(6):
    print(f"error {np.abs(t - net(x)).mean():.8f}")
    trainer.fit(rows, epochs=1, batch_size=4, shuffle=False, progress=False)

look("After training: confident answers, flat slopes; what was learnt is left alone")
