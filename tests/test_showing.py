"""Showing: what cannot be written is left out, and nothing else happens."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from glassnet.showing import Shown, show


class Gone(io.StringIO):
    """A stream whose reader is gone: what is written stays unwritten."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error, self.tries = error, 0

    def write(self, text: str) -> int:  # noqa: ARG002
        self.tries += 1
        raise self.error

    def flush(self) -> None:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [BrokenPipeError(32, "Broken pipe"), OSError(28, "full"), OSError(5, "Input/output error"),
     ValueError("I/O operation on closed file")],
)  # fmt: skip
def test_what_cannot_be_written_is_left_out(error: Exception) -> None:
    stream = Gone(error)
    shown = Shown(stream)
    for _ in range(3):
        print("a line", file=shown, flush=True)
    assert shown.lost is error
    assert stream.tries == 1  # then it is known
    assert not shown.isatty()


def test_what_cannot_be_flushed_is_no_error_either() -> None:
    error = OSError(28, "full")
    shown = Shown(Gone(error))
    shown.flush()
    assert shown.lost is error


def test_no_stream_is_none() -> None:
    shown = Shown(None)
    print("a line", file=shown, flush=True)
    assert not shown.isatty()
    assert shown.lost is None


def test_what_can_be_written_is(capsys: pytest.CaptureFixture[str]) -> None:
    show("a line")
    print("another", file=Shown(sys.stdout))
    assert capsys.readouterr() == ("another\n", "a line\n")
    assert Shown(sys.stdout).encoding == sys.stdout.encoding


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no full device")
def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    full = open("/dev/full", "w", buffering=1)  # noqa: PTH123, SIM115
    monkeypatch.setattr(sys, "stderr", full)
    show("a line")
    with pytest.raises(OSError, match="No space"):  # what it could not write is still in its buffer
        full.close()
