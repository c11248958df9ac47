"""Defaults: what training takes where it is not told; a test holds docs and docstrings to them."""

from __future__ import annotations

BATCH_SIZE, LARGE_BATCH_SIZE = 32, 128
"""Rows an update, and from `MANY_ROWS` on, where `gn.train` and learning on choose."""

MANY_ROWS = 10_000
"""From so many rows on, `gn.train` takes wider layers, and larger batches."""

FIT_EPOCHS = 10
"""Of `Trainer.fit`, which knows neither the data's size nor what is learnt."""

UPDATES, AUGMENTED_UPDATES, MOST_EPOCHS = 6000, 16_000, 1000
"""`gn.train` makes about so many updates, in at most so many epochs. Pictures that are never twice
the same can be learnt from for longer."""

UNITS: dict[tuple[bool, bool], tuple[int, ...]] = {
    (False, False): (64,), (False, True): (128,), (True, False): (256,), (True, True): (512, 256),
}  # fmt: skip
"""The hidden layers, by whether there are many rows, and augmented ones."""

SMALL_TABLE_RATE = 0.01
"""Adam's rate on small tables: with its usual 0.001 it may stay on a plateau to the end."""

PATIENCE_PART = 5
"""One in so many epochs is how long `gn.train` waits for the validation loss to improve."""

# -- learning on ---------------------------------------------------------------------------------

KEPT_SHARE, MOST_TIMES = 0.1, 100
"""Kept pictures are repeated until they are such a share of an epoch, at most so many times."""

BESIDE_RATE, BESIDE_UPDATES = 2e-4, 1500
"""Adam's rate, at first, and about how many updates are made beside the data learnt from before."""

ALONE_RATE, ALONE_UPDATES = 1e-4, 100
"""The same for kept pictures alone: less, because nothing then holds what was learnt before."""
