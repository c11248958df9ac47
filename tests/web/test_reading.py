"""Digits drawn on the page from recorded strokes: how many are read, and how soon."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import glassnet as gn

from ..serve.running import Running
from ..strokes import DRAWINGS, Drawing
from .conftest import Open
from .visit import Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SOON = 50
"""Milliseconds from a stroke to its answer on the page."""

TIME = """
window.waits = [];
let last = 0;
for (const kind of ["pointerdown", "pointermove", "pointerup"]) {
    addEventListener(kind, (event) => { last = event.timeStamp; }, true);
}
const ask = window.fetch;
window.fetch = async (address, init) => {
    const since = last;
    const response = await ask(address, init);
    if (String(address).includes("/predict") && !String(init.body).includes('"explain":true')) {
        const { answers: [answer] } = await response.clone().json();
        requestAnimationFrame(() => {  // before the next picture on the screen
            const shown = document.querySelector(".said .name")?.textContent;
            waits.push([performance.now() - since, shown === answer.class]);
        });
    }
    return response;
};
"""
"""For each answer: how long after the pen's event it was on the page, and whether it was."""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A network that learnt from MNIST's digits, drawn otherwise in each epoch."""
    folder = tmp_path_factory.mktemp("mnist")
    gn.train("mnist", augment=True, epochs=10, progress=False).save(folder / "mnist.safetensors")
    with Running(folder / "mnist.safetensors", folder=folder) as running:
        yield running


def draw_all(one: Visit, drawings: list[Drawing]) -> list[str]:
    """Draw each on the page with its own pen; return what was read."""
    read = []
    clear = one.see(".tools button").last
    for drawing in drawings:
        one.set_pen(drawing.thickness)
        one.draw(drawing)
        read.append(one.wait_for_answer())
        clear.click()
        one.see(".hint").wait_for()
    return read


def waits(one: Visit) -> tuple[np.ndarray, float]:
    """How long answers took in milliseconds, and how many of them were shown by then."""
    times, shown = np.array(one.page.evaluate("waits"), float).T
    return times, float(shown.mean())


@pytest.mark.data("mnist")
@pytest.mark.timeout(900)
def test_what_strangers_write_is_read(
    visit: Open, reader: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    one = visit("mnist", port=reader.port)
    one.context.add_init_script(TIME)
    one.open()
    read = draw_all(one, DRAWINGS)
    wrong = [f"{drawing}: {said}" for drawing, said in zip(DRAWINGS, read, strict=True)
             if said != str(drawing.digit)]  # fmt: skip
    times, shown = waits(one)
    with capsys.disabled():
        print(
            f"\n{len(read) - len(wrong)} of {len(read)} read; an answer is on the page after "
            f"{np.median(times):.0f} ms (median), {np.quantile(times, 0.99):.0f} ms (99 in 100)"
        )
    assert len(wrong) <= 0.05 * len(read), wrong
    assert shown > 0.99
    assert np.quantile(times, 0.9) < SOON
    one.close()


def test_an_answer_follows_the_pen(visit: Open) -> None:
    one = visit()
    one.context.add_init_script(TIME)
    one.open()
    draw_all(one, DRAWINGS[::16])
    times, shown = waits(one)
    assert len(times) > 100
    assert shown > 0.99
    assert np.quantile(times, 0.9) < SOON
