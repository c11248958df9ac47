"""ONNX Runtime, given the network as Gemm and Sigmoid nodes; it only answers."""

from __future__ import annotations

import os
from collections.abc import Callable

import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.arrays import Array, floats
from benchmarks.weights import weights
from benchmarks.workloads import Workload


def _model(w: Workload) -> bytes:
    nodes, arrays, x = [], [], "x"
    for k, (W, b) in enumerate(weights(w)):
        arrays += [numpy_helper.from_array(W, f"W{k}"), numpy_helper.from_array(b, f"b{k}")]
        nodes.append(helper.make_node("Gemm", [x, f"W{k}", f"b{k}"], [f"z{k}"]))
        nodes.append(helper.make_node("Sigmoid", [f"z{k}"], [f"a{k}"]))
        x = f"a{k}"
    into, out = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", size])
        for name, size in (("x", w.sizes[0]), (x, w.sizes[-1]))
    )
    graph = helper.make_graph(nodes, "network", [into], [out], arrays)
    opset = [helper.make_opsetid("", 21)]
    model: bytes = helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()
    return model


def answer(w: Workload, x: Array, _: Array) -> Callable[[], object]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    session = onnxruntime.InferenceSession(_model(w), options, providers=["CPUExecutionProvider"])
    given = {"x": floats(x)}
    return lambda: session.run(None, given)
