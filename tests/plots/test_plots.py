from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet import plots
from glassnet.errors import DataError, MissingExtraError, SettingError
from glassnet.training import find_mistakes

pytest.importorskip("matplotlib")
from matplotlib.axes import Axes

HISTORY: list[dict[str, float | None]] = [
    {"epoch": e, "accuracy": 1 - 1 / e, "validation_accuracy": None, "loss": 1 / e, "seconds": 1.0}
    for e in (1, 2, 3)
]
LABELS = ("cat", "dog", "a much longer label")
P = np.eye(3)[[0, 1, 2, 0]] * 0.7 + 0.1


def axes_of(picture: plots.Picture) -> list[Axes]:
    return list(picture.figure().axes)


def texts(axes: Axes) -> str:
    return " ".join([axes.get_title(), *(text.get_text() for text in axes.texts)])


def test_curves_have_a_panel_for_each_figure_the_loss_first() -> None:
    loss, accuracy = axes_of(plots.curves(HISTORY))
    assert [axes.get_title(loc="left") for axes in (loss, accuracy)] == ["loss", "accuracy"]
    assert loss.get_xlabel() == "epoch"
    assert [line.get_label() for line in accuracy.lines] == ["training", "validation"]
    (line,) = loss.lines
    np.testing.assert_allclose(np.asarray(line.get_ydata()), [1, 1 / 2, 1 / 3])
    assert np.isnan(np.asarray(accuracy.lines[1].get_ydata())).all()


def test_a_curve_has_a_gap_where_it_was_not_measured() -> None:
    first: dict[str, float | None] = {"epoch": 1, "loss": 1.0}
    more: dict[str, float | None] = {"epoch": 2, "loss": 0.5, "validation_loss": 0.7, "r2": 0.1}
    for history in ([first, more], [{**more, "epoch": 1}, {**first, "epoch": 2}]):
        loss, r2 = axes_of(plots.curves(history))
        assert [line.get_label() for line in loss.lines] == ["training", "validation"]
        held_out = np.asarray(loss.lines[1].get_ydata())
        assert np.nanmin(held_out) == 0.7
        assert np.isnan(held_out).sum() == 1
        assert r2.get_title(loc="left") == "r2"


def test_curves_of_one_epoch_show_a_point() -> None:
    assert axes_of(plots.curves(HISTORY[:1]))[0].lines[0].get_marker() == "o"


def test_curves_of_nothing() -> None:
    with pytest.raises(DataError, match="no epoch"):
        plots.curves([])


def test_mistakes_show_image_truth_answer_and_confidence() -> None:
    x = np.linspace(0, 1, 24).reshape(4, 6)
    mistakes = find_mistakes(x, np.array([0, 1, 1, 1]), P)
    first, second, *rest = axes_of(plots.mistakes(mistakes, gn.Images(2, 3), LABELS))
    assert texts(first) == "truth dog answer a much longer label\n80 % sure"
    assert texts(second) == "truth dog answer cat\n80 % sure"
    np.testing.assert_allclose(np.asarray(first.images[0].get_array()), x[2].reshape(2, 3))
    assert not any(axes.images for axes in rest)


def test_mistakes_in_a_table_show_the_first_features() -> None:
    x = np.arange(40.0).reshape(4, 10)
    names = gn.Features(tuple("abcdefghij"), ("m",) * 10)
    mistakes = find_mistakes(x, np.array([1, 1, 2, 0]), P)
    first, *_ = axes_of(plots.mistakes(mistakes, names, LABELS))
    assert "a 0 m\nb 1 m" in texts(first)
    assert texts(first).endswith("g 6 m\nand 3 more")


def test_no_mistakes_are_told_in_words() -> None:
    mistakes = find_mistakes(np.zeros((4, 6)), P.argmax(axis=1), P)
    figure = plots.mistakes(mistakes, gn.Images(2, 3), LABELS).figure()
    assert figure.axes == []
    assert figure.get_suptitle() == "No mistakes: all 4 rows were answered rightly."


def test_many_mistakes_are_cut() -> None:
    p = np.tile([0.9, 0.1], (60, 1))
    mistakes = find_mistakes(np.zeros((60, 6)), np.ones(60, int), p)
    figure = plots.mistakes(mistakes, gn.Images(2, 3), LABELS, most=9).figure()
    assert sum(bool(axes.images) for axes in figure.axes) == 9
    assert figure.get_suptitle() == "60 of 60 answered wrongly, the 9 surest"


def test_confusion_writes_every_count() -> None:
    (axes,) = axes_of(plots.confusion(np.array([[5, 0, 2], [0, 1234, 0], [0, 1, 4]]), LABELS))
    counts = {text.get_position(): text.get_text() for text in axes.texts}
    assert counts == {(0, 0): "5", (2, 0): "2", (1, 1): "1,234", (1, 2): "1", (2, 2): "4"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("answer", "truth")
    assert axes.get_title(loc="left") == "1,243 of 1,246 answered rightly"


def test_confusion_of_a_class_that_never_occurs_and_without_mistakes() -> None:
    (axes,) = axes_of(plots.confusion(np.diag([3, 0, 2]), LABELS))
    assert np.isfinite(np.asarray(axes.images[0].get_array())).all()


def test_values_lie_over_their_truth() -> None:
    t, y = np.array([[1.0, 10], [2, 20]]), np.array([[1.5, 10], [2, 22]])
    first, second = axes_of(plots.values(t, y, gn.Values(("price", "age"), ("USD", ""))))
    assert (first.get_xlabel(), second.get_ylabel()) == ("truth (USD)", "answer")
    points = np.asarray(first.collections[0].get_offsets())
    assert points.tolist() == [[1, 1.5], [2, 2]]


def test_a_stack_holds_its_pictures() -> None:
    curves, table = plots.curves(HISTORY), plots.confusion(np.eye(3, dtype=int), LABELS)
    both = plots.stack(curves, table)
    assert both.height == curves.height + table.height
    assert len(axes_of(both)) == 3


def test_a_notebook_shows_it() -> None:
    assert plots.curves(HISTORY)._repr_png_().startswith(b"\x89PNG")


def test_an_unknown_format_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_text("old")
    with pytest.raises(SettingError, match="no picture format 'gif'"):
        plots.curves(HISTORY).save(tmp_path / "a.gif")
    assert (tmp_path / "a.gif").read_text() == "old"


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match="needs matplotlib"):
        plots.curves(HISTORY).figure()
