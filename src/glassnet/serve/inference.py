"""The Open Inference Protocol, version 2, as other servers and their clients speak it.

A model has one input tensor, "input" of (N, D), or (N, height, width) for images; and

    probabilities   FP64 (N, classes)    label   BYTES (N,)     for classes
    values          FP64 (N, M)                                 for values
    sure            BOOL (N,)                                   where the model knows its data

Floats of images are 0..1, whole numbers 0..maximum. Errors are {"error": "text"}. The extension for
binary tensors is not spoken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import numpy as np

import glassnet as gn
from glassnet.data.meaning import Classes, Images
from glassnet.data.pixels import Pixels
from glassnet.errors import short
from glassnet.serve.exchange import (
    JSON,
    RefusedError,
    Reply,
    Request,
    any_json,
    decoded,
    model_of,
)
from glassnet.serve.predict import SEND_JSON, scope_model
from glassnet.serve.rows import LARGEST, as_images, whole_pixels
from glassnet.serve.service import AT_ONCE

if TYPE_CHECKING:
    from glassnet.model.answer import Answer
    from glassnet.model.model import Model
    from glassnet.serve.models import Served
    from glassnet.serve.service import Service
    from glassnet.types import Array

INPUT = "input"
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


class Tensor(msgspec.Struct, forbid_unknown_fields=True):
    """One input of a request."""

    name: str
    shape: list[int]
    datatype: str
    data: list[int | float | list[int | float | list[int | float]]]
    parameters: dict[str, str | bool | int | float] = {}


class Output(msgspec.Struct, forbid_unknown_fields=True):
    """One output that is asked for."""

    name: str
    parameters: dict[str, str | bool | int | float] = {}


class Inference(msgspec.Struct, forbid_unknown_fields=True):
    """What an infer request is sent."""

    inputs: list[Tensor]
    id: str | msgspec.UnsetType = msgspec.UNSET
    parameters: dict[str, str | bool | int | float] = {}
    outputs: list[Output] = []


_INFERENCE = msgspec.json.Decoder(Inference)


async def live(_service: Service, request: Request) -> Reply:
    """Tell that the process runs."""
    request.query()
    return _reply({"live": True})


async def ready(service: Service, request: Request) -> Reply:
    """Tell whether requests are answered: 503 while models are loaded, and while it drains."""
    request.query()
    if service.ready:
        return _reply({"ready": True})
    return Reply(b'{"ready":false}', 503, JSON, ((b"retry-after", b"1"),))


async def server(_service: Service, request: Request) -> Reply:
    """Tell what this is."""
    request.query()
    return _reply({"name": "glassnet", "version": gn.__version__, "extensions": []})


async def models(service: Service, request: Request) -> Reply:
    """List the models."""
    request.query()
    model_of(service, None)
    return _reply({"models": [_known(served) for served in service.models]})


async def metadata(service: Service, request: Request) -> Reply:
    """Tell a model's tensors."""
    request.query()
    return _reply(metadata_of(_named(service, request)))


async def model_ready(service: Service, request: Request) -> Reply:
    """Tell whether a model answers."""
    request.query()
    served = _named(service, request)
    told = {"name": served.name, "ready": service.ready}
    if service.ready:
        return _reply(told)
    return Reply(msgspec.json.encode(told), 503, JSON, ((b"retry-after", b"1"),))


async def infer(service: Service, request: Request) -> Reply:
    """Answer a tensor of rows.

    Floats of images are 0..1, whole numbers go up to their maximum. `id` and `parameters` come
    back; the model's hash is among the parameters.
    """
    request.query()
    if request.has_header(b"inference-header-content-length"):
        _refuse_binary()
    request.expect_kind(JSON, hint=SEND_JSON)
    body = await request.body()
    served = _named(service, request)
    asked = _read(body)
    rows = _rows(asked.inputs[0], served.model, service.settings.most_rows)
    wanted = _wanted(asked.outputs, served.model)
    if len(rows) * served.cost > AT_ONCE:
        told, unsure = await service.in_thread(request.client, _infer, served, rows, asked, wanted)
    else:
        told, unsure = _infer(served, rows, asked, wanted)
    scope_model(request, served)
    service.metrics.answered(served.name, len(rows), unsure)
    return Reply(told)


def example(served: Served) -> tuple[dict[str, Any], dict[str, Any]]:
    """A request for a model, and its answer."""
    row = served.example
    pixels = isinstance(row, Pixels)
    tensor = {
        "name": INPUT,
        "shape": [1, served.model.inputs.size],
        "datatype": "UINT8" if pixels else "FP64",
        "data": (row.bytes if isinstance(row, Pixels) else row)[0].tolist(),
    }
    request = {"id": "1", "inputs": [tensor]}
    asked = _read(msgspec.json.encode(request))
    answer, _ = _infer(served, row, asked, list(_tensors(served.model)))
    return request, msgspec.json.decode(answer)


def metadata_of(served: Served) -> dict[str, Any]:
    """What a model takes and gives."""
    model = served.model
    inputs = model.inputs
    shape = [-1, inputs.height, inputs.width] if isinstance(inputs, Images) else [-1, inputs.size]
    datatype = "FP64" if model.network.dtype == np.float64 else "FP32"
    outputs = [
        {"name": name, "datatype": datatype, "shape": [-1, *size]}
        for name, (datatype, size, _) in _tensors(model).items()
    ]
    return {
        "name": served.name,
        "versions": [],
        "platform": "glassnet",
        "inputs": [{"name": INPUT, "datatype": datatype, "shape": shape}],
        "outputs": outputs,
        "parameters": {"hash": served.hash},
    }


def _known(served: Served) -> dict[str, str]:
    return {"name": served.name, "hash": served.hash}


def _named(service: Service, request: Request) -> Served:
    """The model that the address names."""
    name = request.scope.get("path_params", {}).get("name")
    if name is None:  # a short cut to the endpoint leaves the address as it came
        name = request.scope["path"].split("/")[3]
    return model_of(service, name)


def _reply(document: object) -> Reply:
    return Reply(msgspec.json.encode(document))


def _tensors(
    model: Model,
) -> dict[str, tuple[str, list[int], Callable[[Sequence[Answer]], list[Any]]]]:
    """The outputs by name: their type, the shape of a row, and where their numbers are."""
    outputs = model.outputs
    tensors: dict[str, tuple[str, list[int], Callable[[Sequence[Answer]], list[Any]]]]
    if isinstance(outputs, Classes):
        tensors = {
            "probabilities": ("FP64", [len(outputs.labels)], _probabilities),
            "label": ("BYTES", [], _labels),
        }
    else:
        tensors = {"values": ("FP64", [outputs.size], _values)}
    if model.experience is not None:
        tensors["sure"] = ("BOOL", [], _sure)
    return tensors


def _probabilities(answers: Sequence[Answer]) -> list[float]:
    return [p for answer in answers for p in answer.probabilities.values()]


def _labels(answers: Sequence[Answer]) -> list[str]:
    return [answer.label for answer in answers]


def _values(answers: Sequence[Answer]) -> list[float]:
    return [value for answer in answers for value in answer.values.values()]


def _sure(answers: Sequence[Answer]) -> list[bool]:
    return [bool(answer.sure) for answer in answers]


def _infer(
    served: Served, rows: Array | Pixels, asked: Inference, wanted: Sequence[str]
) -> tuple[bytes, int]:
    answers = served.model.answers(rows)
    tensors = _tensors(served.model)
    outputs = []
    for name in wanted:
        datatype, size, values = tensors[name]
        outputs.append(
            {
                "name": name,
                "datatype": datatype,
                "shape": [len(rows), *size],
                "data": values(answers),
            }
        )
    told: dict[str, Any] = {"model_name": served.name}
    if asked.id is not msgspec.UNSET:
        told["id"] = asked.id
    told["parameters"] = {**asked.parameters, "hash": served.hash}
    told["outputs"] = outputs
    return msgspec.json.encode(told), sum(answer.sure is False for answer in answers)


# -- reading ---------------------------------------------------------------------------------


def _read(body: bytes) -> Inference:
    try:
        asked = decoded(body, _INFERENCE)
    except msgspec.ValidationError as error:
        _refuse(any_json(body), error)
    said = [asked.parameters]
    said += [tensor.parameters for tensor in asked.inputs]
    said += [output.parameters for output in asked.outputs]
    if any("binary" in name for parameters in said for name in parameters):
        _refuse_binary()
    if len(asked.inputs) != 1 or asked.inputs[0].name != INPUT:
        names = ", ".join(short(tensor.name) for tensor in asked.inputs[:5]) or "none"
        _wrong(f'inputs is expected to hold one tensor of the name "{INPUT}", got {names}.')
    return asked


def _refuse(document: Any, error: msgspec.ValidationError) -> NoReturn:
    """Say what is wrong with a document of another shape, in msgspec's words and place."""
    if isinstance(document, dict) and "inputs" in document:
        for tensor in document["inputs"] if isinstance(document["inputs"], list) else ():
            if isinstance(tensor, dict) and "data" not in tensor and "parameters" in tensor:
                _refuse_binary()
    told = str(error).replace("`", "'").replace("$.", "").replace("$", "the body")
    _wrong(f"The request has another shape than the protocol's: {told}.")


def _refuse_binary() -> NoReturn:
    _wrong(
        "The extension for binary tensor data is not supported here. Send the tensor's numbers as "
        "JSON, in its data."
    )


def _rows(tensor: Tensor, model: Model, most: int) -> Array | Pixels:
    """Read a tensor as the rows that it holds, as the model takes them."""
    inputs, shape = model.inputs, tensor.shape
    shapes = [[inputs.size]]
    if isinstance(inputs, Images):
        shapes.append([inputs.height, inputs.width])
    if len(shape) < 2 or shape[0] < 1 or shape[1:] not in shapes:
        expected = " or ".join(str(["N", *one]).replace("'", "") for one in shapes)
        _wrong(f'The tensor "{INPUT}" is expected with the shape {expected}, got {short(shape)}.')
    if shape[0] > most:
        _wrong(f"The tensor has {shape[0]:,} rows, of which {most:,} are answered at once.")
    if tensor.datatype not in DATATYPES:
        _wrong(f"The datatype is one of {', '.join(DATATYPES)}; got {short(tensor.datatype)}.")
    if isinstance(inputs, Images) and tensor.data and tensor.datatype in BYTES:
        rows = tensor.data if isinstance(tensor.data[0], list) else [tensor.data]
        if len(rows) == shape[0] and (pixels := whole_pixels(rows, inputs)) is not None:
            return pixels
    try:
        x = np.array(tensor.data)
    except ValueError:
        x = np.empty(0, object)
    nested = x.shape in ((math.prod(shape),), tuple(shape), (shape[0], inputs.size))
    if x.dtype.kind not in "iuf" or not nested:
        _wrong(
            f"data is expected as the {math.prod(shape)} numbers of the shape {shape}, in one list "
            "or a list a row."
        )
    x = _of_type(x.reshape(shape[0], inputs.size), *_ends(x, tensor.data), tensor.datatype)
    if not isinstance(inputs, Images):
        return x.astype(np.float64)
    fractions = tensor.datatype in FLOATS
    found = None if fractions and x.max() > 1 else as_images(x, inputs)
    if found is None:
        _wrong(
            f"Pixels are 0 to 1 as {' or '.join(FLOATS)}, 0 to {inputs.maximum} as whole numbers; "
            f"got {tensor.datatype} from {x.min():g} to {x.max():g}."
        )
    return found


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
            _wrong(
                f"{datatype} is expected from {-most:g} to {most:g}, got {short(low)} to "
                f"{short(high)}."
            )
        return x.astype(np.float64)
    limits = WHOLES[datatype]
    if low < limits.min or high > limits.max or (x.dtype.kind == "f" and (x != np.rint(x)).any()):
        _wrong(
            f"{datatype} is expected as whole numbers from {limits.min} to {limits.max}, "
            f"got some of {short(low)} to {short(high)}."
        )
    return x.astype(np.int64) if x.dtype.kind == "f" and -EXACT < low <= high < EXACT else x


def _wanted(outputs: Sequence[Output], model: Model) -> list[str]:
    """The names of the outputs to send."""
    known = _tensors(model)
    if not outputs:
        return list(known)
    for output in outputs:
        if output.name not in known:
            _wrong(f"There is no output {short(output.name)}. Known: {', '.join(known)}.")
    return list(dict.fromkeys(output.name for output in outputs))


def _wrong(message: str) -> NoReturn:
    raise RefusedError(400, "wrong-request", message)
