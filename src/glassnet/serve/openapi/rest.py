"""The service's own interface: what OpenAPI says of its routes, with examples of the served models.

Schemas are as tight as what is accepted; examples are real rows and their real answers.
A route that none of the models has a use for is not described: None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from glassnet.data.meaning import Classes, Images, Inputs, Outputs
from glassnet.data.pixels import Pixels
from glassnet.serve.openapi.schema import (
    BOOLEAN,
    NUMBER,
    TEXT,
    Json,
    any_number,
    any_of,
    integer,
    object_of,
    of_struct,
    or_null,
    request_body,
    responses,
    unit_interval,
)
from glassnet.serve.routes.predict import Correction
from glassnet.serve.routes.rows import MOST_EXPLAINED, PredictRequest

if TYPE_CHECKING:
    from glassnet.serve.models import Served
    from glassnet.serve.service import Service


def predict(service: Service) -> Json:
    """POST /predict."""
    served = list(service.models)
    most = service.settings.most_rows
    row = any_of([_row(one.model.inputs) for one in served])
    explained = min(MOST_EXPLAINED, most)
    body = any_of(
        [
            of_struct(
                PredictRequest,
                {"rows": _one_or_many(row, most), "explain": {"const": False}},
            ),
            of_struct(
                PredictRequest,
                {
                    "rows": _one_or_many(row, explained),
                    "explain": {**BOOLEAN, "description": "Say why, too."},
                },
            ),
        ]
    )
    examples = {}
    for one in served:
        by_position, by_name = _rows_of(one)
        examples[one.name] = {"summary": f"One row for {one.name}", "value": {"rows": by_position}}
        if by_name:
            examples[f"{one.name}, by name"] = {
                "summary": f"The same for {one.name}, by name, explained",
                "value": {"rows": [by_name], "explain": True},
            }
    return {
        "parameters": [_model_parameter(service)],
        "requestBody": request_body("application/json", body, examples),
        "responses": responses(
            service,
            {200: ("The answers, one a row.", _answers(service), _example_answers(service))},
            404,
            408,
            422,
        ),
    }


def predict_image(service: Service) -> Json | None:
    """POST /predict/image."""
    if not any(isinstance(one.model.inputs, Images) for one in service.models):
        return None
    picture = {"schema": {"type": "string", "format": "binary"}}
    schema = _answers(service)
    schema["properties"]["seen"] = object_of(
        {
            "height": integer(1),
            "width": integer(1),
            "maximum": integer(1, 255),
            "pixels": {"type": "array", "items": integer(0, 255)},
        },
        "What the network sees of the picture.",
    )
    schema["required"].append("seen")
    explain = {
        "name": "explain",
        "in": "query",
        "description": "1: say why, too.",
        "schema": {"enum": ["0", "1", "true", "false"], "default": "0"},
    }
    return {
        "parameters": [_model_parameter(service), explain],
        "requestBody": {
            "required": True,
            "content": {"image/png": picture, "image/jpeg": picture},
        },
        "responses": responses(
            service, {200: ("The answer, and what the network saw.", schema, {})}, 404, 408, 422
        ),
    }


def learn(service: Service) -> Json | None:
    """POST /learn."""
    bodies, examples = [], {}
    for one in service.models:
        images, outputs = one.model.inputs, one.model.outputs
        if not isinstance(images, Images) or not isinstance(outputs, Classes):
            continue
        bodies.append(
            of_struct(
                Correction,
                {
                    "pixels": {
                        "type": "array",
                        "minItems": images.size,
                        "maxItems": images.size,
                        "items": integer(0, images.maximum),
                        "contains": integer(1),
                    },
                    "label": {"enum": list(outputs.labels)},
                },
            )
        )
        row, _ = _rows_of(one)
        value = {"pixels": row, "label": outputs.labels[0]}
        examples[one.name] = {"summary": f"A correction for {one.name}", "value": value}
    if not bodies or service.settings.learn is None:
        return None
    model = {"$ref": "#/components/schemas/Model"}
    schema = object_of({"model": model, "kept": TEXT})
    return {
        "parameters": [_model_parameter(service)],
        "requestBody": request_body("application/json", any_of(bodies), examples),
        "responses": responses(service, {201: ("It is kept.", schema, {})}, 404, 408, 422, 507),
    }


def models(service: Service) -> Json:
    """GET /models."""
    features = {
        "type": "array",
        "items": object_of(
            {
                "name": TEXT,
                "unit": TEXT,
                "low": or_null(NUMBER),
                "high": or_null(NUMBER),
                "typical": or_null(NUMBER),
                "choices": {"type": "array", "items": NUMBER},
            }
        ),
    }
    images = {
        "kind": {"const": "images"},
        "height": integer(1),
        "width": integer(1),
        "maximum": integer(1, 255),
        "framing": TEXT,
    }
    texts, numbers = {"type": "array", "items": TEXT}, {"type": "array", "items": NUMBER}
    classes = {"kind": {"const": "classes"}, "labels": texts, "link": TEXT}
    values = {
        "kind": {"const": "values"},
        "names": texts,
        "units": texts,
        "mean": numbers,
        "std": numbers,
    }
    tables = {"kind": {"const": "features"}, "features": features}
    one = object_of(
        {
            "name": TEXT,
            "hash": TEXT,
            "inputs": {"oneOf": [object_of(images), object_of(tables)]},
            "outputs": {"oneOf": [object_of(classes), object_of(values)]},
            "provenance": {"type": "object"},
            "experience": BOOLEAN,
        }
    )
    schema = object_of({"models": {"type": "array", "items": one}, "learns": BOOLEAN})
    example = {
        "models": [served.about() for served in service.models],
        "learns": service.settings.learn is not None,
    }
    shown = {"these": {"summary": "What is served now", "value": example}}
    return {"responses": responses(service, {200: ("The models.", schema, shown)})}


def index(service: Service) -> Json:
    """GET /."""
    content = {
        "text/html; charset=utf-8": {"schema": TEXT},
        "text/plain; charset=utf-8": {"schema": TEXT},
    }
    found = responses(service, {}, token=False)
    found["200"] = {"description": "The page, or how to get it.", "content": content}
    return {"responses": found, "security": []}


def asset(_service: Service) -> None:
    """GET /assets/…: files of the page, which no program asks for."""


def events(service: Service) -> Json:
    """GET /events."""
    found = responses(service, {})
    found["200"] = {
        "description": "Server-sent events, without end.",
        "content": {"text/event-stream; charset=utf-8": {"schema": TEXT}},
    }
    return {"responses": found}


def metrics(service: Service) -> Json:
    """GET /metrics."""
    found = responses(service, {})
    kind = service.metrics.content_type
    found["200"] = {
        "description": "Figures, in Prometheus' text format.",
        "content": {kind: {"schema": TEXT}},
    }
    return {"responses": found}


def openapi(service: Service) -> Json:
    """GET /openapi.json."""
    schema = {"type": "object", "required": ["openapi", "paths"]}
    return {"responses": responses(service, {200: ("This document.", schema, {})})}


def _one_or_many(row: Json, most: int) -> Json:
    many = {"type": "array", "minItems": 1, "maxItems": most, "items": row}
    return {"description": "One row, or a list of rows.", "anyOf": [row, many]}


def _answers(service: Service) -> Json:
    kinds = dict.fromkeys(_answer_of(one.model.outputs) for one in service.models)
    answer = any_of([{"$ref": f"#/components/schemas/{kind}"} for kind in kinds])
    return object_of(
        {
            "model": {"$ref": "#/components/schemas/Model"},
            "answers": {"type": "array", "items": answer},
        }
    )


def _example_answers(service: Service) -> Json:
    """What each model says to its own example."""
    return {
        served.name: {
            "summary": f"What {served.name} says",
            "value": msgspec.json.decode(served.answers(served.example)[0]),
        }
        for served in service.models
    }


def _answer_of(outputs: Outputs) -> str:
    return "ClassAnswer" if isinstance(outputs, Classes) else "ValueAnswer"


def _row(inputs: Inputs) -> Json:
    D = inputs.size
    if isinstance(inputs, Images):
        kinds = [
            {"type": "array", "minItems": D, "maxItems": D, "items": item}
            for item in (integer(0, inputs.maximum), unit_interval())
        ]
        return any_of(kinds)
    by_position = {"type": "array", "minItems": D, "maxItems": D, "items": any_number()}
    by_name = object_of({name: any_number() for name in inputs.names})
    return any_of([by_position, by_name])


def _rows_of(served: Served) -> tuple[list[Any], Json]:
    """The example of a model, by position and by name; pixels have no names."""
    row, inputs = served.example, served.model.inputs
    if isinstance(row, Pixels) or isinstance(inputs, Images):
        assert isinstance(row, Pixels)
        return row.bytes[0].tolist(), {}
    values = [float(f"{value:.6g}") for value in np.asarray(row)[0]]
    return values, dict(zip(inputs.names, values, strict=True))


def _model_parameter(service: Service) -> Json:
    names = list(service.models.names)
    return {
        "name": "model",
        "in": "query",
        "description": "Which model answers; the first if it is left out.",
        "schema": {"enum": names, "default": names[0]},
    }
