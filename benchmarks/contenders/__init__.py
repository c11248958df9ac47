"""The contenders: each has a function for the kinds of workload that it can do.

`epoch`, `answer` and `gradient`, each of (workload, x, t), return a function of no arguments that
does the work once; what comes before it (making the network, bringing the data to the form that
the contender likes best) is not timed. x: (N, 784) uint8, t: (N,) class indices. PART is the share
of the work that is done, where that is not all of it.
"""
