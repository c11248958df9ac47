"""The contenders: each gives `epoch(workload, x, t)` and `answer(workload, x)`.

Both return a function of no arguments that does the work once; what comes before it (making the
network, bringing the data to the form that the contender likes best) is not timed.
x: (N, 784) uint8, t: (N,) class indices.
"""
