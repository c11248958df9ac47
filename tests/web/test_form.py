"""The page of a network that takes the columns of a table, as people use it."""

from __future__ import annotations

import pytest

from .conftest import Open
from .visit import slide

pytestmark = pytest.mark.browser

PETALS = ("petal length", "petal width")
ANSWERED = "document.querySelector('.said .name') !== null"


def test_it_begins_with_what_is_typical(visit: Open) -> None:
    one = visit("iris")
    one.wait_for(ANSWERED)
    assert one.see(".field").count() == 4
    assert one.see(".field .number").first.input_value() == "5.8"
    assert "sepal length" in one.text(".fields")
    assert "cm" in one.text(".fields")
    assert one.asked[0]["rows"][0] == [5.8, 3.0, 4.3, 1.3]
    assert one.see(".contributions li").count() == 4
    assert one.see(".beside").count() == 0


def test_sliding_changes_the_answer(visit: Open) -> None:
    one = visit("iris")
    one.wait_for(ANSWERED)
    for name in PETALS:
        slider = one.page.get_by_label(f"Slide {name}")
        slide(slider, float(slider.get_attribute("min") or "nan"))
    one.wait_for("document.querySelector('.said .name').textContent === 'setosa'")
    assert one.page.get_by_label("petal length", exact=False).first.input_value() == "1.1"
    assert "With typical values: versicolor" in one.text(".beside")
    assert one.most == 1
    one.page.get_by_role("button", name="Typical values").click()
    one.wait_for("document.querySelector('.said .name').textContent === 'versicolor'")


def test_typing_and_what_is_no_number(visit: Open) -> None:
    one = visit("iris")
    one.wait_for(ANSWERED)
    field = one.see(".field .number").first
    field.fill("")
    assert one.text(".verdict") == "Fill in every number, and the answer comes."
    assert field.get_attribute("aria-invalid") == "true"
    assert "missing" in one.text(".field:first-child .range")
    field.fill("6,1")
    one.wait_for(ANSWERED)
    assert one.asked[-1]["rows"][0][0] == 6.1


def test_a_number_outside_what_it_learnt_from(visit: Open) -> None:
    one = visit("iris")
    one.wait_for(ANSWERED)
    one.see(".field .number").first.fill("30")
    one.see(".unsure").wait_for()
    assert "sepal length is outside 4.3 to" in one.text(".unsure")


def test_a_quantity_with_a_choice(visit: Open) -> None:
    one = visit("diabetes")
    one.wait_for(ANSWERED)
    before = one.text(".said .name")
    assert "score" in one.text(".said")
    assert one.see(".bars").count() == 0
    assert "raises" in one.text(".contributions")
    other = one.page.get_by_role("radio", checked=False)
    assert other.count() == 1
    other.focus()
    one.page.keyboard.press("Space")
    one.wait_for(f"document.querySelector('.said .name').textContent !== '{before}'")


def test_the_answer_stays_in_sight_on_a_phone(visit: Open) -> None:
    one = visit("diabetes", viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    one.wait_for(ANSWERED)
    for place in (0, 300, 600):
        one.page.evaluate(f"scrollTo(0, {place})")
        box = one.see(".said .name").bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= 640 - box["height"]


def test_another_model_of_the_service(visit: Open) -> None:
    one = visit("iris")
    one.see("#model").select_option("diabetes")
    one.wait_for("document.querySelectorAll('.field').length === 10")
    assert one.page.url.endswith("?model=diabetes")
    assert one.page.title() == "diabetes · Glassnet"
    one.see("#model").select_option("digits")
    one.see(".pad canvas").wait_for()
