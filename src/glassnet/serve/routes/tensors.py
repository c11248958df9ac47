"""Tensors as the Open Inference Protocol sends them: as JSON, or as bytes behind it.

The extension for binary tensor data: a body in which a tensor is bytes is JSON with these bytes
behind it, and the header Inference-Header-Content-Length says how long the JSON is. Such a tensor
has no `data`, but the parameter `binary_data_size`. Numbers are little-endian, one row after
another; a text is its length, four bytes, and its UTF-8.

What of the protocol is not known here is left unread, null is as if it were not there.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any, NoReturn, TypeAlias

import msgspec
import numpy as np

from glassnet.data.meaning import Images, Inputs
from glassnet.data.pixels import Pixels
from glassnet.errors import short
from glassnet.serve.refusal import Refusal
from glassnet.serve.routes.json_body import any_json, decode_json
from glassnet.serve.routes.rows import LARGEST, as_images, whole_pixels
from glassnet.types import Array

INPUT = "input"
HEADER = b"inference-header-content-length"
OCTETS = b"application/octet-stream"
SIZE, BINARY, ALL_BINARY = "binary_data_size", "binary_data", "binary_data_output"
"""Parameters: of a tensor that is bytes, of an output that is to be, of all outputs to be so."""

FLOATS = {"FP16": 65504.0, "FP32": LARGEST, "FP64": LARGEST}
WHOLES = {
    f"{kind}{bits}": np.iinfo(f"{kind.lower()}{bits}")
    for kind in ("INT", "UINT")
    for bits in (8, 16, 32, 64)
}
DATATYPES = (*FLOATS, *WHOLES)
EXACT = 2**53
"""Below it a float is each whole number by itself."""

BYTES = {name for name, limits in WHOLES.items() if limits.max >= 255}
STORED = {
    "BOOL": np.dtype("?"),
    **{name: np.dtype(f"<f{int(name[2:]) // 8}") for name in FLOATS},
    **{name: limits.dtype.newbyteorder("<") for name, limits in WHOLES.items()},
}
"""How numbers and flags are bytes."""

Parameters: TypeAlias = dict[str, str | bool | int | float | None]
MaybeParameters: TypeAlias = Parameters | msgspec.UnsetType | None


class Tensor(msgspec.Struct):
    """One input of a request."""

    name: str
    shape: list[int]
    datatype: str
    data: list[int | float | list[int | float | list[int | float]]] | msgspec.UnsetType | None = (
        msgspec.UNSET
    )
    parameters: MaybeParameters = msgspec.UNSET


class RequestedOutput(msgspec.Struct):
    """One output that is asked for."""

    name: str
    parameters: MaybeParameters = msgspec.UNSET


class InferRequest(msgspec.Struct):
    """What an infer request is sent."""

    inputs: list[Tensor]
    model_name: Any = msgspec.UNSET  # the address names it; only counted
    id: str | msgspec.UnsetType | None = msgspec.UNSET
    parameters: MaybeParameters = msgspec.UNSET
    outputs: list[RequestedOutput] | msgspec.UnsetType | None = msgspec.UNSET


_INFER_REQUEST = msgspec.json.Decoder(InferRequest)


def parameters_of(parameters: MaybeParameters) -> Parameters:
    """The parameters that came."""
    return parameters if isinstance(parameters, dict) else {}


def read_inference(body: bytes, length: bytes | None) -> tuple[InferRequest, bytes | None]:
    """Read the body of an infer request: its JSON, and the bytes behind it.

    length  the header Inference-Header-Content-Length; None where it did not come, and then there
            are no bytes, which is None too

    Raises Refusal.
    """
    text, stored_bytes = body, None
    if length is not None:
        size = _length(length, len(body))
        text, stored_bytes = body[:size], body[size:]
    try:
        document = decode_json(text, _INFER_REQUEST)
    except msgspec.ValidationError as error:
        any_json(text)  # where even that fails, its words are better
        message = str(error).replace("`", "'").replace("$.", "").replace("$", "the body")
        wrong(f"The request has another shape than the protocol's: {message}.")
    if len(document.inputs) != 1 or document.inputs[0].name != INPUT:
        names = ", ".join(short(tensor.name) for tensor in document.inputs[:5]) or "none"
        wrong(f'inputs is expected to hold one tensor of the name "{INPUT}", got {names}.')
    return document, stored_bytes


def _length(header: bytes, most: int) -> int:
    """How many bytes of a body are its JSON, as the header says."""
    if not (header.isdigit() and len(header) < 20 and 0 < int(header) <= most):
        wrong(
            "Inference-Header-Content-Length is expected as the number of bytes of the JSON, 1 to "
            f"{most}, which is all of this body; got {short(header.decode('latin-1'))}."
        )
    return int(header)


def rows_of(
    tensor: Tensor, stored_bytes: bytes | None, inputs: Inputs, most: int
) -> Array | Pixels:
    """Read a tensor as the rows that it holds, as the model takes them.

    rest    the bytes behind the JSON; None where there may be none

    Raises Refusal.
    """
    shape = tensor.shape
    shapes = [[inputs.size]]
    if isinstance(inputs, Images):
        shapes.append([inputs.height, inputs.width])
    if len(shape) < 2 or shape[0] < 1 or shape[1:] not in shapes:
        expected = " or ".join(str(["N", *one]).replace("'", "") for one in shapes)
        wrong(f'The tensor "{INPUT}" is expected with the shape {expected}, got {short(shape)}.')
    if shape[0] > most:
        wrong(f"The tensor has {shape[0]:,} rows, of which {most:,} are answered at once.")
    if tensor.datatype not in DATATYPES:
        wrong(f"The datatype is one of {', '.join(DATATYPES)}; got {short(tensor.datatype)}.")
    if SIZE in parameters_of(tensor.parameters) or stored_bytes:
        x = _from_bytes(tensor, stored_bytes)
    elif isinstance(tensor.data, list):
        if isinstance(inputs, Images) and tensor.data and tensor.datatype in BYTES:
            rows = tensor.data if isinstance(tensor.data[0], list) else [tensor.data]
            if len(rows) == shape[0] and (pixels := whole_pixels(rows, inputs)) is not None:
                return pixels
        x = _from_json(tensor.data, shape, inputs.size, tensor.datatype)
    else:
        wrong(
            f'The tensor "{INPUT}" lacks its numbers: as JSON in data, or as bytes behind the JSON '
            f"with the parameter {SIZE} and the header Inference-Header-Content-Length."
        )
    x = x.reshape(shape[0], inputs.size)
    if not isinstance(inputs, Images):
        return x.astype(np.float64)
    fractions = tensor.datatype in FLOATS
    found = None if fractions and x.max() > 1 else as_images(x, inputs)
    if found is None:
        wrong(
            f"Pixels are 0 to 1 as {' or '.join(FLOATS)}, 0 to {inputs.maximum} as whole numbers; "
            f"got {tensor.datatype} from {x.min():g} to {x.max():g}."
        )
    return found


def _from_bytes(tensor: Tensor, stored_bytes: bytes | None) -> Array:
    """Read the numbers of a tensor from the bytes behind the JSON."""
    size, stored = parameters_of(tensor.parameters).get(SIZE), STORED[tensor.datatype]
    if stored_bytes is None:
        wrong(f"{SIZE} needs the header Inference-Header-Content-Length: how long the JSON is.")
    if isinstance(tensor.data, list):
        wrong(f'The tensor "{INPUT}" is expected as data or as bytes behind the JSON, got both.')
    expected = math.prod(tensor.shape) * stored.itemsize
    if isinstance(size, bool) or not size == len(stored_bytes) == expected:
        wrong(
            f"The shape {tensor.shape} of {tensor.datatype} is {expected} bytes behind the JSON, "
            f"with {SIZE} {expected}; got {len(stored_bytes)} bytes with {SIZE} {short(size)}."
        )
    x = np.frombuffer(stored_bytes, stored)
    if tensor.datatype not in FLOATS:
        return x
    x = x.astype(np.float64)
    if not np.isfinite(x).all():
        wrong(f"{tensor.datatype} is expected as finite numbers, got NaN or an infinity.")
    return _of_type(x, x.min().item(), x.max().item(), tensor.datatype)


def _from_json(data: list[Any], shape: Sequence[int], size: int, datatype: str) -> Array:
    """Read the numbers of a tensor from JSON."""
    try:
        x = np.array(data)
    except ValueError:
        x = np.empty(0, object)
    nested = x.shape in ((math.prod(shape),), tuple(shape), (shape[0], size))
    if x.dtype.kind not in "iuf" or not nested:
        wrong(
            f"data is expected as the {math.prod(shape)} numbers of the shape {shape}, in one list "
            "or a list a row."
        )
    return _of_type(x, *_ends(x, data), datatype)


def _ends(x: Array, data: Sequence[Any]) -> tuple[float, float]:
    """The least and the greatest number of x, which was made of data, as Python's own.

    Those it compares exactly: 2.0**63 is more than 2**63 - 1. NumPy makes the one of the other
    where a list holds numbers with and without a point.
    """
    low, high = x.min().item(), x.max().item()
    if x.dtype.kind == "f" and not -EXACT < low <= high < EXACT:
        numbers = np.array(data, object).ravel().tolist()
        return min(numbers), max(numbers)
    return low, high


def _of_type(x: Array, low: float, high: float, datatype: str) -> Array:
    """Hold numbers from low to high to what their type can hold."""
    if datatype in FLOATS:
        most = FLOATS[datatype]
        if high > most or low < -most:
            wrong(
                f"{datatype} is expected from {-most:g} to {most:g}, "
                f"got {short(low)} to {short(high)}."
            )
        return x.astype(np.float64)
    limits = WHOLES[datatype]
    if low < limits.min or high > limits.max or (x.dtype.kind == "f" and (x != np.rint(x)).any()):
        wrong(
            f"{datatype} is expected as whole numbers from {limits.min} to {limits.max}, "
            f"got some of {short(low)} to {short(high)}."
        )
    return x.astype(np.int64) if x.dtype.kind == "f" and -EXACT < low <= high < EXACT else x


def to_bytes(values: Sequence[Any], datatype: str) -> bytes:
    """Write an output's numbers, flags or texts as bytes."""
    if datatype != "BYTES":
        return np.array(values, STORED[datatype]).tobytes()
    texts = [text.encode() for text in values]
    return b"".join(part for text in texts for part in (struct.pack("<I", len(text)), text))


def wrong(message: str) -> NoReturn:
    """Refuse a request that the protocol does not know."""
    raise Refusal(400, "wrong-request", message)
