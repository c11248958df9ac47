"""JSON Schema in small pieces, and what every route of the service may answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from glassnet.serve.refusal import error_document
from glassnet.serve.routes.rows import LARGEST

if TYPE_CHECKING:
    from glassnet.serve.service import Service

Json: TypeAlias = dict[str, Any]

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
BOOLEAN: Json = {"type": "boolean"}

ERRORS: dict[int, tuple[str, str, str]] = {
    400: ("It is no request that can be read.", "not-json", "The body is not JSON: …"),
    401: ("The token is missing or wrong.", "no-token", "This service asks for its token: …"),
    403: ("It comes from a page or by a name that is not trusted.", "wrong-origin", "The Origin …"),
    404: ("There is no such model or address.", "no-such-model", "There is no model 'cats'. …"),
    408: ("The body did not come in time.", "too-slow", "The body did not come within 10 s."),
    413: ("The body is too large.", "too-large", "The body is larger than …"),
    415: ("The body is of another format.", "wrong-format", "The body is expected as …"),
    422: ("The rows cannot be used.", "missing-input", "rows[2] lacks 'age'."),
    429: ("Too many requests came from this address.", "too-many-requests", "More requests …"),
    500: ("Something went wrong inside.", "internal", "Something went wrong inside. …"),
    503: ("It cannot be answered now.", "overloaded", "Too many requests wait; come again."),
    507: ("No more drawings can be kept.", "full", "As many drawings are kept as may be: …"),
}
ALWAYS = (400, 403, 413, 415, 429, 500, 503)
"""What can happen to any request, before its route sees it."""


def components(service: Service) -> Json:
    """The schemas that several routes share."""
    found: Json = {
        "schemas": {
            "Error": object_of(
                {"error": object_of({"code": TEXT, "message": TEXT})},
                "What went wrong.",
            ),
            "PlainError": object_of({"error": TEXT}, "As the Open Inference Protocol has it."),
            "Model": object_of({"name": TEXT, "hash": TEXT}, "Which model answered."),
            "Doubt": object_of(
                {
                    "code": {"enum": ["unlike-training", "not-probable", "outside-range"]},
                    "message": TEXT,
                    "input": TEXT,
                },
                "A reason not to rely on an answer.",
                optional=("input",),
            ),
            "Explanation": {
                "type": "object",
                "description": "Why the network said so: the `glassnet-why` of docs/explain.md.",
                "required": ["format", "version", "answer", "questions"],
            },
            "ClassAnswer": _answer(
                {
                    "class": TEXT,
                    "probability": unit_interval(),
                    "probabilities": {"type": "object", "additionalProperties": unit_interval()},
                }
            ),
            "ValueAnswer": _answer(
                {
                    "values": {
                        "type": "object",
                        "additionalProperties": object_of({"value": NUMBER, "unit": TEXT}),
                    }
                }
            ),
        }
    }
    if service.settings.token:
        found["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return found


def responses(
    service: Service,
    good: dict[int, tuple[str, Json, Json]],
    *errors: int,
    plain: bool = False,
    token: bool = True,
) -> Json:
    """Every status that a route can answer with."""
    described: Json = {}
    for status, (description, schema, examples) in good.items():
        media: Json = {"schema": schema}
        if examples:
            media["examples"] = examples
        described[str(status)] = {
            "description": description,
            "content": {"application/json": media},
        }
    asks = (401,) if token and service.settings.token else ()
    for status in sorted({*ALWAYS, *errors, *asks}):
        description, code, message = ERRORS[status]
        shape = "PlainError" if plain else "Error"
        example = error_document(plain, code, message)
        described[str(status)] = {
            "description": description,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{shape}"},
                    "example": example,
                }
            },
        }
        if status in (429, 503):
            described[str(status)]["headers"] = {
                "Retry-After": {"description": "Seconds.", "schema": integer(0)}
            }
    return described


def request_body(kind: str, schema: Json, examples: Json) -> Json:
    """A body that must be there."""
    return {"required": True, "content": {kind: {"schema": schema, "examples": examples}}}


def object_of(properties: Json, about: str = "", optional: tuple[str, ...] = ()) -> Json:
    """An object of these fields and no others."""
    found: Json = {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }
    return {"description": about, **found} if about else found


def of_struct(
    struct: type[msgspec.Struct],
    narrowed: Json,
    about: str = "",
    required: tuple[str, ...] = (),
) -> Json:
    """What a body is read as: the fields of a Struct, and whether there may be others.

    narrowed    the schemas of fields of which less is accepted than their type says, as a model's
                number of inputs; of fields that are Structs, too
    about       what is said of it; what the Struct says of itself unless given
    required    fields that must be there besides those of which the Struct says so

    Raises ValueError for a field that the Struct does not have.
    """
    _, components = msgspec.json.schema_components([struct], ref_template="{name}")
    found: Json = components[struct.__name__]
    properties = found["properties"]
    if unknown := {*narrowed, *required} - set(properties):
        raise ValueError(f"{struct.__name__} has no field {', '.join(sorted(unknown))}.")
    if about:
        found["description"] = about
    found["properties"] = {**properties, **narrowed}
    found["required"] = [*found["required"], *required]
    return found


def any_of(schemas: list[Json]) -> Json:
    """Whatever fits one of several shapes."""
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def or_null(schema: Json) -> Json:
    """A shape, or null."""
    return {**schema, "type": [schema["type"], "null"]}


def integer(least: int, most: int | None = None) -> Json:
    """A whole number."""
    found = {"type": "integer", "minimum": least}
    return found if most is None else {**found, "maximum": most}


def unit_interval() -> Json:
    """A number from 0 to 1."""
    return {"type": "number", "minimum": 0, "maximum": 1}


def any_number() -> Json:
    """A number that a network may be given."""
    return {"type": "number", "minimum": -LARGEST, "maximum": LARGEST}


def _answer(said: Json) -> Json:
    doubts = {"type": "array", "items": {"$ref": "#/components/schemas/Doubt"}}
    sure = {
        **or_null(BOOLEAN),
        "description": "null: the model does not know what its training data was like.",
    }
    explanation = {"$ref": "#/components/schemas/Explanation"}
    fields = {**said, "sure": sure, "unsure_because": doubts, "explanation": explanation}
    return object_of(fields, optional=("explanation",))
