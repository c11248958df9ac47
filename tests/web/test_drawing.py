"""The page of a network that takes pictures, as people use it."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glassnet.data import Images
from glassnet.data.drawings import frame
from glassnet.data.pictures import read_picture

from ..strokes import Drawing
from ..waiting import wait_until
from .conftest import Open
from .visit import Visit

pytestmark = pytest.mark.browser

SEVEN = Drawing(7, variant=1, size=0.7)
INKED = """() => {
    const c = document.querySelector(".pad canvas");
    const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
    return data.filter((value, i) => i % 4 === 3 && value > 127).length;
}"""
DIGITS = Images(8, 8, maximum=16, framing="blocks")


def seen(visit: Visit) -> Any:
    """How dark the pixels of the picture are that the page shows as seen."""
    rgba = visit.page.evaluate(
        "() => { const c = document.querySelector('.pixels'); "
        "return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data] }"
    )
    return 255 - np.array(rgba).reshape(-1, 4)[:, 0]


def test_a_digit_by_mouse(visit: Open) -> None:
    one = visit()
    assert one.text(".hint").startswith("Draw a digit")
    one.draw(SEVEN)
    assert one.wait_for_answer() == "7"
    assert one.text(".said .name") == "7"
    assert one.text(".said .how").endswith("%")
    assert one.see(".bars li").count() == 10
    assert one.see(".hint").count() == 0
    assert "Why 7 rather than" in one.text(".inside")


def test_the_network_is_asked_about_what_python_would_make_of_it(visit: Open) -> None:
    one = visit()
    one.draw(SEVEN)
    one.wait_for_answer()
    (row,) = one.asked[-1]["rows"]
    expected = frame(Drawing(7, variant=1, size=0.7, thickness=0.07).ink(224), DIGITS)[0] * 16
    assert np.abs(np.array(row) - expected).max() < 1.5  # the mouse goes by pixels of the screen
    assert all(isinstance(value, int) and 0 <= value <= 16 for value in row)


def test_what_the_network_sees_is_shown(visit: Open) -> None:
    one = visit()
    one.draw(SEVEN)
    one.wait_for_answer()
    (row,) = one.asked[-1]["rows"]
    shown = seen(one)
    assert np.corrcoef(row, shown)[0, 1] > 0.999
    assert shown[np.array(row) == 0].max() < 10 < 200 < shown[np.array(row) == 16].min()


def test_the_answer_changes_while_drawing(visit: Open) -> None:
    one = visit()
    one.draw(Drawing(1, size=0.8), then_lift=False)
    one.wait_for("document.querySelector('.said .name')?.textContent.length > 0")
    back_and_forth = itertools.cycle([one.place((0.5, 0.5)), one.place((0.5, 0.6))])

    def draw_on() -> None:
        one.page.mouse.move(*next(back_and_forth))
        one.page.wait_for_timeout(20)

    wait_until(lambda: len(one.asked) > 3, pause=draw_on)
    assert not any(asked["explain"] for asked in one.asked)
    one.page.mouse.up()
    one.wait_for_answer()
    assert one.asked[-1]["explain"]
    assert one.most == 1


def test_a_digit_by_finger(visit: Open) -> None:
    one = visit(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740})
    one.touch(SEVEN)
    assert one.wait_for_answer() == "7"
    assert one.page.evaluate("scrollY") == 0
    assert [one.asked[0]["explain"], one.asked[-1]["explain"]] == [False, True]


def test_a_second_finger_does_not_draw(visit: Open) -> None:
    one = visit(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740})
    session = one.context.new_cdp_session(one.page)
    first, second, end = (
        dict(zip("xy", one.place(p), strict=True)) for p in ((0.3, 0.5), (0.7, 0.2), (0.4, 0.5))
    )
    for kind, points in (
        ("touchStart", [first | {"id": 1}]),
        ("touchStart", [first | {"id": 1}, second | {"id": 2}]),
        ("touchMove", [end | {"id": 1}, second | {"id": 2}]),
        ("touchEnd", []),
    ):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    one.wait_for_answer()
    assert one.see(
        ".tools button",
    ).first.is_enabled()
    one.see(".tools button").first.click()  # one stroke was drawn, so nothing is left
    assert one.see(".hint").count() == 1


def test_a_digit_by_keyboard(visit: Open) -> None:
    one = visit()
    one.see(".pad canvas").focus()
    press = one.page.keyboard.press
    for _ in range(9):
        press("ArrowUp")
    press(" ")
    for _ in range(18):
        press("ArrowDown")
    press(" ")
    assert one.wait_for_answer() == "1"
    asked = len(one.asked)
    press("ArrowLeft")  # the pen is lifted
    one.page.wait_for_timeout(100)
    assert len(one.asked) == asked
    press("Backspace")
    assert one.see(".hint").count() == 1
    press(" ")
    press("Delete")
    assert one.see(".hint").count() == 1
    assert one.see(".said").count() == 0


def test_undo_and_clear(visit: Open) -> None:
    one = visit()
    undo, clear = one.see(".tools button").all()
    assert undo.is_disabled()
    assert clear.is_disabled()
    one.draw(Drawing(1, size=0.8))
    one.wait_for_answer("1")
    first = one.asked[-1]["rows"]
    one.draw_lines([[(0.2, 0.2), (0.9, 0.2), (0.9, 0.9)]])
    one.wait_for_answer()
    undo.click()
    one.wait_for_answer("1")
    assert one.asked[-1]["rows"] == first
    clear.click()
    assert one.text(".verdict").startswith("Nothing drawn yet")
    one.wait_for("!document.querySelector('.verdict').innerText.includes('%')")
    assert seen(one).min() == 255  # transparent: nothing is shown


def test_thickness(visit: Open) -> None:
    one = visit()
    ink = []
    for thickness in (0.03, 0.12):
        one.set_pen(thickness)
        one.draw_lines([[(0.3, 0.2), (0.3, 0.8)]])
        one.wait_for_answer()
        ink.append(one.page.evaluate(INKED))
        one.see(".tools button").last.click()
    assert 3 < ink[1] / ink[0] < 5


def test_a_picture_file(visit: Open) -> None:
    from PIL import Image

    grey = 0.9 - 0.8 * SEVEN.ink(200)
    data = io.BytesIO()
    Image.fromarray((255 * grey).astype(np.uint8)).save(data, "PNG")
    one = visit()
    picture: Any = {"name": "7.png", "mimeType": "image/png", "buffer": data.getvalue()}
    one.see("input[type=file]").set_input_files(picture)
    assert one.wait_for_answer() == "7"
    (row,) = one.asked[-1]["rows"]
    expected = np.rint(frame(read_picture(data.getvalue()), DIGITS)[0] * 16)
    assert np.array_equal(row, expected)
    one.draw(Drawing(1, size=0.8))  # drawing takes the picture's place
    one.wait_for_answer("1")


def test_a_file_that_is_no_picture(visit: Open) -> None:
    from PIL import Image

    one = visit()
    nothing: Any = {"name": "7.png", "mimeType": "image/png", "buffer": b"no picture"}
    one.see("input[type=file]").set_input_files(nothing)
    one.see(".sheet .trouble").wait_for()
    assert "could not be read" in one.text(".sheet .trouble")
    data = io.BytesIO()
    Image.new("L", (40, 40), 200).save(data, "PNG")
    empty: Any = {"name": "empty.png", "mimeType": "image/png", "buffer": data.getvalue()}
    one.see("input[type=file]").set_input_files(empty)
    one.wait_for("document.querySelector('.sheet .trouble').textContent.includes('nothing to see')")
    assert one.asked == []


def test_it_says_when_it_is_not_sure(visit: Open) -> None:
    one = visit()
    one.draw(Drawing(8, variant=1, size=0.4, place=(0.3, 0.3)))
    one.draw(Drawing(1, size=0.8, place=(0.75, 0.5)))
    one.wait_for_answer()
    assert "Not sure" in one.text(".unsure")
    assert "unlike anything" in one.text(".unsure")
    one.wait_for(
        "document.querySelector('.verdict [role=status]').textContent.includes('Not sure')"
    )


def test_wrong_tell_me(visit: Open, kept: Path) -> None:
    from PIL import Image

    one = visit()
    assert one.see(".correction").count() == 0
    one.draw(SEVEN)
    one.wait_for_answer()
    (row,) = one.asked[-1]["rows"]
    before = set(kept.rglob("*.png"))
    one.see(".choices button").nth(1).click()
    one.see(".correction code").wait_for()
    assert "kept as 1" in one.text(".correction")
    assert "glassnet train --continue" in one.text(".correction code")
    (file,) = set(kept.rglob("*.png")) - before
    assert file.parent.name == "1"
    with Image.open(file) as picture:
        assert np.array_equal(np.rint(np.asarray(picture).reshape(-1) * (16 / 255)), row)
    one.draw_lines([[(0.1, 0.1), (0.2, 0.1)]])
    one.see(".choices").wait_for()  # another drawing can be told of anew
