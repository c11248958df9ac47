"""What holds for every page: languages, screens, those who cannot see it, and what may go wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ..serve.running import Running
from ..strokes import Drawing
from ..waiting import wait_until
from .conftest import Open
from .visit import Visit

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
SEVEN = Drawing(7, variant=1, size=0.7)
NAME = """(e) => {
    const part = e.closest(".pad, .thickness, .file, .languages, .choices");
    return e.id || (part ? part.className : e.textContent);
}"""
PHONE = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 900}


def answered(visit: Visit, model: str) -> None:
    if model == "digits":
        visit.draw(SEVEN)
        visit.wait_for_answer()
    visit.wait_for("document.querySelector('.said .name') !== null")
    visit.wait_for("document.getAnimations().length === 0")  # bars move


@pytest.mark.parametrize("model", ["digits", "iris", "diabetes"])
@pytest.mark.parametrize(
    ("screen", "scheme", "locale"),
    [
        (WIDE, "light", "en"), (WIDE, "dark", "zh-CN"),
        (PHONE, "light", "zh-CN"), (PHONE, "dark", "en"),
    ],
    ids=["wide light en", "wide dark zh", "phone light zh", "phone dark en"],
)  # fmt: skip
def test_axe_finds_nothing(
    visit: Open, model: str, screen: dict[str, int], scheme: str, locale: str
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: python web/build.py --check")
    one = visit(model, viewport=screen, color_scheme=scheme, locale=locale)
    answered(one, model)
    one.page.evaluate(AXE.read_text("utf-8"))
    found = one.page.evaluate("axe.run().then((r) => r.violations)")
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
    assert one.page.evaluate("document.documentElement.scrollWidth") == screen["width"]


@pytest.mark.parametrize("width", [320, 360, 600, 896, 1024, 1216, 1920])
@pytest.mark.parametrize("model", ["digits", "diabetes"])
def test_nothing_is_wider_than_the_screen(visit: Open, model: str, width: int) -> None:
    one = visit(model, viewport={"width": width, "height": 800})
    answered(one, model)
    assert one.page.evaluate("document.documentElement.scrollWidth") == width


def test_chinese(visit: Open) -> None:
    one = visit(locale="zh-CN")
    assert "写一个数字" in one.text(".hint")
    assert one.page.evaluate("document.documentElement.lang") == "zh-Hans"
    one.draw(SEVEN)
    one.wait_for_answer()
    text = one.page.evaluate(
        "() => { document.querySelectorAll('code').forEach((e) => e.remove()); "
        "return document.body.innerText }"
    )
    known = {"Glassnet", "English", "digits", "iris", "diabetes", "Delete"}
    assert set(re.findall(r"[A-Za-z]{2,}", text)) <= known


def test_the_language_can_be_chosen_and_is_kept(visit: Open) -> None:
    one = visit()
    one.page.get_by_role("button", name="中文").click()
    assert "写一个数字" in one.text(".hint")
    one.open()
    assert "写一个数字" in one.text(".hint")


def test_what_is_drawn_outlasts_another_language(visit: Open) -> None:
    one = visit()
    one.draw(SEVEN)
    one.wait_for_answer()
    one.page.get_by_role("button", name="中文").click()
    assert one.text(".said .name") == "7"


def test_a_screen_reader_hears_the_answer_once_it_rests(visit: Open) -> None:
    one = visit()
    one.draw(SEVEN)
    one.wait_for("document.querySelector('.verdict [role=status]').textContent.startsWith('7, ')")


def test_the_keyboard_reaches_all_in_the_order_of_reading(visit: Open) -> None:
    one = visit()
    one.draw(SEVEN)
    one.wait_for_answer()
    one.see(".skip").focus()
    reached = []
    for _ in range(12):
        reached.append(one.page.evaluate(f"({NAME})(document.activeElement)"))
        one.page.keyboard.press("Tab")
    in_order = list(dict.fromkeys(reached))
    expected = ["Skip to the answer", "model", "languages", "pad", "thickness", "Undo", "Clear"]
    assert in_order == [*expected, "file", "choices"]


def test_the_first_link_leads_to_the_answer(visit: Open) -> None:
    one = visit()
    one.page.keyboard.press("Tab")
    one.page.keyboard.press("Enter")
    assert one.page.evaluate("document.activeElement.id") == "answer"


def test_nothing_moves_for_those_who_want_that(visit: Open) -> None:
    duration = "getComputedStyle(document.querySelector('.fill')).transitionDuration"
    assert visit(reduced_motion="reduce").page.evaluate(duration) == "0s"
    assert visit().page.evaluate(duration) == "0.12s"


def test_dark_and_light(visit: Open) -> None:
    one = visit()
    one.draw(SEVEN)
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    corner = (
        "(() => { const c = document.querySelector('.pixels'); "
        "return [...c.getContext('2d').getImageData(0, 7, 1, 1).data] })()"
    )
    one.wait_for_answer()
    light = one.page.evaluate(paper), one.page.evaluate(corner)
    one.page.emulate_media(color_scheme="dark")
    one.wait_for(f"{corner}[0] < 60")  # what is seen is drawn anew
    dark = one.page.evaluate(paper), one.page.evaluate(corner)
    assert min(light[1]) > 200
    assert max(dark[1][:3]) < 60
    assert light[0] != dark[0]


PREDICT = "**/predict?*"


def refuse(visit: Visit, status: int, headers: dict[str, str]) -> list[int]:
    """Have questions refused, until PREDICT is unrouted; return a list that grows with each.

    So many in a row as it takes: what a page shows between two of them may be gone before it is
    looked at.
    """
    count: list[int] = []

    def answer(route: Any) -> None:
        count.append(1)
        body = json.dumps({"error": {"code": "overloaded", "message": "Ask again later."}})
        route.fulfill(status=status, body=body, content_type="application/json", headers=headers)

    visit.page.route(PREDICT, answer)
    return count


def test_a_busy_service_is_asked_again(visit: Open) -> None:
    one = visit()
    count = refuse(one, 503, {"Retry-After": "0.2"})
    one.draw_lines([[(0.5, 0.2), (0.5, 0.8)]])
    one.see(".verdict .trouble").wait_for()
    assert "Trying again" in one.text(".verdict .trouble")
    wait_until(lambda: len(count) >= 2, pause=lambda: one.page.wait_for_timeout(50))
    one.page.unroute(PREDICT)
    one.wait_for_answer()
    assert one.see(".verdict .trouble").count() == 0
    one.expect_complaints()


def test_what_is_refused_is_said_and_not_asked_again(visit: Open) -> None:
    one = visit("iris")
    one.wait_for("document.querySelector('.said .name') !== null")
    count = refuse(one, 422, {})
    one.see(".field .number").first.fill("6")
    one.see(".verdict .trouble").wait_for()
    assert "Ask again later." in one.text(".verdict .trouble")
    one.page.wait_for_timeout(500)
    assert len(count) == 1
    one.expect_complaints()


def test_a_service_that_is_gone_and_comes_back(visit: Open) -> None:
    one = visit()
    one.context.set_offline(True)
    one.draw_lines([[(0.5, 0.2), (0.5, 0.8)]])
    one.see(".verdict .trouble").wait_for()
    assert "does not answer" in one.text(".verdict .trouble")
    one.context.set_offline(False)
    one.wait_for_answer()
    one.expect_complaints()


def test_a_model_that_was_replaced_is_described_anew(visit: Open) -> None:
    one = visit()
    shown = one.text("footer code")

    def later(route: Any) -> None:
        response = route.fetch()
        route.fulfill(
            response=response, body=response.text().replace(f"sha256:{shown}", "sha256:beef00")
        )

    one.page.route(PREDICT, later)
    one.page.route("**/models", later)
    one.draw(SEVEN)
    one.wait_for("document.querySelector('footer code').textContent.startsWith('beef00')")
    assert one.wait_for_answer() == "7"  # what was drawn stays


def test_a_token(visit: Open, models: Path, tmp_path: Path) -> None:
    secret = "long-enough-token"
    with Running(models / "iris.safetensors", "--token", secret, folder=tmp_path) as running:
        one = visit("iris", port=running.port)
        one.see("#token").fill("wrong-token-here")
        one.page.keyboard.press("Enter")
        one.see("#token").wait_for()
        one.see("#token").fill(secret)
        one.page.keyboard.press("Enter")
        one.wait_for("document.querySelector('.said .name') !== null")
        one.expect_complaints()
        one.page.reload()
        one.wait_for("document.querySelector('.said .name') !== null")
        other = visit("iris#token=" + secret, port=running.port)
        other.wait_for("document.querySelector('.said .name') !== null")
        assert other.page.url.endswith("?model=iris")
        one.close()
        other.close()


def test_without_learning_nothing_is_asked_for(visit: Open, models: Path, tmp_path: Path) -> None:
    with Running(models / "digits.safetensors", folder=tmp_path) as running:
        one = visit(port=running.port)
        one.draw(SEVEN)
        assert one.wait_for_answer() == "7"
        assert one.see(".correction").count() == 0
        assert one.see("#model").count() == 0  # one model needs no chooser
        one.close()
