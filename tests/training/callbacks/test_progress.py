"""Progress: plain lines, a live bar on a terminal, or nothing."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import glassnet as gn
from tests.training.setups import classifier, rows


def lines(capsys: pytest.CaptureFixture[str], **plan: int) -> list[str]:
    classifier(metrics="accuracy").fit(rows(), validation=rows(), **plan)  # type: ignore[arg-type]
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_elsewhere_a_line_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines(capsys, epochs=3)
    pattern = (
        r"epoch 1/3  loss \d\.\d+  accuracy \d+\.\d %  validation: loss \d\.\d+  "
        r"accuracy \d+\.\d %  \d\.\d s left"
    )
    assert re.fullmatch(pattern, shown[0])
    assert [line[:9] for line in shown] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert shown[-1].endswith("0.0 s left")


@pytest.mark.parametrize("epochs", [20, 21, 39, 100, 1000])
def test_of_many_epochs_about_twenty_lines(capsys: pytest.CaptureFixture[str], epochs: int) -> None:
    shown = lines(capsys, epochs=epochs)
    assert 10 < len(shown) <= 22
    assert "1/" in shown[0]
    assert f"epoch {epochs}/{epochs}" in shown[-1]


def test_silence_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    classifier().fit(rows(), epochs=2, progress=False)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_it_says_why_training_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    stopping = gn.EarlyStopping(1, by=1e9)
    classifier().fit(rows(), validation=rows(), epochs=9, callbacks=[stopping, gn.Progress()])
    shown = capsys.readouterr().err.splitlines()
    assert shown[-1] == "Stopped after epoch 2: validation_loss was best in epoch 1."
    assert len(shown) == 3


ON_A_TERMINAL = """
import glassnet as gn
from tests.training.setups import classifier, rows

class Says(gn.Callback):
    def on_epoch(self, fit, figures):
        print("said", figures["epoch"])

classifier(metrics="accuracy").fit(
    rows(2000), validation=rows(), epochs=12, batch_size=8, callbacks=[Says()]
)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs pseudo-terminals")
@pytest.mark.parametrize("columns", [60, 120])
def test_on_a_terminal_a_bar(columns: int) -> None:
    import fcntl
    import pty
    import termios

    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=there,
        text=True,
        cwd=Path(__file__).parents[3],
        env={k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
        | {"TERM": "xterm"},
    )
    os.close(there)
    shown = b""
    try:
        while part := os.read(here, 4096):
            shown += part
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(here)
    out, _ = process.communicate()
    assert process.returncode == 0
    assert out == "".join(f"said {epoch}\n" for epoch in range(1, 13))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    text = re.sub(r"\s+", " ", text)
    assert re.search(r"epoch \d+/12 ━+", text)
    assert re.search(r"━ \d:\d\d:\d\d left \d:\d\d:\d\d", text)
    figures = r"loss \d\.\d+ accuracy \d+\.\d % validation: loss \d\.\d+ accuracy \d+\.\d"
    assert re.search(figures, text)
    assert "epoch 12/12" in text
