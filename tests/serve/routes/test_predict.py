"""Rows and pictures in, answers out; corrections kept."""

from __future__ import annotations

import io
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.image_folder import grey_png

from ..asking import IRIS_NAMES, IRIS_ROW, Asker, Serve, ask, make_app


def drawing(side: int = 64) -> bytes:
    """A 1 in dark ink on white paper."""
    picture = np.full((side, side), 255, np.uint8)
    picture[side // 6 : -side // 6, side // 2 - 3 : side // 2 + 3] = 0
    return grey_png(picture)


def test_an_answer_is_the_model_s_own(serve: Serve, trained: Path) -> None:
    said = serve().post("/predict", {"rows": IRIS_ROW}).json()
    model = gn.load(trained / "iris.safetensors")
    assert said["model"] == {"name": "iris", "hash": model.digest}
    assert said["answers"] == [answer.to_json() for answer in model.answers([IRIS_ROW])]


def test_by_position_by_name_one_and_many_are_the_same(serve: Serve) -> None:
    asker = serve()
    named = dict(zip(reversed(IRIS_NAMES), reversed(IRIS_ROW), strict=True))
    answers = [
        asker.post("/predict", {"rows": rows}).json()["answers"]
        for rows in (IRIS_ROW, [IRIS_ROW], named, [named])
    ]
    assert all(answer == answers[0] for answer in answers)
    many = asker.post("/predict", {"rows": 3 * [IRIS_ROW]}).json()["answers"]
    assert [answer["class"] for answer in many] == 3 * [answers[0][0]["class"]]


def test_a_quantity_has_its_unit(serve: Serve, trained: Path) -> None:
    row = gn.datasets.load("diabetes").test.x[0].tolist()
    (answer,) = serve("diabetes").post("/predict", {"rows": row}).json()["answers"]
    model = gn.load(trained / "diabetes.safetensors")
    ((value,),) = model.predict([row])
    (name,) = answer["values"]
    assert answer["values"][name]["value"] == pytest.approx(float(value), rel=1e-5)
    assert answer["sure"] in (True, False)


def test_the_test_part_is_answered_as_the_model_answers_it(serve: Serve, trained: Path) -> None:
    test = gn.datasets.load("digits").test
    pixels = test.x.bytes if isinstance(test.x, gn.Pixels) else None
    assert pixels is not None
    said = serve("digits").post("/predict", {"rows": pixels.tolist()}).json()["answers"]
    model = gn.load(trained / "digits.safetensors")
    assert isinstance(model.outputs, gn.Classes)
    assert [model.outputs.labels.index(answer["class"]) for answer in said] == model.predict(
        test.x
    ).tolist()


def test_the_explanation_comes_on_request(serve: Serve) -> None:
    asker = serve()
    (answer,) = asker.post("/predict", {"rows": IRIS_ROW, "explain": True}).json()["answers"]
    assert answer["explanation"]["format"] == "glassnet-why"
    assert answer["explanation"]["questions"][0]["answer"] == answer["class"]
    (plain,) = asker.post("/predict", {"rows": IRIS_ROW}).json()["answers"]
    assert "explanation" not in plain


def test_few_rows_are_explained_at_once(serve: Serve) -> None:
    asker = serve()
    asked = {"rows": 10 * [IRIS_ROW], "explain": True}
    assert all("explanation" in one for one in asker.post("/predict", asked).json()["answers"])
    code, message = asker.refusal("/predict", {**asked, "rows": 11 * [IRIS_ROW]})
    assert (code, "at most 10 are explained" in message) == ("too-many-rows", True)


def test_what_is_unlike_the_training_data_is_not_sure(serve: Serve) -> None:
    (answer,) = serve().post("/predict", {"rows": [50, 50, 50, 50]}).json()["answers"]
    assert answer["sure"] is False
    assert {doubt["code"] for doubt in answer["unsure_because"]} >= {"outside-range"}


def test_the_first_model_answers_unless_one_is_named(serve: Serve) -> None:
    asker = serve("iris", "digits")
    assert asker.post("/predict", {"rows": IRIS_ROW}).json()["model"]["name"] == "iris"
    said = asker.post("/predict?model=digits", {"rows": 64 * [3]}).json()
    assert said["model"]["name"] == "digits"
    code, message = asker.refusal("/predict?model=cats", {"rows": IRIS_ROW}, 404)
    assert code == "no-such-model"
    assert "iris, digits" in message


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?modle=iris", "unknown-parameter"),
        ("?model=iris&model=iris", "parameter-twice"),
        ("?explain=1", "unknown-parameter"),
    ],
)
def test_wrong_parameters_are_named(serve: Serve, query: str, code: str) -> None:
    assert serve().refusal(f"/predict{query}", {"rows": IRIS_ROW})[0] == code


def test_more_rows_than_allowed_are_refused(serve: Serve) -> None:
    asker = serve(most_rows=3)
    assert asker.post("/predict", {"rows": 3 * [IRIS_ROW]}).status_code == 200
    code, message = asker.refusal("/predict", {"rows": 4 * [IRIS_ROW]})
    assert (code, "at most 3" in message) == ("too-many-rows", True)


def test_numbers_too_large_for_the_network_are_no_error_inside(serve: Serve) -> None:
    assert serve().post("/predict", {"rows": 4 * [1e30]}).status_code in (200, 422)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_another_format_is_refused(serve: Serve, kind: str) -> None:
    said = ask(
        serve().app, "POST", "/predict", content=b'{"rows": [1]}', headers={"content-type": kind}
    )
    assert said.status_code == 415
    assert "application/json" in said.json()["error"]["message"]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_the_format_s_parameters_and_case_do_not_matter(serve: Serve, kind: str) -> None:
    said = ask(
        serve().app,
        "POST",
        "/predict",
        content=b'{"rows": [5.1, 3.5, 1.4, 0.2]}',
        headers={"content-type": kind},
    )
    assert said.status_code == 200


def test_large_requests_are_answered_in_a_thread(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from glassnet.serve.models import Served

    where = []
    answers = Served.answers

    def watched(self: Served, *args: object, **named: object) -> object:
        where.append(threading.current_thread() is threading.main_thread())
        return answers(self, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Served, "answers", watched)
    monkeypatch.setattr("glassnet.serve.routes.predict.AT_ONCE", 10_000)
    asker = serve()
    for rows, explain in ((1, False), (500, False), (1, True)):
        assert asker.post("/predict", {"rows": rows * [IRIS_ROW], "explain": explain}).is_success
    assert where == [True, False, False]


# -- pictures --------------------------------------------------------------------------------


def test_a_picture_is_framed_and_answered(serve: Serve) -> None:
    app = serve("digits").app
    said = ask(
        app, "POST", "/predict/image", content=drawing(), headers={"content-type": "image/png"}
    )
    assert said.status_code == 200, said.text
    document = said.json()
    assert document["answers"][0]["class"] in "0123456789"
    seen = document["seen"]
    assert (seen["height"], seen["width"], seen["maximum"]) == (8, 8, 16)
    assert len(seen["pixels"]) == 64
    assert max(seen["pixels"]) == 16
    again = ask(app, "POST", "/predict", json={"rows": seen["pixels"]}).json()
    assert again["answers"] == document["answers"]


def test_a_jpeg_and_an_explanation(serve: Serve) -> None:
    pil = pytest.importorskip("PIL.Image")
    jpeg = io.BytesIO()
    pil.open(io.BytesIO(drawing())).save(jpeg, "JPEG")
    said = ask(
        serve("digits").app,
        "POST",
        "/predict/image?explain=1",
        content=jpeg.getvalue(),
        headers={"content-type": "image/jpeg"},
    )
    assert said.status_code == 200
    assert "explanation" in said.json()["answers"][0]


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (grey_png(np.full((20, 20), 255, np.uint8)), "image/png", 422, "empty-drawing"),
        (b"GIF89a", "image/png", 422, "unusable"),
        (b"", "image/png", 422, "unusable"),
        (drawing()[:40], "image/png", 422, "unusable"),
        (drawing(200), "image/png", 422, "unusable"),
        (b"GIF89a", "image/gif", 415, "wrong-format"),
        (b"{}", "application/json", 415, "wrong-format"),
    ],
    ids=["empty", "gif", "nothing", "cut", "too many pixels", "as gif", "as JSON"],
)
def test_what_is_no_usable_picture_is_refused(
    serve: Serve, content: bytes, kind: str, status: int, code: str
) -> None:
    said = ask(
        serve("digits", most_pixels=10_000).app,
        "POST",
        "/predict/image",
        content=content,
        headers={"content-type": kind},
    )
    assert (said.status_code, said.json()["error"]["code"]) == (status, code), said.text


def test_a_model_of_a_table_reads_no_pictures(serve: Serve) -> None:
    said = ask(
        serve().app,
        "POST",
        "/predict/image",
        content=drawing(),
        headers={"content-type": "image/png"},
    )
    assert (said.status_code, said.json()["error"]["code"]) == (422, "no-images")


def test_a_flag_is_one_or_nought(serve: Serve) -> None:
    said = ask(
        serve("digits").app,
        "POST",
        "/predict/image?explain=perhaps",
        content=drawing(),
        headers={"content-type": "image/png"},
    )
    assert (said.status_code, said.json()["error"]["code"]) == (422, "wrong-parameter")


# -- corrections -----------------------------------------------------------------------------

PIXELS = [16] + 63 * [0]


def test_a_correction_is_kept_as_it_was_seen(serve: Serve, tmp_path: Path) -> None:
    said = serve("digits", learn=tmp_path).post("/learn", {"pixels": PIXELS, "label": "7"})
    assert said.status_code == 201
    assert said.json()["model"]["name"] == "digits"
    kept = tmp_path / said.json()["kept"]
    assert kept.parent == tmp_path / "digits" / "7"
    assert kept.is_file()
    from glassnet.data import image_folder

    outputs = gn.Classes(tuple("0123456789"))
    rows = image_folder.read(tmp_path / "digits", gn.Images(8, 8, maximum=16), outputs)
    assert rows.x[0].tolist() == [1.0] + 63 * [0.0]
    assert rows.t.tolist() == [7]


def test_nothing_is_kept_unless_asked_for(serve: Serve) -> None:
    code, message = serve("digits").refusal("/learn", {"pixels": PIXELS, "label": "7"}, 404)
    assert (code, "--learn" in message) == ("does-not-learn", True)


def test_each_model_has_its_folder_however_many_are_served(trained: Path, tmp_path: Path) -> None:
    digits, other = trained / "digits.safetensors", tmp_path / "other.safetensors"
    other.write_bytes(digits.read_bytes())
    kept, places = tmp_path / "kept", []
    for files in ([digits], [digits, other], [other]):
        asker = Asker(make_app(files, learn=kept))
        for path in files:
            said = asker.post(f"/learn?model={path.stem}", {"pixels": PIXELS, "label": "7"})
            assert said.status_code == 201, said.text
            place = kept / said.json()["kept"]
            assert place.is_file()
            places.append(place.parent.relative_to(kept).as_posix())
    assert places == ["digits/7", "digits/7", "other/7", "other/7"]


def test_what_else_lies_in_the_folder_does_not_matter(serve: Serve, tmp_path: Path) -> None:
    for place in ("iris", "7", "digits/notes"):
        (tmp_path / place).mkdir(parents=True)
    asker = serve("digits", learn=tmp_path)
    assert asker.post("/learn", {"pixels": PIXELS, "label": "7"}).status_code == 201


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"pixels": PIXELS, "label": "x"}, "no-such-label"),
        ({"pixels": PIXELS, "label": "../../x"}, "no-such-label"),
        ({"pixels": PIXELS, "label": 7}, "wrong-shape"),
        ({"pixels": PIXELS}, "wrong-shape"),
        ({"label": "7"}, "wrong-shape"),
        ({"pixels": PIXELS[1:], "label": "7"}, "wrong-shape"),
        ({"pixels": [17, *PIXELS[1:]], "label": "7"}, "wrong-pixel"),
        ({"pixels": [10**400, *PIXELS[1:]], "label": "7"}, "wrong-pixel"),
        ({"pixels": [-(10**400), *PIXELS[1:]], "label": "7"}, "wrong-pixel"),
        ({"pixels": [*PIXELS[1:], 1e308], "label": "7"}, "wrong-pixel"),
        ({"pixels": [-1, *PIXELS[1:]], "label": "7"}, "wrong-pixel"),
        ({"pixels": [0.5, *PIXELS[1:]], "label": "7"}, "wrong-pixel"),
        ({"pixels": [10**30, *PIXELS[1:]], "label": "7"}, "wrong-pixel"),
        ({"pixels": [True, *PIXELS[1:]], "label": "7"}, "wrong-shape"),
        ({"pixels": 64 * [0], "label": "7"}, "empty-drawing"),
        ({"pixels": PIXELS, "label": "7", "path": "x"}, "unknown-field"),
        ([], "wrong-shape"),
    ],
)
def test_a_wrong_correction_is_refused(
    serve: Serve, tmp_path: Path, document: object, code: str
) -> None:
    assert serve("digits", learn=tmp_path).refusal("/learn", document)[0] == code
    assert list(tmp_path.rglob("*.png")) == []


def test_a_correction_with_two_labels_is_refused(serve: Serve, tmp_path: Path) -> None:
    text = json.dumps({"pixels": PIXELS, "label": "7"}).replace("}", ', "label": "1"}')
    said = serve("digits", learn=tmp_path).post_text("/learn", text)
    assert (said.status_code, said.json()["error"]["code"]) == (422, "name-twice")
    assert "The body has 'label' more than once" in said.json()["error"]["message"]
    assert list(tmp_path.rglob("*.png")) == []


def test_a_table_has_no_drawings_to_keep(serve: Serve, tmp_path: Path) -> None:
    asker = serve("iris", learn=tmp_path)
    assert asker.refusal("/learn", {"pixels": PIXELS, "label": "setosa"})[0] == "no-images"


def test_a_full_folder_keeps_no_more(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from glassnet.data import image_folder

    keep = image_folder.keep
    monkeypatch.setattr(image_folder, "keep", partial(keep, most=1))
    asker = serve("digits", learn=tmp_path)
    correction = {"pixels": PIXELS, "label": "7"}
    assert asker.post("/learn", correction).status_code == 201
    assert asker.refusal("/learn", correction, 507)[0] == "full"


def test_what_full_means_is_not_read_from_words(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from glassnet.data import image_folder
    from glassnet.errors import FullError

    def refuse(*_: object) -> None:
        raise FullError("No room is left.")

    monkeypatch.setattr(image_folder, "keep", refuse)
    correction = {"pixels": PIXELS, "label": "7"}
    assert serve("digits", learn=tmp_path).refusal("/learn", correction, 507)[0] == "full"


@pytest.mark.parametrize("place", ["digits", "digits/7"])
def test_a_folder_that_cannot_be_written_says_no_path(
    serve: Serve, tmp_path: Path, place: str
) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("in the way")
    code, message = serve("digits", learn=tmp_path).refusal(
        "/learn", {"pixels": PIXELS, "label": "7"}, 507
    )
    assert code == "cannot-keep"
    assert str(tmp_path) not in message
