import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.meaning import (
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
    (Classes(("a", "b", "c")), 3),
    (Classes(("no", "yes"), link="sigmoid"), 1),
    (Classes(("red", "round", "ripe"), link="sigmoid"), 3),
    (Classes(("no", "yes"), link="identity"), 2),
    (Values(("price",), ("USD",), mean=(3.5,), std=(2.0,)), 1),
    (Values(("x", "y")), 2),
]


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
        (lambda: Features(("a", "a")), "'a' twice"),
        (lambda: Features(("a", "b"), ("cm",)), "empty or 2"),
        (lambda: Images(0, 8), "height in 1"),
        (lambda: Images(8, 8, maximum=256), "maximum in 1..255"),
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
    ("document", "message"),
    [
        ([], "JSON object"),
        ({}, "no kind of meaning None"),
        ({"kind": "sounds"}, "'sounds'. Known: features, images"),
        ({"kind": ["images"]}, "no kind of meaning"),
        ({"kind": "images", "height": 8}, "lacks the field width"),
        ({"kind": "images", "height": 8, "width": 8, "depth": 3}, "no field 'depth'"),
        ({"kind": "images", "height": "8", "width": 8}, "a whole number as 'height', got '8'"),
        ({"kind": "images", "height": True, "width": 8}, "a whole number as 'height', got True"),
        ({"kind": "images", "height": 8, "width": -8}, "not usable: Images expects width"),
        ({"kind": "features", "names": "ab"}, "a list of texts as 'names', got 'ab'"),
        ({"kind": "features", "names": [1]}, "a list of texts"),
        ({"kind": "classes", "labels": ["a"], "link": None}, "a text as 'link'"),
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
    ]
)
fields = st.sampled_from(["names", "units", "height", "width", "labels", "link", "mean", "std"])


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
