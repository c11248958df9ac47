import csv
import io
import json
import os
import re
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.cli.table import parse_table
from tests.waiting import PATIENCE, at_most

from .conftest import Run

IRIS = "iris.safetensors"
NAMES = "sepal length,sepal width,petal length,petal width"
ROW = ("5.1", "3.5", "1.4", "0.2")


def give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Put a text on standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


@pytest.mark.usefixtures("models")
def test_values_on_the_line(run: Run) -> None:
    said = run("predict", IRIS, *ROW)
    assert said.status == 0
    title, answer = said.out.splitlines()
    assert title.split() == ["answer", "probability", "sure"]
    assert re.fullmatch(r"setosa +[0-9.]+ % +yes", answer)


@pytest.mark.usefixtures("models")
def test_values_may_be_negative(run: Run) -> None:
    assert run("predict", IRIS, "-5.1", "3.5", "-1.4", "0.2", "--all").status == 0


@pytest.mark.parametrize(
    "text",
    [
        f"{NAMES}\n5.1,3.5,1.4,0.2\n6.5,3.0,5.8,2.2\n",
        "5.1,3.5,1.4,0.2\n\n6.5,3.0,5.8,2.2\n",
        "5.1;3.5;1.4;0.2\r\n6.5;3.0;5.8;2.2",
        "petal width,petal length,sepal width,sepal length\n0.2,1.4,3.5,5.1\n2.2,5.8,3.0,6.5\n",
        "[[5.1, 3.5, 1.4, 0.2], [6.5, 3.0, 5.8, 2.2]]",
        json.dumps([
            {"petal width": 0.2, "petal length": 1.4, "sepal width": 3.5, "sepal length": 5.1},
            {"sepal length": 6.5, "sepal width": 3.0, "petal length": 5.8, "petal width": 2.2},
        ]),
    ],
    ids=["header", "no header", "semicolons", "other order", "JSON lists", "JSON objects"],
)  # fmt: skip
def test_reads_tables_of_every_kind(
    run: Run, models: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (models / "rows").write_text(text)
    out = run("predict", IRIS, "rows", "--format", "csv").out
    assert [row["answer"] for row in csv.DictReader(io.StringIO(out))] == ["setosa", "virginica"]
    give(monkeypatch, text)
    assert run("predict", IRIS, "-", "--format", "csv").out == out


@pytest.mark.usefixtures("models")
def test_json_has_every_probability(run: Run) -> None:
    (said,) = json.loads(run("predict", IRIS, *ROW, "--format", "json").out)
    assert said["class"] == "setosa"
    assert said["probabilities"]["setosa"] == said["probability"]
    assert sum(said["probabilities"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["iris", "digits", "diabetes"])
def test_an_answer_is_what_the_service_sends_with_its_truth(
    run: Run, models: Path, name: str
) -> None:
    said = json.loads(run("predict", f"{name}.safetensors", name, "--format", "json").out)
    model, test = gn.load(models / f"{name}.safetensors"), gn.datasets.load(name).test
    truth = [one.pop("truth") for one in said]
    assert said == [one.to_json() for one in model.answers(test.x)]
    if isinstance(model.outputs, gn.Classes):
        assert truth == [model.outputs.labels[k] for k in test.t]
    else:
        assert truth == [{"progression after one year": t} for (t,) in test.t.tolist()]


def test_csv_is_what_the_library_says(run: Run, models: Path) -> None:
    out = run("predict", IRIS, "iris", "--all", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(out)))
    p = gn.load(models / IRIS).predict_proba(gn.datasets.load("iris").test.x)
    assert [float(row["p(virginica)"]) for row in rows] == pytest.approx(p[:, 2].tolist(), abs=1e-6)
    assert {"answer", "truth", "probability"} < rows[0].keys()


@pytest.mark.usefixtures("models")
def test_one_row_of_a_data_set(run: Run) -> None:
    (said,) = json.loads(
        run("predict", "digits.safetensors", "digits", "--row", "3", "--format", "json").out
    )
    assert said["truth"] == str(gn.datasets.load("digits").test.t[3])


@pytest.mark.usefixtures("models")
def test_values_come_with_their_unit(run: Run) -> None:
    args = ("predict", "diabetes.safetensors", "diabetes", "--row", "0")
    (said,) = json.loads(run(*args, "--format", "json").out)
    score = said["values"]["progression after one year"]
    assert score["unit"] == "score"
    text = run(*args).out
    assert "progression after one year (score)" in text
    assert f"{score['value']:.5g}" in text


STRANGE = ("5.1", "3.5", "40", "0.2")


@pytest.mark.usefixtures("models")
def test_an_answer_that_is_not_sure_says_why(run: Run) -> None:
    title, answer, why = run("predict", IRIS, *STRANGE).out.splitlines()
    assert title.split() == ["answer", "probability", "sure"]
    assert answer.endswith("not sure")
    assert why.startswith("Not sure: the values, taken together, are unlike what the network")
    assert "petal length 40 is outside 1.1..6.9, which is what the network learnt from." in why
    (said,) = json.loads(run("predict", IRIS, *STRANGE, "--format", "json").out)
    assert said["sure"] is False
    assert [doubt["code"] for doubt in said["unsure_because"]][-1] == "outside-range"
    assert said["unsure_because"][-1]["input"] == "petal length"
    (row,) = csv.DictReader(io.StringIO(run("predict", IRIS, *STRANGE, "--format", "csv").out))
    assert row["sure"] == "no"
    assert "petal length 40 is outside" in row["because"]


@pytest.mark.usefixtures("models")
def test_an_answer_that_is_sure_has_no_reasons(run: Run) -> None:
    (said,) = json.loads(run("predict", IRIS, *ROW, "--format", "json").out)
    assert said["sure"] is True
    assert said["unsure_because"] == []
    (row,) = csv.DictReader(io.StringIO(run("predict", IRIS, *ROW, "--format", "csv").out))
    assert (row["sure"], row["because"]) == ("yes", "")


def test_of_many_rows_each_that_is_not_sure_is_named_up_to_ten(run: Run, models: Path) -> None:
    lines = [",".join(STRANGE if k % 2 else ROW) for k in range(24)]
    (models / "rows.csv").write_text("\n".join(lines))
    out = run("predict", IRIS, "rows.csv").out.splitlines()
    assert [line.endswith("not sure") for line in out[1:25]] == [False, True] * 12
    assert out[25].startswith("Not sure of row 1: the values")
    assert out[34].startswith("Not sure of row 19: the values")
    assert out[35:] == ["Nor of 2 other rows: --format json says why."]


@pytest.mark.usefixtures("models")
def test_values_may_be_not_sure(run: Run) -> None:
    row = ("300", "1", "25", "90", "190", "115", "50", "4", "4.6", "90")
    title, answer, why = run("predict", "diabetes.safetensors", *row).out.splitlines()
    assert title.endswith("sure")
    assert answer.endswith("not sure")
    assert "age 300 is outside 19..79" in why
    (said,) = json.loads(run("predict", "diabetes.safetensors", *row, "--format", "json").out)
    assert said["sure"] is False
    assert said["values"]["progression after one year"]["unit"] == "score"


def test_a_model_without_experience_says_nothing_of_it(run: Run, models: Path) -> None:
    model = gn.load(models / IRIS)
    model.experience = None
    model.save(models / "old")
    title, answer = run("predict", "old", *STRANGE).out.splitlines()
    assert title.split() == ["answer", "probability"]
    assert answer.endswith(" %")
    (said,) = json.loads(run("predict", "old", *STRANGE, "--format", "json").out)
    assert (said["sure"], said["unsure_because"]) == (None, [])
    assert run("predict", "old", *STRANGE, "--format", "csv").out.startswith("answer,probability\n")


def test_pixels_are_whole_numbers(run: Run, models: Path) -> None:
    test = gn.datasets.load("digits").test
    assert isinstance(test.x, gn.Pixels)
    lines = [",".join(map(str, row)) for row in test.x.bytes[:5]]
    (models / "digits.csv").write_text("\n".join(lines))
    out = run("predict", "digits.safetensors", "digits.csv", "--format", "csv", "--all").out
    rows = list(csv.DictReader(io.StringIO(out)))
    p = gn.load(models / "digits.safetensors").predict_proba(test.x)[:5]
    assert [float(row["p(3)"]) for row in rows] == pytest.approx(p[:, 3].tolist(), abs=1e-6)


@pytest.mark.parametrize("form", ["text", "csv", "json"])
def test_out_holds_what_would_have_been_said(run: Run, models: Path, form: str) -> None:
    said = run("predict", IRIS, *ROW, "--format", form)
    assert run("predict", IRIS, *ROW, "--format", form, "--out", "new/answers") == (0, "", "")
    assert (models / "new" / "answers").read_text() == said.out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "standard input holds no rows."),
        (NAMES, "standard input holds no rows."),
        ("[]", "standard input holds no rows."),
        (f"{NAMES}\n1,2,3,4\n1,nan,3,4", "line 3, column 'sepal width': expected a finite number"),
        (f"{NAMES}\n1,2,inf,4", "line 2, column 'petal length': expected a finite number"),
        ("1,2,3,4\n1,2,x,4", "line 2, column 'petal length': expected a number, got 'x'"),
        ("1,2,3,4\n1,2,,4", "line 2, column 'petal length': expected a number, got ''"),
        ("1,2,3,4\n1,2,3", "line 2: expected 4 values, as in the first row, got 3"),
        (f"{NAMES}\n1,2,3", "line 2: expected 4 values, as in the header, got 3"),
        ("1,2,3", "line 1: expected 4 values ('sepal length'"),
        ("sepal length,sepal width,petal length\n1,2,3", "lacks 'petal width'"),
        (f"{NAMES},species\n1,2,3,4,5", "has the unknown 'species'"),
        (f"{NAMES},petal width\n1,2,3,4,4", "two columns 'petal width'"),
        ('1,2,3,"4', "line 1: not CSV"),
        ("[[1, 2, 3, 4], [1, 2", "is not JSON"),
        ("[[1, 2, 3, NaN]]", "row 0, column 'petal width': expected a finite number"),
        ("[[1, 2, 3, true]]", "row 0, column 'petal width': expected a finite number"),
        ('[[1, 2, 3, "x"]]', "row 0, column 'petal width': expected a number, got 'x'"),
        ("[[1, 2, 3, [4]]]", "row 0, column 'petal width': expected a number"),
        ("[[1, 2, 3, 4], 5]", "row 1: expected a list of values, got 5"),
        ('[{"sepal length": 1}, {"sepal width": 1}]', "row 1: has other names than the first row"),
        ("[1, 2, 3]", "row 0: expected 4 values"),
        ('{"sepal length": 1}', "lacks 'sepal width', 'petal length', 'petal width'"),
    ],
)
@pytest.mark.usefixtures("models")
def test_a_bad_table_is_told_with_its_place(
    fails: Run, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    give(monkeypatch, text)
    assert message in fails("predict", IRIS, "-")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([IRIS, "1", "2", "3"], "the command line: expected 4 values"),
        ([IRIS, "1", "2", "3", "many"], "the command line, column 'petal width'"),
        ([IRIS, "1", "2", "3", "nan"], "expected a finite number, got 'nan'"),
        ([IRIS, "rows.csv"], "Cannot read rows.csv: No such file"),
        ([IRIS, "irs"], "no data set or file 'irs'. Did you mean 'iris'"),
        ([IRIS, "digits"], "digits has images of 8 x 8 pixels"),
        ([IRIS, "iris", "--row", "24"], "There is no row 24: the rows are 0 to 23."),
        ([IRIS, *ROW, "--out", "digits.safetensors/x"], "Cannot write digits.safetensors/x"),
        (["digits.safetensors", *["0.5"] * 64], "a whole number from 0 to 16, got 0.5"),
        (["digits.safetensors", *["17"] * 64], "a whole number from 0 to 16, got 17"),
    ],
)
@pytest.mark.usefixtures("models")
def test_a_bad_request_is_one_line(fails: Run, args: list[str], message: str) -> None:
    assert message in fails("predict", *args)


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    "text",
    [
        json.dumps([[1, 2, 3, "x" * 10**6]]),
        json.dumps([{"x" * 10**6: 1}]),
        json.dumps([[1, 2, 3, 4], "x" * 10**6]),
        f"{'x' * 10**5},b\n1,2",
    ],
    ids=["cell", "name", "row", "header"],
)
def test_a_long_cell_is_cut_in_the_message(
    fails: Run, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    give(monkeypatch, text)
    line = fails("predict", IRIS, "-")
    assert "xxx..." in line
    assert len(line) < 400


@pytest.mark.parametrize("header", [True, False], ids=["header", "objects"])
def test_many_columns_are_read_in_no_time(header: bool) -> None:
    names = [f"n{k}" for k in range(60_000)]
    cells = ["1"] * len(names)
    text = (
        f"{','.join(names)}\n{','.join(cells)}"
        if header
        else json.dumps([dict(zip(names, cells, strict=True))])
    )
    with at_most(10):
        table = parse_table(text, "wide.csv").ordered(names[::-1])
        assert table.columns[0] == "n59999"
        with pytest.raises(gn.DataError, match="lacks 'a0', 'a1'"):
            table.ordered([f"a{k}" for k in range(60_000)])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with names")
@pytest.mark.usefixtures("models")
@pytest.mark.timeout(PATIENCE)
def test_what_is_no_file_is_not_waited_for(fails: Run) -> None:
    os.mkfifo("pipe")
    for source in ("pipe", "/dev/zero"):
        assert f"Cannot read {source}: something else than a file" in fails("predict", IRIS, source)


def test_a_file_that_is_no_text(fails: Run, models: Path) -> None:
    (models / "rows.csv").write_bytes(b"\xff\xfe\x00")
    assert "rows.csv is neither CSV nor JSON" in fails("predict", IRIS, "rows.csv")


WITHOUT_VALUES = ["{}", "[[]]", "[{}]", "[[], []]", "[{}, {}]"]
NO_ROWS = [
    *WITHOUT_VALUES, "[]", "null", "true", "1", '"x"', '{"a": {}}', "[[[1, 2, 3, 4]]]", "[1, [2]]",
    '[{"a": 1}, [2]]', '{"rows": [[1, 2, 3, 4]]}', "[1e999, 1, 1, 1]", "[NaN, 1, 1, 1]",
    f"[{'9' * 5000}, 1, 1, 1]", "[null, 1, 2, 3]", "[true, 1, 2, 3]", '["\\ud800", 1, 2, 3]',
    '[{"\\ud800": 1}]', "[" * 20_000, "[[1, 2, 3, 4]] x", "[", "", " ", "\0",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_ROWS, ids=lambda text: text[:20])
def test_no_shape_of_json_is_more_than_one_line(fails: Run, models: Path, text: str) -> None:
    (models / "rows.json").write_text(text)
    for command in ("predict", "evaluate", "check"):
        line = fails(command, "iris.safetensors", "rows.json")
        assert "rows.json" in line
        assert "set_int_max_str_digits" not in line
        if text in WITHOUT_VALUES:
            assert "rows.json, row 0: expected values, got none." in line


def test_a_name_that_stands_twice_is_not_read_as_one(fails: Run, models: Path) -> None:
    (models / "rows.json").write_text('{"sepal length": 1, "petal width": 2, "sepal length": 3}')
    line = fails("predict", "iris.safetensors", "rows.json")
    assert "rows.json is not JSON: an object has 'sepal length' twice." in line
