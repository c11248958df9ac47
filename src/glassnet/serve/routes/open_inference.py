"""The Open Inference Protocol, version 2, as other servers and their clients speak it.

A model has one input tensor, "input" of (N, D), or (N, height, width) for images; and

    probabilities   FP64 (N, classes)    label   BYTES (N,)     for classes
    values          FP64 (N, M)                                 for values
    sure            BOOL (N,)                                   where the model knows its data

Floats of images are 0..1, whole numbers 0..maximum. Errors are {"error": "text"}. Tensors may be
bytes, both ways, and `probabilities` may be asked for as a classification.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

import glassnet as gn
from glassnet.data.meaning import Classes, Images
from glassnet.data.pixels import Pixels
from glassnet.errors import short
from glassnet.serve.endpoint import Request, model_of
from glassnet.serve.reply import JSON, Reply
from glassnet.serve.routes.predict import SEND_JSON, scope_model
from glassnet.serve.routes.tensors import (
    ALL_BINARY,
    BINARY,
    HEADER,
    INPUT,
    OCTETS,
    SIZE,
    InferRequest,
    Parameters,
    parameters_of,
    read_inference,
    rows_of,
    to_bytes,
    wrong,
)
from glassnet.serve.service import AT_ONCE

if TYPE_CHECKING:
    from glassnet.model.answer import Answer
    from glassnet.model.model import Model
    from glassnet.serve.models import Served
    from glassnet.serve.service import Service
    from glassnet.types import Array

CLASSIFICATION = "classification"
"""The parameter of `probabilities` that asks for so many classes, the likeliest first."""

EXTENSIONS = ("binary_tensor_data", "classification")


class Wanted(NamedTuple):
    """An output to send: as bytes or as JSON; classes as texts, so many, if more than 0."""

    name: str
    binary: bool
    classes: int = 0


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
    return _reply({"name": "glassnet", "version": gn.__version__, "extensions": EXTENSIONS})


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
    document = {"name": served.name, "ready": service.ready}
    if service.ready:
        return _reply(document)
    return Reply(msgspec.json.encode(document), 503, JSON, ((b"retry-after", b"1"),))


async def infer(service: Service, request: Request) -> Reply:
    """Answer a tensor of rows.

    Floats of images are 0..1, whole numbers go up to their maximum. `id` and `parameters` come
    back; the model's hash is among the parameters.
    """
    request.query()
    length = request.header(HEADER)
    request.expect_kind(*((JSON,) if length is None else (JSON, OCTETS)), hint=SEND_JSON)
    body = await request.body()
    served = _named(service, request)
    document, stored_bytes = read_inference(body, length)
    rows = rows_of(
        document.inputs[0], stored_bytes, served.model.inputs, service.settings.most_rows
    )
    wanted = _wanted(document, served.model)
    if len(rows) * served.cost > AT_ONCE:
        reply, unsure = await service.in_thread(
            request.client, _infer, served, rows, document, wanted
        )
    else:
        reply, unsure = _infer(served, rows, document, wanted)
    scope_model(request, served)
    service.metrics.answered(served.name, len(rows), unsure)
    return reply


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
    document, _ = read_inference(msgspec.json.encode(request), None)
    answer, _ = _infer(served, row, document, _wanted(document, served.model))
    return request, msgspec.json.decode(answer.body)


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
    return model_of(service, request.parameter("name"))


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


def _classified(answers: Sequence[Answer], classes: int) -> list[str]:
    """The likeliest classes of each row, as "probability:number:label"."""
    found = []
    for answer in answers:
        by_number = enumerate(answer.probabilities.items())
        likeliest = sorted(by_number, key=lambda one: -one[1][1])[:classes]
        found += [f"{p:f}:{k}:{label}" for k, (label, p) in likeliest]
    return found


def _infer(
    served: Served, rows: Array | Pixels, document: InferRequest, wanted: Sequence[Wanted]
) -> tuple[Reply, int]:
    """Answer rows; the reply, and how many of the answers are not sure."""
    answers = served.model.answers(rows)
    tensors = _tensors(served.model)
    outputs, stored = [], []
    for name, binary, classes in wanted:
        datatype, size, values = tensors[name]
        if classes:
            datatype, size = "BYTES", [min(classes, *size)]
            data = _classified(answers, classes)
        else:
            data = values(answers)
        tensor = {"name": name, "datatype": datatype, "shape": [len(rows), *size]}
        if binary:
            stored.append(to_bytes(data, datatype))
            outputs.append({**tensor, "parameters": {SIZE: len(stored[-1])}})
        else:
            outputs.append({**tensor, "data": data})
    reply: dict[str, Any] = {"model_name": served.name}
    if isinstance(document.id, str):
        reply["id"] = document.id
    echoed = {
        name: value
        for name, value in parameters_of(document.parameters).items()
        if name != ALL_BINARY
    }
    reply["parameters"] = {**echoed, "hash": served.hash}
    reply["outputs"] = outputs
    text = msgspec.json.encode(reply)
    unsure = sum(answer.sure is False for answer in answers)
    if not stored:
        return Reply(text), unsure
    length = (HEADER, b"%d" % len(text))
    return Reply(b"".join([text, *stored]), 200, OCTETS, (length,)), unsure


def _wanted(document: InferRequest, model: Model) -> list[Wanted]:
    """The outputs to send: all, unless some are asked for."""
    known = _tensors(model)
    binary = _flag(parameters_of(document.parameters), ALL_BINARY, unless=False)
    if not isinstance(document.outputs, list) or not document.outputs:
        return [Wanted(name, binary) for name in known]
    found: dict[str, Wanted] = {}
    for output in document.outputs:
        if output.name not in known:
            wrong(f"There is no output {short(output.name)}. Known: {', '.join(known)}.")
        parameters = parameters_of(output.parameters)
        classes = _count(parameters, CLASSIFICATION)
        if classes and output.name != "probabilities":
            wrong(f"{CLASSIFICATION} is for probabilities, and not for {output.name}.")
        wanted = Wanted(output.name, _flag(parameters, BINARY, unless=binary), classes)
        found.setdefault(output.name, wanted)
    return list(found.values())


def _count(parameters: Parameters, name: str) -> int:
    """A parameter that is a whole number; 0 where it is not there."""
    value = parameters.get(name)
    if value is None:
        return 0
    if isinstance(value, bool | str) or value < 0 or value != int(value):
        wrong(f"{name} is expected as a whole number from 0 on, got {short(value)}.")
    return int(value)


def _flag(parameters: Parameters, name: str, unless: bool) -> bool:
    """A parameter that is true or false."""
    value = parameters.get(name)
    if value is None:
        return unless
    if not isinstance(value, bool):
        wrong(f"{name} is true or false, got {short(value)}.")
    return value
