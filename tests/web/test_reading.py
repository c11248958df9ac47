"""Digits drawn on the page from recorded strokes: how many are read, and how soon."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import glassnet as gn

from ..serve.running import Running
from ..strokes import DRAWINGS, Drawing
from .conftest import Open
from .visit import Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SOON = 30
"""Milliseconds from a stroke to its answer on the page, beyond two trips to the service and back.

The answer that is under way is waited for, and what is then drawn makes a trip of its own.
"""

PACE = 0.008
"""Seconds from one point of a stroke to the next: a mouse tells 125 a second."""

TIME = """
window.waits = [];
window.trips = [];
let last = 0, newest = null;
for (const kind of ["pointerdown", "pointermove", "pointerup"]) {
    addEventListener(kind, (event) => { last = event.timeStamp; }, true);
}
const ask = window.fetch;
window.fetch = async (address, init) => {
    const since = last;
    const response = await ask(address, init);
    if (String(address).includes("/predict") && !String(init.body).includes('"explain":true')) {
        const { answers: [answer] } = await response.clone().json();
        const mine = newest = answer;
        requestAnimationFrame(function look() {  // before each picture on the screen
            const shown = document.querySelector(".said .name")?.textContent;
            if (shown === answer.class || newest !== mine) waits.push(performance.now() - since);
            else requestAnimationFrame(look);
        });
        const began = performance.now();
        ask("/v2/health/live").then(() => requestAnimationFrame(() => {
            trips.push(performance.now() - began);
        }));
    }
    return response;
};
"""
"""For each answer: how long after the pen's event it was on the page, or a newer one came.

Beside each, the time of a trip that asks of nothing: what this machine takes for that just now.
"""


def draw_all(one: Visit, drawings: list[Drawing], pace: float = 0) -> list[str]:
    """Draw each on the page with its own pen; return what was read."""
    read = []
    clear = one.see(".tools button").last
    for drawing in drawings:
        one.set_pen(drawing.thickness)
        one.draw(drawing, pace=pace)
        read.append(one.wait_for_answer())
        clear.click()
        one.see(".hint").wait_for()
    return read


@pytest.mark.data("mnist")
@pytest.mark.timeout(900)
def test_what_strangers_write_is_read(
    visit: Open, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a network that learnt from MNIST's digits, drawn otherwise in each epoch."""
    gn.train("mnist", augment=True, epochs=10, progress=False).save(tmp_path / "mnist.safetensors")
    with Running(tmp_path / "mnist.safetensors", folder=tmp_path) as running:
        one = visit("mnist", port=running.port)
        read = draw_all(one, DRAWINGS)
        one.close()
    wrong = [f"{drawing}: {said}" for drawing, said in zip(DRAWINGS, read, strict=True)
             if said != str(drawing.digit)]  # fmt: skip
    with capsys.disabled():
        print(f"\n{len(read) - len(wrong)} of {len(read)} drawings read")
    assert len(wrong) <= 0.05 * len(read), wrong


@pytest.mark.alone
@pytest.mark.parametrize("data", ["digits", pytest.param("mnist", marks=pytest.mark.data("mnist"))])
def test_an_answer_follows_the_pen(
    visit: Open, tmp_path: Path, capsys: pytest.CaptureFixture[str], data: str
) -> None:
    gn.train(data, epochs=2, progress=False).save(tmp_path / f"{data}.safetensors")
    with Running(tmp_path / f"{data}.safetensors", "--rate", "0", folder=tmp_path) as running:
        one = visit(data, port=running.port)
        one.context.add_init_script(TIME)
        one.open()
        draw_all(one, DRAWINGS[::16], PACE)
        times = np.array(one.page.evaluate("waits"))
        trip = np.quantile(one.page.evaluate("trips"), 0.9)
        one.close()
    median, most, nearly_all = np.quantile(times, (0.5, 0.9, 0.99))
    with capsys.disabled():
        print(
            f"\n{data}: an answer is on the page after {median:.0f} ms (median), {most:.0f} ms "
            f"(9 in 10), {nearly_all:.0f} ms (99 in 100)"
        )
        print(f"a trip to the service and back takes {trip:.0f} ms (9 in 10)")
    assert len(times) > 20
    assert most < 2 * trip + SOON
