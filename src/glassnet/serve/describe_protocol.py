"""Describe the protocol: what OpenAPI says of the routes under /v2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassnet.data.meaning import Images
from glassnet.serve import inference
from glassnet.serve.shapes import (
    FLAG,
    TEXT,
    Json,
    any_number,
    any_of,
    body_of,
    record,
    responses,
    share,
    whole,
)

if TYPE_CHECKING:
    from glassnet.serve.models import Served
    from glassnet.serve.service import Service


def live(service: Service) -> Json:
    """GET /v2/health/live."""
    told = record({"live": FLAG})
    found = responses(service, {200: ("It runs.", told, {})}, plain=True, token=False)
    return {"responses": found, "security": []}


def ready(service: Service) -> Json:
    """GET /v2/health/ready."""
    told = record({"ready": FLAG})
    found = responses(service, {200: ("It answers.", told, {})}, plain=True, token=False)
    _or_not_ready(found, told)
    return {"responses": found, "security": []}


def server(service: Service) -> Json:
    """GET /v2."""
    told = record({"name": TEXT, "version": TEXT, "extensions": {"type": "array", "items": TEXT}})
    return {"responses": responses(service, {200: ("What this is.", told, {})}, plain=True)}


def models(service: Service) -> Json:
    """GET /v2/models."""
    known = {"type": "array", "items": {"$ref": "#/components/schemas/Model"}}
    told = record({"models": known})
    return {"responses": responses(service, {200: ("The models.", told, {})}, plain=True)}


def metadata(service: Service) -> Json:
    """GET /v2/models/NAME."""
    tensor = record(
        {"name": TEXT, "datatype": TEXT, "shape": {"type": "array", "items": {"type": "integer"}}}
    )
    tensors = {"type": "array", "items": tensor}
    told = record(
        {
            "name": TEXT,
            "versions": {"type": "array", "items": TEXT},
            "platform": TEXT,
            "inputs": tensors,
            "outputs": tensors,
            "parameters": {"type": "object"},
        }
    )
    shown = {
        served.name: {"summary": served.name, "value": inference.metadata_of(served)}
        for served in service.models
    }
    return {
        "parameters": [_name(service)],
        "responses": responses(service, {200: ("Its tensors.", told, shown)}, 404, plain=True),
    }


def model_ready(service: Service) -> Json:
    """GET /v2/models/NAME/ready."""
    told = record({"name": TEXT, "ready": FLAG})
    found = responses(service, {200: ("It answers.", told, {})}, 404, plain=True)
    _or_not_ready(found, told)
    return {"parameters": [_name(service)], "responses": found}


def infer(service: Service) -> Json:
    """POST /v2/models/NAME/infer."""
    parameters = {
        "type": "object",
        "propertyNames": {"not": {"pattern": "binary"}},
        "additionalProperties": {"type": ["string", "boolean", "number"]},
    }
    requests, examples, results = [], {}, {}
    names: set[str] = set()
    for served in service.models:
        tensors = [t["name"] for t in inference.metadata_of(served)["outputs"]]
        names.update(tensors)
        outputs = {
            "type": "array",
            "items": record(
                {"name": {"enum": tensors}, "parameters": parameters}, optional=("parameters",)
            ),
        }
        requests.append(
            record(
                {
                    "id": TEXT,
                    "parameters": parameters,
                    "inputs": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 1,
                        "items": _tensor(served, parameters),
                    },
                    "outputs": outputs,
                },
                optional=("id", "parameters", "outputs"),
            )
        )
        asked, told = inference.example(served)
        examples[served.name] = {"summary": f"One row for {served.name}", "value": asked}
        results[served.name] = {"summary": served.name, "value": told}
    output = record(
        {
            "name": {"enum": sorted(names)},
            "datatype": {"enum": ["FP64", "BYTES", "BOOL"]},
            "shape": {"type": "array", "items": whole(1)},
            "data": {"type": "array", "items": {"type": ["number", "string", "boolean"]}},
        }
    )
    answer = record(
        {
            "model_name": TEXT,
            "id": TEXT,
            "parameters": {"type": "object", "required": ["hash"]},
            "outputs": {"type": "array", "items": output},
        },
        optional=("id",),
    )
    return {
        "parameters": [_name(service)],
        "requestBody": body_of("application/json", any_of(requests), examples),
        "responses": responses(
            service, {200: ("The outputs.", answer, results)}, 404, 408, plain=True
        ),
    }


def _tensor(served: Served, parameters: Json) -> Json:
    """A tensor of one row, which is all that a schema can tie to its shape."""
    inputs = served.model.inputs
    D = inputs.size
    shapes: list[Json] = [{"const": [1, D]}]
    kinds: list[tuple[list[str], Json]]
    if isinstance(inputs, Images):
        shapes.append({"const": [1, inputs.height, inputs.width]})
        wholes = [name for name, limit in inference.WHOLES.items() if limit.max >= inputs.maximum]
        kinds = [(["FP32", "FP64"], share()), (wholes, whole(0, inputs.maximum))]
    else:
        kinds = [(["FP32", "FP64"], any_number())]
        kinds += [([name], whole(limit.min, limit.max)) for name, limit in inference.WHOLES.items()]
    return any_of(
        [
            record(
                {
                    "name": {"const": inference.INPUT},
                    "shape": any_of(shapes),
                    "datatype": {"enum": names},
                    "parameters": parameters,
                    "data": {"type": "array", "minItems": D, "maxItems": D, "items": number},
                },
                optional=("parameters",),
            )
            for names, number in kinds
        ]
    )


def _or_not_ready(responses: Json, told: Json) -> None:
    """A service that is not ready says so in the shape of one that is."""
    media = responses["503"]["content"]["application/json"]
    media["schema"] = {"anyOf": [told, media["schema"]]}


def _name(service: Service) -> Json:
    return {
        "name": "name",
        "in": "path",
        "required": True,
        "schema": {"enum": list(service.models.names)},
    }
