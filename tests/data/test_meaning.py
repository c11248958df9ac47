import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.meaning import (
    _KINDS,
    Classes,
    Features,
    Images,
    Inputs,
    Outputs,
    Values,
    meaning_from_json,
)
from glassnet.errors import ModelFileError, SettingError

MEANINGS = [
    (Features(("length", "width"), ("cm", "")), 2),
    (Features(("length",)), 1),
    (Images(8, 6, maximum=16), 48),
    (Images(8, 6, framing="mass"), 48),
    (Classes(("a", "b", "c")), 3),
    (Classes(("no", "yes"), link="sigmoid"), 1),
    (Classes(("red", "round", "ripe"), link="sigmoid"), 3),
    (Classes(("no", "yes"), link="identity"), 2),
    (Values(("price",), ("USD",), mean=(3.5,), std=(2.0,)), 1),
    (Values(("x", "y")), 2),
]
any_features: Any = Features  # what their types forbid too
any_images: Any = Images
any_classes: Any = Classes
any_values: Any = Values
MEANT = Values(("y",), mean=(1.5,), std=(2.0,))


@pytest.mark.parametrize(("meaning", "size"), MEANINGS)
def test_size_counts_the_numbers_of_a_row(meaning: Inputs | Outputs, size: int) -> None:
    assert meaning.size == size


@pytest.mark.parametrize("meaning", [meaning for meaning, _ in MEANINGS])
def test_json_gives_back_the_same_meaning(meaning: Inputs | Outputs) -> None:
    document = meaning.to_json()
    assert document["kind"] == type(meaning).__name__.lower()
    assert meaning_from_json(json.loads(json.dumps(document))) == meaning
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Features(()), "at least one"),
        (lambda: any_features((1, 2)), r"a list of texts as names, got \(1, 2\)\. Write '1'\."),
        (lambda: any_features("abcd"), "a list of texts as names, got 'abcd'"),
        (lambda: any_features(("a", "\ud800")), "surrogates not allowed"),
        (lambda: any_images(8.0, 8), r"a whole number as height, got 8\.0"),
        (lambda: any_images("8", 8), "a whole number as height, got '8'"),
        (lambda: any_images(True, 8), "a whole number as height, got True"),
        (lambda: any_classes(np.unique([3, 5])), r"labels, got \[3, 5\]\. Write '3'\."),
        (lambda: any_classes((None, "a")), r"a list of texts as labels, got \(None, 'a'\)\.$"),
        (lambda: any_classes(3), "a list of texts as labels, got 3"),
        (lambda: any_values(("a",), mean=("1",), std=(1,)), "a list of numbers as mean"),
        (lambda: Values(("a",), mean=(10**400,), std=(1,)), "a list of numbers as mean"),
        (lambda: Features(("a", "a")), "'a' 2 times"),
        (lambda: Features(("a", "b"), ("cm",)), "empty or 2"),
        (lambda: Images(0, 8), "height in 1"),
        (lambda: Images(8, 8, maximum=256), "maximum in 1..255"),
        (lambda: Images(8, 8, framing="centre"), "framing as one of .*'mass', .*got 'centre'"),
        (lambda: any_images(8, 8, framing=None), "a text as framing, got None"),
        (lambda: Classes(("a", "b"), link="tanh"), "'tanh'"),
        (lambda: Values(("a",), mean=(1.0,)), "mean and std together"),
        (lambda: Values(("a",), mean=(1.0,), std=(0.0,)), "above 0"),
        (lambda: Values(("a",), mean=(float("nan"),), std=(1.0,)), "finite"),
    ],
)
def test_what_cannot_be_meant_is_refused(make: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        make()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (lambda: any_classes(np.array(["a", "b"])), Classes(("a", "b"))),
        (lambda: any_classes(["a", "b"]), Classes(("a", "b"))),
        (lambda: any_images(np.int64(8), np.uint8(6)), Images(8, 6)),
        (lambda: any_values(["y"], mean=np.array([1.5], np.float32), std=(np.float64(2),)), MEANT),
        (lambda: any_values(("y",), mean=(1.5,), std=[2]), MEANT),
    ],
)
def test_lists_and_the_numbers_of_numpy_become_pythons_own(given: Any, meant: Any) -> None:
    meaning = given()
    assert meaning == meant
    assert repr(meaning) == repr(meant)
    assert meaning_from_json(json.loads(json.dumps(meaning.to_json()))) == meant


def test_framing_comes_back_and_does_not_make_the_numbers_others() -> None:
    drawn = Images(28, 28, framing="mass")
    document = drawn.to_json()
    assert document["framing"] == "mass"
    again = meaning_from_json(json.loads(json.dumps(document)))
    assert isinstance(again, Images)
    assert again.framing == "mass"
    assert again == Images(28, 28)
    assert hash(again) == hash(Images(28, 28))
    del document["framing"]  # as in files from before there was one
    old = meaning_from_json(document)
    assert isinstance(old, Images)
    assert old.framing == ""


def test_many_labels_are_checked_in_no_time() -> None:
    labels = tuple(map(str, range(200_000)))
    assert Classes(labels).size == 200_000
    with pytest.raises(SettingError, match="'199999' 2 times"):
        Classes((*labels, "199999"))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "JSON object"),
        ({}, "no kind of meaning None"),
        ({"kind": "sounds"}, "'sounds'. Known: features, images"),
        ({"kind": ["images"]}, "no kind of meaning"),
        ({"kind": "images", "height": 8}, "lacks the field width"),
        ({"kind": "images", "height": 8, "width": 8, "depth": 3}, "no field 'depth'"),
        ({"kind": "images", "height": "8", "width": 8}, "a whole number as height, got '8'"),
        ({"kind": "images", "height": True, "width": 8}, "a whole number as height, got True"),
        ({"kind": "images", "height": 8, "width": -8}, "not usable: Images expects width"),
        ({"kind": "images", "height": 8, "width": 8, "framing": "x"}, "framing as one of"),
        ({"kind": "features", "names": "ab"}, "a list of texts as names, got 'ab'"),
        ({"kind": "features", "names": [1]}, "a list of texts"),
        ({"kind": "classes", "labels": ["a"], "link": None}, "a text as link"),
        ({"kind": "values", "names": ["a"], "mean": ["1"], "std": [1]}, "a list of numbers"),
        ({"kind": "values", "names": ["a"], "mean": [10**400], "std": [1]}, "a list of numbers"),
        ({"kind": "values", "names": ["a"], "mean": [0], "std": [-1]}, "above 0"),
    ],
)
def test_foreign_json_is_refused_with_its_reason(document: object, message: str) -> None:
    with pytest.raises(ModelFileError, match=message):
        meaning_from_json(document)


odd_values: st.SearchStrategy[object] = st.sampled_from(
    [
        *(None, True, 0, -1, 3, 2.5, float("nan"), 10**400, "a", "sigmoid", [], {}),
        *(["a"], ["a", "a"], ["a", "b"], [1], [1.5], [float("inf")], [[1]], ["a", 1]),
        *(np.int64(8), 8, 8.0, "8", "ab", b"ab", ("\ud800",), np.array(["a", "b"]), np.ones(1)),
        *((np.float32(2),), (np.str_("a"),), np.array([[1.0]]), (3, 5), "softmax", np.bool_(1)),
    ]
)
fields = st.sampled_from(
    ["names", "units", "height", "width", "framing", "labels", "link", "mean", "std"]
)


@given(
    st.sampled_from(["features", "images", "classes", "values"]),
    st.dictionaries(fields, odd_values, max_size=4),
)
def test_what_can_be_made_comes_back_from_json(kind: str, fields: dict[str, object]) -> None:
    made: Any = _KINDS[kind]
    takes = {field.name for field in dataclasses.fields(made)}
    fields = {"names": ["a"], "labels": ["a"], "height": 1, "width": 1} | fields
    try:
        meaning = made(**{name: value for name, value in fields.items() if name in takes})
    except SettingError:
        return
    document = meaning.to_json()
    text = json.dumps(document, allow_nan=False).encode()
    assert meaning_from_json(json.loads(text)) == meaning


@given(
    st.sampled_from(["features", "images", "classes", "values"]),
    st.dictionaries(fields, odd_values, max_size=4),
)
def test_json_is_a_meaning_or_a_model_file_error(kind: str, fields: dict[str, object]) -> None:
    try:
        meaning = meaning_from_json({"kind": kind} | fields)
    except ModelFileError:
        return
    assert meaning.size >= 1
