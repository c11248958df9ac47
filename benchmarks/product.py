"""Prints the GFLOP/s of one library's float32 matrix product, the best of some tries."""

from __future__ import annotations

import sys
import time

import numpy as np

TRIES = 12


def main() -> None:
    rates = []
    for n in (1024, 2048):
        a, b, out = (np.full((n, n), 0.5, np.float32) for _ in range(3))
        if sys.argv[1] == "torch":
            import torch

            left, right, result = map(torch.from_numpy, (a, b, out))
        for _ in range(TRIES):
            began = time.perf_counter()
            if sys.argv[1] == "torch":
                torch.matmul(left, right, out=result)
            else:
                np.matmul(a, b, out=out)
            rates.append(2 * n**3 / (time.perf_counter() - began) / 1e9)
    print(max(rates))


if __name__ == "__main__":
    main()
