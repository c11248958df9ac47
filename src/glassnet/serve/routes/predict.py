"""The endpoints that answer rows and pictures, and the one that keeps a correction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import numpy as np

from glassnet.data.meaning import Classes, Images
from glassnet.data.pixels import Pixels
from glassnet.errors import FullError, short
from glassnet.serve.endpoint import Request, flag, model_of
from glassnet.serve.refusal import Refusal
from glassnet.serve.reply import JSON, Reply
from glassnet.serve.routes.json_body import any_json, decode_json
from glassnet.serve.routes.rows import read_rows
from glassnet.serve.service import AT_ONCE

if TYPE_CHECKING:
    from pathlib import Path

    from glassnet.serve.models import Served
    from glassnet.serve.service import Service
    from glassnet.types import Array

PNG, JPEG = b"image/png", b"image/jpeg"
SEND_JSON = "Send the header 'Content-Type: application/json'."
SEND_PICTURE = "Send the header 'Content-Type: image/png' or 'image/jpeg' with it."


async def predict(service: Service, request: Request) -> Reply:
    """Answer rows.

    One row or several, each as numbers in the order of the model's inputs or by their names. Pixels
    are whole numbers up to the maximum; where one is written with a point and all are at most 1,
    they are shares of it.
    """
    query = request.query("model")
    request.expect_kind(JSON, hint=SEND_JSON)
    body = await request.body()
    served = model_of(service, query.get("model"))
    rows, explain = read_rows(body, served.model.inputs, service.settings.most_rows)
    return await _answers(service, request, served, rows, explain)


async def predict_image(service: Service, request: Request) -> Reply:
    """Answer a drawing or the photograph of one, a PNG or JPEG.

    It is cropped, scaled and placed as the pictures were that the network learnt from; `seen` is
    what the network then sees. Dark ink on light paper and light on dark are both read.
    """
    query = request.query("model", "explain")
    request.expect_kind(PNG, JPEG, hint=SEND_PICTURE)
    explain = flag("explain", query.get("explain", "0"))
    body = await request.body()
    served = model_of(service, query.get("model"))
    images = served.model.inputs
    if not isinstance(images, Images):
        raise Refusal(
            422,
            "no-images",
            f"The model {served.name} reads numbers of a table, no pictures: use POST /predict.",
        )
    pixels = await service.one_at_a_time(
        request.client, _framed, body, images, service.settings.most_pixels
    )
    answer, unsure = await service.in_thread(request.client, served.answers, pixels, explain)
    _count(service, request, served, 1, unsure)
    seen = {
        "height": images.height,
        "width": images.width,
        "maximum": images.maximum,
        "pixels": pixels.bytes[0].tolist(),
    }
    return Reply(answer[:-1] + b',"seen":' + msgspec.json.encode(seen) + b"}")


class Correction(msgspec.Struct, forbid_unknown_fields=True):
    """What POST /learn is sent."""

    pixels: list[int | float]
    label: str


_CORRECTION = msgspec.json.Decoder(Correction)


async def learn(service: Service, request: Request) -> Reply:
    """Keep a drawing with its right label, to learn from later.

    The pixels are those that the network saw. What is kept lies in a folder of the model's name, of
    which `glassnet train --continue MODEL --data DIR/NAME` learns; `kept` is the picture's path in
    DIR.
    """
    query = request.query("model")
    request.expect_kind(JSON, hint=SEND_JSON)
    body = await request.body()
    served = model_of(service, query.get("model"))
    folder = service.settings.learn
    if folder is None:
        raise Refusal(
            404, "does-not-learn", "This service keeps no drawings: it was started without --learn."
        )
    images, classes = served.model.inputs, served.model.outputs
    if not isinstance(images, Images) or not isinstance(classes, Classes):
        raise Refusal(
            422, "no-images", f"The model {served.name} does not tell pictures: none are kept."
        )
    try:
        correction = decode_json(body, _CORRECTION)
    except msgspec.ValidationError:
        _refuse_correction(any_json(body))
    pixels = _as_picture(correction.pixels, images)
    if correction.label not in classes.labels:
        raise Refusal(
            422,
            "no-such-label",
            f"There is no label {short(correction.label)}. "
            f"Known: {', '.join(classes.labels[:20])}.",
        )
    kept = await service.in_thread(request.client, _keep, folder, correction.label, pixels, served)
    scope_model(request, served)
    document = {"model": {"name": served.name, "hash": served.hash}, "kept": kept}
    return Reply(msgspec.json.encode(document), 201)


async def _answers(
    service: Service, request: Request, served: Served, rows: Array | Pixels, explain: bool
) -> Reply:
    if explain or len(rows) * served.cost > AT_ONCE:
        answer, unsure = await service.in_thread(request.client, served.answers, rows, explain)
    else:
        answer, unsure = served.answers(rows)
    _count(service, request, served, len(rows), unsure)
    return Reply(answer)


def _count(service: Service, request: Request, served: Served, rows: int, unsure: int) -> None:
    scope_model(request, served)
    service.metrics.answered(served.name, rows, unsure)


def scope_model(request: Request, served: Served) -> None:
    """Tell the log which model answered."""
    request.scope["glassnet.model"] = served.name


def _framed(body: bytes, images: Images, most: int) -> Pixels:
    """Bring a picture to what the network saw in training, as it is kept: in whole numbers."""
    from glassnet.data.drawings import frame
    from glassnet.data.pictures import read_picture

    row = frame(read_picture(body, most), images)
    return Pixels(np.rint(row * images.maximum).astype(np.uint8), images.maximum)


def _keep(folder: Path, label: str, pixels: Array, served: Served) -> str:
    """Keep a drawing in the model's own folder; return its path in `folder`."""
    from glassnet.data.image_folder import keep

    model: Any = served.model
    try:
        path = keep(folder / served.name, label, pixels, model.inputs, model.outputs)
    except FullError:
        raise Refusal(
            507, "full", "As many drawings are kept as may be: learn from them first."
        ) from None
    except OSError:  # a FileError among them; their words name places of this machine
        raise Refusal(
            507, "cannot-keep", "The drawing cannot be written where it belongs."
        ) from None
    return path.relative_to(folder).as_posix()


def _as_picture(pixels: list[int | float], images: Images) -> Array:
    if len(pixels) != images.size:
        raise Refusal(
            422,
            "wrong-shape",
            f"pixels is expected as {images.size} whole numbers ({images.height} x {images.width}, "
            f"row by row), got {len(pixels)}.",
        )
    low, high = min(pixels), max(pixels)
    if low < 0 or high > images.maximum:
        raise Refusal(
            422,
            "wrong-pixel",
            f"pixels are from 0 to {images.maximum}, got {short(low if low < 0 else high)}.",
        )
    if wrong := [value for value in pixels if value != int(value)]:
        raise Refusal(422, "wrong-pixel", f"pixels are whole numbers, got {short(wrong[0])}.")
    return np.array(pixels, np.uint8).reshape(images.height, images.width)


def _refuse_correction(document: Any) -> NoReturn:
    expected = 'The body is expected as {"pixels": [whole numbers], "label": "7"}'
    if not isinstance(document, dict):
        raise Refusal(422, "wrong-shape", f"{expected}.")
    for name in document:
        if name not in ("pixels", "label"):
            raise Refusal(
                422, "unknown-field", f"There is no field {short(name)}. Known: pixels, label."
            )
    for name, what in (("pixels", "a list of whole numbers"), ("label", "a text")):
        if name not in document:
            raise Refusal(422, "wrong-shape", f"The body lacks {name}, {what}.")
    raise Refusal(422, "wrong-shape", f"{expected}; one of the two is something else.")
